"""How long to wait before the next try to reach a camera."""

import random
import time
from collections.abc import Callable

FIRST_S = 0.25
SOON_S, LATER_S = 5.0, 60.0
PATIENCE_S = 300.0
JITTER = 0.25


class Backoff:
    """Waits that double from 0.25 s to 5 s in the first five minutes of a loss, then to 60 s.

    Each is moved by up to a quarter either way, so that cameras lost together do not come back
    together. `share` gives numbers in [0, 1), `clock` seconds that never go back.
    """

    def __init__(self, share: Callable[[], float] = random.random, clock: Callable[[], float] = time.monotonic) -> None:
        self._share, self._clock = share, clock
        self._wait = FIRST_S
        self._began: float | None = None

    def next(self) -> float:
        """Seconds to wait now."""
        now = self._clock()
        if self._began is None:
            self._began = now
        limit = SOON_S if now - self._began < PATIENCE_S else LATER_S
        wait, self._wait = min(self._wait, limit), min(2 * self._wait, limit)
        return wait * (1 - JITTER + 2 * JITTER * self._share())

    def reset(self) -> None:
        """The loss is over: the next one begins with short waits."""
        self._wait, self._began = FIRST_S, None
