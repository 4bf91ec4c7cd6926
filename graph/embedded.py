"""The embedded graph store: one SQLite file, read and written by any number of threads and processes."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TypeVar, cast

from graph import judging, opening, outbox, saying, words, writing
from graph.connection import CACHE_MB, Database
from graph.group import Group
from graph.moving import is_half, refuse_half
from graph.reading.readers import reader_of
from graph.rows import Connection
from vidette.alerts import Attempt, Delivery, DeliveryFilter, Judgement
from vidette.errors import StoreError
from vidette.models import Commit, Observation
from vidette.ports import Judge, Reader
from vidette.queries import Query
from vidette.streams import Stream

R = TypeVar("R")


class EmbeddedStore:
    """GraphStore and Outbox in one SQLite file (or `:memory:`). Every method raises StoreError where the file fails.

    A file that may not be written is opened all the same unless `must_write`; it can then be read. Each thread holds at
    most `cache_mb` of the file.
    """

    def __init__(self, path: Path | str, *, must_write: bool = True, cache_mb: int = CACHE_MB) -> None:
        where = path if str(path) == ":memory:" else Path(path)
        self._database = Database(where, must_write=must_write, cache_mb=cache_mb)
        self._group = Group(self._database, words.index)
        try:
            with self._database.read() as connection:
                refuse_half(is_half(connection))
        except StoreError:
            self._database.close()
            raise

    def open_stream(self, stream: Stream, *, again: bool = False) -> Commit | None:
        """Register the stream or refresh its row; -> its last commit. `again` begins a new watch of it."""
        return self._group.write(lambda connection: opening.open_stream(connection, stream, again=again))

    def settle(self, observation: Observation, judge: Judge | None = None) -> bool:
        """Write an observation and what follows, all or nothing; False if it had been settled before.

        It shares a transaction with what other threads settle at that moment; the judge may be called in theirs.
        """
        return self._group.write(lambda connection: _settle(connection, observation, judge))

    def take(self, stream_id: str) -> int:
        """Raise the stream's fence by one; -> the new one. What has a lower one settles no more."""
        return self._group.write(lambda connection: opening.take(connection, stream_id))

    def rejudge(self, stream_id: str, judge: Judge) -> None:
        """Put every stored event of a stream to the judge, as one case."""
        self._group.write(lambda connection: judging.judge_all(connection, stream_id, judge, _inside(connection)))

    def amend(self, decide: Callable[[Reader], Judgement]) -> bool:
        """Write what `decide` makes of what it reads, in one transaction; False where that is nothing."""
        return self._group.write(lambda connection: _amend(connection, decide))

    def read(self, query: Query[R]) -> R:
        """Answer a typed query from one snapshot."""
        with self._database.read() as connection:
            return _reader(connection)(query)

    def claim(self, sink: str, now: datetime, lease_s: float, limit: int = 16) -> list[Delivery]:
        """Due deliveries to a sink, longest due first; no other process gets them for `lease_s`."""
        return self._group.write(lambda connection: outbox.claim(connection, sink, now, lease_s, limit))

    def record(self, attempt: Attempt) -> None:
        """Write how a try ended, and what the delivery is from now on; the same attempt twice is one."""
        self._group.write(lambda connection: outbox.record(connection, attempt))

    def next_due(self, sinks: Sequence[str]) -> datetime | None:
        """When the next delivery to one of these sinks is due (or its lease ends); None: nothing waits."""
        with self._database.read() as connection:
            return outbox.next_due(connection, sinks)

    def replay(self, where: DeliveryFilter, now: datetime) -> int:
        """Make dead or delivered ones due again; -> how many."""
        return self._group.write(lambda connection: outbox.replay(connection, where, now))

    def disable(self, sink: str, address: str, now: datetime, reason: str) -> None:
        """A sink takes no more: its pending deliveries are dead."""
        self._group.write(lambda connection: outbox.disable(connection, sink, address, now, reason))

    def enable(self, sink: str) -> None:
        """The sink takes deliveries again."""
        self._group.write(lambda connection: outbox.enable(connection, sink))

    def close(self) -> None:
        """Close the file."""
        self._database.close()


def _settle(connection: Connection, observation: Observation, judge: Judge | None) -> bool:
    scene = writing.settle(connection, observation)
    if scene is None:
        return False
    if judge is not None:
        judging.judge_changed(connection, observation, scene.changed, judge, _inside(connection))
    saying.sweep(connection, scene.moved)
    return True


def _amend(connection: Connection, decide: Callable[[Reader], Judgement]) -> bool:
    judgement = decide(_inside(connection))
    judging.write(connection, judgement)
    return judgement != Judgement()


def _inside(connection: Connection) -> Reader:
    """Answers typed queries in a transaction that writes: what it wrote is found by its words, too."""
    answer = _reader(connection)

    def read(query: Query[R]) -> R:
        if words.asked(query):
            words.index(connection)
        return answer(query)

    return read


def _reader(connection: Connection) -> Reader:
    """Answers typed queries in this transaction."""

    def read(query: Query[R]) -> R:
        return cast("R", reader_of(type(query))(connection, query))

    return read
