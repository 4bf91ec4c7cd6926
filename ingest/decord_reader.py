"""Video files through decord, in a process of its own (vidette.ports.VideoSource).

Opt-in. decord 0.6.0 drops a stream's first-frame offset, shows frames that an edit list cut away,
ignores pixel aspect, knows no AV1 and gives up at damage; it is unmaintained, grows without bound
and can hang, so it is watched from outside.
"""

import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ingest.container import check_file, check_size
from ingest.damage import Stretch
from ingest.decord_child import HEADER
from ingest.frame import ArrayFrame
from ingest.sampling import Sampling
from vidette.errors import SourceError

MAX_BYTES = 2 * 1024**3
TIMEOUT_S = 60.0
_CHUNK = 1 << 20
_FOREVER = 1e12
_WATCH_S = 0.25


class _Record(NamedTuple):
    kind: bytes
    at_s: float
    width: int
    height: int
    data: bytearray


class DecordSource:
    """A file read by decord; each `frames` starts a process. Raises SourceError."""

    def __init__(
        self, path: Path, sampling: Sampling, *, max_bytes: int = MAX_BYTES, timeout_s: float = TIMEOUT_S
    ) -> None:
        check_file(path)
        self._path = path
        self._sampling = sampling
        self._limits = (max_bytes, timeout_s)
        self._duration_s: float | None = None
        self._size = (0, 0)
        for frame in self.frames(0.0, 0.001):
            self._size = frame.size
        if self._size == (0, 0):
            raise SourceError(f"decord shows no picture of {str(path)!r}; use the pyav reader")

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the first frame."""
        return self._size

    @property
    def duration_s(self) -> float | None:
        """Seconds from the first to the end of the last frame, as decord says."""
        return self._duration_s

    @property
    def damage(self) -> tuple[Stretch, ...]:
        """Always empty: decord does not tell damage from good frames."""
        return ()

    def close(self) -> None:
        """Nothing is held open between reads."""

    def frames(self, start_s: float = 0.0, end_s: float | None = None) -> Iterator[ArrayFrame]:
        """Sampled frames in [start_s, end_s); see vidette.ports."""
        child = _Child(self._path, self._sampling, start_s, end_s, *self._limits)
        try:
            for record in child.records():
                if record.kind == b"i":
                    self._duration_s = record.at_s
                elif record.kind == b"x":
                    raise SourceError(f"decord cannot read {str(self._path)!r} ({record.data.decode()})")
                else:
                    check_size(record.width, record.height, str(self._path))
                    image = np.frombuffer(record.data, np.uint8).reshape(record.height, record.width, 3)
                    yield ArrayFrame(image=image, pts_s=record.at_s)
        finally:
            child.end()


class _Child:
    """One run of `ingest.decord_child`, held to memory and time."""

    def __init__(
        self, path: Path, sampling: Sampling, start_s: float, end_s: float | None, max_bytes: int, timeout_s: float
    ) -> None:
        self._path, self._max_bytes, self._timeout_s = path, max_bytes, timeout_s
        sample = "keyframes" if sampling.fps is None else str(sampling.fps)
        until = _FOREVER if end_s is None else end_s
        # Paths begin with / so that none is taken for an option or a protocol.
        command = [sys.executable, "-m", "ingest.decord_child", str(path.absolute()), sample, str(start_s), str(until)]
        self._process = subprocess.Popen(  # noqa: S603  # our own module; the path is one argument, no shell
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )

    def records(self) -> Iterator[_Record]:
        """What the child writes, until it ends."""
        while head := self._read(HEADER.size):
            kind, at_s, width, height, size = HEADER.unpack(head)
            yield _Record(kind, at_s, width, height, self._read(size) if size else bytearray())
        code = self._process.wait(self._timeout_s)
        if code != 0:
            raise SourceError(f"the decord process for {str(self._path)!r} died (exit {code}); use the pyav reader")

    def _read(self, size: int) -> bytearray:
        """Exactly `size` bytes, or none at the end. Raises SourceError where the child is stuck or too big."""
        assert self._process.stdout is not None
        handle = self._process.stdout.fileno()
        deadline = time.monotonic() + self._timeout_s
        got = bytearray()
        while len(got) < size:
            self._check_memory()
            if time.monotonic() > deadline:
                raise self._fault(f"gave nothing for {self._timeout_s:g} s")
            if select.select([handle], [], [], _WATCH_S)[0]:
                data = os.read(handle, min(_CHUNK, size - len(got)))
                if not data:
                    break
                got += data
        if 0 < len(got) < size:
            raise self._fault("died in the middle of a frame")
        return got

    def _check_memory(self) -> None:
        try:
            pages = int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1])
        except (OSError, IndexError, ValueError):
            return  # it has ended, or this system has no /proc
        if pages * os.sysconf("SC_PAGE_SIZE") > self._max_bytes:
            raise self._fault(f"took more than {self._max_bytes / 1024**2:.0f} MiB of memory")

    def _fault(self, what: str) -> SourceError:
        return SourceError(f"the decord process for {str(self._path)!r} {what}; use the pyav reader")

    def end(self) -> None:
        """Stop the process, whatever it does."""
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
