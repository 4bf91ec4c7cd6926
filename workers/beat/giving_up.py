"""A stream that nobody gets on with: the ledger says so, and it is put aside until a person looks into it."""

import logging
from dataclasses import replace

from agent.perception.fast import fast_run
from vidette import codec, ids
from vidette.feeds import CAUSES, Cause
from vidette.models import Commit, Coverage, DeepState, FastState, Observation, Run
from vidette.ports import GraphStore
from vidette.queries import Reached
from vidette.streams import Stream
from workers.beat.due import FRUITLESS
from workers.cameras.assignment import media_now
from workers.jobs import Message
from workers.queue.routing import QUEUE_OF
from workers.shared.dead import Dead
from workers.shared.registry import Registry, Wanted
from workers.streams import begun, settings_for, stream_of
from workers.wiring import Pipeline

log = logging.getLogger(__name__)


def is_fruitless(store: GraphStore, wanted: Wanted) -> bool:
    """Whether it was begun so often and nothing came of it; memory is asked, since the last time may have. Raises StoreError."""
    if wanted.tries < FRUITLESS:
        return False
    reach = store.read(Reached(streams=(wanted.stream_id,))).get(wanted.stream_id)
    return (reach.sequence if reach else -1) == wanted.sequence


def give_up(pipeline: Pipeline, registry: Registry, dead: Dead, wanted: Wanted) -> None:
    """Put it aside. Begun again after half of it, it comes to the same. Raises StoreError."""
    error = f"begun {wanted.tries} times, and each time the worker was lost before anything of it was settled"
    anew = settle_failed(pipeline, wanted, error)
    message = Message(job=replace(wanted.job, again=wanted.job.again or anew), kind="watch", sent_at=wanted.at)
    identity = dead.add(
        queue=QUEUE_OF["watch"],
        text=codec.encode(message).decode(),
        error=f"{wanted.name!r} {error}",
        tries=wanted.tries,
    )
    registry.end(wanted.stream_id, "dead", error)
    log.error("stream %r is given up: %s; `vidette jobs replay %s` begins it again", wanted.name, error, identity)


def settle_failed(pipeline: Pipeline, wanted: Wanted, error: str) -> bool:
    """Say that from the last commit on nothing was seen: of a file to its end, of a camera up to now. Raises StoreError.

    Watermark and carry stay as they are, so a later watch goes on from there; -> whether it has to begin anew, since there is
    no commit to go on from. Whoever still watches the stream is not heard any more.
    """
    spec = begun(wanted.job.spec, pipeline.store) if wanted.job.spec.url else wanted.job.spec
    stream = stream_of(spec, pipeline.settings)
    commit = pipeline.store.open_stream(stream)
    run = fast_run(settings_for(pipeline.settings, stream.name))
    observation = failed(stream, commit, run, error, fence=pipeline.store.take(stream.id))
    if observation is not None:
        pipeline.store.settle(observation, pipeline.judge)
    return commit is None or commit.final


def failed(stream: Stream, commit: Commit | None, run: Run, error: str, *, fence: int) -> Observation | None:
    """What is said of the time after the last commit; None where there is none, or its length is not known.

    With no commit to go on from it is the whole stream's end. Of a camera nothing is said before it has one.
    """
    live = stream.kind == "live"
    start_s = commit.watermark_s if commit else 0.0
    end_s = media_now(stream.start) if live else stream.duration_s or 0.0
    if end_s <= start_s or (live and commit is None):
        return None
    sequence = commit.sequence + 1 if commit else 0
    row = Coverage(
        stream_id=stream.id,
        start_s=start_s,
        end_s=end_s,
        state=FastState.FAILED,
        deep=DeepState.OFF if commit else DeepState.FAILED,  # what is to be looked at is said by who goes on
        reason=CAUSES[Cause.CRASHED] if live else error,
    )
    return Observation(
        id=ids.make_id("observation", stream.id, "given up", run.id, sequence),
        stream_id=stream.id,
        look="fast",
        run=run,
        start_s=start_s,
        end_s=end_s,
        sequence=sequence,
        watermark_s=start_s if commit else end_s,
        final=commit is None or commit.final,
        coverage=(row,),
        carry=commit.carry if commit else b"",
        fence=fence,
    )
