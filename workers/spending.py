"""What deep looks at one stream may cost: counted in memory, by the stream's own time, so that it is the same anywhere."""

from threading import Lock

from agent.perception.deep import failed_id, look_id
from vidette.models import Run, Segment
from vidette.ports import GraphStore
from vidette.queries import Filter, Segments, Settled

_HOUR_S = 3600.0
_MANY = 100_000
_HOURS = 1000  # of which promises are remembered: what was promised in older ones is settled by now


class Spending:
    """At most `most` deep looks at an hour of a stream's media time; 0 is no bound. Safe for many threads.

    What memory holds is counted, and what is under way in this process; looks that failed count, those that were
    dropped do not. Two processes that look at one stream may each take the last one.
    """

    def __init__(self, most: int) -> None:
        self._most, self._lock = most, Lock()
        self._promised: dict[tuple[str, float], set[str]] = {}

    def refusal(self, store: GraphStore, run: Run, segment: Segment) -> str:
        """Why a run is not to look at the segment; empty where it may, which is then counted."""
        if not self._most:
            return ""
        from_s = segment.start_s // _HOUR_S * _HOUR_S
        with self._lock:
            promised = self._promises((segment.stream_id, from_s))
            spent = promised | _tried(store, run, segment.stream_id, from_s)
            if len(spent - {segment.id}) >= self._most:
                return (
                    f"{self._most} deep looks in an hour of this stream are all that `vlm.stream_calls_per_hour` allows"
                )
            promised.add(segment.id)
        return ""

    def _promises(self, hour: tuple[str, float]) -> set[str]:
        if hour not in self._promised and len(self._promised) >= _HOURS:
            del self._promised[next(iter(self._promised))]
        return self._promised.setdefault(hour, set())


def _tried(store: GraphStore, run: Run, stream_id: str, from_s: float) -> set[str]:
    """Segments of the hour that the run looked at, with or without success."""
    where = Filter(streams=(stream_id,), from_s=from_s, to_s=from_s + _HOUR_S)
    segments = [row.id for row in store.read(Segments(where=where, limit=_MANY))]
    of = {made(id_, run.id): id_ for id_ in segments for made in (look_id, failed_id)}
    return {of[id_] for id_ in store.read(Settled(ids=tuple(of)))}
