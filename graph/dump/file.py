"""A dump: JSON lines, the first of which says what follows and the last what was written; gzipped where the name ends in .gz."""

import gzip
import json
import uuid
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, BinaryIO, ClassVar, Literal, TypeVar

from pydantic import ConfigDict, Field

from graph.dump.decoding import decode
from graph.dump.records import KINDS, AnyRecord
from graph.dump.tally import Tally, present
from vidette import codec
from vidette.errors import StoreError

VERSION = 1
MOST_BYTES = 32 << 20
"""A line is no longer: a stream with a large carry has some 400 kB, all else less."""
_LEVEL = 6
M = TypeVar("M")
Count = Annotated[int, Field(ge=0, lt=1 << 62)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The first line; `id` tells dumps apart, `counts` are what will follow."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    vidette: Literal["memory"] = "memory"
    version: int = VERSION
    id: Annotated[str, Field(max_length=100)] = field(default_factory=lambda: str(uuid.uuid4()))
    made: datetime = field(default_factory=lambda: datetime.now(UTC))
    counts: dict[str, Count] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Foot:
    """The last line: how many records of each kind there were, and their digests (Tally)."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    vidette: Literal["end"] = "end"
    counts: dict[str, Count]
    digests: dict[str, str]


def write(records: Iterable[tuple[str, bytes]], counts: Mapping[str, int], out: BinaryIO, *, packed: bool) -> Tally:
    """Write (kind, line) of each record; -> what was written."""
    tally = Tally()
    with _packing(out) if packed else _as_it_is(out) as lines:
        lines.write(codec.encode(Head(counts=present(counts))) + b"\n")
        for kind, line in records:
            tally.add(kind, line)
            lines.write(line + b"\n")
        lines.write(codec.encode(Foot(counts=present(tally.counts), digests=tally.digests)) + b"\n")
    return tally


def _packing(out: BinaryIO) -> gzip.GzipFile:
    return gzip.GzipFile(filename="", fileobj=out, mode="wb", compresslevel=_LEVEL)


@contextmanager
def _as_it_is(out: BinaryIO) -> Iterator[BinaryIO]:
    yield out


def is_packed(name: str | Path) -> bool:
    """Whether a file of that name is gzipped."""
    return str(name).endswith(".gz")


class DumpFile:
    """A dump to read. Every method raises StoreError, with the number of the line where there is one at fault."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def head(self) -> Head:
        """What it says of itself."""
        with self._lines() as lines:
            return self._head(next(lines, (1, b""))[1])

    def records(self) -> Iterator[tuple[AnyRecord, bytes]]:
        """Every record and its line, one at a time; once through, it was whole and as it was written."""
        tally, foot, reached = Tally(), None, 0
        with self._lines() as lines:
            self._head(next(lines, (1, b""))[1])
            for number, line in lines:
                if foot is not None:
                    raise self._fault(number, "more follows after its last line")
                if line.startswith(b'{"vidette"'):
                    foot = self._decoded(Foot, number, line)
                    continue
                record = self._record(number, line)
                if KINDS.index(record.kind) < reached:
                    raise self._fault(number, f"{record.kind} comes after what names it; take a whole dump")
                reached = KINDS.index(record.kind)
                tally.add(record.kind, line)
                yield record, line
        if foot is None:
            raise StoreError(f"dump {str(self.path)!r}: its end is missing; take a whole copy")
        if (foot.counts, foot.digests) != (present(tally.counts), tally.digests):
            raise StoreError(
                f"dump {str(self.path)!r}: not what was written ({_first(foot, tally)}); take another copy"
            )

    def _head(self, line: bytes) -> Head:
        try:
            said = json.loads(line)
            version = said["version"] if said["vidette"] == "memory" else None
        except (ValueError, KeyError, TypeError, RecursionError):
            version = None
        if type(version) is not int:
            raise StoreError(
                f"dump {str(self.path)!r}: no dump of Vidette's memory; make one with `vidette graph export`"
            )
        if version > VERSION:
            raise StoreError(
                f"dump {str(self.path)!r}: written by a newer Vidette (version {version}, this one knows {VERSION});"
                " update Vidette"
            )
        return self._decoded(Head, 1, line)

    def _record(self, number: int, line: bytes) -> AnyRecord:
        try:
            return decode(line)
        except StoreError as error:
            raise self._fault(number, str(error)) from error

    def _decoded(self, model: type[M], number: int, line: bytes) -> M:
        try:
            return codec.decode(model, line)
        except StoreError as error:
            raise self._fault(number, str(error)) from error

    def _fault(self, number: int, said: str) -> StoreError:
        return StoreError(f"dump {str(self.path)!r}, line {number}: {said}")

    @contextmanager
    def _lines(self) -> Iterator[Iterator[tuple[int, bytes]]]:
        try:
            with self._open() as file:
                yield self._numbered(file)
        except OSError as error:  # gzip.BadGzipFile is one
            raise StoreError(f"dump {str(self.path)!r}: {error.strerror or error}; name a dump of memory") from error
        except (EOFError, zlib.error) as error:
            raise StoreError(f"dump {str(self.path)!r}: damaged ({error}); take another copy") from error

    def _open(self) -> gzip.GzipFile | BinaryIO:
        return gzip.GzipFile(self.path, "rb") if is_packed(self.path) else self.path.open("rb")

    def _numbered(self, file: gzip.GzipFile | BinaryIO) -> Iterator[tuple[int, bytes]]:
        number = 0
        while line := file.readline(MOST_BYTES + 1):
            number += 1
            if len(line) > MOST_BYTES:
                raise self._fault(number, f"longer than {MOST_BYTES >> 20} MB; none of Vidette's is")
            yield number, line.removesuffix(b"\n")


def _first(foot: Foot, tally: Tally) -> str:
    """The first kind in which they differ."""
    for kind in sorted({*foot.counts, *present(tally.counts)}):
        if foot.counts.get(kind) != present(tally.counts).get(kind):
            return f"{kind}: {foot.counts.get(kind, 0)} were written, {tally.counts.get(kind, 0)} are here"
    return "a record was changed"
