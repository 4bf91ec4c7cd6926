"""Sections that several kinds of report share."""

from collections.abc import Sequence
from dataclasses import replace

from agent.report.heatmap import MAPS, heat_map
from agent.report.material import Counts, Material
from agent.report.model import Answers, Plot, Row, Section, Series, Statement, Statements, Table
from agent.report.model import Pictures as Album
from agent.report.moments import moments
from agent.report.summary import facts, lasted, settled, summary, unusual, watched_s
from agent.report.timeline import timeline
from agent.report.unusual import WATCHED
from agent.report.words import brief, counted, happening, lasting, share
from vidette.alerts import Alert
from vidette.answers import Answer
from vidette.models import FastState
from vidette.ports import GraphStore, MediaStore
from vidette.rows import EventRow

GAPS = 25
STRIPS = 12


def opening(material: Material, *extra: Statement) -> Section:
    """The figures and the summary."""
    said = [*summary(material), *extra, *silent(material)]
    return Section(key="summary", title="Summary", blocks=(facts(material), Statements(said=tuple(said))))


def silent(material: Material) -> list[Statement]:
    """Streams that are not told of: without footage in the window, or one too many."""
    if material.untold:
        text = (
            f"Only {len(material.streams)} streams are told of, {material.untold} more have footage; --stream chooses."
        )
        return [Statement(text=text, weight="soft"), *silent(replace(material, untold=0))]
    if not material.silent:
        return []
    names = ", ".join(brief(row.name, 40) for row in material.silent[:4])
    more = f" and {len(material.silent) - 4} more" if len(material.silent) > 4 else ""
    text = f"No footage in this time: {names}{more}. --since and --until choose another time."
    return [Statement(text=text, weight="soft")]


def stood_out(material: Material) -> Section:
    """What was unusual."""
    nothing = f"Nothing stood out against the rest, compared by stretches of {material.hourly.buckets.name}."
    compared = sum(share > WATCHED for shares in material.hourly.watched.values() for share in shares)
    if compared < 6 * max(1, len(material.streams)):
        nothing = "Too little was watched to call anything unusual: it takes six stretches of time or more."
    said = settled(unusual(material), nothing)
    return Section(key="unusual", title="What was unusual", blocks=(Statements(said=said),))


def alerts(material: Material) -> tuple[Section, ...]:
    """Alerts with their reasons; no section where there are none."""
    if not material.alerts:
        return ()
    return (Section(key="alerts", title="Alerts", blocks=(alert_table(material, material.alerts),)),)


def alert_table(material: Material, found: Sequence[Alert]) -> Table:
    """One row an alert: when, how bad, what, why."""
    starts = {row.name: row.start for row in material.streams}
    rows = []
    for one in found:
        origin = starts.get(one.streams[0]) if one.streams else None
        at = material.window.said(one.at, (one.at - origin).total_seconds() if origin else 0.0)
        what = f"{brief(one.text, 200)}"
        why = "; ".join(brief(reason, 160) for reason in one.why[:6])
        cells = (
            at,
            one.severity.value,
            brief(one.rule, 60),
            what,
            why,
            one.state.value,
            brief(", ".join(one.streams), 60),
        )
        rows.append(Row(cells=cells, event=one.events[0] if one.events else None))
    columns = (">at", "severity", "rule", "what", "why", "state", "stream")
    more = f"The first {len(rows)}; vidette alerts lists all." if material.alerts_cut else ""
    return _of_one(material, Table(columns=columns, rows=tuple(rows), more=more))


def _of_one(material: Material, table: Table) -> Table:
    """Without its last column, the stream, where a report is of one stream only."""
    if len(material.streams) != 1:
        return table
    rows = tuple(replace(row, cells=row.cells[:-1]) for row in table.rows)
    return replace(table, columns=table.columns[:-1], rows=rows)


def key_moments(material: Material, media: MediaStore) -> Section:
    """Pictures of what a person would look at first; those with an alert come before the others."""
    alarming = frozenset(event for alert in material.alerts for event in alert.events)
    found = moments(material.rows, media, material.window, first=alarming)
    blocks = (Album(pictures=found),) if found else (Statements(said=settled((), "No event has a picture.")),)
    return Section(key="moments", title="Key moments", blocks=blocks)


def timelines(store: GraphStore, material: Material) -> Section:
    """A timeline a stream."""
    shown = material.streams[:STRIPS]
    blocks = [timeline(store, material, stream) for stream in shown]
    return Section(key="timeline", title="Timeline", blocks=(*blocks, *_left_out(material, len(shown))))


def _left_out(material: Material, shown: int) -> tuple[Statements, ...]:
    if len(material.streams) <= shown:
        return ()
    text = f"And {counted(len(material.streams) - shown, 'stream')} more; --stream chooses."
    return (Statements(said=(Statement(text=text, weight="soft"),)),)


def over_time(material: Material) -> Section:
    """Things that came into view, in bars over time."""
    names = [row.name for row in material.streams][:STRIPS]
    plot = strips(material.plotted, names, "things that came into view")
    return Section(key="counts", title="Counts over time", blocks=(plot, *_left_out(material, len(names))))


def strips(counts: Counts, names: Sequence[str], unit: str) -> Plot:
    """One strip a stream; a bucket that was not watched has no bar, which is not a bar of 0."""
    over = counts.buckets
    series = [
        Series(
            name=brief(name, 60),
            values=tuple(
                None if watched == 0 and not count else count
                for count, watched in zip(counts.things[name], counts.watched[name], strict=True)
            ),
            partly=tuple(
                0 < watched <= WATCHED * filmed
                for watched, filmed in zip(counts.watched[name], counts.filmed[name], strict=True)
            ),
        )
        for name in names
    ]
    return Plot(title="", unit=unit, starts=over.starts(), ticks=over.ticks(), series=tuple(series), bar=over.name)


def heat_maps(store: GraphStore, media: MediaStore, material: Material) -> Section:
    """Where things stood on each stream."""
    blocks = []
    for stream in material.streams[:MAPS]:
        where = material.window.where(stream.name)
        things = sum(material.labels.get(stream.name, {}).values())
        found = heat_map(store, media, stream.name, where, material.types.get(stream.name, {}), things)
        blocks += [found] if found else []
    if not blocks:
        none = settled((), "Nothing moved, or no picture of the scene was kept.")
        return Section(key="heat", title="Where things were", blocks=(Statements(said=none),))
    return Section(key="heat", title="Where things were", blocks=tuple(blocks))


def answers(found: Sequence[Answer]) -> tuple[Section, ...]:
    """Questions with their answers."""
    return (Section(key="questions", title="Questions", blocks=(Answers(answers=tuple(found)),)),) if found else ()


def event_table(material: Material, rows: Sequence[EventRow], count: int) -> Table:
    """One row an event."""
    columns = (">at", ">for", "event", "what", "where", ">sure", "stream")
    cells = [Row(cells=_cells(material, row), event=row.id) for row in rows]
    left = count - len(rows)
    more = (
        f"And {counted(left, 'event')} more, mostly of the kinds shown; vidette events lists them." if left > 0 else ""
    )
    return _of_one(material, Table(columns=columns, rows=tuple(cells), more=more, anchors=True))


def _cells(material: Material, row: EventRow) -> tuple[str, ...]:
    length = lasted(material, row)
    lasts = "" if length <= 0 and row.end is not None else lasting(length) + ("+" if row.end is None else "")
    return (
        material.window.said(row.start, row.start_s),
        lasts,
        happening(row.type),
        brief(row.caption, 300),
        brief(row.zone or row.line or "", 60),
        f"{row.confidence:.2f}",
        brief(row.stream, 60),
    )


def events(material: Material, told: frozenset[str]) -> tuple[Section, ...]:
    """The events that the other parts cite, but for those that have been told there."""
    rows = [row for row in material.rows if row.id not in told]
    if told and not rows:
        return ()
    if not rows:
        return (Section(key="events", title="Events", blocks=(Statements(said=settled((), "None.")),)),)
    count = 0 if told else material.events
    return (Section(key="events", title="Events", blocks=(event_table(material, rows, count),)),)


def coverage(material: Material) -> Section:
    """What was looked at, and what was not."""
    seen, footage = watched_s(material)
    text = (
        f"{lasting(seen)} of {lasting(footage)} of footage was watched ({share(seen / footage) if footage else '0 %'})."
    )
    blocks: list[Statements | Table] = [Statements(said=(Statement(text=text),))]
    missed = sorted(
        (row for row in material.coverage if row.state != FastState.WATCHED), key=lambda row: row.start_s - row.end_s
    )
    rows = [
        Row(
            cells=(
                material.window.said(row.start, row.start_s),
                material.window.said(row.end, row.end_s),
                lasting(row.end_s - row.start_s),
                row.state.value.replace("_", " "),
                brief(row.reason or "", 200),
                brief(row.stream, 60),
            )
        )
        for row in missed[:GAPS]
    ]
    if rows:
        more = f"The {GAPS} longest of {len(missed)}." if len(missed) > GAPS else ""
        columns = (">from", ">to", ">for", "state", "why", "stream")
        blocks.append(_of_one(material, Table(columns=columns, rows=tuple(rows), title="Not watched", more=more)))
    return Section(key="coverage", title="What was watched", blocks=tuple(blocks))
