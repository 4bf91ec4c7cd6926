"""Deep looks that were lost on their way: the ledger says `pending` long after they were asked for, and nobody has them."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from vidette.models import DeepState
from vidette.queries import CoverageIn, Filter, StreamOf, Streams
from vidette.rows import StreamRow
from workers.deep.owed import missing_looks
from workers.jobs import LookAt
from workers.wiring import Pipeline

_MOST = 500  # asked for in one go
Clock = Callable[[], float]


@dataclass(slots=True)
class _Reach:
    """How far one stream was watched, and when; before `clean_s` nothing is pending."""

    clean_s: float = 0.0
    seen: deque[tuple[float, float]] = field(default_factory=deque)

    def old(self, reach_s: float, now: float, patience_s: float) -> float | None:
        """Up to which media time it had been watched `patience_s` ago; None where that is not known yet."""
        if self.seen and reach_s < self.seen[-1][1]:
            self.seen.clear()  # it is watched anew
            self.clean_s = 0.0
        self.seen.append((now, reach_s))
        while len(self.seen) > 1 and self.seen[1][0] <= now - patience_s:
            self.seen.popleft()
        at, old_s = self.seen[0]
        return old_s if at <= now - patience_s else None


class Owing:
    """Finds looks that are owed for longer than `patience_s`; each is asked for once within such a time."""

    def __init__(
        self,
        patience_s: float,
        *,
        clock: Clock = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._patience_s, self._clock, self._now = patience_s, clock, now
        self._reaches: dict[str, _Reach] = {}
        self._asked: dict[str, float] = {}

    def looks(self, pipeline: Pipeline, waiting: int) -> list[LookAt]:
        """Those to be asked for again, the oldest of each stream first; none while `waiting` of them wait for a worker."""
        if not pipeline.looks:
            return []
        now = self._clock()
        self._asked = {id_: at for id_, at in self._asked.items() if now - at < self._patience_s}
        found: list[LookAt] = []
        for row in pipeline.store.read(Streams()):
            stretches = self._pending(pipeline, row, now)
            if not waiting and len(found) < _MOST:
                found += self._missing(pipeline, row, stretches, _MOST - len(found))
        return found

    def asked(self, look: LookAt) -> None:
        """It was asked for again."""
        self._asked[look.segment.id] = self._clock()

    def _pending(self, pipeline: Pipeline, row: StreamRow, now: float) -> list[tuple[float, float]]:
        """Stretches of a stream that are pending for too long. What is known to be done is not read again."""
        reach = self._reaches.setdefault(row.id, _Reach())
        old_s = reach.old(row.reach_s, now, self._patience_s)
        if row.kind == "live":  # its media time is wall clock
            old_s = min(row.reach_s, (self._now() - row.start).total_seconds() - self._patience_s)
        if old_s is None or old_s <= reach.clean_s:
            return []
        where = Filter(streams=(row.id,), from_s=reach.clean_s, to_s=old_s)
        rows = pipeline.store.read(CoverageIn(where=where))
        found = [(one.start_s, one.end_s) for one in rows if one.deep is DeepState.PENDING]
        reach.clean_s = found[0][0] if found else old_s
        return found

    def _missing(
        self, pipeline: Pipeline, row: StreamRow, stretches: list[tuple[float, float]], most: int
    ) -> Iterator[LookAt]:
        stream = pipeline.store.read(StreamOf(name=row.id)) if stretches else None
        if stream is None:
            return
        for start_s, end_s in stretches:
            for look in missing_looks(pipeline, stream, from_s=start_s, to_s=end_s):
                if look.segment.id not in self._asked and most > 0:
                    most -= 1
                    yield replace(look, owed=True)
