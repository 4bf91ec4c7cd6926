"""The traffic report: how much passes, of what, which way, where, how fast."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from agent.report import sections
from agent.report.material import HOUR_S, Counts, Material
from agent.report.model import Plot, Row, Section, Series, Statement, Statements, Table
from agent.report.summary import settled
from agent.report.words import brief, lasting, number, plural
from vidette.aggregates import Breakdown, Grouped
from vidette.models import EventType
from vidette.ports import GraphStore, MediaStore
from vidette.queries import Filter

_MOST = 40
_HEADINGS = {"left to right": "→", "right to left": "←", "upwards": "↑", "downwards": "↓", "in place": "•"}


def traffic(store: GraphStore, media: MediaStore, material: Material) -> tuple[Section, ...]:
    """The sections of a traffic report."""
    where = material.window.where(*(row.name for row in material.streams))
    return (
        sections.opening(material, *peaks(material)),
        sections.stood_out(material),
        *sections.alerts(material),
        flow(store, material, where),
        *lines(store, material, where),
        *zones(store, where),
        speeds(store, material, where),
        sections.heat_maps(store, media, material),
        sections.timelines(store, material),
    )


def peaks(material: Material) -> list[Statement]:
    """The three fullest stretches of all streams together."""
    over, per = material.hourly.buckets, material.hourly.summed()
    best = sorted(range(len(per)), key=lambda index: (-per[index], index))[:3]
    said = [f"{over.said(index)} ({number(per[index])})" for index in best if per[index]]
    return [Statement(text=f"Peaks: {'; '.join(said)}.")] if len(said) > 1 else []


def flow(store: GraphStore, material: Material, where: Filter) -> Section:
    """Things over time by stream and by label, and which way they went."""
    names = [row.name for row in material.streams][: sections.STRIPS]
    blocks: list[Plot | Table] = [sections.strips(material.plotted, names, "things that came into view")]
    if len(material.of_label()) > 1:
        blocks.append(by_label(store, material, where))
    blocks += [table for table in (ways(store, where), hours(material)) if table]
    return Section(key="counts", title="How much passed", blocks=tuple(blocks))


def by_label(store: GraphStore, material: Material, where: Filter) -> Plot:
    """A strip a label, all streams together."""
    over = material.plotted.buckets
    found = store.read(
        Breakdown(of="tracks", by=("label", "bucket"), bucket_s=over.step_s, origin=over.origin, where=where)
    )
    return strips_of(
        material.plotted, [(plural(group.keys[0]), group.keys[1], group.count) for group in found], "things"
    )


def strips_of(counts: Counts, found: Sequence[tuple[str, str, int]], unit: str, title: str = "") -> Plot:
    """Strips of (name, bucket, count); the largest first; what no stream watched has no bar."""
    over = counts.buckets
    bars: dict[str, list[int]] = {}
    for name, key, count in found:
        index = over.number(key)
        if index is not None:
            bars.setdefault(name, [0] * over.count)[index] += count
    seen = [max(shares) > 0 for shares in zip(*counts.watched.values(), strict=True)]
    series = tuple(
        Series(
            name=brief(name, 60),
            values=tuple(value if value or watched else None for value, watched in zip(values, seen, strict=True)),
        )
        for name, values in sorted(bars.items(), key=lambda pair: (-sum(pair[1]), pair[0]))[: sections.STRIPS]
    )
    return Plot(title=title, unit=unit, starts=over.starts(), ticks=over.ticks(), series=series, bar=over.name)


def ways(store: GraphStore, where: Filter) -> Table | None:
    """Which way things of each label went over the picture."""
    found = store.read(Breakdown(of="tracks", by=("label", "heading"), where=where))
    labels = list(dict.fromkeys(group.keys[0] for group in found))
    if not found:
        return None
    counts = {group.keys: group.count for group in found}
    columns = ("label", *(f">{_HEADINGS[way]} {way}" for way in _HEADINGS), ">not known", ">all")
    rows = []
    for label in labels:
        by_way = [counts.get((label, way), 0) for way in (*_HEADINGS, "")]
        rows.append(Row(cells=(plural(label), *(number(count) for count in by_way), number(sum(by_way)))))
    return Table(columns=columns, rows=tuple(rows), title="Which way over the picture")


def hours(material: Material) -> Table | None:
    """Things by hour of the day, where more than one day was seen."""
    over, per = material.hourly.buckets, material.hourly.summed()
    if not material.window.clock or material.window.days < 2 or over.step_s != HOUR_S:
        return None
    counts: Counter[int] = Counter()
    watched: dict[int, float] = dict.fromkeys(range(24), 0.0)
    for index, count in enumerate(per):
        hour = over.instant(index).hour
        counts[hour] += count
        watched[hour] += sum(shares[index] for shares in material.hourly.watched.values())
    rows = [
        Row(
            cells=(
                f"{hour:02d}:00",
                number(counts[hour]),
                number(counts[hour] / watched[hour]) if watched[hour] > 0.05 else "not watched",
            )
        )
        for hour in range(24)
    ]
    return Table(
        columns=("hour", ">things", ">a watched hour of one stream"), rows=tuple(rows), title="By hour of the day"
    )


def lines(store: GraphStore, material: Material, where: Filter) -> tuple[Section, ...]:
    """Crossings of each line, by way and label."""
    crossed = replace(where, types=(EventType.LINE_CROSSED,))
    found = store.read(Breakdown(of="events", by=("stream", "line", "way", "label"), where=crossed))
    if not found:
        return ()
    over = material.plotted.buckets
    per = store.read(
        Breakdown(of="events", by=("line", "way", "bucket"), bucket_s=over.step_s, origin=over.origin, where=crossed)
    )
    plot = strips_of(
        material.plotted,
        [(f"{group.keys[0]}, {group.keys[1] or 'either way'}", group.keys[2], group.count) for group in per],
        "crossings",
    )
    rows = tuple(_row(group) for group in found[:_MOST])
    more = f"And {len(found) - _MOST} more." if len(found) > _MOST else ""
    table = Table(columns=("stream", "line", "way", "label", ">crossings"), rows=rows, more=more)
    return (Section(key="lines", title="Lines crossed", blocks=(plot, table)),)


def zones(store: GraphStore, where: Filter) -> tuple[Section, ...]:
    """How many entered each zone, by label."""
    entered = replace(where, types=(EventType.ZONE_ENTERED,))
    found = store.read(Breakdown(of="events", by=("stream", "zone", "label"), where=entered))
    if not found:
        return ()
    rows = tuple(_row(group) for group in found[:_MOST])
    more = f"And {len(found) - _MOST} more." if len(found) > _MOST else ""
    table = Table(columns=("stream", "zone", "label", ">entered"), rows=rows, more=more)
    return (Section(key="zones", title="Zones entered", blocks=(table,)),)


def _row(group: Grouped) -> Row:
    return Row(cells=(*(brief(key, 60) or "not known" for key in group.keys), number(group.count)))


def speeds(store: GraphStore, material: Material, where: Filter) -> Section:
    """How fast and how long, by stream and label."""
    fast = store.read(Breakdown(of="tracks", by=("stream", "label"), value="speed", where=where))
    stayed = {
        group.keys: group
        for group in store.read(Breakdown(of="tracks", by=("stream", "label"), value="duration", where=where))
    }
    rows = [
        Row(
            cells=(
                brief(group.keys[0], 60),
                plural(group.keys[1]),
                number(group.count),
                *_figures(group),
                lasting(stayed[group.keys].median) if group.keys in stayed and stayed[group.keys].valued else "",
            )
        )
        for group in fast[:_MOST]
    ]
    note = Statement(
        text="Speeds are in picture heights a second over the whole track; nothing here knows metres.", weight="soft"
    )
    if not rows:
        return Section(key="speeds", title="Speeds", blocks=(Statements(said=settled((), "No tracks, so no speeds.")),))
    columns = ("stream", "label", ">tracks", ">median speed", ">90 % below", ">fastest", ">median time in view")
    return Section(
        key="speeds", title="Speeds", blocks=(Table(columns=columns, rows=tuple(rows)), Statements(said=(note,)))
    )


def _figures(group: Grouped) -> tuple[str, str, str]:
    if not group.valued:
        return "not known", "", ""
    return f"{group.median:.2f}", f"{group.p90:.2f}", f"{group.most:.2f}"
