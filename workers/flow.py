"""The order of the steps, written once; a runner steps through the jobs that follow from a job.

Watch  -> Settle (one for each observation of the fast look) -> Watch (the next span)
Settle -> LookAt (for each segment with keyframes, where there is a vision model)
LookAt -> Settle (the deep look's observation)

Jobs may be delivered more than once: every step may be repeated and changes nothing then.
"""

import logging
import math
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import replace

from agent.perception.deep import deep_look, dropped, failed_id, look_id
from agent.perception.fast import fast_look
from ingest.open import open_source
from ingest.sources import SourceSpec
from rules.rule import question_of, questions_of
from vidette.errors import ModelError, StoreError
from vidette.models import (
    Commit,
    LookRequest,
    Observation,
    PathPoint,
    Segment,
    SegmentRow,
    Stream,
    Track,
    TrackRow,
    Usage,
)
from vidette.queries import Filter, LastCommit, Segments, Settled, StreamOf, Tracks
from vidette.settings import MAX_QUESTIONS, Settings
from workers.breakage import Breakable, rest
from workers.effort import lessened
from workers.jobs import Job, LookAt, Settle, Watch
from workers.streams import begun, settings_for, settings_of, stream_of
from workers.wiring import Pipeline

log = logging.getLogger(__name__)

_MANY = 1_000_000
_FAILURES = 100  # of one look that are told apart
_TRACKS, _PATH_POINTS = 64, 16  # what a model is told of a segment at most


def step(pipeline: Pipeline, job: Job) -> Generator[Job, None, None]:
    """Do the job; -> the jobs that follow, each as soon as it is known.

    Closing the iterator ends the work after what was given; a later watch goes on from there.
    Raises SourceError, StoreError (`retryable` where the job is only too early), ConfigError.
    """
    match job:
        case Watch():
            yield from _watch(pipeline, job)
        case Settle(observation=observation):
            pipeline.store.settle(observation, pipeline.judge)
            if pipeline.looks and observation.look == "fast":
                yield from (LookAt(segment=segment) for segment in observation.segments if segment.keyframes)
        case LookAt(segment=segment, waiting=waiting):
            yield from _look(pipeline, segment, waiting)


def _watch(pipeline: Pipeline, job: Watch) -> Iterator[Job]:
    if job.spec.url:
        yield from _watch_live(pipeline, job.spec)
        return
    stream = stream_of(job.spec, pipeline.settings)
    then = None
    with pipeline.lock(stream.id):
        commit = pipeline.store.read(LastCommit(stream_id=stream.id))
        if job.after is not None and (commit.sequence if commit else -1) < job.after:
            raise StoreError(f"observation {job.after} of {stream.name!r} is not settled yet; wait", retryable=True)
        if job.after is None and commit and not job.again:
            judge_stored(pipeline, stream)
            yield from missing_looks(pipeline, stream)
            yield from missing_notes(pipeline, stream)
        if job.again or commit is None or not commit.final:
            then = yield from _watch_on(pipeline, job, stream)
    if then:
        yield then  # once the lock is free: another worker may take it at once


def _watch_live(pipeline: Pipeline, spec: SourceSpec) -> Iterator[Job]:
    """A camera, for ever: what it saw before is kept and gone on from, whatever the job says."""
    from workers.live import observations  # files start sooner without what cameras need

    with pipeline.lock(spec.stream_id):
        stream = stream_of(begun(spec, pipeline.store), pipeline.settings)
        pipeline.store.open_stream(stream)
        judge_stored(pipeline, stream)
        yield from missing_looks(pipeline, stream)
        yield from missing_notes(pipeline, stream)
        with closing(observations(pipeline, stream)) as seen:
            yield from (Settle(observation=one) for one in seen)


def _watch_on(pipeline: Pipeline, job: Watch, stream: Stream) -> Generator[Job, None, Watch | None]:
    """The fast look from the last commit on; -> the watch of the next span, if there is one.

    The source is opened before anything is written, so one that cannot be opened changes nothing.
    """
    spec, settings = job.spec, settings_for(pipeline.settings, job.spec.name)
    opened = open_source(spec.paths, sample=settings.sample, reader=settings.reader, offsets_s=spec.offsets_s)
    source = Breakable(opened)
    with closing(source):
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
            if source.empty and not observation.final:
                continue  # a span without frames, or delivered again: nothing was said that is not settled
            last = rest(observation, source, stream)
            yield Settle(observation=last)
    if source.error:
        raise source.error
    if end_s is None or (last is not None and last.final):
        return None
    return _next(job, end_s, last)


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


def judge_stored(pipeline: Pipeline, stream: Stream) -> None:
    """Put what is stored of a stream to rules that have not judged it, or not as they are now."""
    if pipeline.judge and pipeline.judge.new_rules(pipeline.store.read, stream.id):
        pipeline.store.rejudge(stream.id, pipeline.judge)


def missing_looks(pipeline: Pipeline, stream: Stream) -> Iterator[LookAt]:
    """Looks that this model, or who reads and embeds, still owes the stored segments of a stream."""
    if not pipeline.looks:
        return
    rows = pipeline.store.read(Segments(where=Filter(streams=(stream.id,)), limit=_MANY))
    segments = [_segment(row, stream) for row in rows if row.keyframes]
    owed = pipeline.notes.owing(pipeline.store, segments) if pipeline.notes else set()
    if pipeline.vision:
        examined = _examined(pipeline, *(segment.id for segment in segments))
        owed |= {segment.id for segment in segments} - examined
    yield from (LookAt(segment=segment) for segment in segments if segment.id in owed)


def missing_notes(pipeline: Pipeline, stream: Stream) -> Iterator[Settle]:
    """Embeddings that the stored captions of a stream still lack."""
    if pipeline.notes is None:
        return
    try:
        for made in pipeline.notes.left(pipeline.store, stream.id, pictures=False):
            yield Settle(observation=made)
    except ModelError as error:
        log.warning("captions of %r have no embeddings: %s", stream.name, error)


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


def _look(pipeline: Pipeline, segment: Segment, waiting: int) -> Iterator[Job]:
    """The deep look at a segment, unless this model examined it before, and what is noted of it beside."""
    stream = pipeline.store.read(StreamOf(name=segment.stream_id))
    if stream is None:
        return
    notes = pipeline.notes
    for look in _deep(pipeline, segment, stream, waiting):
        yield look
        yield from (Settle(observation=one) for one in (notes.of_words(look.observation) if notes else ()))
    if notes:
        yield from (Settle(observation=one) for one in notes.of_segment(pipeline.store, segment, stream))


def _deep(pipeline: Pipeline, segment: Segment, stream: Stream, waiting: int) -> Iterator[Settle]:
    """The deep look, at as much as may be asked now."""
    if pipeline.vision is None or _examined(pipeline, segment.id):
        return
    leave = pipeline.spending.leave(pipeline.store, pipeline.vision.run, segment, waiting)
    if leave.none:
        yield Settle(observation=dropped(segment, pipeline.vision.run, leave.reason))
        return
    observation = deep_look(pipeline.vision, *lessened(_request(pipeline, segment, stream.name), leave))
    pipeline.spending.spent(segment, observation.usage)
    yield Settle(observation=_numbered(pipeline, observation))


def _numbered(pipeline: Pipeline, observation: Observation) -> Observation:
    """A look that failed once more at some cost is one more, so that memory counts that too."""
    usage, segment_id, run_id = observation.usage or Usage(), observation.segment_id or "", observation.run.id
    if observation.id != failed_id(segment_id, run_id) or not (usage.prompt_tokens or usage.gpu_s):
        return observation
    ids = [failed_id(segment_id, run_id, number) for number in range(_FAILURES)]
    settled = pipeline.store.read(Settled(ids=tuple(ids)))
    return replace(observation, id=next((id_ for id_ in ids if id_ not in settled), ids[-1]))


def _request(pipeline: Pipeline, segment: Segment, name: str) -> LookRequest:
    window = Filter(streams=(segment.stream_id,), from_s=segment.start_s, to_s=segment.end_s)
    said = settings_of(pipeline.settings, name)
    return LookRequest(
        stream_id=segment.stream_id,
        stream_name=name,
        segment=segment,
        tracks=tuple(_within(row, segment) for row in pipeline.store.read(Tracks(where=window, limit=_TRACKS))),
        questions=questions(pipeline.settings, name),
        context=said.context,
        normal=pipeline.references.normal(said, segment),
        examples=pipeline.references.examples(said),
        boxes=said.boxes,
        describe=said.describe or pipeline.settings.vlm.describe,
    )


def questions(settings: Settings, name: str) -> tuple[str, ...]:
    """What a model is asked of a stream: what rules ask, then what its settings ask, each once, as many as may be asked.

    `vidette rules check` tells where there are more.
    """
    said = {question_of(one): one for one in settings_of(settings, name).questions}
    asked = {one: said.get(one, one) for one in questions_of(settings.rules, name)}
    return tuple({**asked, **said}.values())[:MAX_QUESTIONS]


def _examined(pipeline: Pipeline, *segment_ids: str) -> set[str]:
    """Those of the segments that this model has examined."""
    if pipeline.vision is None:
        return set()
    looks = {look_id(id_, pipeline.vision.run.id): id_ for id_ in segment_ids}
    return {looks[id_] for id_ in pipeline.store.read(Settled(ids=tuple(looks)))}


def _within(row: TrackRow, segment: Segment) -> Track:
    """A stored track with the part of its path that the segment shows, thinned."""
    return Track(
        id=row.id,
        stream_id=segment.stream_id,
        label=row.label,
        start_s=row.start_s,
        end_s=row.end_s,
        confidence=row.confidence,
        path=_thinned([point for point in row.path if segment.start_s <= point.pts_s < segment.end_s]),
        attributes=row.attributes,
        entity_id=row.entity,
    )


def _thinned(points: Sequence[PathPoint]) -> tuple[PathPoint, ...]:
    """At most so many of the points, evenly chosen, the first and the last among them: keyframes lie up to both."""
    if len(points) <= _PATH_POINTS:
        return tuple(points)
    return tuple(points[round(i * (len(points) - 1) / (_PATH_POINTS - 1))] for i in range(_PATH_POINTS))
