"""How much of the time a question asks about was watched."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from agent.ask.footage import Footage
from vidette.aggregates import Watched, Watching
from vidette.answers import Covered, Gap
from vidette.intervals import Span, complement, union
from vidette.ports import GraphStore
from vidette.queries import Filter
from vidette.rows import StreamRow

_MOST_GAPS = 100


def covered(store: GraphStore, where: Filter, footage: Footage) -> Covered:
    """Coverage of the window of `where`, summed over the streams of `footage`.

    A recorded stream counts for as long as it lasts; clock time in which no stream was filming
    counts once, as a gap of no stream.
    """
    watched = {one.stream: one for one in store.read(Watched(where=_window(where, footage)))}
    parts = [_of_stream(stream, watched.get(stream.name), where, footage) for stream in footage.streams]
    dark = _unfilmed(where, footage)
    gaps = sorted((gap for part in parts for gap in part.gaps), key=lambda gap: gap.start)
    return Covered(
        watched_s=sum(part.watched_s for part in parts),
        examined_s=sum(part.examined_s for part in parts),
        total_s=sum(part.total_s for part in parts) + sum((gap.end - gap.start).total_seconds() for gap in dark),
        gaps=(*gaps, *dark)[:_MOST_GAPS],
    )


def merged(parts: Sequence[Covered]) -> Covered:
    """The coverage of several stretches of time, as one."""
    gaps = sorted((gap for part in parts for gap in part.gaps), key=lambda gap: gap.start)
    return Covered(
        watched_s=sum(part.watched_s for part in parts),
        examined_s=sum(part.examined_s for part in parts),
        total_s=sum(part.total_s for part in parts),
        gaps=tuple(gaps)[:_MOST_GAPS],
    )


def watched_spans(store: GraphStore, where: Filter, footage: Footage) -> dict[str, list[Span]]:
    """When each stream was watched in the window, in seconds since 1970, by its name."""
    starts = {stream.name: stream.start.timestamp() for stream in footage.streams}
    return {
        one.stream: [
            (round(starts[one.stream] + low, 3), round(starts[one.stream] + high, 3))
            for known in union(one.known)
            for low, high in complement(((row.start_s, row.end_s) for row in one.unwatched), known)
        ]
        for one in store.read(Watched(where=_window(where, footage)))
    }


def _window(where: Filter, footage: Footage) -> Filter:
    """The same window of the streams of the footage."""
    return Filter(
        streams=tuple(stream.name for stream in footage.streams),
        since=where.since,
        until=where.until,
        from_s=where.from_s,
        to_s=where.to_s,
    )


def whole(coverage: Covered) -> bool:
    """Whether all of the time asked was watched, but for the odd frame."""
    return coverage.total_s - coverage.watched_s <= max(0.3, 0.005 * coverage.total_s)


def _of_stream(stream: StreamRow, watched: Watching | None, where: Filter, footage: Footage) -> Covered:
    asked = _asked(stream, where, footage)
    if asked is None or watched is None:
        return Covered(total_s=0.0 if asked is None else asked[1] - asked[0])
    missing = [
        _gap(stream, span, row.reason or row.state.value.replace("_", " "))
        for row in watched.unwatched
        if (span := _clip((row.start_s, row.end_s), asked))
    ]
    missing += [_gap(stream, span, "not watched") for span in complement(watched.known, asked)]
    return Covered(
        watched_s=watched.watched_s,
        examined_s=watched.examined_s,
        total_s=asked[1] - asked[0],
        gaps=tuple(missing),
    )


def _asked(stream: StreamRow, where: Filter, footage: Footage) -> Span | None:
    """The media time of a stream that the window holds."""
    start, end = footage.span(stream)
    low, high = where.from_s or 0.0, max((end - start).total_seconds(), stream.length_s)
    if where.to_s is not None:
        high = min(high, where.to_s)
    if where.since:
        low = max(low, (where.since - start).total_seconds())
    if where.until:
        high = min(high, (where.until - start).total_seconds())
    return (low, high) if high > low else None


def _clip(span: Span, within: Span) -> Span | None:
    low, high = max(span[0], within[0]), min(span[1], within[1])
    return (low, high) if high > low else None


def _gap(stream: StreamRow, span: Span, reason: str) -> Gap:
    start, end = (stream.start + timedelta(seconds=s) for s in span)
    return Gap(stream=stream.name, start=start, end=end, start_s=span[0], end_s=span[1], reason=reason)


def _unfilmed(where: Filter, footage: Footage) -> list[Gap]:
    """Stretches of the clock window in which no stream was filming; the future is not asked about."""
    if (where.since is None and where.until is None) or not footage.streams:
        return []
    spans = [footage.span(stream) for stream in footage.streams]
    since = where.since or footage.extent[0]
    until = min(where.until, max(footage.now, footage.extent[1])) if where.until else footage.extent[1]
    filmed = [((a - since).total_seconds(), (b - since).total_seconds()) for a, b in spans]
    out = complement(filmed, (0.0, (until - since).total_seconds())) if until > since else []
    return [Gap(start=_at(since, a), end=_at(since, b), reason="nothing was filmed") for a, b in out if b - a >= 0.001]


def _at(since: datetime, seconds: float) -> datetime:
    return since + timedelta(seconds=seconds)
