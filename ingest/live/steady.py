"""Media time now, that never goes back when this machine's clock is set."""

import threading
import time
from collections.abc import Callable


class Steady:
    """Follows `now`, and goes on by `clock` (seconds that never go back) where that falls behind."""

    def __init__(self, now: Callable[[], float], clock: Callable[[], float] = time.monotonic) -> None:
        self._now, self._clock = now, clock
        self._lock = threading.Lock()
        self._last_s, self._at = now(), clock()

    def __call__(self) -> float:
        """Media time now; from any thread."""
        with self._lock:
            at = self._clock()
            self._last_s, self._at = max(self._now(), self._last_s + at - self._at), at
            return self._last_s
