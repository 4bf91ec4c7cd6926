"""A circuit breaker: a server that failed many times in a row is left alone for a while, then tried with one question."""

from collections.abc import Callable
from threading import Lock
from time import monotonic

FAILURES, OPEN_S = 5, 30.0


class Breaker:
    """Open after `failures` in a row, for `open_s`; then half open: one caller may try, the others wait for it."""

    def __init__(
        self, failures: int = FAILURES, open_s: float = OPEN_S, *, clock: Callable[[], float] = monotonic
    ) -> None:
        self._most, self._open_s, self._clock = failures, open_s, clock
        self._lock, self._failed, self._until = Lock(), 0, 0.0

    def allows(self) -> bool:
        """Whether to ask now; each yes is to be followed by `succeeded` or `failed`."""
        with self._lock:
            if self._failed < self._most:
                return True
            if self._clock() < self._until:
                return False
            self._until = self._clock() + self._open_s  # this caller tries; a lost one does not close it for ever
            return True

    def succeeded(self) -> None:
        """The server answered."""
        with self._lock:
            self._failed = 0

    def failed(self) -> bool:
        """It did not; -> whether that opened the breaker."""
        with self._lock:
            self._failed += 1
            self._until = self._clock() + self._open_s
            return self._failed == self._most
