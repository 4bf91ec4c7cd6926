"""One camera as the fleet holds it: its process, and what of what it says is settled."""

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from ingest.live.backoff import Backoff
from ingest.sources import SourceSpec
from vidette import ids
from vidette.errors import StoreError
from vidette.feeds import CAUSES, FeedState
from vidette.models import Commit, Coverage, DeepState, Observation, Run, Stream
from vidette.queries import LastCommit
from workers.assignment import Why, media_now
from workers.exhibiting import Exhibiting
from workers.flow import step
from workers.following import Following
from workers.jobs import Job, Settle
from workers.live import Supervisor
from workers.wiring import Pipeline

log = logging.getLogger(__name__)

ABSENT_S = 60.0
"""How often coverage is carried on for a camera that is not watched at this hour."""
_RUN = Run(id=ids.make_id("run", "absent", "1"), model="vidette-absent", revision="1")


class Settling:
    """Settles what one camera's process says, in order; while memory cannot be written it is not listened to.

    `said` are the settings that the process works by.
    """

    def __init__(
        self,
        spec: SourceSpec,
        said: dict[str, Any],
        stream: Stream,
        supervisor: Supervisor,
        following: Following,
        exhibiting: Exhibiting,
        *,
        clock: Callable[[], float] = time.monotonic,
        backoff: Backoff | None = None,
    ) -> None:
        self.spec, self.said, self.stream, self.supervisor, self.following = spec, said, stream, supervisor, following
        self.exhibiting = exhibiting
        self._clock, self._backoff = clock, backoff or Backoff()
        self._since = datetime.now(UTC)
        self._due, self._held = 0.0, False
        self._absent_why: Why | None = None
        self._absent_due = 0.0

    def settle(self, pipeline: Pipeline, told: Callable[[], None]) -> list[Job]:
        """Settle what was heard, and call `told` after each; -> the deep looks that follow."""
        follow: list[Job] = []
        heard = self.supervisor.heard
        while heard and self._clock() >= self._due:
            observation = self._complete(heard[0])
            try:
                follow += step(pipeline, Settle(observation=observation))
            except StoreError as error:
                self._wait(error)
                break
            heard.popleft()
            self._listen()
            told()
            self.exhibiting.settled()
            self._tell(observation)
        if pipeline.judge is not None:
            self.exhibiting.step(told)
        return follow

    def absent(self, pipeline: Pipeline) -> None:
        """Say in the ledger why nobody looks, where no process runs: at once, and now and then while it lasts."""
        supervisor = self.supervisor
        if not supervisor.quiet or supervisor.why is None:
            self._absent_why = None
            return
        now = self._clock()
        if supervisor.why == self._absent_why and now < self._absent_due:
            return
        self._absent_why, self._absent_due = supervisor.why, now + ABSENT_S
        try:
            commit = pipeline.store.read(LastCommit(stream_id=self.stream.id))
            if commit is not None:
                observation = absence(self.stream, commit, supervisor.why, self._feed(supervisor.why))
                pipeline.store.settle(observation, pipeline.judge)
                self._tell(observation)
        except StoreError as error:
            log.warning("camera %r: %s", self.stream.name, error)
            self._absent_due = now + self._backoff.next()

    def _complete(self, observation: Observation) -> Observation:
        """With what only we know: how often the process was started again."""
        if observation.feed is None:
            return observation
        return replace(observation, feed=replace(observation.feed, restarts=self.supervisor.restarts))

    def _feed(self, why: Why) -> FeedState:
        at = datetime.now(UTC)
        return FeedState(at=at, since=self._since, state="waiting", cause=why.cause, restarts=self.supervisor.restarts)

    def _tell(self, observation: Observation) -> None:
        with suppress(StoreError):  # what is told is read from memory, which may be busy; the next one tells more
            self.following.heard(observation)

    def _wait(self, error: StoreError) -> None:
        wait_s = self._backoff.next()
        log.warning("camera %r: %s; tried again in %.1f s, nothing is lost", self.stream.name, error, wait_s)
        self._due = self._clock() + wait_s
        if not self._held:
            self._held = True
            self.supervisor.hold(held=True)

    def _listen(self) -> None:
        self._due = 0.0
        self._backoff.reset()
        if self._held:
            self._held = False
            self.supervisor.hold(held=False)


def absence(stream: Stream, commit: Commit, why: Why, feed: FeedState) -> Observation:
    """What is said of a camera at which nobody looks: coverage since the last commit, and nothing else.

    The watermark and the carry stay as they are: the look goes on from there.
    """
    start_s, end_s = commit.watermark_s, max(commit.watermark_s, media_now(stream.start))
    row = Coverage(
        stream_id=stream.id,
        start_s=start_s,
        end_s=end_s,
        state=why.state,
        deep=DeepState.OFF,
        reason=CAUSES[why.cause],
    )
    return Observation(
        id=ids.make_id("observation", stream.id, "fast", _RUN.id, commit.sequence + 1),
        stream_id=stream.id,
        look="fast",
        run=_RUN,
        start_s=start_s,
        end_s=end_s,
        sequence=commit.sequence + 1,
        watermark_s=commit.watermark_s,
        coverage=(row,),
        carry=commit.carry,
        feed=feed,
    )
