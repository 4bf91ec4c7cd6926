"""A report of a window: the one way in; writers take what it returns."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, tzinfo

from agent.report import sections
from agent.report.daily import daily
from agent.report.incident import around, incident
from agent.report.material import Material, gather, with_samples
from agent.report.model import Answers, Block, Kind, Pictures, Report, Section, Statements, Table, Timeline
from agent.report.operations import operations
from agent.report.traffic import traffic
from agent.report.window import window_of
from agent.report.words import brief
from vidette.answers import Answer
from vidette.errors import StoreError
from vidette.ports import GraphStore, MediaStore
from vidette.queries import Events, Filter, Streams
from vidette.rows import EventRow, StreamRow

KINDS: dict[Kind, str] = {
    "daily": "What happened",
    "incident": "Incident",
    "traffic": "Traffic",
    "operations": "Operations",
}
_CITED = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a report is asked for.

    `where` holds streams (names or ids) and times; `event` is what an incident report is about;
    `answers` are shown beside what happened; no `title`: the kind's.
    """

    tz: tzinfo
    kind: Kind = "daily"
    where: Filter = field(default_factory=Filter)
    event: EventRow | None = None
    answers: Sequence[Answer] = ()
    title: str = ""


def build(store: GraphStore, media: MediaStore, request: Request) -> Report:
    """The report. Raises StoreError where there is nothing to report on: no footage in that time."""
    streams = store.read(Streams(names=request.where.streams))
    material = _material(store, streams, request)
    made = _sections(store, media, material, request)
    told = frozenset(anchored(made))
    rows = [row for row in material.rows if not told or row.id in told]
    material = replace(material, rows=with_cited(store, rows, made))
    return Report(
        kind=request.kind,
        title=brief(request.title or KINDS[request.kind], 200),
        window=material.window.words(),
        streams=tuple(row.name for row in material.streams),
        since=material.window.since.astimezone(UTC),
        until=material.window.until.astimezone(UTC),
        sections=(*made, *sections.events(material, told), sections.coverage(material)),
        events=tuple(material.rows),
        alerts=tuple(material.alerts),
        cited={row.id: material.window.said(row.start, row.start_s) for row in material.rows},
        count=material.events,
    )


def _material(store: GraphStore, streams: Sequence[StreamRow], request: Request) -> Material:
    if request.event:
        window = around(streams, request.event, request.tz)
    else:
        window = window_of(streams, request.where, request.tz, newest_day=request.kind == "daily")
    if window is None:
        raise StoreError(_nothing(streams, request))
    return with_samples(store, gather(store, window, streams))


def _nothing(streams: Sequence[StreamRow], request: Request) -> str:
    if not streams:
        return "nothing to report on: memory holds no streams; watch something first"
    ends = [f"{row.start.astimezone(request.tz):%Y-%m-%d %H:%M}" for row in streams]
    return (
        "nothing to report on: no footage in that time; "
        f"{len(streams)} streams begin from {min(ends)} to {max(ends)}, `vidette streams` lists them"
    )


def _sections(store: GraphStore, media: MediaStore, material: Material, request: Request) -> tuple[Section, ...]:
    match request.kind:
        case "daily":
            return daily(store, media, material, tuple(request.answers))
        case "traffic":
            return traffic(store, media, material)
        case "operations":
            return operations(store, media, material)
        case "incident":
            return incident(store, media, material, request.event)


def with_cited(store: GraphStore, rows: Sequence[EventRow], made: Sequence[Section]) -> tuple[EventRow, ...]:
    """The rows and those that sections cite, in time order: so that every citation leads to a row."""
    there = {row.id for row in rows}
    missing = tuple(dict.fromkeys(one for section in made for one in cited(section) if one not in there))[:_CITED]
    more = store.read(Events(where=Filter(ids=missing, retracted=True), limit=_CITED)) if missing else []
    return tuple(sorted([*rows, *more], key=lambda row: (row.start, row.start_s, row.id)))


def anchored(made: Sequence[Section]) -> Iterator[str]:
    """Ids of the events to whose rows links lead already."""
    for block in (block for section in made for block in section.blocks):
        if isinstance(block, Table) and block.anchors:
            yield from (row.event for row in block.rows if row.event)


def cited(section: Section) -> Iterator[str]:
    """Ids of the events that a section cites."""
    for block in section.blocks:
        yield from _cited(block)


def _cited(block: Block) -> Iterator[str]:
    match block:
        case Statements():
            yield from (event for one in block.said for event in one.events)
        case Table():
            yield from (row.event for row in block.rows if row.event)
        case Timeline():
            yield from (mark.event for mark in block.marks)
        case Pictures():
            yield from (picture.event for picture in block.pictures if picture.event)
        case Answers():
            yield from (one for answer in block.answers for claim in answer.claims[:20] for one in claim.citations[:8])
        case _:
            return
