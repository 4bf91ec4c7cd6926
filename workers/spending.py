"""What deep looks at one stream may cost: counted in memory, by the stream's own time, so that it is the same anywhere."""

from agent.perception.deep import failed_id, look_id
from vidette.models import Run, Segment
from vidette.ports import GraphStore
from vidette.queries import Filter, Segments, Settled

_HOUR_S = 3600.0
_MANY = 100_000


def spent_in_hour(store: GraphStore, run: Run, segment: Segment, most: int) -> str:
    """Why a run is not to look at the segment: its stream's looks of that hour are spent; empty where it may.

    An hour is one of media time from the stream's start; looks that failed count, those that were dropped do not.
    0 is no bound. Two workers that look at one stream may each take the last one.
    """
    if not most:
        return ""
    from_s = segment.start_s // _HOUR_S * _HOUR_S
    where = Filter(streams=(segment.stream_id,), from_s=from_s, to_s=from_s + _HOUR_S)
    others = [row.id for row in store.read(Segments(where=where, limit=_MANY)) if row.id != segment.id]
    tried = [id_ for other in others for id_ in (look_id(other, run.id), failed_id(other, run.id))]
    if len(store.read(Settled(ids=tuple(tried)))) < most:
        return ""
    return f"{most} deep looks in an hour of this stream are all that `vlm.stream_calls_per_hour` allows"
