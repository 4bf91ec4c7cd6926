"""The order of the steps, written once; a runner steps through the jobs that follow from a job.

Watch  -> Settle (one for each observation of the fast look at a file) -> Watch (the next span)
Settle -> LookAt (segments with keyframes, where there is a vision model: owed.py says when)
LookAt -> Settle (the deep look's observations)

Jobs may be delivered more than once: every step may be repeated and changes nothing then.
"""

import logging
import math
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import replace

from agent.perception.decoded import Reading
from agent.perception.fast import fast_look
from ingest.open import open_source
from ingest.readahead import read_ahead
from ingest.sources import SourceSpec
from vidette.errors import ConfigError, ModelError, StoreError
from vidette.models import Commit, Observation
from vidette.queries import LastCommit
from vidette.streams import Stream
from workers.breakage import Breakable, rest
from workers.deep.asking import looked_at
from workers.deep.owed import due_looks, missing_looks
from workers.jobs import Job, LookAt, Settle, Watch
from workers.streams import settings_for, stream_of
from workers.wiring import Pipeline

log = logging.getLogger(__name__)


Take = Callable[[Stream], None]
"""Told once of a stream, before its last commit is read from which its watch goes on."""
Share = Callable[[SourceSpec, Breakable], AbstractContextManager[Reading | None]]
"""How a file is read of which others decode a part; None: as it is read by one alone."""


def step(
    pipeline: Pipeline, job: Job, take: Take | None = None, share: Share | None = None
) -> Generator[Job, None, None]:
    """Do the job; -> the jobs that follow, each as soon as it is known.

    Closing the iterator ends the work after what was given; a later watch goes on from there. `take` is for who holds the
    stream of a watch already: then nothing is locked here. `share` is for who has help.
    Raises SourceError, StoreError (`retryable` where the job is only too early), ConfigError.
    """
    match job:
        case Watch():
            yield from _watch(pipeline, job, take, share)
        case Settle(observation=observation):
            pipeline.store.settle(observation, pipeline.judge)
            if pipeline.looks and observation.look == "fast":
                yield from due_looks(pipeline, observation)
        case LookAt():
            yield from looked_at(pipeline, job)


def _watch(pipeline: Pipeline, job: Watch, take: Take | None, share: Share | None) -> Iterator[Job]:
    if job.spec.url:
        raise ConfigError(f"{job.spec.name!r} is a camera: a fleet watches it, not a job of the flow")
    stream = stream_of(job.spec, pipeline.settings)
    then = None
    with pipeline.lock(stream.id) if take is None else nullcontext():
        commit = pipeline.store.read(LastCommit(stream_id=stream.id))
        if job.after is not None and (commit.sequence if commit else -1) < job.after:
            raise StoreError(f"observation {job.after} of {stream.name!r} is not settled yet; wait", retryable=True)
        if job.after is None and commit and not job.again:
            judge_stored(pipeline, stream)
            yield from missing_looks(pipeline, stream)
            yield from missing_notes(pipeline, stream)
        if job.again or commit is None or not commit.final:
            then = yield from _watch_on(pipeline, job, stream, take, share)
    if then:
        yield then  # once the lock is free: another worker may take it at once


def _watch_on(
    pipeline: Pipeline, job: Watch, stream: Stream, take: Take | None, share: Share | None
) -> Generator[Job, None, Watch | None]:
    """The fast look from the last commit on; -> the watch of the next span, if there is one.

    The source is opened before anything is written, so one that cannot be opened changes nothing.
    """
    spec, settings = job.spec, settings_for(pipeline.settings, job.spec.name)
    opened = open_source(spec.paths, sample=settings.sample, reader=settings.reader, offsets_s=spec.offsets_s)
    source = Breakable(opened)
    with closing(source), share(spec, source) if share else nullcontext() as reading:
        if take is not None:
            take(stream)
        commit = pipeline.store.open_stream(stream, again=job.again)
        start_s, end_s = _span(job, commit)
        looked = fast_look(
            source,
            stream,
            settings=settings,
            media=pipeline.media,
            commit=commit,
            start_s=start_s,
            end_s=end_s,
            deep=pipeline.vision is not None,
            reading=reading,
        )
        last: Observation | Commit | None = commit
        # What is settled is on its way to memory while the next frames are looked at.
        with closing(_told(looked, source, stream)) as told, closing(read_ahead(told, depth=1)) as observations:
            for last in observations:
                yield Settle(observation=last)
    if source.error:
        raise source.error
    if end_s is None or (last is not None and last.final):
        return None
    return _next(job, end_s, last)


def _told(looked: Iterator[Observation], source: Breakable, stream: Stream) -> Generator[Observation, None, None]:
    """What a fast look says that may be settled; of a span without frames, or delivered again, nothing is."""
    for observation in looked:
        if observation.final or not source.empty:
            yield rest(observation, source, stream)


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


def missing_notes(pipeline: Pipeline, stream: Stream) -> Iterator[Settle]:
    """Embeddings that the stored captions of a stream still lack."""
    if pipeline.notes is None:
        return
    try:
        for made in pipeline.notes.left(pipeline.store, stream.id, pictures=False):
            yield Settle(observation=made)
    except ModelError as error:
        log.warning("captions of %r have no embeddings: %s", stream.name, error)
