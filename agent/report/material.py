"""What reports are made of, read from the store: counts by the database, rows only as many as are shown."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from agent.report.unusual import Outlier, outliers
from agent.report.window import Buckets, Window, buckets
from vidette.aggregates import Breakdown, Grouped
from vidette.alerting import Alerts
from vidette.alerts import Alert, AlertFilter
from vidette.intervals import Span
from vidette.models import EventType, FastState
from vidette.ports import GraphStore
from vidette.queries import CoverageIn, Events, StreamOf
from vidette.rows import CoverageRow, EventRow, StreamRow
from vidette.streams import Stream

ROWS = 200
ALERTS = 100
STREAMS = 50
HOUR_S = 3600.0
ODDITIES = 6
_A_TYPE = 24
_FEW = 24  # where fewer than that are out of the ordinary, some of the ordinary are shown too
_SAMPLE = 3
# What a person would look at last, because there is so much of it.
ORDINARY = frozenset(
    {
        EventType.OBJECT_ENTERED,
        EventType.OBJECT_EXITED,
        EventType.COUNT_CHANGED,
        EventType.OBJECT_MOVED_OFF,
        EventType.ZONE_ENTERED,
        EventType.ZONE_EXITED,
        EventType.LINE_CROSSED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many things came into view in each bucket, by stream; the shares of it that were filmed and watched."""

    buckets: Buckets
    things: Mapping[str, Sequence[int]]
    watched: Mapping[str, Sequence[float]]
    filmed: Mapping[str, Sequence[float]]

    def summed(self) -> list[int]:
        """Things in each bucket, all streams together."""
        return [sum(column) for column in zip(*self.things.values(), strict=True)] if self.things else []


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """Counts and rows of a window. `rows` are all events where they are few, else those to look at first, in time order.

    `silent` streams have no footage in the window; `untold` is how many more have, than are told of.
    """

    window: Window
    streams: Sequence[StreamRow]
    silent: Sequence[StreamRow]
    untold: int
    configured: Mapping[str, Stream]
    coverage: Sequence[CoverageRow]
    labels: Mapping[str, Mapping[str, int]]
    types: Mapping[str, Mapping[str, int]]
    plotted: Counts
    hourly: Counts
    odd: Mapping[str, Sequence[Outlier]]
    rows: Sequence[EventRow]
    longest: Sequence[EventRow]
    alerts: Sequence[Alert]
    alerts_cut: bool

    @property
    def things(self) -> int:
        """How many things came into view."""
        return sum(sum(labels.values()) for labels in self.labels.values())

    @property
    def events(self) -> int:
        """How many events began."""
        return sum(sum(types.values()) for types in self.types.values())

    def of_label(self) -> dict[str, int]:
        """Things by label, the most first."""
        return _summed(self.labels.values())

    def of_type(self) -> dict[str, int]:
        """Events by type, the most first."""
        return _summed(self.types.values())

    def footage_s(self, stream: StreamRow) -> float:
        """Seconds of footage of a stream in the window."""
        low, high = span(self.window, stream)
        return max(0.0, high - low)

    def watched_s(self, name: str) -> float:
        """Seconds of a stream that were watched in the window."""
        return sum(
            row.end_s - row.start_s for row in self.coverage if row.stream == name and row.state == FastState.WATCHED
        )


def gather(store: GraphStore, window: Window, streams: Sequence[StreamRow]) -> Material:
    """Everything about these streams in the window that every kind of report needs."""
    active = [row for row in streams if overlaps(window, row)][:STREAMS]
    names = tuple(row.name for row in active)
    coverage = store.read(CoverageIn(where=window.where(*names))) if names else []
    types = _nested(store.read(Breakdown(of="events", by=("stream", "type"), where=window.where(*names))))
    alerts = alerts_in(store, window, active)
    hourly = _counts(store, window, active, coverage, _statistical(window))
    rows = rows_of(store, window, names, _summed(types.values()))
    return Material(
        window=window,
        streams=active,
        silent=[row for row in streams if not overlaps(window, row)],
        untold=sum(overlaps(window, row) for row in streams) - len(active),
        configured={name: found for name in names if (found := store.read(StreamOf(name=name)))},
        coverage=coverage,
        labels=_nested(store.read(Breakdown(of="tracks", by=("stream", "label"), where=window.where(*names)))),
        types=types,
        plotted=_counts(store, window, active, coverage, buckets(window)),
        hourly=hourly,
        odd={name: outliers(hourly.things[name], hourly.watched[name], _same_hours(hourly.buckets)) for name in names},
        rows=rows,
        longest=_longest(store, window, names),
        alerts=alerts[:ALERTS],
        alerts_cut=len(alerts) > ALERTS,
    )


def with_samples(store: GraphStore, material: Material) -> Material:
    """With the first events of the busiest stretch and of those that stood out, so that they can be cited."""
    over, per = material.hourly.buckets, material.hourly.summed()
    places = [(name, one.index) for name, odd in material.odd.items() for one in odd[:ODDITIES]]
    if max(per, default=0):
        names = [name for name, counts in material.hourly.things.items() if counts[per.index(max(per))]]
        places += [(name, per.index(max(per))) for name in names[:1]]
    rows = {row.id: row for row in material.rows}
    for name, index in places:
        where = replace(over.where(index, name), starts_inside=True)
        rows.update({row.id: row for row in store.read(Events(where=where, limit=_SAMPLE))})
    return replace(material, rows=sorted(rows.values(), key=lambda row: (row.start, row.start_s, row.id)))


def _same_hours(over: Buckets) -> list[int] | None:
    """The hour of the day of each bucket, where five days or more can be compared."""
    if not over.window.clock or over.window.days < 5 or over.step_s != HOUR_S:
        return None
    return [over.instant(index).hour for index in range(over.count)]


def span(window: Window, stream: StreamRow) -> tuple[float, float]:
    """Where the footage of a stream lies on the axis, cut to the window; empty where the second is not larger."""
    start = window.seconds(stream.start, 0.0)
    return max(window.low_s, start), min(window.high_s, start + stream.length_s)


def overlaps(window: Window, stream: StreamRow) -> bool:
    """Whether a stream has footage in the window."""
    low, high = span(window, stream)
    return high > low


def alerts_in(store: GraphStore, window: Window, streams: Sequence[StreamRow]) -> list[Alert]:
    """Alerts that came true in the window, by time, one more than are shown."""
    by_name = {row.name: row for row in streams}
    where = AlertFilter(
        streams=tuple(by_name),
        since=window.since if window.clock else None,
        until=window.until if window.clock else None,
    )
    found = store.read(Alerts(where=where, limit=ALERTS + 1)) if by_name else []
    if window.clock or not window.cut:
        return found
    return [alert for alert in found if any(_inside(window, alert, by_name.get(name)) for name in alert.streams)]


def _inside(window: Window, alert: Alert, stream: StreamRow | None) -> bool:
    return stream is not None and window.low_s <= (alert.at - stream.start).total_seconds() < window.high_s


def rows_of(store: GraphStore, window: Window, names: Sequence[str], types: Mapping[str, int]) -> list[EventRow]:
    """All events of the window where they are few; else of each type the longest, rare types first."""
    if not names:
        return []
    where = window.where(*names)
    if sum(types.values()) <= ROWS:
        return store.read(Events(where=where, limit=ROWS))
    chosen: list[EventRow] = []
    for type_ in sorted(types, key=lambda name: (EventType(name) in ORDINARY, types[name], name)):
        asked = replace(where, types=(EventType(type_),))
        room = min(_A_TYPE, ROWS - len(chosen)) if EventType(type_) not in ORDINARY or len(chosen) < _FEW else 0
        chosen += store.read(Events(where=asked, limit=room, order="-duration")) if room > 0 else []
    return sorted(chosen, key=lambda row: (row.start, row.id))


def _longest(store: GraphStore, window: Window, names: Sequence[str]) -> list[EventRow]:
    """What lasted longest, open ones first."""
    return store.read(Events(where=window.where(*names), limit=8, order="-duration")) if names else []


def _statistical(window: Window) -> Buckets:
    """Hours where the window is long enough to compare them, else about a dozen stretches."""
    return buckets(window, HOUR_S) if window.clock and window.length_s >= 6 * HOUR_S else buckets(window, most=12)


def _counts(
    store: GraphStore, window: Window, streams: Sequence[StreamRow], coverage: Sequence[CoverageRow], over: Buckets
) -> Counts:
    names = tuple(row.name for row in streams)
    found = store.read(
        Breakdown(
            of="tracks",
            by=("stream", "bucket"),
            bucket_s=over.step_s,
            origin=over.origin,
            where=window.where(*names),
            limit=len(names) * (over.count + 2) + 1,
        )
    )
    things = {name: [0] * over.count for name in names}
    for group in found:
        index = over.number(group.keys[1])
        if index is not None and group.keys[0] in things:
            things[group.keys[0]][index] += group.count
    watched = {name: watched_shares([row for row in coverage if row.stream == name], over) for name in names}
    filmed = {row.name: shares([span(window, row)], over) for row in streams}
    return Counts(buckets=over, things=things, watched=watched, filmed=filmed)


def watched_shares(rows: Sequence[CoverageRow], over: Buckets) -> list[float]:
    """The share of each bucket that was watched, 0..1."""
    watched = (row for row in rows if row.state == FastState.WATCHED)
    at = over.window.seconds
    return shares(((at(row.start, row.start_s), at(row.end, row.end_s)) for row in watched), over)


def shares(spans: Iterable[Span], over: Buckets) -> list[float]:
    """The share of each bucket that the spans cover, 0..1; they do not overlap each other."""
    return [
        min(1.0, part / (high - low)) if high > low else 0.0
        for part, (low, high) in zip(over.seconds(spans), map(over.span, range(over.count)), strict=True)
    ]


def _nested(groups: Sequence[Grouped]) -> dict[str, dict[str, int]]:
    out: dict[str, dict[str, int]] = {}
    for group in groups:
        out.setdefault(group.keys[0], {})[group.keys[1]] = group.count
    return out


def _summed(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Counts added up by key, the most first."""
    out: Counter[str] = Counter()
    for one in counts:
        out.update(one)
    return dict(sorted(out.items(), key=lambda pair: (-pair[1], pair[0])))
