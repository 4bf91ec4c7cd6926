"""Group commit: callers that meet share a transaction, each has its own result or fault, and none waits for ever."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph import group
from graph.connection import Database
from graph.group import Group
from graph.rows import Connection
from vidette.errors import StoreError

DEADLINE_S = 30


class Counted(Database):
    """A database that counts its writing transactions, and may fail at their end."""

    begun = 0
    fails: Callable[[], bool] = staticmethod(lambda: False)

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        self.begun += 1
        with super().write() as connection:
            yield connection
            if self.fails():
                raise StoreError("no room")


class Callers:
    """Threads that write numbers to one table, the first of which holds the writer until it is let go."""

    def __init__(self, path: Path) -> None:
        self.database = Counted(path)
        with self.database.write() as connection:
            connection.execute("CREATE TABLE numbers (place INTEGER PRIMARY KEY, number INTEGER UNIQUE)")
        self.database.begun, self.finished = 0, 0
        self.group = Group(self.database, self._finish)
        self.go, self.holds = threading.Event(), threading.Event()
        self.threads: list[threading.Thread] = []
        self.came: dict[int, object] = {}

    def _finish(self, connection: Connection) -> None:
        self.finished += 1

    def hold(self, number: int = -1) -> None:
        def act(connection: Connection) -> int:
            self.holds.set()
            assert self.go.wait(DEADLINE_S)
            return insert(number)(connection)

        self.start(number, act)
        assert self.holds.wait(DEADLINE_S)

    def start(self, key: int, act: Callable[[Connection], object]) -> None:
        """A caller more; it waits in line once this comes back, if the writer is held."""

        def call() -> None:
            try:
                self.came[key] = self.group.write(act)
            except BaseException as fault:  # noqa: BLE001  a thread hands over whatever went wrong
                self.came[key] = fault

        held, before = self.holds.is_set(), len(self.group._line._waiting)
        thread = threading.Thread(target=call)
        self.threads.append(thread)
        thread.start()
        if held:
            until(lambda: len(self.group._line._waiting) > before)

    def end(self) -> list[int]:
        """Let go, wait for all; -> the numbers, as they were written."""
        self.go.set()
        for thread in self.threads:
            thread.join(DEADLINE_S)
            assert not thread.is_alive()
        with self.database.read() as connection:
            return [row[0] for row in connection.execute("SELECT number FROM numbers ORDER BY place")]


def until(holds: Callable[[], bool]) -> None:
    """Wait for a condition."""
    ticks = threading.Event()
    for _ in range(DEADLINE_S * 1000):
        if holds():
            return
        ticks.wait(0.001)
    raise AssertionError("it never came")


def insert(number: int) -> Callable[[Connection], int]:
    def act(connection: Connection) -> int:
        connection.execute("INSERT INTO numbers (number) VALUES (?)", (number,))
        return number

    return act


def torn(connection: Connection) -> int:
    """Write something, then fail."""
    connection.execute("INSERT INTO numbers (number) VALUES (1000)")
    raise ValueError("torn")


@pytest.fixture
def callers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callers]:
    monkeypatch.setattr(group, "LONG_S", 3600.0)  # a held writer is held long
    made = Callers(tmp_path / "v.db")
    yield made
    made.go.set()
    made.database.close()


def test_one_alone_has_its_own_transaction(callers: Callers) -> None:
    for number in range(3):
        assert callers.group.write(insert(number)) == number
    assert (callers.database.begun, callers.finished, callers.end()) == (3, 3, [0, 1, 2])


def test_those_who_wait_are_written_together_in_the_order_they_came(callers: Callers) -> None:
    callers.hold()
    for number in (5, 3, 8, 1):
        callers.start(number, insert(number))
    assert callers.end() == [-1, 5, 3, 8, 1]
    assert callers.came == {number: number for number in (-1, 5, 3, 8, 1)}
    assert (callers.database.begun, callers.finished) == (1, 1)


def test_no_transaction_holds_more_than_so_many(callers: Callers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group, "MOST", 3)
    callers.hold()
    for number in range(7):
        callers.start(number, insert(number))
    assert callers.end() == [-1, *range(7)]
    assert callers.database.begun == 3  # 3 + 3 + 2


def test_one_that_took_long_takes_nobody_along(callers: Callers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group, "LONG_S", 0.0)
    callers.hold()
    for number in range(3):
        callers.start(number, insert(number))
    assert callers.end() == [-1, 0, 1, 2]
    assert callers.database.begun == 4


def test_one_that_fails_fails_alone(callers: Callers) -> None:
    callers.hold()
    callers.start(1, insert(1))
    callers.start(2, torn)
    callers.start(3, insert(1))  # there is a 1
    callers.start(4, torn)
    callers.start(5, insert(5))
    assert callers.end() == [-1, 1, 5]
    assert (callers.came[1], callers.came[5]) == (1, 5)
    assert repr(callers.came[2]) == repr(callers.came[4]) == repr(ValueError("torn"))
    assert isinstance(callers.came[3], StoreError)
    assert "v.db': UNIQUE" in str(callers.came[3])
    assert callers.came[2] is not callers.came[4]


def test_one_that_fails_before_it_wrote_undoes_nothing(callers: Callers) -> None:
    def refuse(connection: Connection) -> int:
        raise StoreError("too early", retryable=True)

    callers.hold()
    callers.start(1, insert(1))
    callers.start(2, refuse)
    callers.start(3, insert(3))
    assert callers.end() == [-1, 1, 3]
    assert callers.database.begun == 1
    fault = callers.came[2]
    assert isinstance(fault, StoreError)
    assert fault.retryable
    assert "v.db': too early" in str(fault)


@settings(max_examples=25, deadline=None)
@given(
    wanted=st.lists(st.tuples(st.integers(0, 20), st.sampled_from(["write", "refuse", "tear"])), max_size=12),
    most=st.integers(1, 5),
)
def test_each_comes_to_what_it_would_alone(wanted: list[tuple[int, str]], most: int) -> None:
    """In the order in which they came: the first who writes a number has it, and no trace is left of who failed."""

    def act_of(number: int, how: str) -> Callable[[Connection], object]:
        def act(connection: Connection) -> int:
            if how == "refuse":
                raise ValueError("refused")
            insert(number)(connection)
            if how == "tear":
                torn(connection)
            return number

        return act

    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(group, "MOST", most)
        patch.setattr(group, "LONG_S", 3600.0)
        callers = Callers(Path(folder) / "v.db")
        callers.hold()
        for key, (number, how) in enumerate(wanted):
            callers.start(key, act_of(number, how))
        expected = list(dict.fromkeys(number for number, how in wanted if how == "write"))
        assert callers.end() == [-1, *expected]
        first = {number: key for key, (number, how) in reversed(list(enumerate(wanted))) if how == "write"}
        won = {key for key in range(len(wanted)) if callers.came[key] == wanted[key][0]}
        assert won == set(first.values())
        callers.database.close()


def test_one_that_leads_and_fails_leaves_the_others(callers: Callers) -> None:
    def fail(connection: Connection) -> int:
        callers.holds.set()
        assert callers.go.wait(DEADLINE_S)
        return torn(connection)

    callers.start(0, fail)
    assert callers.holds.wait(DEADLINE_S)
    callers.start(1, insert(1))
    callers.start(2, insert(2))
    assert callers.end() == [1, 2]
    assert (repr(callers.came[0]), callers.came[1], callers.came[2]) == (repr(ValueError("torn")), 1, 2)


def test_what_cannot_be_committed_together_is_written_one_by_one(callers: Callers) -> None:
    faults = iter([True])
    callers.database.fails = lambda: next(faults, False)
    callers.hold()
    for number in (1, 2, 3):
        callers.start(number, insert(number))
    assert callers.end() == [-1, 1, 2, 3]
    assert callers.came == {-1: -1, 1: 1, 2: 2, 3: 3}
    assert callers.database.begun == 5


def test_where_nothing_can_be_written_each_hears_it(callers: Callers) -> None:
    callers.database.fails = lambda: True
    callers.hold()
    for number in (1, 2, 3):
        callers.start(number, insert(number))
    assert callers.end() == []
    faults = [callers.came[number] for number in (-1, 1, 2, 3)]
    assert all(isinstance(fault, StoreError) and "no room" in str(fault) for fault in faults)
    assert len({id(fault) for fault in faults}) == 4


def test_an_act_that_undoes_everything_is_not_the_others_fault(callers: Callers) -> None:
    """A full disk, as SQLite does it: the whole transaction is gone."""

    def undo(connection: Connection) -> int:
        connection.execute("ROLLBACK")
        raise StoreError("full")

    callers.hold()
    callers.start(1, insert(1))
    callers.start(2, undo)
    callers.start(3, insert(3))
    assert callers.end() == [-1, 1, 3]
    assert (callers.came[1], callers.came[3]) == (1, 3)
    assert "full" in str(callers.came[2])


def test_who_leads_and_is_interrupted_leaves_the_others_to_themselves(callers: Callers) -> None:
    seen: list[int] = []

    def interrupt(connection: Connection) -> int:
        seen.append(threading.get_ident())
        if len(seen) == 1:
            raise KeyboardInterrupt
        return insert(2)(connection)

    callers.hold()
    callers.start(1, insert(1))
    callers.start(2, interrupt)
    callers.start(3, insert(3))
    assert callers.end() == [1, 2, 3]
    assert isinstance(callers.came[-1], KeyboardInterrupt)
    assert [callers.came[number] for number in (1, 2, 3)] == [1, 2, 3]
    assert seen[0] != seen[1]


def test_who_gives_up_waiting_is_not_waited_for(callers: Callers, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while in line."""

    class Interrupted(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            if threading.current_thread().name == "weak":
                raise KeyboardInterrupt
            return super().wait(timeout)

    callers.hold()
    waits = threading.Thread(name="weak", target=lambda: give_up(callers.group))
    with monkeypatch.context() as patch:
        patch.setattr(group.threading, "Event", Interrupted)
        waits.start()
        waits.join(DEADLINE_S)
    assert not waits.is_alive()
    callers.start(1, insert(1))
    assert callers.end() == [-1, 1]
    assert callers.group.write(insert(2)) == 2


def give_up(queue: Group) -> None:
    with pytest.raises(KeyboardInterrupt):
        queue.write(insert(99))


def test_who_writes_within_its_own_write_is_refused(callers: Callers) -> None:
    with pytest.raises(StoreError, match="may not write by itself"):
        callers.group.write(lambda _: callers.group.write(insert(1)))
    assert callers.group.write(insert(2)) == 2
    assert callers.end() == [2]
