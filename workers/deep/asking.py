"""The deep look at one segment or several: as much as may be asked, and what is noted of their pictures beside."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace

from agent.perception.deep import deep_look, dropped, failed_id
from agent.perception.together import joined, look_together
from vidette.errors import TooMuch
from vidette.models import Observation, PathPoint, Segment, Track, Usage
from vidette.ports import VisionModel
from vidette.queries import Filter, Settled, StreamOf, Tracks
from vidette.rows import TrackRow
from vidette.streams import Stream
from vidette.vision import LookRequest
from workers.deep.effort import Leave, lessened
from workers.deep.owed import examined
from workers.jobs import LookAt, Settle
from workers.streams import questions, settings_of
from workers.wiring import Pipeline

log = logging.getLogger(__name__)

_FAILURES = 100  # of one look that are told apart
_TRACKS, _PATH_POINTS = 64, 16  # what a model is told of a segment at most


def looked_at(pipeline: Pipeline, job: LookAt) -> Iterator[Settle]:
    """The deep look at the segments that this model has not examined yet, and what is noted of all of them beside."""
    stream, segments = pipeline.store.read(StreamOf(name=job.segment.stream_id)), (job.segment, *job.beside)
    if stream is None:
        return
    notes = pipeline.notes
    for look in _looks(pipeline, segments, stream, job.waiting):
        yield Settle(observation=look)
        yield from (Settle(observation=one) for one in (notes.of_words(look) if notes else ()))
    if notes:
        for segment in segments:
            yield from (Settle(observation=one) for one in notes.of_segment(pipeline.store, segment, stream))


def _looks(pipeline: Pipeline, segments: Sequence[Segment], stream: Stream, waiting: int) -> Iterator[Observation]:
    """At as much as may be asked now; each segment is counted as one look, whatever it is asked with."""
    if pipeline.vision is None:
        return
    done, allowed = examined(pipeline, *(one.id for one in segments)), []
    for segment in segments:
        if segment.id not in done:
            leave = pipeline.spending.leave(pipeline.store, pipeline.vision.run, segment, waiting)
            if leave.none:
                yield dropped(segment, pipeline.vision.run, leave.reason)
            else:
                allowed.append((segment, leave))
    for look in _asked(pipeline, pipeline.vision, allowed, stream.name):
        segment = next(one for one, _ in allowed if one.id == look.segment_id)
        pipeline.spending.spent(segment, look.usage)
        yield _numbered(pipeline, look)


def _asked(
    pipeline: Pipeline, vision: VisionModel, allowed: Sequence[tuple[Segment, Leave]], name: str
) -> Iterator[Observation]:
    """One look at all, else at each: what was spent in vain is the first one's."""
    spent = Usage()
    if len(allowed) > 1:
        segments, leave = tuple(one for one, _ in allowed), max((one for _, one in allowed), key=lambda one: one.level)
        try:
            found = look_together(vision, *lessened(_request(pipeline, joined(segments), name, segments), leave))
        except TooMuch as error:
            log.info("%d segments cannot be described in one answer: %s", len(segments), error)
            spent = error.usage or spent
        else:
            yield from found
            return
    for segment, leave in allowed:
        look = deep_look(vision, *lessened(_request(pipeline, segment, name), leave))
        yield replace(look, usage=look.usage + spent) if look.usage else look
        spent = Usage()


def _numbered(pipeline: Pipeline, observation: Observation) -> Observation:
    """A look that failed once more at some cost is one more, so that memory counts that too."""
    usage, segment_id, run_id = observation.usage or Usage(), observation.segment_id or "", observation.run.id
    if observation.id != failed_id(segment_id, run_id) or not (usage.prompt_tokens or usage.gpu_s):
        return observation
    ids = [failed_id(segment_id, run_id, number) for number in range(_FAILURES)]
    settled = pipeline.store.read(Settled(ids=tuple(ids)))
    return replace(observation, id=next((id_ for id_ in ids if id_ not in settled), ids[-1]))


def _request(pipeline: Pipeline, segment: Segment, name: str, parts: tuple[Segment, ...] = ()) -> LookRequest:
    window = Filter(streams=(segment.stream_id,), from_s=segment.start_s, to_s=segment.end_s)
    said = settings_of(pipeline.settings, name)
    return LookRequest(
        stream_id=segment.stream_id,
        stream_name=name,
        segment=segment,
        tracks=tuple(
            _within(row, parts or (segment,)) for row in pipeline.store.read(Tracks(where=window, limit=_TRACKS))
        ),
        questions=questions(pipeline.settings, name),
        context=said.context,
        normal=pipeline.references.normal(said, segment),
        examples=pipeline.references.examples(said),
        boxes=said.boxes,
        describe=said.describe or pipeline.settings.vlm.describe,
        parts=parts,
    )


def _within(row: TrackRow, segments: Sequence[Segment]) -> Track:
    """A stored track with the part of its path that each of the segments shows, thinned."""
    paths = ([point for point in row.path if one.start_s <= point.pts_s < one.end_s] for one in segments)
    return Track(
        id=row.id,
        stream_id=segments[0].stream_id,
        label=row.label,
        start_s=row.start_s,
        end_s=row.end_s,
        confidence=row.confidence,
        path=tuple(point for path in paths for point in _thinned(path)),
        attributes=row.attributes,
        entity_id=row.entity,
    )


def _thinned(points: Sequence[PathPoint]) -> tuple[PathPoint, ...]:
    """At most so many of the points, evenly chosen, the first and the last among them: keyframes lie up to both."""
    if len(points) <= _PATH_POINTS:
        return tuple(points)
    return tuple(points[round(i * (len(points) - 1) / (_PATH_POINTS - 1))] for i in range(_PATH_POINTS))
