"""What can be read in a segment's keyframes, as an observation; the clock in the picture is told apart from it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import tzinfo

from agent.perception.reply import clean
from agent.perception.text.clock import BurntClock, clock_of, covers, parse_clock
from agent.perception.text.reader import Legible, RapidReader
from ingest.jpeg import decode
from vidette.errors import StoreError
from vidette.ids import make_id
from vidette.models import ClockReading, Keyframe, Observation, Segment
from vidette.ports import Image, MediaStore
from vidette.streams import Stream

MAX_TEXT = 1000
_SIDE = 1280  # pictures are read at this size or more
_TO_THE_SECOND = re.compile(r"\d[:：]\d\d[:：]\d\d")  # no sign says it so: a clock, before it is known to go
_ENOUGH = 8  # readings of a clock that goes: no more are kept


def text_id(segment_id: str, run_id: str) -> str:
    """Id of the observation that reading a segment's keyframes makes."""
    return make_id("text", segment_id, run_id)


def text_look(
    reader: RapidReader, segment: Segment, stream: Stream, media: MediaStore, known: Sequence[ClockReading], tz: tzinfo
) -> Observation:
    """Read the keyframes that are still there; `known` are readings of the stream's clock so far. Raises ModelError."""
    lines = dict(_read(reader, segment.keyframes, media))
    fresh = [one for frame in segment.keyframes for one in _readings(frame, lines.get(frame.id, ()), stream, tz)]
    clock = clock_of((*known, *fresh), stream, tz)
    told = {(one.text, one.box) for one in fresh if _TO_THE_SECOND.search(one.text)}
    signs = {id_: [one for one in some if (one.text, one.box) not in told] for id_, some in lines.items()}
    frames = tuple(replace(frame, text=text_of(signs.get(frame.id, ()), clock)) for frame in segment.keyframes)
    return Observation(
        id=text_id(segment.id, reader.run.id),
        stream_id=segment.stream_id,
        look="deep",
        run=reader.run,
        start_s=segment.start_s,
        end_s=segment.end_s,
        watermark_s=segment.end_s,
        segments=(replace(segment, caption="", keyframes=frames),) if any(one.text for one in frames) else (),
        clock=() if clock and len(known) >= _ENOUGH else tuple(fresh),
    )


def text_of(lines: Sequence[Legible], clock: BurntClock | None) -> str:
    """Rows from top to bottom, words from left to right; without the clock's strip, control characters and excess."""
    kept = [line for line in lines if not (clock and covers(clock.box, line.box))]
    rows = (" ".join(line.text for line in row) for row in _rows(kept))
    return clean(" / ".join(dict.fromkeys(rows)), MAX_TEXT)


def _rows(lines: Sequence[Legible]) -> list[list[Legible]]:
    """Lines whose middles lie at one height are one row."""
    rows: list[list[Legible]] = []
    for line in sorted(lines, key=lambda one: (one.box[1] + one.box[3], one.box[0])):
        middle = (line.box[1] + line.box[3]) / 2
        if rows and rows[-1][0].box[1] <= middle <= rows[-1][0].box[3]:
            rows[-1].append(line)
        else:
            rows.append([line])
    return [sorted(row, key=lambda one: one.box[0]) for row in rows]


def _read(
    reader: RapidReader, frames: Sequence[Keyframe], media: MediaStore
) -> Iterator[tuple[str, tuple[Legible, ...]]]:
    """Lines by keyframe; equal pictures are read once, those that are gone not at all."""
    held: dict[str, tuple[Legible, ...]] = {}
    for frame in frames:
        if frame.sha256 not in held:
            picture = picture_of(frame, media)
            held[frame.sha256] = reader.read([picture])[0] if picture is not None else ()
        yield frame.id, held[frame.sha256]


def picture_of(frame: Keyframe, media: MediaStore, side: int = _SIDE) -> Image | None:
    """The picture, at least `side` px long where it is stored so; None where it is gone or damaged."""
    try:
        return decode(media.get(frame.sha256), least=side)
    except StoreError:
        return None


def _readings(frame: Keyframe, lines: Sequence[Legible], stream: Stream, tz: tzinfo) -> Iterator[ClockReading]:
    for line in lines:
        if parse_clock(line.text, stream.at(frame.pts_s), tz):
            yield ClockReading(pts_s=frame.pts_s, text=line.text, box=line.box)
