"""Whose question is next: urgent ones first, streams in turn, and as many of one kind together as there is room for."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import count

from agent.perception.vlm.local.asked import Answered, Prepared

_IN_A_ROW = 4  # batches that urgent questions lead while others wait: then one of the others leads
_STREAMS = 10_000  # of which is remembered when they had their turn
_AGAIN = 32  # full batches that fit, until a larger one is tried

Group = tuple[int, ...]


@dataclass(eq=False, slots=True, kw_only=True)
class Waiting:
    """A question that waits since `since_s` of the clock, and where its answer goes."""

    prepared: Prepared
    since_s: float = 0.0
    answer: Future[Answered] = field(default_factory=Future)

    @property
    def group(self) -> Group:
        """What it can be answered together with."""
        return self.prepared.group

    @property
    def urgent(self) -> bool:
        """Whether it goes first."""
        return self.prepared.asked.urgent


class Turns:
    """The questions that wait. A stream's are taken in the order in which they came, those of each group and urgency."""

    def __init__(self) -> None:
        self._lines: dict[tuple[bool, str], deque[Waiting]] = {}
        self._turn, self._ticks = dict[str, int](), count(1)
        self._in_a_row = 0

    def __len__(self) -> int:
        return sum(map(len, self._lines.values()))

    def __iter__(self) -> Iterator[Waiting]:
        for line in self._lines.values():
            yield from line

    def put(self, one: Waiting) -> None:
        """It waits behind those of its stream."""
        self._lines.setdefault((one.urgent, one.prepared.asked.stream), deque()).append(one)

    def withdraw(self, one: Waiting) -> None:
        """It waits no more; nothing where it did not."""
        line = self._lines.get((one.urgent, one.prepared.asked.stream), ())
        if one in line:
            self._take(one)

    def take(self, room: Callable[[Group], int]) -> list[Waiting]:
        """The next batch, all of one group and at most `room` of it, at least one; empty where none waits."""
        first = self.leader()
        if first is None:
            return []
        others = any(not one.urgent for one in self)
        self._in_a_row = self._in_a_row + 1 if first.urgent and others else 0
        batch = [self._taken(first)]
        while len(batch) < room(first.group) and (more := self._next(first.group)) is not None:
            batch.append(self._taken(more))
        return batch

    def leader(self) -> Waiting | None:
        """The one that the next batch is made around."""
        patient = self._in_a_row >= _IN_A_ROW
        return (patient and self._next(None, urgent=False)) or self._next(None)

    def _next(self, group: Group | None, *, urgent: bool | None = None) -> Waiting | None:
        """Of the first in each line, or the first of that group, the one whose stream waits longest for its turn."""
        heads = (
            next((one for one in line if group in (None, one.group)), None)
            for (hasty, _), line in self._lines.items()
            if urgent in (None, hasty)
        )
        return min((one for one in heads if one is not None), key=self._rank, default=None)

    def _rank(self, one: Waiting) -> tuple[bool, int, float]:
        return not one.urgent, self._turn.get(one.prepared.asked.stream, 0), one.since_s

    def _taken(self, one: Waiting) -> Waiting:
        stream = one.prepared.asked.stream
        self._turn.pop(stream, None)  # the dict is in the order of turns
        self._turn[stream] = next(self._ticks)
        if len(self._turn) > _STREAMS:
            del self._turn[next(iter(self._turn))]
        return self._take(one)

    def _take(self, one: Waiting) -> Waiting:
        key = (one.urgent, one.prepared.asked.stream)
        self._lines[key].remove(one)
        if not self._lines[key]:
            del self._lines[key]
        return one


class Room:
    """How many questions of a group fit into one batch, as far as is known: at most `most`.

    Half of what did not fit; twice as many once so many full batches did.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._limits: dict[Group, int] = {}
        self._fitted: dict[Group, int] = {}

    def of(self, group: Group) -> int:
        """At least one."""
        return self._limits.get(group, self._most)

    def burst(self, group: Group, many: int) -> None:
        """So many did not fit."""
        self._limits[group], self._fitted[group] = max(1, min(self.of(group), many // 2)), 0

    def held(self, group: Group, many: int) -> None:
        """So many did."""
        if group not in self._limits or many < self._limits[group]:
            return
        self._fitted[group] += 1
        if self._fitted[group] >= _AGAIN:
            self._limits[group], self._fitted[group] = min(self._most, self._limits[group] * 2), 0
