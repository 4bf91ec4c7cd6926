"""The incident report: one event or a stretch of time in detail, all streams together, step by step."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, timedelta, tzinfo

from agent.report import sections
from agent.report.heatmap import heat_map
from agent.report.material import Material
from agent.report.model import Block, Facts, Pictures, Row, Section, Statement, Statements, Table
from agent.report.moments import moments
from agent.report.summary import facts, lasted, settled, summary
from agent.report.window import Window, on_clock
from agent.report.words import brief, counted, happening, labelled, lasting, listed
from vidette.alerting import Alerts, Decisions
from vidette.alerts import Alert, AlertFilter
from vidette.ports import GraphStore, MediaStore
from vidette.queries import Events, Segments, Tracks
from vidette.rows import EventRow, StreamRow, TrackRow

AROUND_S = 60.0
STEPS = 300
_TRACKS = 40
_SAID = 12


def around(streams: Sequence[StreamRow], event: EventRow, tz: tzinfo) -> Window | None:
    """The window of an event: a minute before it to a minute after it, kept to its own stream's footage."""
    stream = next((row for row in streams if row.name == event.stream), None)
    if stream is None:
        return None
    end_s = stream.length_s if event.end_s is None else event.end_s
    low = max(0.0, event.start_s - AROUND_S)
    high = max(low + 1.0, min(max(stream.length_s, end_s), end_s + AROUND_S))
    if len(streams) == 1 and stream.kind != "live":
        since, until = (stream.start + timedelta(seconds=s) for s in (low, high))
        return Window(clock=False, since=since, until=until, low_s=low, high_s=high, tz=tz, cut=True)
    since, until = ((stream.start + timedelta(seconds=s)).astimezone(UTC) for s in (low, high))
    return on_clock(since, until, tz)


def incident(store: GraphStore, media: MediaStore, material: Material, event: EventRow | None) -> tuple[Section, ...]:
    """The sections of an incident report."""
    names = tuple(row.name for row in material.streams)
    rows = store.read(Events(where=material.window.where(*names), limit=STEPS))
    about = alerts_about(store, event) if event else list(material.alerts)
    return (
        opening(material, event),
        *why(store, material, event, about),
        pictures(media, material, rows, event),
        steps(material, rows),
        sections.timelines(store, material),
        things(store, material),
        *path(store, media, material, event),
        *captions(store, material, names),
    )


def opening(material: Material, event: EventRow | None) -> Section:
    """What it is about; without an event, the summary of the window."""
    if event is None:
        return Section(
            key="summary",
            title="Summary",
            blocks=(facts(material), Statements(said=(*summary(material), *sections.silent(material)))),
        )
    length = lasted(material, event)
    figures = Facts(
        facts=(
            (material.window.said(event.start, event.start_s), "began"),
            (lasting(length) + ("+" if event.end is None else "") if length else "an instant", "lasted"),
            (f"{event.confidence:.2f}", "sure (0 to 1)"),
            (str(event.state.value), "state"),
        )
    )
    things = listed([f"{one.label}{_role(one.role)}" for one in event.entities], 8)
    said = [
        Statement(
            text=f"{brief(event.caption, 300).rstrip('.')} ({happening(event.type)}, on {brief(event.stream)}).",
            events=(event.id,),
        ),
        *([Statement(text=f"Taking part: {things}.")] if things else []),
        *([Statement(text=f"Where: {brief(event.zone or event.line or '')}.")] if event.zone or event.line else []),
        *others(material, event),
    ]
    said.append(
        Statement(text=f"Told by {listed([f'{run.model} {run.revision}' for run in event.runs])}.", weight="soft")
    )
    return Section(key="summary", title="What it is about", blocks=(figures, Statements(said=tuple(said))))


def _role(role: str) -> str:
    return f" ({brief(role, 30)})" if role else ""


def others(material: Material, event: EventRow) -> list[Statement]:
    """What else was there, on all streams."""
    others = max(0, material.events - 1)
    elsewhere = [row.name for row in material.streams if row.name != event.stream]
    if not others:
        return [Statement(text="Nothing else happened in the minute before and after it, where it was watched.")]
    where = f" on this and {counted(len(elsewhere), 'other stream')}" if elsewhere else ""
    return [Statement(text=f"{counted(others, 'other event')} from a minute before to a minute after it{where}.")]


def alerts_about(store: GraphStore, event: EventRow) -> list[Alert]:
    """Alerts that the event raised or belongs to."""
    return store.read(Alerts(where=AlertFilter(events=(event.id,)), limit=50))


def why(store: GraphStore, material: Material, event: EventRow | None, alerts: Sequence[Alert]) -> tuple[Section, ...]:
    """Alerts with their reasons, and what rules decided, also why not."""
    blocks: list[Block] = [sections.alert_table(material, alerts)] if alerts else []
    decided = store.read(Decisions(events=(event.id,), limit=50)) if event else []
    if decided:
        rows = [
            Row(
                cells=(
                    brief(one.rule, 60),
                    one.verdict.value.replace("_", " "),
                    "; ".join(brief(said, 160) for said in one.why[:6]),
                )
            )
            for one in decided
        ]
        blocks.append(Table(columns=("rule", "decided", "why"), rows=tuple(rows), title="What the rules decided"))
    if event and not blocks:
        blocks.append(Statements(said=settled((), "No rule spoke of this event.")))
    return (Section(key="alerts", title="Alerts, and why", blocks=tuple(blocks)),) if blocks else ()


def pictures(media: MediaStore, material: Material, rows: Sequence[EventRow], event: EventRow | None) -> Section:
    """Pictures, that of the event first chosen."""
    first = frozenset({event.id}) if event else frozenset()
    found = moments(
        [*([event] if event else []), *(row for row in rows if not event or row.id != event.id)],
        media,
        material.window,
        first=first,
    )
    blocks: tuple[Block, ...] = (Pictures(pictures=found),)
    return Section(
        key="moments",
        title="Pictures",
        blocks=blocks if found else (Statements(said=settled((), "No event has a picture.")),),
    )


def steps(material: Material, rows: Sequence[EventRow]) -> Section:
    """Everything that happened, minute by minute, all streams together."""
    tables: list[Block] = []
    minutes: dict[int, list[EventRow]] = {}
    for row in rows:
        seconds = max(material.window.low_s, material.window.seconds(row.start, row.start_s))
        minutes.setdefault(int(seconds // 60), []).append(row)
    for minute, inside in minutes.items():
        at = material.window.since + timedelta(seconds=minute * 60)
        title = f"{material.window.said(at, minute * 60.0, exact=False)}, {counted(len(inside), 'event')}"
        cells = tuple(Row(cells=_step(material, row), event=row.id) for row in inside)
        tables.append(Table(columns=(">at", ">for", "what", "where", "stream"), rows=cells, title=title, anchors=True))
    if len(rows) >= STEPS:
        text = f"The first {STEPS} of {material.events} events; a shorter window shows all."
        tables.append(Statements(said=(Statement(text=text, weight="soft"),)))
    none = (Statements(said=settled((), "Nothing happened here, where it was watched.")),)
    return Section(key="steps", title="Minute by minute", blocks=tuple(tables) or none)


def _step(material: Material, row: EventRow) -> tuple[str, ...]:
    length = lasted(material, row)
    lasts = "" if length <= 0 and row.end is not None else lasting(length) + ("+" if row.end is None else "")
    where = brief(row.zone or row.line or "", 40)
    return material.window.said(row.start, row.start_s), lasts, brief(row.caption, 300), where, brief(row.stream, 60)


def things(store: GraphStore, material: Material) -> Section:
    """What was in view, and how it looked."""
    names = tuple(row.name for row in material.streams)
    found = store.read(Tracks(where=material.window.where(*names), limit=_TRACKS + 1))
    rows = [Row(cells=_thing(material, row)) for row in found[:_TRACKS]]
    more = f"The first {_TRACKS}; vidette tracks lists all." if len(found) > _TRACKS else ""
    table = Table(columns=(">from", ">for", "what", "how", "stream"), rows=tuple(rows), more=more)
    none = Statements(said=settled((), "Nothing was followed in this time."))
    return Section(key="things", title="What was in view", blocks=(table if rows else none,))


def _thing(material: Material, row: TrackRow) -> tuple[str, ...]:
    known = (("colour", "{}"), ("heading", "{}"), ("speed", "{:.2f} heights/s"))
    how = [form.format(row.attributes[key]) for key, form in known if isinstance(row.attributes.get(key), str | float)]
    lasts = "still there" if row.end_s is None else lasting(row.end_s - row.start_s)
    at = material.window.said(row.start, row.start_s)
    return at, lasts, labelled(1, row.label), brief(", ".join(how), 120), brief(row.stream, 60)


def path(store: GraphStore, media: MediaStore, material: Material, event: EventRow | None) -> tuple[Section, ...]:
    """Where the things of the event stood; without an event, where all stood."""
    if event is None:
        return (sections.heat_maps(store, media, material),)
    if not event.tracks:
        return ()
    where = replace(material.window.where(event.stream), tracks=event.tracks)
    found = heat_map(store, media, event.stream, where, material.types.get(event.stream, {}))
    return (Section(key="heat", title="Where it was", blocks=(found,)),) if found else ()


def captions(store: GraphStore, material: Material, names: tuple[str, ...]) -> tuple[Section, ...]:
    """What looks said of the segments."""
    found = store.read(Segments(where=material.window.where(*names), limit=_SAID)) if names else []
    rows = [
        Row(cells=(material.window.said(row.start, row.start_s), brief(row.caption, 500), brief(row.stream, 60)))
        for row in found
        if row.caption
    ]
    table = Table(columns=(">from", "what was seen", "stream"), rows=tuple(rows))
    return (Section(key="segments", title="What was seen, by segment", blocks=(table,)),) if rows else ()
