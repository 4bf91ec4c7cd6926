"""What deep looks may cost: of each stream by its own time, as memory holds it; of all by the clock, in this process."""

from collections import deque
from collections.abc import Callable, Iterable
from functools import reduce
from threading import Lock
from time import monotonic

from agent.perception.deep import failed_id, look_id
from vidette.models import Run, Segment, Usage
from vidette.ports import GraphStore
from vidette.queries import Filter, Settled
from workers.deep.allowance import HOUR_S, Allowance, Spent
from workers.deep.effort import Leave, leave_behind, leave_of

_HOURS = 1000  # of which promises are remembered: what was promised in older ones is settled by now


class Spending:
    """Says how much may be asked about a segment. Safe for many threads.

    An hour of a stream is one of its media time, so that it is the same anywhere: what memory holds of the run counts,
    and what is not there yet of this process; what is under way counts at what the others cost. Looks that failed count, those that were dropped do
    not. The hour of all streams is the last one by the clock, in this process. Two processes that look at one stream
    may each take what is left; tokens and seconds may be exceeded by those of the looks that are under way.
    """

    def __init__(
        self,
        stream: Allowance | None = None,
        all_: Allowance | None = None,
        *,
        at_once: int = 1,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._stream, self._all = stream or Allowance(whose="stream_"), all_ or Allowance()
        self._at_once, self._clock = at_once, clock
        self._lock = Lock()
        self._promised: dict[tuple[str, float], dict[str, Spent | None]] = {}
        self._hour: deque[tuple[float, Spent]] = deque()

    def leave(self, store: GraphStore, run: Run, segment: Segment, waiting: int = 0) -> Leave:
        """What the run may be asked about the segment, while so many others wait; anything but nothing is counted."""
        with self._lock:
            leaves = (self._of_all(), self._of_stream(store, run, segment), leave_behind(waiting, self._at_once))
            leave = max(leaves, key=lambda one: one.level)
            if not leave.none:
                self._promise(segment)
        return leave

    def spent(self, segment: Segment, usage: Usage | None) -> None:
        """What a look that had leave did cost."""
        cost = Spent(0.0, usage.prompt_tokens + usage.completion_tokens, usage.gpu_s) if usage else Spent()
        with self._lock:
            self._note(cost)
            if self._stream.bounded:
                self._promises(segment)[segment.id] = cost._replace(calls=1)

    def _promise(self, segment: Segment) -> None:
        if self._stream.bounded:
            self._promises(segment)[segment.id] = None
        self._note(Spent(calls=1))

    def _note(self, spent: Spent) -> None:
        if self._all.bounded:
            self._hour.append((self._clock(), spent))

    def _of_all(self) -> Leave:
        now = self._clock()
        while self._hour and self._hour[0][0] <= now - HOUR_S:
            self._hour.popleft()
        return leave_of(self._all.strain(_sum(one for _, one in self._hour)))

    def _of_stream(self, store: GraphStore, run: Run, segment: Segment) -> Leave:
        if not self._stream.bounded:
            return Leave()
        promised = self._promises(segment)
        tried = _tried(store, run, {*promised, segment.id})
        for id_ in tried & promised.keys():
            del promised[id_]  # memory counts it
        others = [cost for id_, cost in promised.items() if id_ != segment.id]
        known = _spent(store, run, segment).and_also(_sum(cost for cost in others if cost))
        total = known.and_also(known.of_so_many(others.count(None)))
        if segment.id in tried:  # once more is no further look
            total = total._replace(calls=0)
        return leave_of(self._stream.strain(total, segment.start_s % HOUR_S / HOUR_S))

    def _promises(self, segment: Segment) -> dict[str, Spent | None]:
        """What is promised for the segment's hour and not settled: what it cost, None while it is under way."""
        hour = (segment.stream_id, segment.start_s // HOUR_S)
        if hour not in self._promised and len(self._promised) >= _HOURS:
            del self._promised[next(iter(self._promised))]
        return self._promised.setdefault(hour, {})


def _sum(costs: Iterable[Spent]) -> Spent:
    return reduce(Spent.and_also, costs, Spent())


def _tried(store: GraphStore, run: Run, segments: set[str]) -> set[str]:
    """Those at which the run looked, with or without success."""
    of = {made(id_, run.id): id_ for id_ in segments for made in (look_id, failed_id)}
    return {of[id_] for id_ in store.read(Settled(ids=tuple(of)))}


def _spent(store: GraphStore, run: Run, segment: Segment) -> Spent:
    """What the run's looks in the segment's hour cost."""
    from_s = segment.start_s // HOUR_S * HOUR_S
    where = Filter(streams=(segment.stream_id,), from_s=from_s, to_s=from_s + HOUR_S)
    from vidette.looks import Costs  # only where looks are paid for

    costs = store.read(Costs(where=where, run=run.id))
    return _sum(Spent(one.looks, one.prompt_tokens + one.completion_tokens, one.gpu_s) for one in costs)
