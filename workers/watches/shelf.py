"""Spans that were decoded ahead, as files in the folder of pictures that all workers share, until they were looked at.

Not in Redis, which writes to disk all that it is told, and has no room for pictures. What is left by who died goes with
other parts (ingest.retention).
"""

import struct
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from vidette.errors import StoreError

_LENGTH = struct.Struct(">I")
_LARGEST = 1 << 28


@dataclass(frozen=True, slots=True)
class Shelf:
    """The spans of one watch: a file each, of pieces with their lengths before them. Methods raise StoreError."""

    folder: Path
    run: str

    def write(self, number: int, pieces: Iterable[bytes]) -> None:
        """Write a span; where that, or making it, fails, nothing of it stays."""
        path = self._path(number)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as file:
                for piece in pieces:
                    file.write(_LENGTH.pack(len(piece)))
                    file.write(piece)
        except BaseException as error:
            self.drop(number)
            if isinstance(error, OSError):
                raise StoreError(f"cannot keep a span in {str(self.folder)!r} ({error.strerror})") from error
            raise

    def pieces(self, number: int) -> Iterator[bytes]:
        """The pieces of a span, in order."""
        path = self._path(number)
        try:
            with path.open("rb") as file:
                while head := file.read(_LENGTH.size):
                    length = _LENGTH.unpack(head)[0] if len(head) == _LENGTH.size else _LARGEST + 1
                    piece = file.read(length) if length <= _LARGEST else b""
                    if len(piece) != length:
                        raise StoreError(f"{str(path)!r} is cut off; its span is decoded again")
                    yield piece
        except OSError as error:
            raise StoreError(f"cannot read {str(path)!r} ({error.strerror}); its span is decoded again") from error

    def drop(self, number: int) -> None:
        """The span is needed no more."""
        with suppress(OSError):
            self._path(number).unlink()

    def _path(self, number: int) -> Path:
        return self.folder / f".span-{self.run}-{number}.part"
