"""All that a file of memory holds, given and taken."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from graph import moving
from graph.connection import Database
from graph.dump import embedded_reading, embedded_writing
from graph.dump.memory import may_begin
from graph.dump.records import AnyRecord
from graph.rows import Connection
from vidette.errors import StoreError


class _File:
    """What a file holds at one moment."""

    def __init__(self, database: Database, connection: Connection) -> None:
        self._database, self._connection = database, connection

    def counts(self) -> dict[str, int]:
        """How many records of each kind there are."""
        with self._database.faults():
            return embedded_reading.counts(self._connection)

    def read(self, kind: str) -> Iterator[AnyRecord]:
        """The records of a kind."""
        with self._database.faults():
            yield from embedded_reading.read(self._connection, kind)


class EmbeddedMemory:
    """A file of memory (graph.dump.memory.Memory); made where it is not there, if it is written."""

    def __init__(self, path: Path, *, must_write: bool = False) -> None:
        self.address = str(path)
        self._database = Database(path, must_write=must_write)
        self._source = ""

    @contextmanager
    def holding(self, *, half: bool = False) -> Iterator[_File]:
        """Look at it as it is now; who writes meanwhile is not seen."""
        reading = self._database.read()
        connection = reading.__enter__()
        try:
            with self._database.faults():
                moving.refuse_half(not half and moving.is_half(connection))
            yield _File(self._database, connection)
        finally:  # what failed inside may be another memory's fault: it is not told as one of this
            reading.__exit__(None, None, None)

    def begin(self, source: str, *, resume: bool) -> dict[str, int] | None:
        """Be moved into."""
        with self._database.write() as connection:
            half = moving.moved(connection) if moving.is_half(connection) else None
            before = may_begin(source, half, embedded_reading.counts(connection), resume=resume)
            if half is None and before is not None:
                moving.begin(connection, source)
        self._source = source
        return before

    def write(self, kind: str, records: Sequence[AnyRecord], before: int) -> None:
        """Add records."""
        with self._database.write() as connection:
            if moving.moved(connection)[1].get(kind, 0) != before:
                raise StoreError("somebody else moves into it at the same time; let one of you end")
            embedded_writing.write(connection, kind, records)
            moving.note(connection, self._source, {kind: before + len(records)})

    def follow(self) -> Iterator[int]:
        """Derive the words and counts of events."""
        last: int | None = 0
        done = 0
        while last is not None:
            with self._database.write() as connection:
                last, count = embedded_writing.follow(connection, last)
            done += count
            yield done

    def end(self) -> None:
        """Others may open it."""
        with self._database.write() as connection:
            moving.end(connection)

    def close(self) -> None:
        """Close the file."""
        self._database.close()
