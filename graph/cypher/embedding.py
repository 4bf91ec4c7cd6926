"""Writing embeddings, readings of the clock in the picture, and what was read in keyframes, to a Neo4j server."""

from collections.abc import Iterable
from hashlib import sha256

import numpy as np

from graph.cypher.driver import Row, do, one
from graph.cypher.scene import Scene
from graph.rows import box_text
from vidette.errors import StoreError
from vidette.models import ClockReading, Embedding, Keyframe

_SEPARATOR = " / "
_MOST_READINGS = 200
_MOST_LETTERS = 1000


def write_embeddings(scene: Scene) -> None:
    """Keep embeddings under the observation's run; the newest word wins. Raises StoreError where one is no vector."""
    do(
        scene.transaction,
        "UNWIND $rows AS r MERGE (v:Embedding {key: r.key}) SET v += r.row",
        rows=[_row(scene, said) for said in scene.observation.embeddings],
    )


def _row(scene: Scene, said: Embedding) -> Row:
    if not said.vector or len(said.vector) % 2:
        raise StoreError(f"embedding of {said.of} {said.id!r} has {len(said.vector)} bytes; give float16 numbers")
    run = scene.observation.run.id
    vector = np.frombuffer(said.vector, "<f2").astype(float).tolist()
    return {
        "key": f"{run}|{said.of}|{said.id}",
        "row": {"run_id": run, "of": said.of, "id": said.id, "said": said.text, "vector": vector},
    }


def write_clock(scene: Scene) -> None:
    """Keep what the burnt-in clock was read to say; of a stream with very many readings no more."""
    said, stream_id = scene.observation.clock, scene.observation.stream_id
    if not said:
        return
    held = one(
        scene.transaction,
        "MATCH (c:ClockReading) WHERE c.key STARTS WITH $prefix RETURN count(c) AS count",
        prefix=f"{stream_id}|",
    )
    room = max(0, _MOST_READINGS - (held["count"] if held else 0))
    do(
        scene.transaction,
        "MATCH (s:Stream {id: $stream}) UNWIND $rows AS r MERGE (c:ClockReading {key: r.key}) ON CREATE SET c += r.row"
        " MERGE (c)-[:ON]->(s)",
        stream=stream_id,
        rows=[
            {
                "key": clock_key(stream_id, reading),
                "row": {
                    "stream_id": stream_id,
                    "pts": reading.pts_s,
                    "text": reading.text,
                    "box_json": box_text(reading.box),
                },
            }
            for reading in said[:room]
        ],
    )


def clock_key(stream_id: str, reading: ClockReading) -> str:
    """What tells a reading of a clock from others; a text that no index takes (8 kB at most) by its digest."""
    text = reading.text
    said = text if len(text) <= _MOST_LETTERS else sha256(text.encode()).hexdigest()
    return f"{stream_id}|{reading.pts_s!r}|{said}"


def write_texts(scene: Scene, keyframes: Iterable[Keyframe]) -> None:
    """Keep what this run read in keyframes, and set their text to what all runs read."""
    given = [
        {"id": frame.id, "key": f"{frame.id}|{scene.run_seq}", "text": frame.text} for frame in keyframes if frame.text
    ]
    if not given:
        return
    do(
        scene.transaction,
        "UNWIND $rows AS r MATCH (k:Keyframe {id: r.id}) MERGE (t:Text {key: r.key}) SET t.text = r.text, t.run_seq = $run"
        " MERGE (t)-[:READ_IN]->(k)",
        rows=given,
        run=scene.run_seq,
    )
    do(
        scene.transaction,
        "MATCH (k:Keyframe) WHERE k.id IN $ids CALL (k) { MATCH (t:Text)-[:READ_IN]->(k)"
        " WITH t.text AS text, min(t.run_seq) AS first ORDER BY first RETURN collect(text) AS texts }"
        " SET k.text = reduce(said = head(texts), text IN tail(texts) | said + $separator + text)",
        ids=[row["id"] for row in given],
        separator=_SEPARATOR,
    )
