"""The C library's heap of this process: what is free in it goes back to the system now and then.

Pictures of all sizes come and go beside packets that stay for minutes, so that free memory lies between what is used,
and the process keeps it: glibc gives back only what is free at the end of a heap.
"""

import ctypes
import time
from collections.abc import Callable

EVERY_S = 10.0


def trim() -> bool:
    """Give back every free page; -> whether there was one. Takes some milliseconds (glibc's malloc_trim(3)).

    With another C library nothing is done.
    """
    try:
        return bool(ctypes.CDLL(None).malloc_trim(0))
    except (OSError, AttributeError, TypeError):  # musl and macOS have no such function, Windows no such library
        return False


class Heap:
    """Given back every `every_s` seconds at most, as often as `tick` is called."""

    def __init__(
        self, every_s: float = EVERY_S, *, clock: Callable[[], float] = time.monotonic, back: Callable[[], bool] = trim
    ) -> None:
        self._every_s, self._clock, self._back = every_s, clock, back
        self._due = clock() + every_s

    def tick(self) -> None:
        """Time has passed."""
        now = self._clock()
        if now >= self._due:
            self._due = now + self._every_s
            self._back()
