"""Events as nodes, and what follows from those who say them: who takes part, labels, words, zones."""

import json
from collections.abc import Iterable, Mapping, Sequence

from graph.cypher.assertions import SAYING, Saying, saying_of
from graph.cypher.driver import KEPT, Row, Transaction, do, rows
from graph.cypher.lasting import times_of
from graph.cypher.tokens import tokens
from graph.rows import box_text, dump, to_box
from graph.settle import Event
from vidette.models import EventType, State

Part = tuple[str, str, str, bool]
"""Track or Entity, its id, its role, and whether the entity of the track is named beside it (and is that one)."""
_WRITE = (
    "MATCH (s:Stream {id: $stream}) UNWIND $rows AS r MERGE (e:Event {id: r.id})"
    " ON CREATE SET e.labels = [], e.words = '' SET e += r MERGE (e)-[:ON]->(s)"
)
_SAY = (
    "UNWIND $rows AS r MATCH (a:Assertion {id: r.said}), (e:Event {id: r.event})"
    " OPTIONAL MATCH (a)-[old:SAYS]->(other:Event) WHERE other <> e DELETE old MERGE (a)-[:SAYS]->(e)"
)
_LABELS = (
    "MATCH (e:Event) WHERE e.id IN $ids"
    " CALL (e) { OPTIONAL MATCH (n:Entity)-[:TAKES_PART]->(e) RETURN collect(DISTINCT n.label) AS named }"
    " CALL (e) { OPTIONAL MATCH (n:Entity)<-[:IS]-(:Track)-[:TAKES_PART {named: false}]->(e)"
    " RETURN collect(DISTINCT n.label) AS tracked }"
    " SET e.labels = named + [label IN tracked WHERE NOT label IN named]"
)
_IN_ZONE = (
    "MATCH (e:Event) WHERE e.id IN $ids OPTIONAL MATCH (e)-[old:IN_ZONE]->(:Zone) DELETE old"
    " WITH DISTINCT e WHERE e.zone IS NOT NULL"
    " MATCH (z:Zone) WHERE z.key STARTS WITH e.stream_id + '|' AND z.name = e.zone MERGE (e)-[:IN_ZONE]->(z)"
)


def write_events(transaction: Transaction, stream_id: str, given: Sequence[Row]) -> None:
    """Write events as they are now."""
    do(transaction, _WRITE, stream=stream_id, rows=list(given))


def say(transaction: Transaction, events: Mapping[str, str]) -> None:
    """Have assertions say events, by ids; each says one."""
    do(transaction, _SAY, rows=[{"said": said, "event": event} for said, event in events.items()])


def event_of(node: Row) -> Event:
    """The event in a node."""
    return Event(
        id=node["id"],
        stream_id=node["stream_id"],
        type=EventType(node["type"]),
        start_s=node["start_pts"],
        end_s=node.get("end_pts"),
        confidence=node["confidence"],
        caption=node["caption"],
        state=State(node["state"]),
        box=to_box(node.get("box_json")),
        zone=node.get("zone"),
        line=node.get("line"),
        attributes=json.loads(node["attributes_json"]),
    )


def event_row(origin_ms: int, event: Event, *, look: str, derived: bool, watch: int) -> Row:
    """The properties of an event, but for its words."""
    return {
        "id": event.id,
        "stream_id": event.stream_id,
        "look": look,
        "derived": derived,
        "watch": watch,
        "type": str(event.type),
        **times_of(origin_ms, event.start_s, event.end_s),
        "confidence": event.confidence,
        "caption": event.caption,
        "box_json": box_text(event.box),
        "zone": event.zone,
        "line": event.line,
        "state": str(event.state),
        "attributes_json": dump(event.attributes),
        "direction": event.attributes.get("direction"),
    }


def words_of(caption: str, said: Iterable[Saying]) -> str:
    """What full-text search finds an event by: its caption and those of the deep looks that support it."""
    first: dict[str, str] = {}
    for one in said:
        if one.look == "deep" and one.caption not in ("", caption):
            first[one.caption] = min(one.id, first.get(one.caption, one.id))
    return tokens("\n".join([caption, *sorted(first, key=lambda text: first[text])]))


def parts_of(said: Iterable[Saying]) -> dict[Part, int]:
    """Who takes part in an event, as its assertions say in turn, and the first place that it has in one."""
    out: dict[Part, int] = {}
    for one in sorted(said, key=lambda one: one.seq):
        for place, role in enumerate(one.roles):
            if role.track_id:
                part = "Track", role.track_id, role.role, role.entity_id is not None
                out[part] = min(place, out.get(part, place))
            if role.entity_id:
                part = "Entity", role.entity_id, role.role, False
                out[part] = min(place, out.get(part, place))
    return out


def write_parts(transaction: Transaction, parts: Mapping[str, Mapping[Part, int]]) -> None:
    """Write who takes part in events, and their labels; a thing that was not described yet is there by its id alone."""
    do(
        transaction,
        "MATCH (e:Event) USING INDEX e:Event(id) WHERE e.id IN $ids MATCH ()-[r:TAKES_PART]->(e) DELETE r",
        ids=list(parts),
    )
    for label in ("Track", "Entity"):
        do(
            transaction,
            f"UNWIND $rows AS r MATCH (e:Event {{id: r.event}}) MERGE (n:{label} {{id: r.id}}) ON CREATE SET n.present = false"
            " CREATE (n)-[:TAKES_PART {role: r.role, named: r.named, place: r.place}]->(e)",
            rows=[
                {"event": event, "id": id_, "role": role, "named": named, "place": place}
                for event, theirs in parts.items()
                for (of, id_, role, named), place in theirs.items()
                if of == label
            ],
        )
    do(transaction, _LABELS, ids=list(parts))


def place_in_zones(transaction: Transaction, events: Iterable[str]) -> None:
    """Join events to their zones, where their stream has such."""
    do(transaction, _IN_ZONE, ids=list(events))


def refresh(transaction: Transaction, events: Iterable[str]) -> None:
    """Set what follows from those who say events, whoever that is now."""
    found = rows(
        transaction,
        f"{KEPT}MATCH (e:Event) WHERE e.id IN $ids RETURN e.id AS id, e.caption AS caption,"
        f" [(a:Assertion)-[:SAYS]->(e) | {SAYING}] AS said",
        ids=sorted(events),
    )
    said = {row["id"]: [saying_of(node) for node in row["said"]] for row in found}
    words = [{"id": row["id"], "words": words_of(row["caption"], said[row["id"]])} for row in found]
    do(transaction, "UNWIND $rows AS r MATCH (e:Event {id: r.id}) SET e.words = r.words", rows=words)
    write_parts(transaction, {id_: parts_of(those) for id_, those in said.items()})
    place_in_zones(transaction, said)
