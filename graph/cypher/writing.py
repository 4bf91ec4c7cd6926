"""What one observation changes on a Neo4j server, inside the caller's transaction."""

from graph.cypher import covering, embedding, known, looks, saying, things
from graph.cypher.driver import Row, Transaction, do, one
from graph.cypher.events import refresh
from graph.cypher.known import Known
from graph.cypher.scene import Scene
from graph.cypher.shapes import reshape
from graph.rows import dump, pts
from graph.things import entity_of
from graph.writing import is_settled, is_stale, refuse_others
from vidette.codec import encode
from vidette.errors import StoreError
from vidette.models import Observation, Run

_RUNS = "MERGE (c:Counter {name: 'runs'}) ON CREATE SET c.count = 0 SET c.locked = true RETURN c.count AS count"
_NEW_RUN = (
    "MATCH (c:Counter {name: 'runs'}) SET c.count = c.count + 1 WITH c MERGE (r:Run {id: $id})"
    " ON CREATE SET r += $row, r.seq = c.count RETURN r.seq AS seq"
)


def settle(transaction: Transaction, observation: Observation) -> Scene | None:
    """Write it all; -> what it changed, None where it had been settled or is stale. Raises StoreError as GraphStore.settle does."""
    there = known.lock(transaction, observation)
    if there is None:
        raise StoreError(f"stream {observation.stream_id!r} is not open; call open_stream before settle")
    refuse_others(observation)
    if is_stale(observation, there.stream["fence"]) or _settled(observation, there):
        return None
    scene = _scene(transaction, observation, there)
    things.write_tracks(scene)
    things.write_entities(scene)
    things.write_segments(scene)
    embedding.write_embeddings(scene)
    embedding.write_clock(scene)
    saying.write_assertions(scene)
    covering.write(scene)
    looks.write_look(scene)
    refresh(transaction, scene.moved | scene.retold)
    reshape(transaction, scene.changed)
    _commit(transaction, observation)
    return scene


def _settled(observation: Observation, there: Known) -> bool:
    return there.settled if observation.look == "deep" else is_settled(observation, there.stream["commit_sequence"])


def _scene(transaction: Transaction, observation: Observation, there: Known) -> Scene:
    run_seq = there.run_seq if there.run_seq is not None else write_run(transaction, observation.run)
    do(
        transaction,
        "MERGE (o:Observation {id: $id}) SET o += $row",
        id=observation.id,
        row={
            "stream_id": observation.stream_id,
            "look": observation.look,
            "run_id": observation.run.id,
            "sequence": observation.sequence,
            "start_pts": pts(observation.start_s),
            "end_pts": pts(observation.end_s),
            "watermark": observation.watermark_s,
        },
    )
    return Scene(
        transaction=transaction,
        observation=observation,
        known=there,
        run_seq=run_seq,
        entities={track.id: entity_of(track) for track in observation.tracks},
    )


def write_run(transaction: Transaction, run: Run) -> int:
    """Keep a run; -> its place in the order in which runs first spoke here."""
    known = one(transaction, "MATCH (r:Run {id: $id}) RETURN r.seq AS seq", id=run.id)
    if known is None:
        row = {
            "model": run.model,
            "revision": run.revision,
            "prompt_hash": run.prompt_hash,
            "params_json": dump(run.params),
        }
        one(transaction, _RUNS)
        known = one(transaction, _NEW_RUN, id=run.id, row=row)
    assert known is not None
    return int(known["seq"])


def _commit(transaction: Transaction, observation: Observation) -> None:
    if observation.look == "deep":
        return
    row: Row = {
        "commit_sequence": observation.sequence,
        "commit_watermark": observation.watermark_s,
        "commit_carry": observation.carry,
        "commit_final": observation.final,
        "commit_run": observation.run.id,
    }
    if observation.feed is not None:
        row["feed_json"] = encode(observation.feed).decode()
    do(transaction, "MATCH (s:Stream {id: $id}) SET s += $row", id=observation.stream_id, row=row)
