"""Deep looks beside the cameras: they take their time, and hold nothing back."""

import logging
from collections.abc import Iterable
from queue import Full, Queue
from threading import Event, Thread

from vidette.errors import VidetteError
from workers.flow import step
from workers.jobs import Job
from workers.wiring import Pipeline

log = logging.getLogger(__name__)

_MOST = 1000  # what is not looked at now is owed: the next watch asks for it
_PATIENCE_S = 0.5


class Looks:
    """A thread that does the jobs put here, and those that follow, in order; none runs without a vision model."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._jobs: Queue[Job | None] = Queue(_MOST)
        self._over = Event()
        self._thread: Thread | None = None

    def put(self, jobs: Iterable[Job]) -> None:
        """Do these when it is their turn; what there is no room for is left to the next watch."""
        if self._pipeline.vision is None:
            return
        for job in jobs:
            try:
                self._jobs.put_nowait(job)
            except Full:
                log.warning("deep looks are %d behind; this one is left out for now", _MOST)
                return
            self._start()

    def close(self) -> None:
        """Begin no more; wait a little for the one at work."""
        self._over.set()
        if self._thread is not None:
            with self._jobs.mutex:
                self._jobs.queue.clear()
            self._jobs.put(None)
            self._thread.join(_PATIENCE_S)

    def _start(self) -> None:
        if self._thread is None:
            self._thread = Thread(target=self._run, name="deep looks", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while not self._over.is_set() and (job := self._jobs.get()) is not None:
            try:
                for follow in step(self._pipeline, job):
                    list(step(self._pipeline, follow))
            except VidetteError as error:
                log.warning("a deep look failed: %s", error)
            except Exception:  # the loop's edge: one look stops no other
                log.exception("a deep look failed")
