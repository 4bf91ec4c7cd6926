"""Embeddings as observations: of a segment's pictures, of what an observation says, of what was left over."""

import logging
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ingest.jpeg import decode
from vidette.errors import StoreError
from vidette.ids import make_id
from vidette.likeness import Embeddable
from vidette.models import Embedded, Embedding, Observation, Run, Segment
from vidette.ports import Embedder, Image, MediaStore

log = logging.getLogger(__name__)

_SIDE = 448  # models look at pictures of 224 to 448 px


def pictures_id(segment: Segment, run_id: str) -> str:
    """Id of the observation that embedding a segment's keyframes makes."""
    return make_id("embedding", run_id, "keyframe", *(frame.id for frame in segment.keyframes))


def picture_look(embedder: Embedder, segment: Segment, media: MediaStore) -> Observation:
    """Embed the keyframes that are still there. Raises ModelError."""
    things = [Embeddable(frame.id, segment.stream_id, sha256=frame.sha256) for frame in segment.keyframes]
    made = tuple(_of_pictures(embedder, things, media))
    id_ = pictures_id(segment, embedder.run.id)
    return _observation(id_, embedder.run, segment.stream_id, made, segment.start_s, segment.end_s)


def words_look(embedder: Embedder, said: Observation) -> Observation | None:
    """Embed what an observation of a deep look says in words; None where it says nothing. Raises ModelError."""
    found: list[tuple[Embedded, str, str]] = [("assertion", one.id, one.caption) for one in said.assertions]
    found += [("segment", one.id, one.caption) for one in said.segments]
    found += [("entity", one.id, one.description) for one in said.entities]
    things = {(of, id_): text for of, id_, text in found if text}
    if not things:
        return None
    rows = embedder.texts(list(things.values()))
    made = tuple(
        Embedding(of=of, id=id_, vector=packed(row), text=text)
        for ((of, id_), text), row in zip(things.items(), rows, strict=True)
    )
    id_ = make_id("embedding", embedder.run.id, said.id)
    return _observation(id_, embedder.run, said.stream_id, made, said.start_s, said.end_s)


def left_over(
    embedder: Embedder, of: Embedded, things: Sequence[Embeddable], media: MediaStore
) -> Iterator[Observation]:
    """Embed things of one kind: an observation a stream. Raises ModelError."""
    for stream_id in dict.fromkeys(thing.stream_id for thing in things):
        own = [thing for thing in things if thing.stream_id == stream_id]
        made = tuple(_of_pictures(embedder, own, media) if of == "keyframe" else _of_words(embedder, of, own))
        if made:
            id_ = make_id("embedding", embedder.run.id, of, *(f"{one.id} {one.text}" for one in made))
            yield _observation(id_, embedder.run, stream_id, made, 0.0, 0.0)


def packed(row: NDArray[np.float32]) -> bytes:
    """A row as it is stored: float16 keeps a cosine to some 0.0005."""
    return row.astype("<f2").tobytes()


def _of_words(embedder: Embedder, of: Embedded, things: Sequence[Embeddable]) -> Iterator[Embedding]:
    rows = embedder.texts([thing.text for thing in things])
    for thing, row in zip(things, rows, strict=True):
        yield Embedding(of=of, id=thing.id, vector=packed(row), text=thing.text)


def _of_pictures(embedder: Embedder, things: Sequence[Embeddable], media: MediaStore) -> Iterator[Embedding]:
    """Each picture once; those that are gone are left out."""
    held = dict(_pictures(things, media))
    rows = dict(zip(held, embedder.images(list(held.values())), strict=True)) if held else {}
    for thing in things:
        if thing.sha256 in rows:
            yield Embedding(of="keyframe", id=thing.id, vector=packed(rows[thing.sha256]))


def _pictures(things: Iterable[Embeddable], media: MediaStore) -> Iterator[tuple[str, Image]]:
    for sha256 in dict.fromkeys(thing.sha256 for thing in things):
        try:
            yield sha256, decode(media.get(sha256), least=_SIDE)
        except StoreError as error:
            log.debug("a picture has no embedding: %s", error)


def _observation(
    id_: str, run: Run, stream_id: str, made: tuple[Embedding, ...], start_s: float, end_s: float
) -> Observation:
    return Observation(
        id=id_,
        stream_id=stream_id,
        look="deep",
        run=run,
        start_s=start_s,
        end_s=end_s,
        watermark_s=end_s,
        embeddings=made,
    )
