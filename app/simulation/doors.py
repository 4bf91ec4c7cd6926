"""Doors behind which there is no camera: a port that accepts and stays silent, one that is closed."""

import contextlib
import socket
import threading
from types import TracebackType
from typing import Self


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
    """A port on this machine on which nothing listens (it was free a moment ago)."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])
