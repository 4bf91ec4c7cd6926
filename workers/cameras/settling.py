"""One camera as the fleet holds it: its process, and where what it says goes."""

import logging
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Protocol

from ingest.live.backoff import Backoff
from ingest.sources import SourceSpec
from vidette import ids
from vidette.errors import StoreError, VidetteError
from vidette.feeds import CAUSES, FeedState
from vidette.models import Commit, Coverage, DeepState, Observation, Run
from vidette.queries import LastCommit
from vidette.streams import Stream
from workers.cameras.assignment import Why, media_now
from workers.cameras.exhibiting import Exhibiting
from workers.cameras.live import Supervisor
from workers.cameras.messages import Go
from workers.deep.owed import missing_looks
from workers.flow import judge_stored, step
from workers.following import Following
from workers.jobs import Job, Settle
from workers.wiring import Pipeline

log = logging.getLogger(__name__)

ABSENT_S = 60.0
"""How often coverage is carried on for a camera that is not watched at this hour."""
_RUN = Run(id=ids.make_id("run", "absent", "1"), model="vidette-absent", revision="1")


class Outlet(Protocol):
    """Where what a camera says goes: into memory at once (`Here`), or there by way of workers (workers.cameras.crew)."""

    @property
    def poised(self) -> bool:
        """Whether somebody else still looks: our process connects, and waits."""

    def lock(self, pipeline: Pipeline, stream_id: str) -> AbstractContextManager[object]:
        """Held while the camera is watched. Raises StoreError where somebody else has it."""

    def begin(self, pipeline: Pipeline, stream: Stream) -> Commit | None:
        """Register the stream, from now on ours but while poised; -> its last commit. Raises StoreError."""

    def goes(self, ready: bool) -> bool:
        """Whether nobody else looks any more, of one that was poised; told how far its process is."""

    def commit(self, pipeline: Pipeline, stream: Stream) -> Commit | None:
        """Where a look goes on, whose process begins now. Raises StoreError."""

    def put(self, pipeline: Pipeline, observation: Observation) -> list[Job]:
        """What was said next; -> the deep looks that follow here. Raises StoreError, then it is put again later."""

    def owed(self, pipeline: Pipeline, stream: Stream) -> Iterable[Job]:
        """Deep looks that are owed from before, to be done here."""

    def news(self) -> bool:
        """Whether something was settled since this was asked last."""

    def over(self, error: VidetteError | None = None) -> None:
        """The camera is not watched here any more: it was let go, or why not."""


class Here:
    """Settles at once, in this process."""

    def __init__(self) -> None:
        self._news = False

    @property
    def poised(self) -> bool:
        """Never."""
        return False

    def goes(self, ready: bool) -> bool:
        """It went from the beginning."""
        return False

    def lock(self, pipeline: Pipeline, stream_id: str) -> AbstractContextManager[object]:
        """The pipeline's."""
        return pipeline.lock(stream_id)

    def begin(self, pipeline: Pipeline, stream: Stream) -> Commit | None:
        """As memory says."""
        return pipeline.store.open_stream(stream)

    def commit(self, pipeline: Pipeline, stream: Stream) -> Commit | None:
        """As memory says."""
        return pipeline.store.read(LastCommit(stream_id=stream.id))

    def put(self, pipeline: Pipeline, observation: Observation) -> list[Job]:
        """Settle it."""
        follow = list(step(pipeline, Settle(observation=observation)))
        self._news = True
        return follow

    def owed(self, pipeline: Pipeline, stream: Stream) -> Iterable[Job]:
        """All that memory still waits for."""
        return missing_looks(pipeline, stream)

    def news(self) -> bool:
        """Whether something was put."""
        news, self._news = self._news, False
        return news

    def over(self, error: VidetteError | None = None) -> None:
        """Nobody waits for that."""


class Settling:
    """Puts what one camera's process says to its outlet, in order; while that takes nothing it is not listened to.

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
        outlet: Outlet,
        *,
        clock: Callable[[], float] = time.monotonic,
        backoff: Backoff | None = None,
    ) -> None:
        self.spec, self.said, self.stream, self.supervisor, self.following = spec, said, stream, supervisor, following
        self.exhibiting, self.outlet = exhibiting, outlet
        self._clock, self._backoff = clock, backoff or Backoff()
        self._since = datetime.now(UTC)
        self._due = 0.0
        self._absent_why: Why | None = None
        self._absent_due = 0.0

    def settle(self, pipeline: Pipeline, told: Callable[[], None]) -> list[Job]:
        """Put what was heard to its outlet, and call `told` after each; -> the deep looks that follow."""
        follow: list[Job] = []
        if self.outlet.poised:
            self._go(pipeline)
            return follow
        heard = self.supervisor.heard
        while heard and self._clock() >= self._due:
            observation = self._complete(heard[0])
            try:
                follow += self.outlet.put(pipeline, observation)
            except StoreError as error:
                self._wait(error)
                break
            heard.popleft()
            self._listen()
            told()
            self._tell(observation)
        if self.outlet.news():
            self.exhibiting.settled()
        if pipeline.judge is not None:
            self.exhibiting.step(told)
        return follow

    def _go(self, pipeline: Pipeline) -> None:
        """Have the process look, once nobody else does."""
        if self._clock() < self._due or not self.outlet.goes(self.supervisor.ready):
            return
        try:
            commit = self.outlet.begin(pipeline, self.stream)
        except StoreError as error:
            self._due = self._clock() + self._backoff.next()
            log.warning("camera %r: %s; tried again soon", self.stream.name, error)
            return
        self._listen()
        self.supervisor.order(Go(commit=commit))
        judge_anew(pipeline, self.stream)

    def absent(self, pipeline: Pipeline) -> None:
        """Say in the ledger why nobody looks, where no process runs: at once, and now and then while it lasts."""
        supervisor = self.supervisor
        if not supervisor.quiet or supervisor.why is None or self.outlet.poised:
            self._absent_why = None
            return
        now = self._clock()
        if supervisor.why == self._absent_why and now < self._absent_due:
            return
        self._absent_why, self._absent_due = supervisor.why, now + ABSENT_S
        try:
            commit = self.outlet.commit(pipeline, self.stream)
            if commit is not None:
                observation = absence(self.stream, commit, supervisor.why, self._feed(supervisor.why))
                self.outlet.put(pipeline, observation)
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
        self.supervisor.hold(held=True)

    def _listen(self) -> None:
        self._due = 0.0
        self._backoff.reset()
        self.supervisor.hold(held=False)


def judge_anew(pipeline: Pipeline, stream: Stream) -> None:
    """Put what is stored of a camera to rules that are new; where that fails, it is watched all the same."""
    try:
        judge_stored(pipeline, stream)
    except VidetteError as error:
        log.warning("what camera %r saw before is not judged by new rules: %s", stream.name, error)


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
