"""How long rows lasted inside the time asked."""

from collections.abc import Iterable, Mapping
from datetime import timedelta

from vidette.intervals import Span, total
from vidette.models import EventRow, TrackRow
from vidette.queries import Filter


def duration_s(row: EventRow | TrackRow, ends: Mapping[str, float], where: Filter) -> float:
    """Seconds of a row inside the window; an open row lasts to the end of what was watched
    (`ends`: media seconds by stream)."""
    start, end = _span(row, ends, where)
    return max(0.0, end - start)


def seconds_in_view(rows: Iterable[EventRow | TrackRow], ends: Mapping[str, float], where: Filter) -> float:
    """Seconds in which at least one of the rows lasted, summed over streams."""
    by_stream: dict[str, list[Span]] = {}
    for row in rows:
        by_stream.setdefault(row.stream, []).append(_span(row, ends, where))
    return sum(total(spans) for spans in by_stream.values())


def _span(row: EventRow | TrackRow, ends: Mapping[str, float], where: Filter) -> Span:
    start = row.start_s
    end = row.end_s if row.end_s is not None else max(start, ends.get(row.stream, start))
    zero = row.start - timedelta(seconds=start)
    lows = [start, *([where.from_s] if where.from_s is not None else [])]
    highs = [end, *([where.to_s] if where.to_s is not None else [])]
    if where.since:
        lows.append((where.since - zero).total_seconds())
    if where.until:
        highs.append((where.until - zero).total_seconds())
    return max(lows), min(highs)
