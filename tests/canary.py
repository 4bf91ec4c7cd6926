"""Tells whether anybody opened a file or called at a port, without asking who (inotify(7), a listening socket)."""

import ctypes
import os
import select
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

IN_OPEN, IN_ACCESS = 0x20, 0x01
_EVENT = struct.Struct("iIII")
_LIBC = ctypes.CDLL(None, use_errno=True)


class Canary:
    """`sang()`: whether the file was opened since the last time it was asked."""

    def __init__(self, path: Path) -> None:
        self._notes = _LIBC.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._notes < 0 or _LIBC.inotify_add_watch(self._notes, os.fsencode(path), IN_OPEN | IN_ACCESS) < 0:
            raise OSError(ctypes.get_errno(), "cannot watch a file")

    def sang(self) -> bool:
        try:
            return len(os.read(self._notes, 64 * _EVENT.size)) > 0
        except BlockingIOError:
            return False

    def wait(self, seconds: float) -> bool:
        """Until it sings, at most that long; whether it did."""
        return bool(select.select([self._notes], [], [], seconds)[0])

    def close(self) -> None:
        os.close(self._notes)


@contextmanager
def canary(path: Path) -> Iterator[Canary]:
    watched = Canary(path)
    try:
        yield watched
    finally:
        watched.close()


class Doorbell:
    """A port of this machine; `rang()`: whether anybody called since it was asked last."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.setblocking(False)
        self.port = self._socket.getsockname()[1]

    def rang(self) -> bool:
        try:
            self._socket.accept()[0].close()
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        self._socket.close()


@contextmanager
def doorbell() -> Iterator[Doorbell]:
    bell = Doorbell()
    try:
        yield bell
    finally:
        bell.close()
