"""Writing embeddings, readings of the clock in the picture, and what was read in keyframes."""

from collections.abc import Iterable

from graph.rows import Value, box_text, insert_all
from graph.scene import Scene
from vidette.errors import StoreError
from vidette.models import Embedding, Keyframe

_SEPARATOR = " / "
_MOST_READINGS = 200


def write_embeddings(scene: Scene) -> None:
    """Keep embeddings under the observation's run; the newest word wins. Raises StoreError where one is no vector."""
    rows = [_row(scene, one) for one in scene.observation.embeddings]
    moved = '(run_seq, "of", seq) DO UPDATE SET said = excluded.said, vector = excluded.vector'
    insert_all(scene.connection, "embeddings", rows, conflict=moved)


def _row(scene: Scene, one: Embedding) -> dict[str, Value]:
    if not one.vector or len(one.vector) % 2:
        raise StoreError(f"embedding of {one.of} {one.id!r} has {len(one.vector)} bytes; give float16 numbers")
    return {
        "run_seq": scene.run_seq,
        "of": one.of,
        "seq": scene.numbers[one.id],
        "said": one.text,
        "vector": one.vector,
    }


def write_clock(scene: Scene) -> None:
    """Keep what the burnt-in clock was read to say; of a stream with very many readings no more."""
    said, stream_id = scene.observation.clock, scene.observation.stream_id
    if not said:
        return
    held = scene.connection.execute("SELECT count(*) FROM clock_readings WHERE stream_id = ?", (stream_id,)).fetchone()
    rows: list[dict[str, Value]] = [
        {"stream_id": stream_id, "pts": one.pts_s, "text": one.text, "box_json": box_text(one.box)}
        for one in said[: max(0, _MOST_READINGS - held[0])]
    ]
    insert_all(scene.connection, "clock_readings", rows, conflict="DO NOTHING")


def write_texts(scene: Scene, keyframes: Iterable[Keyframe]) -> None:
    """Keep what this run read in keyframes, and set their text to what all runs read."""
    frames = [frame for frame in keyframes if frame.text]
    numbers = [scene.numbers[frame.id] for frame in frames]
    rows: list[dict[str, Value]] = [
        {"keyframe_seq": number, "run_seq": scene.run_seq, "text": frame.text}
        for number, frame in zip(numbers, frames, strict=True)
    ]
    moved = "(keyframe_seq, run_seq) DO UPDATE SET text = excluded.text"
    insert_all(scene.connection, "keyframe_texts", rows, conflict=moved)
    scene.connection.executemany(
        "UPDATE keyframes SET text = (SELECT group_concat(text, ?2) FROM (SELECT text FROM keyframe_texts"
        " WHERE keyframe_seq = ?1 GROUP BY text ORDER BY min(run_seq))) WHERE seq = ?1",
        [(number, _SEPARATOR) for number in numbers],
    )
