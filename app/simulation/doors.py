"""Doors behind which there is no camera: a port that accepts and stays silent, one that is closed."""

import contextlib
import socket
import threading
from pathlib import Path
from random import SystemRandom
from types import TracebackType
from typing import Self

_GIVEN = Path("/proc/sys/net/ipv4/ip_local_port_range")
_RANDOM = SystemRandom()
_UNPRIVILEGED, _BELOW, _TRIES = 1025, 12_000, 50


class Silent:
    """A port that accepts connections and never says a word; a context manager."""

    def __init__(self, port: int = 0) -> None:
        self._listening = socket.create_server(("127.0.0.1", port))
        self._open: list[socket.socket] = []
        self.port = int(self._listening.getsockname()[1])

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)  # wakes `accept`
        for one in (self._listening, *self._open):
            one.close()

    @property
    def url(self) -> str:
        """An address of a camera that would be there."""
        return f"rtsp://127.0.0.1:{self.port}/cam"

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                self._open.append(self._listening.accept()[0])


def closed_port() -> int:
    """A port on this machine on which nothing listens (it was free a moment ago).

    It is none that the system gives to whoever asks for any: who keeps it may close it and find it free again.
    """
    lowest = _lowest_given()
    below = range(max(_UNPRIVILEGED, lowest - _BELOW), lowest)
    for _ in range(_TRIES if below else 0):
        port = _RANDOM.choice(below)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def _lowest_given() -> int:
    """The lowest port that the system gives out (Linux: ip(7); elsewhere as registered by IANA, RFC 6335)."""
    with contextlib.suppress(OSError, ValueError):
        return int(_GIVEN.read_text("ascii").split()[0])
    return 49152
