"""The flow in this process: observations settle at once; deep looks of files follow when the fast look is through."""

import logging
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Event
from typing import TYPE_CHECKING

from ingest.sources import SourceSpec
from vidette.errors import VidetteError
from vidette.progress import Outcome
from workers.flow import step
from workers.following import Following, Listener
from workers.jobs import Job, LookAt, Settle, Watch
from workers.wiring import Pipeline, Voice

if TYPE_CHECKING:
    from workers.cameras.fleet import Change

log = logging.getLogger(__name__)

_WAIT_S = 0.5


@dataclass(slots=True)
class Told:
    """Tells who follows a watch how many of its deep looks are done, and what the model does meanwhile."""

    following: Following
    voice: Voice
    many: int
    done: int = 0

    def one_more(self) -> None:
        """One more is done."""
        self.done += 1
        self.waits()

    def waits(self) -> None:
        """The next one is waited for."""
        doing = f" ({self.voice.doing})" if self.voice.doing else ""
        self.following.at(f"deep looks: {self.done} of {self.many}{doing}")


@dataclass(frozen=True, slots=True)
class InlineRunner:
    """Runs watches one after another in this process (vidette.ports.Runner)."""

    pipeline: Pipeline

    def watch(
        self,
        specs: Sequence[SourceSpec],
        *,
        again: bool = False,
        span_s: float | None = None,
        on_progress: Listener | None = None,
        stop: Event | None = None,
    ) -> list[Outcome]:
        """One outcome a source, in the order given; those not begun when `stop` was set are left out."""
        stop = stop or Event()
        outcomes: list[Outcome] = []
        for spec in specs:
            if stop.is_set():
                break
            following = Following(store=self.pipeline.store, spec=spec, listener=on_progress)
            outcomes.append(self._watch(Watch(spec=spec, again=again, span_s=span_s), following, stop))
        return outcomes

    def _watch(self, job: Watch, following: Following, stop: Event) -> Outcome:
        try:
            already = not job.again and following.finished()
            self._drain(job, following, stop)
        except VidetteError as error:
            return following.outcome(error=error)
        except Exception as error:  # the loop's edge: one bad source does not stop the others
            log.exception("watch of %r failed", job.spec.name)
            return following.outcome(error=error)
        return following.outcome(already=already)

    def _drain(self, job: Job, following: Following, stop: Event) -> None:
        """Everything that follows from the job; a failed watch's deep looks still run before it is raised."""
        queue, failure = deque([job]), None
        while queue and not stop.is_set():
            try:
                if isinstance(queue[0], LookAt):
                    self._look(queue, following, stop)
                else:
                    self._step(queue, following, stop)
            except VidetteError as error:
                failure = failure or error
        if failure:
            raise failure

    def _look(self, queue: deque[Job], following: Following, stop: Event) -> None:
        """All looks of the queue: they come last, and so it holds nothing else."""
        from workers.deep.looks import looked

        looks, failure = list(queue), None
        queue.clear()
        told = Told(following, self.pipeline.voice, len(looks))
        told.waits()
        for found in looked(self.pipeline, looks, stop, told.waits):
            told.one_more()
            if isinstance(found, VidetteError):
                failure = failure or found
                continue
            for follow in found:
                queue.extend(step(self.pipeline, follow))
                if isinstance(follow, Settle):
                    following.heard(follow.observation)
        if failure:
            raise failure

    def _step(self, queue: deque[Job], following: Following, stop: Event) -> None:
        with closing(step(self.pipeline, queue.popleft())) as jobs:
            for follow in jobs:
                if isinstance(follow, Settle):
                    queue.extend(step(self.pipeline, follow))
                    following.heard(follow.observation)
                elif isinstance(follow, Watch):
                    queue.appendleft(follow)  # the fast look goes first
                else:
                    queue.append(follow)
                if stop.is_set():
                    return


def watch_sources(
    pipeline: Pipeline,
    specs: Sequence[SourceSpec],
    *,
    again: bool = False,
    span_s: float | None = None,
    on_progress: Listener | None = None,
    on_settled: Callable[[], None] = lambda: None,
    stop: Event | None = None,
    changes: "SimpleQueue[Change] | None" = None,
) -> list[Outcome]:
    """Watch files to their end and cameras until `stop` is set, in this process; -> one outcome each, files first.

    Both at once: cameras have a thread of their own, in which `on_progress` and `on_settled` are called for them.
    `changes` tells what cameras are to be watched from then on. `again` and `span_s` are for files.
    """
    stop = stop or Event()
    files, cameras = [one for one in specs if not one.url], [one for one in specs if one.url]
    runner = InlineRunner(pipeline)
    if not cameras and changes is None:
        return runner.watch(files, again=again, span_s=span_s, on_progress=on_progress, stop=stop)
    from workers.cameras.fleet import Fleet  # files start sooner without what cameras need

    fleet = Fleet(pipeline, listener=on_progress, nudge=on_settled)
    return _at_once(
        lambda: runner.watch(files, again=again, span_s=span_s, on_progress=on_progress, stop=stop),
        lambda: fleet.run(cameras, stop, changes),
        stop,
    )


def _at_once(files: Callable[[], list[Outcome]], cameras: Callable[[], list[Outcome]], stop: Event) -> list[Outcome]:
    """Both, cameras in a thread of their own; what goes wrong with files stops them."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as beside:
        watching = beside.submit(cameras)
        try:
            outcomes = files()
            while not watching.done():
                stop.wait(_WAIT_S)
                if stop.is_set():
                    break
            return outcomes + watching.result()
        except BaseException:
            stop.set()
            raise
