"""Memory carried from one place to another: into a dump, out of one, or from store to store; verified in the end."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import BinaryIO

from graph.dump import file
from graph.dump.file import DumpFile
from graph.dump.memory import Holding, Memory
from graph.dump.records import KINDS, AnyRecord
from graph.dump.tally import Tally
from vidette.codec import encode
from vidette.errors import StoreError

_BATCH = 1000
_BATCH_BYTES = 4 << 20
"""A transaction holds no more records, nor more than this of their lines by much."""

Line = tuple[AnyRecord, bytes]
Progress = Callable[[str, str, int, int], None]
"""Called with what is done (`writing`), the kind, how many are done and how many there are."""


def silent(_doing: str, _kind: str, _done: int, _of: int) -> None:
    """Tells nobody."""


def export(memory: Memory, out: BinaryIO, *, packed: bool, progress: Progress = silent) -> Tally:
    """Write all that a memory holds as a dump; -> what was written. Raises StoreError where it changed meanwhile."""
    with memory.holding() as holding:
        counts = holding.counts()
        lines = _told(_lines(holding), counts, "writing", progress)
        tally = file.write(((record.kind, line) for record, line in lines), counts, out, packed=packed)
    if tally.counts != counts:
        raise StoreError(_changed(memory))
    return tally


def take(path: Path, memory: Memory, *, resume: bool = False, progress: Progress = silent) -> Tally:
    """Read a dump into an empty memory; -> what it holds now.

    Nothing is written of a dump that is damaged, and nobody opens memory before all is there and verified.
    """
    dump, wanted = DumpFile(path), Tally()
    head = dump.head()
    for record, _ in _told(dump.records(), head.counts, "checking", progress):
        wanted.add(record.kind, encode(record))
    before = memory.begin(f"dump {head.id}", resume=resume)
    if before is not None:
        _write(_told(dump.records(), head.counts, "writing", progress), before, memory, progress)
    _finish(memory, wanted, before, "the dump", progress)
    return wanted


def migrate(origin: Memory, memory: Memory, *, resume: bool = False, progress: Progress = silent) -> Tally:
    """Read a memory into an empty one; -> what both hold. Raises StoreError where the first changed meanwhile."""
    wanted = Tally()
    with origin.holding() as holding:
        counts = holding.counts()
        before = memory.begin(f"memory {hashlib.sha256(origin.address.encode()).hexdigest()[:32]}", resume=resume)
        lines = _told(_counted(_lines(holding), wanted), counts, "writing", progress)
        if before is not None:
            _write(lines, before, memory, progress)
        for _ in lines:  # all of it was there: only counted
            pass
    if wanted.counts != counts:
        raise StoreError(_changed(origin))
    _finish(memory, wanted, before, f"memory {origin.address!r}", progress)
    return wanted


def _changed(memory: Memory) -> str:
    return f"memory {memory.address!r} was changed while it was read; end what writes to it, and try again"


def _lines(holding: Holding) -> Iterator[Line]:
    for kind in KINDS:
        for record in holding.read(kind):
            yield record, encode(record)


def _counted(lines: Iterable[Line], tally: Tally) -> Iterator[Line]:
    for record, line in lines:
        tally.add(record.kind, line)
        yield record, line


def _told(lines: Iterable[Line], counts: Mapping[str, int], doing: str, progress: Progress) -> Iterator[Line]:
    """The same lines, telling how far they are."""
    for kind, found in groupby(lines, lambda line: line[0].kind):
        for done, line in enumerate(found):
            if done % _BATCH == 0:
                progress(doing, kind, done, counts.get(kind, 0))
            yield line


def _write(lines: Iterator[Line], before: Mapping[str, int], memory: Memory, progress: Progress) -> None:
    """Write what is not there yet, and what follows from all of it."""
    seen = dict.fromkeys(KINDS, 0)
    for kind, batch in _batches(lines):
        fresh = batch[max(0, before[kind] - seen[kind]) :]
        seen[kind] += len(batch)
        if fresh:
            memory.write(kind, fresh, seen[kind] - len(fresh))
    for done in memory.follow():
        progress("deriving", "event", done, seen["event"])


def _batches(lines: Iterator[Line]) -> Iterator[tuple[str, list[AnyRecord]]]:
    """Records of one kind that one transaction takes."""
    batch: list[AnyRecord] = []
    room = _BATCH_BYTES
    for record, line in lines:
        if batch and (batch[0].kind != record.kind or len(batch) == _BATCH or room <= 0):
            yield batch[0].kind, batch
            batch, room = [], _BATCH_BYTES
        batch.append(record)
        room -= len(line)
    if batch:
        yield batch[0].kind, batch


def _finish(memory: Memory, wanted: Tally, before: object, given: str, progress: Progress) -> None:
    """Read back what memory holds, and let others open it where that is what was given."""
    found = Tally()
    with memory.holding(half=True) as holding:
        for _ in _told(_counted(_lines(holding), found), wanted.counts, "verifying", progress):
            pass
    differ = list(wanted.differ(found))
    if differ:
        raise StoreError(
            f"memory {memory.address!r} does not hold what {given} does ({'; '.join(differ[:3])}); empty it, and try again"
        )
    if before is not None:
        memory.end()
