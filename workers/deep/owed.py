"""Which segments are to be looked at, when, and which of them in one question."""

from collections.abc import Callable, Iterator

from agent.perception.deep import look_id
from vidette.alerting import Alerts
from vidette.alerts import AlertFilter
from vidette.models import Observation, Segment
from vidette.queries import Filter, LastCommit, Segments, Settled, StreamOf
from vidette.rows import SegmentRow
from vidette.streams import Stream
from workers.deep.together import Together
from workers.jobs import LookAt
from workers.streams import questions, settings_of
from workers.wiring import Pipeline

_MANY = 1_000_000


def due_looks(pipeline: Pipeline, observation: Observation) -> Iterator[LookAt]:
    """Looks to be begun now that the observation of a fast look is settled.

    Each segment at once, or those of a stretch of time together when it is over; of a camera those in which an alert was
    raised do not wait.
    """
    stream = pipeline.store.read(StreamOf(name=observation.stream_id))
    together = _together(pipeline, stream) if stream else None
    if stream is None or together is None:
        yield from (LookAt(segment=one) for one in observation.segments if one.keyframes)
        return

    def begun(from_s: float, to_s: float) -> list[Segment]:
        where = Filter(streams=(stream.id,), from_s=from_s, to_s=to_s, starts_inside=True)
        rows = pipeline.store.read(Segments(where=where, limit=_MANY))
        found = [_segment(row, stream) for row in rows if row.keyframes]
        done = examined(pipeline, *(one.id for one in found)) if pipeline.notes is None else set()
        return [one for one in found if one.id not in done]

    yield from map(_look_at, together.due(observation, _urgent(pipeline, stream), begun))


def missing_looks(
    pipeline: Pipeline, stream: Stream, *, from_s: float | None = None, to_s: float | None = None
) -> Iterator[LookAt]:
    """Looks that this model, or who reads and embeds, still owes the stored segments of a stream, or of that part of it."""
    if not pipeline.looks:
        return
    where = Filter(streams=(stream.id,), from_s=from_s, to_s=to_s)
    rows = pipeline.store.read(Segments(where=where, limit=_MANY))
    segments = [_segment(row, stream) for row in rows if row.keyframes]
    owed = pipeline.notes.owing(pipeline.store, segments) if pipeline.notes else set()
    if pipeline.vision:
        owed |= {segment.id for segment in segments} - examined(pipeline, *(segment.id for segment in segments))
    left, together = [segment for segment in segments if segment.id in owed], _together(pipeline, stream)
    if together is None:
        yield from (LookAt(segment=segment, owed=True) for segment in left)
        return
    commit = pipeline.store.read(LastCommit(stream_id=stream.id))
    due = together.groups(one for one in left if together.is_due(one, commit))
    yield from (LookAt(segment=first, beside=tuple(others), owed=True) for first, *others in due)


def examined(pipeline: Pipeline, *segment_ids: str) -> set[str]:
    """Those of the segments that this model has examined."""
    if pipeline.vision is None:
        return set()
    looks = {look_id(id_, pipeline.vision.run.id): id_ for id_ in segment_ids}
    return {looks[id_] for id_ in pipeline.store.read(Settled(ids=tuple(looks)))}


def _together(pipeline: Pipeline, stream: Stream) -> Together | None:
    """How the stream's segments go together; None where each is looked at alone: a rule may wait for each answer."""
    stretch_s, most = pipeline.settings.vlm.together_s, _most(pipeline, stream)
    if pipeline.vision is None or most < 2 or not stretch_s or questions(pipeline.settings, stream.name):
        return None
    return Together(stretch_s=stretch_s, most=most, longest_s=pipeline.settings.segments.max_s)


def _most(pipeline: Pipeline, stream: Stream) -> int:
    """How many segments a question is about at most: each is shown, beside pictures to compare with."""
    said, room = settings_of(pipeline.settings, stream.name), pipeline.together
    compared = min(bool(said.normal) + len(said.examples), room // 2)
    return room - compared


def _urgent(pipeline: Pipeline, stream: Stream) -> Callable[[Segment], bool]:
    """Whether an alert of a camera was raised in a segment; those of a file are described when it is over, as all of it."""

    def urgent(segment: Segment) -> bool:
        if pipeline.judge is None or stream.kind == "file":
            return False
        since, until = stream.at(segment.start_s), stream.at(segment.end_s)
        where = AlertFilter(streams=(stream.name,), since=since, until=until)
        return bool(pipeline.store.read(Alerts(where=where, limit=1)))

    return urgent


def _look_at(segments: tuple[Segment, ...]) -> LookAt:
    return LookAt(segment=segments[0], beside=segments[1:])


def _segment(row: SegmentRow, stream: Stream) -> Segment:
    return Segment(
        id=row.id,
        stream_id=stream.id,
        start_s=row.start_s,
        end_s=row.end_s,
        caption=row.caption,
        keyframes=row.keyframes,
        gated=row.gated,
        backdrop=row.backdrop,
    )
