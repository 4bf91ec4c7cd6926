"""The time by which workers on several machines agree on what is due: the broker's, carried on by a monotonic clock.

An alert raised by a machine whose clock is ahead would else be due to the others so much later.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from vidette.errors import StoreError

_EVERY_S = 60.0


class Clock:
    """One of a process; of any thread. Until the broker was asked it is this machine's.

    `ask` gives the broker's time as Redis does, in seconds and microseconds, or raises StoreError.
    """

    def __init__(self, ask: Callable[[], tuple[int, int]], *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._ask, self._monotonic = ask, monotonic
        self._asked_at = float("-inf")
        self._known: tuple[datetime, float] | None = None

    def now(self) -> datetime:
        """What time it is; nobody is asked."""
        if self._known is None:
            return datetime.now(UTC)
        at, then = self._known
        return at + timedelta(seconds=self._monotonic() - then)

    def look(self) -> None:
        """Ask the broker, where that was a minute ago; one that does not answer is asked a minute later."""
        began = self._monotonic()
        if began - self._asked_at < _EVERY_S:
            return
        self._asked_at = began
        try:
            seconds, micros = self._ask()
        except StoreError:
            return
        self._known = datetime.fromtimestamp(seconds + micros / 1e6, UTC), self._monotonic()
