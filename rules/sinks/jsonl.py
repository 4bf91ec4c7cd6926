"""A sink for other programs: lines of JSON at the end of a file."""

import fcntl
import os
import stat
from pathlib import Path

from rules.sinks.message import encoded, payload
from vidette.alerts import Delivery, Sent


class JsonlSink:
    """Appends one line a message, whole and on the disk before it counts as delivered.

    After a crash a line may come twice, with the same `id`.
    """

    def __init__(self, sink_id: str, path: Path) -> None:
        self.id, self.address, self._path = sink_id, str(path), path

    def send(self, delivery: Delivery) -> Sent:
        """Append the line. One process writes at a time; a line that did not fit is taken back."""
        try:
            append_line(self._path, encoded({"id": delivery.id, **payload(delivery.message)}))
        except OSError as error:
            return Sent(ok=False, error=f"cannot append to {self.address!r}: {error.strerror}")
        return Sent(ok=True)

    def close(self) -> None:
        """Nothing is held."""


def append_line(path: Path, text: bytes) -> None:
    """Append a line to a file, whole and on the disk, whoever else appends. Raises OSError."""
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK  # a pipe must not hold us up
    handle = os.open(path, flags, 0o644)
    try:
        _append(handle, text + b"\n")
    finally:
        os.close(handle)


def _append(handle: int, text: bytes) -> None:
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        raise OSError(0, "it is not a regular file")
    fcntl.flock(handle, fcntl.LOCK_EX)
    size = os.fstat(handle).st_size
    if size and os.pread(handle, 1, size - 1) != b"\n":
        text = b"\n" + text  # somebody died within a line
    if os.write(handle, text) != len(text):
        os.ftruncate(handle, size)
        raise OSError(0, "the disk is full")
    os.fsync(handle)
