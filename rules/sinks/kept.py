"""Connections that wait to be used again, for a short while: to the addresses that were checked when they were made."""

import http.client
import threading
import time
from collections import deque
from collections.abc import Callable

IDLE_S = 5.0  # then it is closed: a server that has a thread for each connection, or one for all, shall not wait for us
AGE_S = 60.0  # then the name is looked up again: it may lead elsewhere


class Kept:
    """The newest first, at most `most`. Safe for many threads."""

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._clock, self._lock = most, clock, threading.Lock()
        self._waiting: deque[tuple[http.client.HTTPConnection, float, float]] = deque()
        self._timer: threading.Timer | None = None
        self._closed = False

    def take(self) -> tuple[http.client.HTTPConnection, float] | None:
        """One that waits and when it was made, if there is any that is young enough."""
        with self._lock:
            while self._waiting:
                connection, made, since = self._waiting.pop()
                if self._clock() - since < IDLE_S and self._clock() - made < AGE_S:
                    return connection, made
                connection.close()
        return None

    def give(self, connection: http.client.HTTPConnection, made: float) -> None:
        """It may be used again; the one that has waited longest is closed where there are too many."""
        with self._lock:
            self._waiting.append((connection, made, self._clock()))
            while len(self._waiting) > (0 if self._closed else self._most):
                self._waiting.popleft()[0].close()
            self._watch()

    def now(self) -> float:
        """Its clock."""
        return self._clock()

    def close(self) -> None:
        """Close those that wait, and those that are given back from now on."""
        with self._lock:
            self._closed = True
            if self._timer is not None:
                self._timer.cancel()
            while self._waiting:
                self._waiting.popleft()[0].close()

    def prune(self) -> None:
        """Close those that have waited too long."""
        with self._lock:
            self._timer = None
            while self._waiting and self._clock() - self._waiting[0][2] >= IDLE_S:
                self._waiting.popleft()[0].close()
            self._watch()

    def _watch(self) -> None:
        """Look again when the one that has waited longest has waited long enough."""
        if self._waiting and self._timer is None:
            wait_s = self._waiting[0][2] + IDLE_S - self._clock()
            self._timer = threading.Timer(max(0.01, wait_s), self.prune)
            self._timer.daemon = True
            self._timer.start()
