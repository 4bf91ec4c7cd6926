"""Group commit: writes of many threads share transactions, and each stands or fails as if it were alone.

Who finds nobody writing leads: it writes what it came with, then what others came with meanwhile, and commits it all
at once. So nobody waits for company, and one caller alone writes one transaction, as without a group (DeWitt et al.,
«Implementation Techniques for Main Memory Database Systems», 1984).

Savepoints would undo one alone, but they copy every page before it is changed, a tenth of all work. One that fails
before it wrote anything fails alone all the same. One that wrote undoes all: it is all written again without it.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Generic, TypeVar, cast

from graph.connection import Database
from graph.rows import Connection
from vidette.errors import StoreError

MOST = 64
"""Writes that one transaction holds at most."""
LONG_S = 0.05
"""After so long it takes no more of them: others, and other processes, have their turn."""
R = TypeVar("R")


class _Turn(Generic[R]):
    """What one caller wants written, and what came of it."""

    def __init__(self, act: Callable[[Connection], R]) -> None:
        self.act, self.thread = act, threading.get_ident()
        self.called = threading.Event()
        self.leads = self.alone = self.committed = False
        self.others: list[_Turn[Any]] = []
        self.result: R | None = None
        self.error: Exception | None = None

    def outcome(self) -> R:
        if self.error is not None:
            raise self.error
        return cast("R", self.result)


class Group:
    """Writes to one database, as few transactions as there is time for; `finish` is the last of each."""

    def __init__(self, database: Database, finish: Callable[[Connection], None]) -> None:
        self._database, self._finish = database, finish
        self._line = _Line()

    def write(self, act: Callable[[Connection], R]) -> R:
        """What `act` gives, once that is committed; it may run in another's thread, and again if that was undone.

        Raises what it raises, and then nothing of it was written; StoreError where the file fails.
        """
        turn = _Turn(act)
        try:
            self._line.enter(turn)
            if turn.leads:
                self._lead(turn)
        finally:
            self._line.leave(turn)
        return turn.outcome()

    def _lead(self, lead: _Turn[Any]) -> None:
        while not lead.committed:
            try:
                self._transact(lead)
                lead.committed = True
            except Exception:  # all of it was undone: again without the one that failed, or each by itself
                if not lead.others:
                    raise
                self._line.give_back(lead)

    def _transact(self, lead: _Turn[Any]) -> None:
        with self._database.write() as connection:
            until = time.monotonic() + LONG_S
            lead.result = lead.act(connection)
            while 1 + len(lead.others) < MOST and time.monotonic() < until and self._line.take(lead):
                self._try(connection, lead.others[-1])
            self._finish(connection)

    def _try(self, connection: Connection, turn: _Turn[Any]) -> None:
        """Write it into the running transaction, or else note why not."""
        before = connection.total_changes
        try:
            with self._database.faults():
                turn.result = turn.act(connection)
        except Exception as error:
            if connection.total_changes != before or not connection.in_transaction:
                turn.alone = True
                raise
            turn.error = error


class _Line:
    """Callers in the order in which they came, one of whom leads."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._leader: _Turn[Any] | None = None
        self._waiting: deque[_Turn[Any]] = deque()

    def enter(self, turn: _Turn[Any]) -> None:
        """Wait until it leads, or was written."""
        with self._mutex:
            if self._leader is not None and self._leader.thread == turn.thread:
                raise StoreError(
                    "what is being written may not write by itself; let it give back what is to be written"
                )
            if self._leader is None:
                self._lead(turn)
                return
            self._waiting.append(turn)
        turn.called.wait()

    def take(self, leader: _Turn[Any]) -> bool:
        """Hand the next who waits to the leader; False where nobody does."""
        with self._mutex:
            if not self._waiting or self._waiting[0].alone:
                return False
            leader.others.append(self._waiting.popleft())
            return True

    def give_back(self, leader: _Turn[Any]) -> None:
        """Those whom the leader took wait again, before all others; each to be alone, if none is to blame."""
        alone = not any(one.alone for one in leader.others)
        with self._mutex:
            for one in leader.others:
                one.alone = one.alone or alone
            self._give_back(leader)

    def leave(self, turn: _Turn[Any]) -> None:
        """It is over, or was interrupted: call those who were written, and who leads next."""
        with self._mutex:
            if turn in self._waiting:
                self._waiting.remove(turn)
            if not turn.leads:
                return
            if not turn.committed:
                self._give_back(turn)
            self._leader = None
            if self._waiting:
                self._lead(self._waiting.popleft())
        for one in turn.others:
            one.called.set()

    def _give_back(self, leader: _Turn[Any]) -> None:
        for one in reversed(leader.others):
            one.error = None
            self._waiting.appendleft(one)
        leader.others = []

    def _lead(self, turn: _Turn[Any]) -> None:
        self._leader, turn.leads = turn, True
        turn.called.set()
