"""Events, as rows and as what was said of them."""

import json

from graph.cypher.assertions import assertion_of, evidence_of
from graph.cypher.driver import Row, Transaction, rows
from graph.cypher.reading.finding import find
from graph.reading.events import unique
from graph.rows import to_instant
from vidette.models import Assertion, EventType, Evidence, Label, Run, State
from vidette.queries import AssertionsOf, Events
from vidette.rows import EntityRow, EventRow

_PARTS = (
    " CALL (e) { OPTIONAL MATCH (a:Assertion)-[:SAYS]->(e) OPTIONAL MATCH (a)-[:BY]->(r:Run)"
    " WITH a, r ORDER BY a.look = 'deep', a.start_pts, a.id"
    " RETURN collect(a{.id, .look, .roles_json, .evidence_json}) AS said, collect(DISTINCT r{.*, deep: a.look = 'deep'}) AS runs }"
    " CALL (e) { OPTIONAL MATCH (n:Entity)-[:TAKES_PART]->(e) WHERE n.label IS NOT NULL"
    " RETURN collect(DISTINCT n{.id, .label, .attributes_json}) AS entities }"
    " CALL (e) { OPTIONAL MATCH (n:Entity)<-[:IS]-(t:Track)-[:TAKES_PART]->(e)"
    " RETURN collect(DISTINCT {track: t.id, entity: n{.id, .label, .attributes_json}}) AS tracked }"
)


def read_events(transaction: Transaction, query: Events) -> list[EventRow]:
    """Events that match."""
    return event_rows(transaction, find(transaction, query), brief=query.brief)


def event_rows(transaction: Transaction, ids: list[str], *, brief: bool = False) -> list[EventRow]:
    """EventRows of events, in the order of the ids; `brief` leaves out evidence and runs."""
    found = rows(
        transaction,
        "UNWIND range(0, size($ids) - 1) AS place MATCH (e:Event {id: $ids[place]})-[:ON]->(s:Stream)"
        f" WITH e, s, place{_PARTS} RETURN e{{.*}} AS e, s.name AS stream, said, runs, entities, tracked ORDER BY place",
        ids=ids,
    )
    return [_row(row, brief=brief) for row in found]


def _row(row: Row, *, brief: bool) -> EventRow:
    event = row["e"]
    entities, tracks = _parts(row)
    return EventRow(
        id=event["id"],
        type=EventType(event["type"]),
        stream=row["stream"],
        start=to_instant(event["start"]),
        end=None if event.get("end") is None else to_instant(event["end"]),
        start_s=event["start_pts"],
        end_s=event.get("end_pts"),
        confidence=event["confidence"],
        caption=event["caption"],
        state=State(event["state"]),
        zone=event.get("zone"),
        line=event.get("line"),
        entities=entities,
        tracks=tracks,
        evidence=() if brief else _evidence(row["said"]),
        runs=() if brief else _runs(row),
        attributes=json.loads(event["attributes_json"]),
    )


def _parts(row: Row) -> tuple[tuple[EntityRow, ...], tuple[str, ...]]:
    """Who takes part, in the order in which assertions say so: an entity that is named, else the one that the track is."""
    named = {one["id"]: one for one in row["entities"]}
    tracked = {one["track"]: one["entity"] for one in row["tracked"] if one["track"]}
    entities: dict[tuple[str, str], EntityRow] = {}
    tracks: dict[str, None] = {}
    for said in row["said"]:
        for role in json.loads(said["roles_json"]):
            if role["track_id"]:
                tracks[role["track_id"]] = None
            thing = named.get(role["entity_id"]) if role["entity_id"] else tracked.get(role["track_id"])
            if thing:
                entities.setdefault((thing["id"], role["role"]), _thing(thing, role["role"]))
    return tuple(entities.values()), tuple(tracks)


def _thing(node: Row, role: str) -> EntityRow:
    return EntityRow(
        id=node["id"], label=Label(node["label"]), role=role, attributes=json.loads(node["attributes_json"])
    )


def _evidence(said: list[Row]) -> tuple[Evidence, ...]:
    shown = [(one, node["id"]) for node in said for one in evidence_of(node)]
    shown.sort(key=lambda pair: (pair[0].pts_s, pair[0].kind, pair[0].sha256, pair[1]))
    return unique(one for one, _ in shown)


def _runs(row: Row) -> tuple[Run, ...]:
    found = sorted(row["runs"], key=lambda run: (run["deep"], run["id"]))
    return unique(run_of(run) for run in found)


def run_of(node: Row) -> Run:
    """The run in a node."""
    return Run(
        id=node["id"],
        model=node["model"],
        revision=node["revision"],
        prompt_hash=node["prompt_hash"],
        params=json.loads(node["params_json"]),
    )


def read_assertions(transaction: Transaction, query: AssertionsOf) -> list[Assertion]:
    """Every assertion that supports an event, oldest (by media time) first."""
    found = rows(
        transaction,
        "MATCH (a:Assertion)-[:SAYS]->(:Event {id: $id}) RETURN a{.*} AS a ORDER BY a.start_pts, a.look = 'deep', a.seq",
        id=query.event_id,
    )
    return [assertion_of(row["a"]) for row in found]
