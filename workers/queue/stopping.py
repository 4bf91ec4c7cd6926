"""The wish to stop, told to a worker and to all processes of its pool, whenever they were forked."""

import os
import select
import threading


class Stopping:
    """`event(…)` of each process is set once anybody called `tell` in the one that made this, or in any of its children.

    A byte is written into a pipe that all of them have and nobody reads: it can be read from then on, in each of them.
    """

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        self._pid, self._event = 0, threading.Event()
        self._lock = threading.Lock()

    def tell(self) -> None:
        """Stop. To be called by signal handlers, too."""
        os.write(self._write, b"\0")

    @property
    def event(self) -> threading.Event:
        """Of this process; a thread that sleeps until then sets it."""
        with self._lock:
            if self._pid != os.getpid():
                self._pid, self._event = os.getpid(), threading.Event()
                threading.Thread(target=self._wait, args=(self._event,), name="stopping", daemon=True).start()
            return self._event

    def _wait(self, event: threading.Event) -> None:
        select.select([self._read], [], [])
        event.set()
