"""Connections that wait to be used again, for a short while: to the addresses that were checked when they were made."""

import http.client
import threading
import time
from collections import deque
from collections.abc import Callable

IDLE_S = 15.0  # servers commonly close idle connections after 5 s to a minute; who is closed first is found out
AGE_S = 60.0  # then the name is looked up again: it may lead elsewhere


class Kept:
    """The newest first, at most `most`. Safe for many threads."""

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._clock, self._lock = most, clock, threading.Lock()
        self._waiting: deque[tuple[http.client.HTTPConnection, float, float]] = deque()
        self._closed = False

    def take(self) -> tuple[http.client.HTTPConnection, float] | None:
        """One that waits and when it was made, if there is any that is young enough."""
        with self._lock:
            now = self._clock()
            while self._waiting:
                connection, made, since = self._waiting.pop()
                if now - since < IDLE_S and now - made < AGE_S:
                    return connection, made
                connection.close()
        return None

    def give(self, connection: http.client.HTTPConnection, made: float) -> None:
        """It may be used again; the one that has waited longest is closed where there are too many."""
        with self._lock:
            self._waiting.append((connection, made, self._clock()))
            while len(self._waiting) > (0 if self._closed else self._most):
                self._waiting.popleft()[0].close()

    def now(self) -> float:
        """Its clock."""
        return self._clock()

    def close(self) -> None:
        """Close those that wait, and those that are given back from now on."""
        with self._lock:
            self._closed = True
            while self._waiting:
                self._waiting.popleft()[0].close()
