"""Ids: UUIDv5 (RFC 9562 §5.5) of content, never of model text or wall-clock time."""

import hashlib
from pathlib import Path
from uuid import UUID, uuid5

from vidette.geometry import Box

NAMESPACE = UUID("8f2ad16c-7f0b-5d5e-9d53-3c1f4c8e7a11")
_EDGE = 64 * 1024
_CELLS = 16


def make_id(*parts: object) -> str:
    """UUIDv5 of the parts, each written with its length so that no two lists collide."""
    text = "".join(f"{len(str(part))}:{part};" for part in parts)
    return str(uuid5(NAMESPACE, text))


def stream_id(name: str) -> str:
    """Id of a stream: of its name alone."""
    return make_id("stream", name)


def content_tag(path: Path) -> str:
    """8 hex digits of SHA-256(size, first and last 64 KiB): tells files of one name apart."""
    size = path.stat().st_size
    with path.open("rb") as handle:
        head = handle.read(_EDGE)
        handle.seek(max(0, size - _EDGE))
        tail = handle.read(_EDGE)
    return hashlib.sha256(b"%d;" % size + head + tail).hexdigest()[:8]


def milliseconds(seconds: float) -> int:
    """Seconds rounded to whole milliseconds, as ids and stores keep them."""
    return round(seconds * 1000)


def box_cell(box: Box | None) -> str:
    """The cell of a 16 x 16 grid that holds a box's centre: a coarse, stable place name."""
    if box is None:
        return "-"
    column = min(_CELLS - 1, int((box[0] + box[2]) / 2 * _CELLS))
    row = min(_CELLS - 1, int((box[1] + box[3]) / 2 * _CELLS))
    return f"{column},{row}"


def assertion_id(stream: str, look: str, run: str, type_: str, subject: str, start_s: float, ordinal: int = 0) -> str:
    """Id of an assertion; `subject` is a track id or a box cell."""
    return make_id("assertion", stream, look, run, type_, subject, milliseconds(start_s), ordinal)


def segment_id(stream: str, start_s: float) -> str:
    """Id of a segment: its stream and start."""
    return make_id("segment", stream, milliseconds(start_s))


def track_id(stream: str, start_s: float, box: Box, ordinal: int = 0) -> str:
    """Id of a track: its stream, first moment and first place."""
    return make_id("track", stream, milliseconds(start_s), box_cell(box), ordinal)


def entity_id(track: str) -> str:
    """Id of the entity that a track is from the start."""
    return make_id("entity", track)
