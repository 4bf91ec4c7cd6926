"""Rows counted by what they share: stream, zone, line, label, minute, hour or day of the asker's clock."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Literal

from agent.ask.covering import watched_spans
from agent.ask.evidence import Asked
from agent.ask.lookup import Found
from agent.ask.stays import instant
from vidette.answers import By
from vidette.intervals import Span, total, union
from vidette.moments import Moment
from vidette.queries import Tally

_Cell = Literal["stream", "zone", "line", "label", "minute", "quarter"]
_TIMES = frozenset({"minute", "hour", "day"})
_MOST_STRETCHES = 20_000


@dataclass(frozen=True, slots=True)
class Group:
    """What rows have in common and how many they are; `start` where it is a stretch of time."""

    name: str
    count: int
    start: datetime | None = None


def groups(asked: Asked, found: Found) -> list[Group]:
    """The groups that have rows: counted by the database, or from the rows where only these tell which stand."""
    by = asked.plan.by or "stream"
    distinct_times = asked.plan.distinct and by in _TIMES
    if found.total is None or distinct_times:
        return _of_rows(asked, found, by)
    where = replace(found.plan.where, moving=found.plan.moving and found.plan.of == "tracks")
    cell: _Cell = "quarter" if by == "hour" or by == "day" else by  # noqa: PLR1714  mypy narrows by comparisons only
    shares = asked.store.read(
        Tally(
            of="tracks" if found.plan.of == "tracks" else "events", by=cell, where=where, distinct=asked.plan.distinct
        )
    )
    if by not in _TIMES:
        return [Group(share.name, share.count) for share in shares]
    counted: Counter[datetime] = Counter()
    for share in shares:
        if share.start:
            counted[floor(share.start, by, asked.clock.footage.tz)] += share.count
    return [_stretch(start, count) for start, count in sorted(counted.items())]


def _of_rows(asked: Asked, found: Found, by: By) -> list[Group]:
    seen: dict[str, set[str]] = {}
    starts: dict[str, datetime] = {}
    for row in found.rows:
        name = _name(row, by, asked.clock.footage.tz)
        if isinstance(name, datetime):
            starts[name.isoformat()] = name
            name = name.isoformat()
        if name:
            seen.setdefault(name, set()).add(row.thing if asked.plan.distinct else row.id)
    return [
        _stretch(starts[name], len(ids)) if name in starts else Group(name, len(ids))
        for name, ids in sorted(seen.items())
    ]


def _name(row: Moment, by: By, tz: tzinfo) -> str | datetime:
    match by:
        case "stream":
            return row.stream
        case "zone":
            return row.zone or ""
        case "line":
            return row.line or ""
        case "label":
            return row.labels[0] if row.labels else ""
    return floor(row.start, by, tz)


def _stretch(start: datetime, count: int) -> Group:
    return Group(start.isoformat(), count, start)


def floor(at: datetime, by: By, tz: tzinfo) -> datetime:
    """Where the minute, hour or day of the asker's clock begins."""
    local = at.astimezone(tz)
    if by == "day":
        return local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0).astimezone(UTC)
    clear = local.replace(minute=0 if by == "hour" else local.minute, second=0, microsecond=0)
    return clear.astimezone(UTC)


def ceiling(start: datetime, by: By, tz: tzinfo) -> datetime:
    """Where the next minute, hour or day begins."""
    if by == "day":
        return (start.astimezone(tz).replace(tzinfo=None) + timedelta(days=1)).replace(tzinfo=tz).astimezone(UTC)
    return start + timedelta(minutes=1 if by == "minute" else 60)


def with_empty(asked: Asked, found: list[Group]) -> list[Group]:
    """The groups, and those that were watched as much but have no row; what was hardly watched is left out.

    A stretch, or a stream, was watched as much where it has nine tenths of the longest watched one.
    """
    by = asked.plan.by or "stream"
    spans = watched_spans(asked.store, asked.plan.where, asked.clock.footage)
    counts = {group.name: group.count for group in found}
    if by in _TIMES:
        return _stretches(union(span for all_ in spans.values() for span in all_), by, asked.clock.footage.tz, counts)
    if by == "stream":
        watched = {name: total(parts) for name, parts in spans.items()}
        most = max(watched.values(), default=0.0)
        return [Group(name, counts.get(name, 0)) for name, s in sorted(watched.items()) if s and s >= 0.9 * most]
    names = {"zone": asked.known.zones, "line": asked.known.lines}.get(by, ())
    return [Group(name, counts.get(name, 0)) for name in sorted({*names, *counts})]


def _stretches(spans: list[Span], by: By, tz: tzinfo, counts: dict[str, int]) -> list[Group]:
    watched: Counter[datetime] = Counter()
    for low, high in spans:
        at = floor(instant(low), by, tz)
        while at.timestamp() < high and len(watched) < _MOST_STRETCHES:
            end = ceiling(at, by, tz)
            watched[at] += round(1000 * (min(high, end.timestamp()) - max(low, at.timestamp())))
            at = end
    most = max(watched.values(), default=0)
    return [_stretch(at, counts.get(at.isoformat(), 0)) for at, ms in sorted(watched.items()) if ms >= 0.9 * most > 0]
