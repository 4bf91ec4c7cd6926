"""Events as rows."""

import json
from collections import defaultdict
from collections.abc import Iterable
from typing import TypeVar

from graph.reading import where as conditions
from graph.rows import Connection, Row, many, to_box, to_instant
from vidette import codec
from vidette.models import Assertion, EntityRow, EventRow, EventType, Evidence, Label, Run, State
from vidette.queries import AssertionsOf, Events

T = TypeVar("T")

# An open event or track is the longest: it has not ended.
ORDERS = {
    "start": "{}.start, {}.id",
    "-start": "{}.start DESC, {}.id DESC",
    "duration": "{}.end_pts IS NULL, {}.end_pts - {}.start_pts, {}.start, {}.id",
    "-duration": "{}.end_pts IS NOT NULL, {}.end_pts - {}.start_pts DESC, {}.start, {}.id",
}


def order_by(table: str, order: str) -> str:
    """The ORDER BY of a table; rows of equal rank or time follow their ids."""
    return " ORDER BY " + ORDERS.get(order, ORDERS["start"]).replace("{}", table)


def read_events(connection: Connection, query: Events) -> list[EventRow]:
    """Events that match."""
    where = conditions.events(query.where)
    tables, order = "events", order_by("events", query.order)
    if query.order == "rank" and query.where.text:
        tables = "event_words JOIN events ON events.seq = event_words.rowid"
        where.add("event_words MATCH ?", conditions.phrase(query.where))
        order = " ORDER BY bm25(event_words), events.start, events.id"
    found = connection.execute(
        "".join(
            (
                "SELECT events.*, streams.name AS stream FROM ",
                tables,
                " JOIN streams ON streams.id = events.stream_id",
                where.text,
                order,
                " LIMIT ?",
            )
        ),
        (*where.values, query.limit),
    ).fetchall()
    return rows(connection, found, brief=query.brief)


def rows(connection: Connection, found: list[Row], *, brief: bool = False) -> list[EventRow]:
    """EventRows of rows of `events` with their stream's name; `brief` leaves out evidence and runs."""
    ids = many(row["id"] for row in found)
    entities, tracks = _parts(connection, ids)
    evidence = {} if brief else _evidence(connection, ids)
    runs = {} if brief else _runs(connection, ids)
    return [
        EventRow(
            id=row["id"],
            type=EventType(row["type"]),
            stream=row["stream"],
            start=to_instant(row["start"]),
            end=None if row["end"] is None else to_instant(row["end"]),
            start_s=row["start_pts"],
            end_s=row["end_pts"],
            confidence=row["confidence"],
            caption=row["caption"],
            state=State(row["state"]),
            zone=row["zone"],
            line=row["line"],
            entities=unique(entities[row["id"]]),
            tracks=tuple(dict.fromkeys(tracks[row["id"]])),
            evidence=unique(evidence.get(row["id"], ())),
            runs=unique(runs.get(row["id"], ())),
            attributes=json.loads(row["attributes_json"]),
        )
        for row in found
    ]


def unique(items: Iterable[T]) -> tuple[T, ...]:
    """Items without repetition, in order; they may hold dicts."""
    return tuple({repr(item): item for item in items}.values())


def _parts(connection: Connection, ids: str) -> tuple[dict[str, list[EntityRow]], dict[str, list[str]]]:
    found = connection.execute(
        "SELECT says.event_id, t.role, t.track_id, n.id, n.label, n.attributes_json FROM says"
        " JOIN assertions a ON a.id = says.assertion_id JOIN takes_part t ON t.assertion_id = a.id"
        " LEFT JOIN identities i ON i.track_id = t.track_id"
        " LEFT JOIN entities n ON n.id = coalesce(t.entity_id, i.entity_id)"
        " WHERE says.event_id IN (SELECT value FROM json_each(?))"
        " ORDER BY a.look = 'deep', a.start_pts, a.id, t.place",
        (ids,),
    )
    entities: dict[str, list[EntityRow]] = defaultdict(list)
    tracks: dict[str, list[str]] = defaultdict(list)
    for row in found:
        if row["track_id"]:
            tracks[row["event_id"]].append(row["track_id"])
        if row["id"]:
            thing = EntityRow(
                id=row["id"],
                label=Label(row["label"]),
                role=row["role"],
                attributes=json.loads(row["attributes_json"]),
            )
            entities[row["event_id"]].append(thing)
    return entities, tracks


def _evidence(connection: Connection, ids: str) -> dict[str, list[Evidence]]:
    found = connection.execute(
        "SELECT says.event_id, s.* FROM says JOIN shown_in s ON s.assertion_id = says.assertion_id"
        " WHERE says.event_id IN (SELECT value FROM json_each(?)) ORDER BY s.pts, s.kind, s.sha256, s.assertion_id",
        (ids,),
    )
    out: dict[str, list[Evidence]] = defaultdict(list)
    for row in found:
        picture = Evidence(
            kind=row["kind"], sha256=row["sha256"], uri=row["uri"], pts_s=row["pts"], box=to_box(row["box_json"])
        )
        out[row["event_id"]].append(picture)
    return out


def _runs(connection: Connection, ids: str) -> dict[str, list[Run]]:
    found = connection.execute(
        "SELECT DISTINCT says.event_id, r.id, r.model, r.revision, r.prompt_hash, r.params_json FROM says"
        " JOIN assertions a ON a.id = says.assertion_id JOIN runs r ON r.id = a.run_id"
        " WHERE says.event_id IN (SELECT value FROM json_each(?)) ORDER BY a.look = 'deep', r.id",
        (ids,),
    )
    out: dict[str, list[Run]] = defaultdict(list)
    for row in found:
        run = Run(
            id=row["id"],
            model=row["model"],
            revision=row["revision"],
            prompt_hash=row["prompt_hash"],
            params=json.loads(row["params_json"]),
        )
        out[row["event_id"]].append(run)
    return out


def read_assertions(connection: Connection, query: AssertionsOf) -> list[Assertion]:
    """Every assertion that supports an event, oldest (by media time) first."""
    found = connection.execute(
        "SELECT a.body_json FROM says JOIN assertions a ON a.id = says.assertion_id WHERE says.event_id = ?"
        " ORDER BY a.start_pts, a.look = 'deep', a.seq",
        (query.event_id,),
    )
    return [codec.decode(Assertion, row["body_json"]) for row in found]
