"""Jobs that take longer than they may: of processes Celery ends them, threads can only be ended with their process."""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

log = logging.getLogger(__name__)

_ROUND_S = 1.0


def end_process() -> None:
    """End now, whatever hangs; who minds this process begins another."""
    logging.shutdown()
    os._exit(70)  # EX_SOFTWARE of sysexits.h


class Overdue:
    """Knows what is under way, and ends this process where a job hangs for longer than `limit_s`."""

    def __init__(
        self,
        limit_s: float,
        *,
        end: Callable[[], None] = end_process,
        clock: Callable[[], float] = time.monotonic,
        round_s: float = _ROUND_S,
    ) -> None:
        self._limit_s, self._end, self._clock, self._round_s = limit_s, end, clock, round_s
        self._began: dict[object, tuple[float, str]] = {}
        self._lock, self._over = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="overdue", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def close(self) -> None:
        """Look no more."""
        self._over.set()

    @contextmanager
    def job(self, name: str) -> Iterator[None]:
        """A job of this thread, from here to the end of the block."""
        key = object()
        with self._lock:
            self._began[key] = self._clock(), name
        try:
            yield
        finally:
            with self._lock:
                del self._began[key]

    def look(self) -> None:
        """End the process where a job is overdue."""
        with self._lock:
            late = [name for began, name in self._began.values() if self._clock() - began > self._limit_s]
        if late:
            log.error("%s takes longer than %g s; this process is ended, its jobs go to others", late[0], self._limit_s)
            self._end()

    def _run(self) -> None:
        while not self._over.wait(self._round_s):
            self.look()
