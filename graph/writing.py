"""What one observation changes in the embedded store, inside the caller's transaction."""

import logging

from graph import covering, embedding, looks, names, saying, shapes, things
from graph.rows import Connection, Row, Value, dump, insert, pts, upsert
from graph.scene import Scene
from vidette.codec import encode
from vidette.errors import StoreError
from vidette.models import Observation, Run

log = logging.getLogger(__name__)


def settle(connection: Connection, observation: Observation) -> Scene | None:
    """Write it all; -> what it changed, None where it had been settled or is stale.

    Raises StoreError as GraphStore.settle does.
    """
    stream = connection.execute("SELECT * FROM streams WHERE id = ?", (observation.stream_id,)).fetchone()
    if stream is None:
        raise StoreError(f"stream {observation.stream_id!r} is not open; call open_stream before settle")
    refuse_others(observation)
    if is_stale(observation, stream["fence"]) or _settled(connection, observation):
        return None
    scene = _scene(connection, observation, stream)
    things.write_tracks(scene)
    things.write_entities(scene)
    things.write_segments(scene)
    embedding.write_embeddings(scene)
    embedding.write_clock(scene)
    saying.write_assertions(scene)
    covering.write(connection, observation.stream_id, scene.origin_ms, observation.look, observation.coverage)
    looks.write_look(scene)
    shapes.reshape(connection, scene.moved)
    _commit(connection, observation)
    return scene


def refuse_others(observation: Observation) -> None:
    """Refuse an observation that speaks of another stream: its transaction would change what it does not hold."""
    spoken = {track.stream_id for track in observation.tracks} | {row.stream_id for row in observation.coverage}
    spoken |= {entity.stream_id for entity in observation.entities}
    spoken |= {segment.stream_id for segment in observation.segments}
    spoken |= {said.stream_id for said in observation.assertions}
    for other in sorted(spoken - {observation.stream_id}):
        raise StoreError(
            f"observation {observation.id!r} of stream {observation.stream_id!r} speaks of {other!r};"
            " settle each stream's own"
        )
    for said in observation.assertions:
        if (said.look, said.run_id) != (observation.look, observation.run.id):
            raise StoreError(f"assertion {said.id!r} names another look or run than its observation {observation.id!r}")


def _settled(connection: Connection, observation: Observation) -> bool:
    if observation.look == "deep":
        seq = names.known(connection, [observation.id]).get(observation.id)
        return connection.execute("SELECT 1 FROM observations WHERE seq = ?", (seq,)).fetchone() is not None
    last = connection.execute("SELECT sequence FROM commits WHERE stream_id = ?", (observation.stream_id,)).fetchone()
    return is_settled(observation, last["sequence"] if last else None)


def is_stale(observation: Observation, fence: int) -> bool:
    """Whether it is a fast observation of somebody who watched the stream before the one who has this fence."""
    stale = observation.look == "fast" and 0 < observation.fence < fence
    if stale:
        log.info(
            "fast observation %s of stream %s is not settled: it has fence %d, the stream is at %d",
            observation.sequence,
            observation.stream_id,
            observation.fence,
            fence,
        )
    return stale


def is_settled(observation: Observation, last: int | None) -> bool:
    """Whether a fast observation was settled, of whose stream that of sequence `last` was; None: none.

    Raises StoreError where it has no sequence, or is not the next.
    """
    if observation.sequence is None:
        raise StoreError(f"fast observation {observation.id!r} has no sequence; number them from 0")
    due = 0 if last is None else last + 1
    if observation.sequence > due:
        raise StoreError(
            f"fast observation {observation.sequence} of stream {observation.stream_id!r} came before {due};"
            " settle them in order",
            retryable=True,
        )
    return observation.sequence < due


def _scene(connection: Connection, observation: Observation, stream: Row) -> Scene:
    run_seq = write_run(connection, observation.run)
    entities = {track.id: things.entity_of(track) for track in observation.tracks}
    spoken = [*names.spoken(observation), *(entity.id for entity in entities.values())]
    numbers, first = names.number(connection, spoken)
    row: dict[str, Value] = {
        "seq": numbers[observation.id],
        "id": observation.id,
        "stream_id": observation.stream_id,
        "look": observation.look,
        "sequence": observation.sequence,
        "run_seq": run_seq,
        "start_pts": pts(observation.start_s),
        "end_pts": pts(observation.end_s),
        "watermark": observation.watermark_s,
    }
    upsert(connection, "observations", "seq", row)
    return Scene(
        connection=connection,
        observation=observation,
        origin_ms=stream["start"],
        watch=stream["watch"],
        run_seq=run_seq,
        numbers=numbers,
        first=first,
        entities=entities,
    )


def write_run(connection: Connection, run: Run) -> int:
    """Keep a run; -> its place in the order in which runs first spoke here."""
    known = connection.execute("SELECT seq FROM runs WHERE id = ?", (run.id,)).fetchone()
    if known is not None:
        return int(known[0])
    row: dict[str, Value] = {
        "id": run.id,
        "model": run.model,
        "revision": run.revision,
        "prompt_hash": run.prompt_hash,
        "params_json": dump(run.params),
    }
    insert(connection, "runs", row)
    return write_run(connection, run)


def _commit(connection: Connection, observation: Observation) -> None:
    if observation.look == "deep":
        return
    row: dict[str, Value] = {
        "stream_id": observation.stream_id,
        "sequence": observation.sequence,
        "watermark": observation.watermark_s,
        "carry": observation.carry,
        "final": int(observation.final),
        "run_id": observation.run.id,
    }
    upsert(connection, "commits", "stream_id", row)
    if observation.feed is not None:
        feed: dict[str, Value] = {
            "stream_id": observation.stream_id,
            "body_json": encode(observation.feed).decode(),
        }
        upsert(connection, "feeds", "stream_id", feed)
