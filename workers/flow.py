"""The order of the steps, written once; a runner steps through the jobs that follow from a job.

Watch  -> Settle (one for each observation of the fast look) -> Watch (the next span)
Settle -> LookAt (for each segment with keyframes, where there is a vision model)
LookAt -> Settle (the deep look's observation)

Jobs may be delivered more than once: every step may be repeated and changes nothing then.
"""

import math
from collections.abc import Generator, Iterable, Iterator
from dataclasses import replace

from agent.perception.deep import deep_look, look_id
from agent.perception.fast import fast_look, fast_run
from ingest.open import open_source
from vidette.errors import StoreError
from vidette.models import Commit, Coverage, CoverageRow, LookRequest, Observation, Segment, Stream, Track, TrackRow
from vidette.queries import CoverageIn, Filter, LastCommit, Segments, Settled, StreamOf, Tracks
from workers.breakage import Breakable, ended, rest
from workers.jobs import Job, LookAt, Settle, Watch
from workers.streams import stream_of
from workers.wiring import Pipeline

MANY = 1_000_000
_PATH_POINTS = 16


def step(pipeline: Pipeline, job: Job) -> Generator[Job, None, None]:
    """Do the job; -> the jobs that follow, each as soon as it is known.

    Closing the iterator ends the work after what was given; a later watch goes on from there.
    Raises SourceError, StoreError (`retryable` where the job is only too early), ConfigError.
    """
    match job:
        case Watch():
            yield from _watch(pipeline, job)
        case Settle(observation=observation):
            pipeline.store.settle(observation)
            if pipeline.vision and observation.look == "fast":
                yield from (LookAt(segment=segment) for segment in observation.segments if segment.keyframes)
        case LookAt(segment=segment):
            yield from _look(pipeline, segment)


def _watch(pipeline: Pipeline, job: Watch) -> Iterator[Job]:
    stream = stream_of(job.spec, pipeline.settings)
    with pipeline.lock(stream.id):
        commit = pipeline.store.read(LastCommit(stream_id=stream.id))
        if job.after is not None and (commit.sequence if commit else -1) < job.after:
            raise StoreError(f"span of {stream.name!r} before {job.after!r} is settled; wait", retryable=True)
        if job.after is None and commit and not job.again:
            yield from missing_looks(pipeline, stream)
        if job.again or commit is None or not commit.final:
            yield from _watch_on(pipeline, job, stream)


def _watch_on(pipeline: Pipeline, job: Watch, stream: Stream) -> Iterator[Job]:
    """The fast look from the last commit on; the source is opened first, so a bad one changes nothing."""
    settings = pipeline.settings
    source = Breakable(open_source(job.spec.paths, sample=settings.sample, reader=settings.reader))
    try:
        commit = pipeline.store.open_stream(stream, again=job.again)
        start_s, end_s = _span(job, commit)
        last: Observation | Commit | None = commit
        looked = fast_look(
            source,
            stream,
            settings=settings,
            media=pipeline.media,
            commit=commit,
            start_s=start_s,
            end_s=end_s,
            deep=pipeline.vision is not None,
        )
        for observation in looked:
            last = rest(observation, source, stream)
            yield Settle(observation=last)
        if source.error and not (last and last.final):
            last = ended(last, source, stream, fast_run(settings))
            yield Settle(observation=last)
        if source.error:
            raise source.error
        if end_s is not None and not (last and last.final):
            yield _next(job, end_s, last)
    finally:
        source.close()


def _span(job: Watch, commit: Commit | None) -> tuple[float, float | None]:
    """Where a watch starts and ends; the first span of many ends at the next whole `span_s`."""
    start_s = commit.watermark_s if commit else 0.0
    if job.end_s is None and job.span_s:
        return start_s, (math.floor(start_s / job.span_s + 1e-9) + 1) * job.span_s
    return start_s, job.end_s


def _next(job: Watch, end_s: float, last: Observation | Commit | None) -> Watch:
    span_s = job.span_s or 0.0
    after = last.sequence if last else None
    return replace(job, again=False, after=-1 if after is None else after, end_s=end_s + span_s)


def missing_looks(pipeline: Pipeline, stream: Stream) -> Iterator[LookAt]:
    """Deep looks that this model still owes the stored segments of a stream."""
    if pipeline.vision is None:
        return
    rows = pipeline.store.read(Segments(where=Filter(streams=(stream.id,)), limit=MANY))
    wanted = {look_id(row.id, pipeline.vision.run.id): row for row in rows if row.keyframes}
    done = pipeline.store.read(Settled(ids=tuple(wanted)))
    for id_, row in wanted.items():
        if id_ not in done:
            yield LookAt(
                segment=Segment(
                    id=row.id,
                    stream_id=stream.id,
                    start_s=row.start_s,
                    end_s=row.end_s,
                    caption=row.caption,
                    keyframes=row.keyframes,
                )
            )


def _look(pipeline: Pipeline, segment: Segment) -> Iterator[Job]:
    stream = pipeline.store.read(StreamOf(name=segment.stream_id))
    if stream is None or pipeline.vision is None:
        return
    window = Filter(streams=(stream.id,), from_s=segment.start_s, to_s=segment.end_s)
    request = LookRequest(
        stream_id=stream.id,
        stream_name=stream.name,
        segment=segment,
        tracks=tuple(_within(row, segment) for row in pipeline.store.read(Tracks(where=window))),
    )
    states = _rows(stream, pipeline.store.read(CoverageIn(where=window)))
    yield Settle(observation=deep_look(pipeline.vision, request, states))


def _within(row: TrackRow, segment: Segment) -> Track:
    """A stored track with the part of its path that the segment shows, thinned."""
    path = [point for point in row.path if segment.start_s <= point.pts_s < segment.end_s]
    return Track(
        id=row.id,
        stream_id=segment.stream_id,
        label=row.label,
        start_s=row.start_s,
        end_s=row.end_s,
        confidence=row.confidence,
        path=tuple(path[:: max(1, math.ceil(len(path) / _PATH_POINTS))]),
        attributes=row.attributes,
        entity_id=row.entity,
    )


def _rows(stream: Stream, rows: Iterable[CoverageRow]) -> list[Coverage]:
    return [
        Coverage(stream_id=stream.id, start_s=row.start_s, end_s=row.end_s, state=row.state, deep=row.deep)
        for row in rows
    ]
