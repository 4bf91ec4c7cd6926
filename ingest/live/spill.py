"""Packets that wait on disk: a file of bounded size, first in first out, that nobody else can see."""

import os
import tempfile
from collections import deque
from pathlib import Path
from typing import NamedTuple


class Slot(NamedTuple):
    """Where something lies in the file."""

    offset: int
    size: int


class Spill:
    """A ring of bytes in a file without a name: the system takes it back even after a crash."""

    def __init__(self, max_bytes: int, folder: Path | None = None) -> None:
        self._max_bytes = max_bytes
        self._file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115  # closed by `close`
        self._slots: deque[Slot] = deque()

    def keep(self, data: bytes) -> Slot | None:
        """Write; None where there is no room. Raises OSError when the disk is full."""
        offset = self._room(len(data))
        if offset is None:
            return None
        slot = Slot(offset, len(data))
        if os.pwrite(self._file.fileno(), data, offset) != len(data):
            raise OSError("the disk took only a part")
        self._slots.append(slot)
        return slot

    def read(self, slot: Slot) -> bytes:
        """What was kept there."""
        return os.pread(self._file.fileno(), slot.size, slot.offset)

    def drop(self, slot: Slot) -> None:
        """Give the room of the oldest back."""
        assert self._slots[0] == slot, "first in first out"
        self._slots.popleft()
        if not self._slots:
            self._file.truncate(0)

    def close(self) -> None:
        """Let go of the file, and so of the disk."""
        self._slots.clear()
        self._file.close()

    def _room(self, size: int) -> int | None:
        """Where `size` bytes fit behind the newest without touching the oldest."""
        if not self._slots:
            return 0 if size <= self._max_bytes else None
        first, tail = self._slots[0].offset, sum(self._slots[-1])
        if tail > first and tail + size <= self._max_bytes:
            return tail
        start = 0 if tail > first else tail
        return start if start + size <= first else None
