"""All that a Neo4j database holds, given and taken."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Unpack

from graph.cypher import moving, schema
from graph.cypher.driver import How, Server, Transaction
from graph.dump import cypher_reading, cypher_writing
from graph.dump.memory import may_begin
from graph.dump.records import AnyRecord
from graph.moving import refuse_half
from vidette.errors import StoreError


class _Database:
    """What a database holds, read by and by: it must not change meanwhile."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def counts(self) -> dict[str, int]:
        """How many records of each kind there are."""
        return cypher_reading.counts(self._server)

    def read(self, kind: str) -> Iterator[AnyRecord]:
        """The records of a kind."""
        return cypher_reading.read(self._server, kind)


class Neo4jMemory:
    """A memory on a Neo4j server (graph.dump.memory.Memory)."""

    def __init__(self, uri: str, user: str = "", password: str = "", **how: Unpack[How]) -> None:
        self._server = Server(uri, user, password, **how)
        self.address = self._server.address
        self._source = ""
        try:
            with self._server.faults():
                schema.migrate(self._server)
        except StoreError:
            self._server.close()
            raise

    @contextmanager
    def holding(self, *, half: bool = False) -> Iterator[_Database]:
        """Look at it."""
        if not half:
            with self._server.faults():
                refuse_half(self._server.read(moving.moved))
        yield _Database(self._server)

    def begin(self, source: str, *, resume: bool) -> dict[str, int] | None:
        """Be moved into."""
        self._source = source
        with self._server.faults():
            half = self._server.read(moving.moved)
            before = may_begin(source, half, cypher_reading.counts(self._server), resume=resume)
            if half is None and before is not None:
                self._server.write(lambda transaction: moving.note(transaction, source, {}))
        return before

    def write(self, kind: str, records: Sequence[AnyRecord], before: int) -> None:
        """Add records."""
        self._server.write(lambda transaction: self._write(transaction, kind, records, before))

    def _write(self, transaction: Transaction, kind: str, records: Sequence[AnyRecord], before: int) -> None:
        source, counts = moving.moved(transaction) or ("", {})
        if source != self._source or counts.get(kind, 0) != before:
            raise StoreError("somebody else moves into it at the same time; let one of you end")
        cypher_writing.write(transaction, kind, records, before)
        moving.note(transaction, source, {**counts, kind: before + len(records)})

    def follow(self) -> Iterator[int]:
        """Derive who takes part in events, and their words."""
        last: str | None = ""
        done = 0
        while last is not None:
            last, count = cypher_writing.follow(self._server, last)
            done += count
            yield done

    def end(self) -> None:
        """Others may open it."""
        self._server.write(moving.end)

    def close(self) -> None:
        """Let the server go."""
        self._server.close()
