"""The operations report: how full places are, when they stand idle, who waits how long, where it gets worse."""

from collections.abc import Sequence
from dataclasses import dataclass

from agent.report import sections
from agent.report.material import Material
from agent.report.model import Plot, Row, Section, Series, Statement, Statements, Table
from agent.report.stays import Dwell, Occupancy, Stay, dwell, grows, occupancy
from agent.report.summary import settled
from agent.report.words import brief, counted, labelled, lasting, number, share
from vidette.aggregates import Visit, Visits
from vidette.intervals import Span
from vidette.models import EventType, FastState
from vidette.ports import GraphStore, MediaStore
from vidette.queries import Events, Filter
from vidette.rows import StreamRow

_PLACES = 24
_STAYS = 100_000
_IDLE_S = 5.0
_LONGEST = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A zone, or (`zone` empty) the whole view of a stream, and what the stays in it say."""

    stream: StreamRow
    zone: str
    longest: Sequence[tuple[Stay, Visit]]
    full: Occupancy
    dwell: Dwell | None
    cut: bool

    @property
    def name(self) -> str:
        """In words."""
        return (
            f"{brief(self.zone, 40)} on {brief(self.stream.name, 40)}"
            if self.zone
            else f"the view of {brief(self.stream.name, 40)}"
        )


def operations(store: GraphStore, media: MediaStore, material: Material) -> tuple[Section, ...]:
    """The sections of an operations report."""
    found = places(store, material)
    return (
        sections.opening(material),
        bottleneck_section(found),
        *sections.alerts(material),
        occupied(material, found),
        queues(material, found),
        dwelling(store, material, found),
        idle(material, found),
        sections.key_moments(material, media),
        sections.timelines(store, material),
        sections.heat_maps(store, media, material),
    )


def places(store: GraphStore, material: Material) -> list[Place]:
    """Each zone, and the whole view of each stream."""
    out: list[Place] = []
    for stream in material.streams:
        configured = material.configured.get(stream.name)
        names = [zone.name for zone in configured.zones] if configured else []
        where = material.window.where(stream.name)
        in_zones = store.read(Visits(zones=True, where=where, limit=_STAYS)) if names else []
        out += [_place(material, stream, name, [one for one in in_zones if one.zone == name]) for name in names]
        out.append(_place(material, stream, "", store.read(Visits(where=where, limit=_STAYS))))
        if len(out) >= _PLACES:
            break
    return out[:_PLACES]


def _place(material: Material, stream: StreamRow, zone: str, visits: Sequence[Visit]) -> Place:
    window = material.window
    watched: list[Span] = [
        (window.seconds(row.start, row.start_s), window.seconds(row.end, row.end_s))
        for row in material.coverage
        if row.stream == stream.name and row.state == FastState.WATCHED
    ]
    end_s = max((high for _, high in watched), default=window.high_s)
    stays = [stay(material, visit, end_s) for visit in visits]
    inside = [(max(low, window.low_s), min(high, window.high_s)) for low, high in stays]
    return Place(
        stream=stream,
        zone=zone,
        longest=sorted(zip(stays, visits, strict=True), key=lambda one: (one[0][0] - one[0][1], one[0][0]))[:_LONGEST],
        full=occupancy(inside, watched, material.plotted.buckets),
        dwell=dwell(stays, (window.low_s + window.high_s) / 2),
        cut=len(visits) >= _STAYS,
    )


def stay(material: Material, visit: Visit, end_s: float) -> Stay:
    """A visit on the axis; what has not ended lasts until its stream was last watched."""
    start = material.window.seconds(visit.start, visit.start_s)
    if visit.end is None or visit.end_s is None:
        return start, max(start, end_s)
    return start, material.window.seconds(visit.end, visit.end_s)


def bottlenecks(found: Sequence[Place]) -> list[Statement]:
    """Places in which things stay longer and longer."""
    return [_worse(place, place.dwell) for place in found if place.dwell and grows(place.dwell)]


def _worse(place: Place, times: Dwell) -> Statement:
    first, second = times.halves
    text = (
        f"Bottleneck: {place.name}: the median stay grew from {lasting(times.before or 0)} ({counted(first, 'stay')} in the first half)"
        f" to {lasting(times.after or 0)} ({counted(second, 'stay')} in the second)."
    )
    return Statement(text=text, weight="unusual")


def bottleneck_section(found: Sequence[Place]) -> Section:
    """Bottlenecks, or that there is none."""
    enough = any(place.dwell and min(place.dwell.halves) >= 5 for place in found)
    nothing = (
        "No place in which stays got longer: medians of the two halves compared."
        if enough
        else "Too few stays to tell whether they get longer: it takes five in each half."
    )
    said = settled(bottlenecks(found), nothing)
    return Section(key="bottlenecks", title="Bottlenecks", blocks=(Statements(said=said),))


def occupied(material: Material, found: Sequence[Place]) -> Section:
    """How many things were in each place, over time."""
    over = material.plotted.buckets
    series = tuple(
        Series(name=place.name, values=tuple(None if mean is None else round(mean, 2) for mean in place.full.mean))
        for place in found[: sections.STRIPS]
    )
    plot = Plot(
        title="",
        unit="things there at once, on average",
        starts=over.starts(),
        ticks=over.ticks(),
        series=series,
        bar=over.name,
    )
    rows = [Row(cells=_fullness(material, place)) for place in found]
    columns = ("place", ">in use", ">time in use", ">most at once", ">when")
    return Section(key="occupancy", title="Occupancy", blocks=(plot, Table(columns=columns, rows=tuple(rows))))


def _fullness(material: Material, place: Place) -> tuple[str, ...]:
    full, peak = place.full, place.full.peak
    used = share(min(1.0, full.busy_s / full.watched_s)) if full.watched_s else "not watched"
    when = said(material, peak.start_s) if peak else ""
    return place.name, used, lasting(full.busy_s), number(peak.count if peak else 0), when


def said(material: Material, seconds: float) -> str:
    """A point of the axis for a reader."""
    from datetime import timedelta

    return material.window.said(material.window.since + timedelta(seconds=seconds), seconds)


def queues(material: Material, found: Sequence[Place]) -> Section:
    """How many waited at once in a zone, and for how long."""
    zones = [place for place in found if place.zone] or list(found)
    note = "A queue here is two things or more in a place at once; a wait is a stay there."
    if not any(place.zone for place in found):
        note += " No zone is drawn, so the whole view counts; draw zones in the settings."
    rows = [
        Row(
            cells=(
                place.name,
                number(place.full.peak.count if place.full.peak else 0),
                lasting(place.full.queued_s),
                share(min(1.0, place.full.queued_s / place.full.watched_s)) if place.full.watched_s else "",
                lasting(place.dwell.median_s) if place.dwell else "",
                lasting(place.dwell.p90_s) if place.dwell else "",
            )
        )
        for place in zones
    ]
    columns = ("place", ">most at once", ">time with a queue", ">share", ">median wait", ">90 % wait less than")
    return Section(
        key="queues",
        title="Queues",
        blocks=(Table(columns=columns, rows=tuple(rows)), Statements(said=(Statement(text=note, weight="soft"),))),
    )


def dwelling(store: GraphStore, material: Material, found: Sequence[Place]) -> Section:
    """How long things stayed, and the longest stays with their events."""
    rows = [
        Row(cells=(place.name, number(d.count), *map(lasting, (d.median_s, d.p90_s, d.longest_s)), _trend(d)))
        for place in found
        if (d := place.dwell)
    ]
    if not rows:
        none = settled((), "Nothing stayed anywhere.")
        return Section(key="dwell", title="How long things stayed", blocks=(Statements(said=none),))
    columns = ("place", ">stays", ">median", ">90 % below", ">longest", "first half to second")
    blocks = [Table(columns=columns, rows=tuple(rows)), longest_stays(store, material, found)]
    cut = [place.name for place in found if place.cut]
    note = Statement(text=f"Only the first {number(_STAYS)} stays were taken of {', '.join(cut)}.", weight="soft")
    more = (Statements(said=(note,)),) if cut else ()
    return Section(key="dwell", title="How long things stayed", blocks=(*blocks, *more))


def _trend(times: Dwell) -> str:
    if times.before is None or times.after is None:
        return ""
    return f"{lasting(times.before)} to {lasting(times.after)}"


def longest_stays(store: GraphStore, material: Material, found: Sequence[Place]) -> Table:
    """The longest stays, each with an event of that thing."""
    stays = [(b - a, a, place, visit) for place in found for (a, b), visit in place.longest]
    best = sorted(stays, key=lambda one: (-one[0], one[1]))[:_LONGEST]
    rows = [
        Row(
            cells=(said(material, at), lasting(length), labelled(1, visit.label), place.name),
            event=_event(store, visit),
        )
        for length, at, place, visit in best
    ]
    return Table(columns=(">from", ">for", "what", "where"), rows=tuple(rows), title="Longest stays")


def _event(store: GraphStore, visit: Visit) -> str | None:
    """The event that tells best of a stay: entering its zone, else loitering or stopping, else the first."""
    rows = store.read(Events(where=Filter(tracks=(visit.track,)), limit=20))
    if visit.zone:
        rows = [row for row in rows if row.zone == visit.zone] or rows
    telling = {EventType.LOITERING: 0, EventType.OBJECT_STOPPED: 1}
    best = min(rows, key=lambda row: (telling.get(row.type, 2), row.start), default=None)
    return best.id if best else None


def idle(material: Material, found: Sequence[Place]) -> Section:
    """The longest stretches in which a place was watched and empty."""
    gaps = [(b - a, a, b, place) for place in found for a, b in place.full.idle if b - a >= _IDLE_S]
    best = sorted(gaps, key=lambda one: (-one[0], one[1]))[:20]
    if not best:
        none = settled((), f"No place stood empty for {lasting(_IDLE_S)} while it was watched.")
        return Section(key="idle", title="Idle times", blocks=(Statements(said=none),))
    rows = tuple(
        Row(cells=(said(material, a), said(material, b), lasting(length), f"nothing in {place.name}"))
        for length, a, b, place in best
    )
    columns = (">from", ">to", ">for", "what")
    return Section(key="idle", title="Idle times", blocks=(Table(columns=columns, rows=rows),))
