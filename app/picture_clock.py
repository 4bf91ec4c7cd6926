"""What the clocks burnt into pictures say of the streams' own times: told, never applied."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta, tzinfo
from typing import TYPE_CHECKING

from agent.perception.text.clock import clock_of
from vidette.queries import ClockReadings, StreamOf
from vidette.rows import StreamRow

if TYPE_CHECKING:
    from vidette.ports import Reader

_AGREES_S = 2.0


def with_clocks(read: "Reader", rows: Sequence[StreamRow], tz: tzinfo) -> list[StreamRow]:
    """The rows, with what the picture's clock differs from their time, where one was read and nobody gave the start."""
    return [_with_clock(read, row, tz) for row in rows]


def _with_clock(read: "Reader", row: StreamRow, tz: tzinfo) -> StreamRow:
    if row.start_from == "option":
        return row
    readings = read(ClockReadings(stream_id=row.id))
    stream = read(StreamOf(name=row.id)) if readings else None
    found = clock_of(readings, stream, tz) if stream else None
    return replace(row, clock_offset_ms=round(found.offset_s * 1000)) if found else row


def suggestions(rows: Sequence[StreamRow], tz: tzinfo) -> Iterator[str]:
    """One line a stream whose picture shows another time."""
    for row in rows:
        offset_s = (row.clock_offset_ms or 0) / 1000
        if abs(offset_s) <= _AGREES_S:
            continue
        way = "ahead of" if offset_s > 0 else "behind"
        apart = f"{row.name}: the clock in the picture is {_lasting(abs(offset_s))} {way} this stream's time"
        start = (row.start + timedelta(seconds=offset_s)).astimezone(tz)
        if row.kind == "file":
            yield f"{apart}; if it is right: watch with --again --start-time {start:%Y-%m-%dT%H:%M:%S}"
        else:
            yield f"{apart}; set the camera's clock, or leave it"


def _lasting(seconds: float) -> str:
    whole = timedelta(seconds=round(seconds))
    return str(whole) if whole >= timedelta(minutes=1) else f"{seconds:.1f} s"
