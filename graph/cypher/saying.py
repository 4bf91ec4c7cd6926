"""Writing assertions of one observation to a Neo4j server, and the events that follow from them (graph.settle)."""

import json
from collections import defaultdict
from collections.abc import Iterable

from graph.assertions import rest_of
from graph.cypher.driver import Row, Transaction, do, one, rows
from graph.cypher.scene import Scene
from graph.cypher.tokens import tokens
from graph.rows import box_text, dump, times, to_box
from graph.settle import Event, Happening, Window, fold, happening, moved, placements, window_of
from vidette import codec
from vidette.errors import StoreError
from vidette.models import Assertion, EventType, Evidence, Role, State

_FOREVER = float("inf")
_MOST = 1e15  # a time after every other, where a number is needed
_SAY = (
    "UNWIND $rows AS r MATCH (a:Assertion {id: r.said}), (e:Event {id: r.event})"
    " OPTIONAL MATCH (a)-[old:SAYS]->(other:Event) WHERE other <> e DELETE old MERGE (a)-[:SAYS]->(e)"
)


def write_assertions(scene: Scene) -> None:
    """Keep the assertions, fold the given events, then re-derive what these touch."""
    if not scene.observation.assertions:
        return
    fresh = _write_said(scene)
    own = [said for said in scene.observation.assertions if said.look == "fast" or (said.id in fresh and said.of)]
    touched = _own_events(scene, own)
    for said in scene.observation.assertions:
        if said.look == "deep" and said.id in fresh and said.of is None:
            near = happening(said.id, said.start_s, said.end_s, said.roles)
            touched.setdefault(said.type, []).append((near.start, near.end))
    stream_id = scene.observation.stream_id
    for type_ in _free(scene.transaction, stream_id, touched):
        scene.changed.update(derive(scene.transaction, stream_id, scene.origin_ms, type_, touched[type_]))


def derive(
    transaction: Transaction, stream_id: str, origin_ms: int, type_: EventType, windows: Iterable[Window]
) -> set[str]:
    """Settle anew which events the deep assertions near the windows support; -> ids of those that changed."""

    def load(window: Window) -> list[Happening]:
        return _deep(transaction, stream_id, type_, window)

    def given(window: Window) -> list[Happening]:
        return _given(transaction, stream_id, type_, window)

    return _place(transaction, origin_ms, placements(windows, load, given))


def _write_said(scene: Scene) -> set[str]:
    """Keep assertions; -> ids of those that were not there: what was said is never changed."""
    said = {one_.id: one_ for one_ in reversed(scene.observation.assertions)}
    for one_ in said.values():
        if one_.look == "deep" and one_.of not in (None, one_.id):
            raise StoreError(f"deep assertion {one_.id!r} names {one_.of!r}; it may name itself or nothing")
    asked = "MATCH (a:Assertion) WHERE a.id IN $ids RETURN a.id AS id"
    known = {row["id"] for row in rows(scene.transaction, asked, ids=list(said))}
    fresh = [said[id_] for id_ in reversed(said) if id_ not in known]
    do(
        scene.transaction,
        "MATCH (run:Run {id: $run}) UNWIND $rows AS r CREATE (a:Assertion) SET a = r CREATE (a)-[:BY]->(run)"
        " WITH a WHERE a.segment_id IS NOT NULL MATCH (g:Segment {id: a.segment_id}) MERGE (a)-[:FROM]->(g)",
        run=scene.observation.run.id,
        rows=[_row(scene, place, one_) for place, one_ in enumerate(fresh)],
    )
    return {one_.id for one_ in fresh}


def _row(scene: Scene, place: int, said: Assertion) -> Row:
    of = said.of or (said.id if said.look == "fast" else None)
    return {
        "id": said.id,
        "seq": scene.turn * 100_000 + place,
        "stream_id": said.stream_id,
        "run_id": said.run_id,
        "look": said.look,
        "type": str(said.type),
        "of": of,
        "free": of is None,
        **times(scene.origin_ms, said.start_s, said.end_s),
        "confidence": said.confidence,
        "caption": said.caption,
        "segment_id": said.segment_id,
        "rest_json": rest_of(said),
        "roles_json": codec.encode(said.roles).decode(),
        "evidence_json": codec.encode(said.evidence).decode(),
        "shown": [shown.sha256 for shown in said.evidence],
    }


def assertion_of(node: Row) -> Assertion:
    """The assertion in a node, as it was said; times are to the millisecond."""
    rest = json.loads(node["rest_json"])
    return Assertion(
        id=node["id"],
        stream_id=node["stream_id"],
        look=node["look"],
        run_id=node["run_id"],
        type=EventType(node["type"]),
        start_s=node["start_pts"],
        end_s=node.get("end_pts"),
        confidence=node["confidence"],
        caption=node["caption"],
        of=node.get("of"),
        state=State(rest.get("state") or State.CLOSED),
        box=tuple(rest["box"]) if rest.get("box") else None,
        zone=rest.get("zone"),
        line=rest.get("line"),
        segment_id=node.get("segment_id"),
        roles=roles_of(node),
        evidence=evidence_of(node),
        attributes=rest.get("attributes") or {},
    )


def roles_of(node: Row) -> tuple[Role, ...]:
    """The roles in an assertion."""
    return codec.decode(tuple[Role, ...], node["roles_json"])


def evidence_of(node: Row) -> tuple[Evidence, ...]:
    """The pictures that an assertion names."""
    return codec.decode(tuple[Evidence, ...], node["evidence_json"])


def _own_events(scene: Scene, own: list[Assertion]) -> dict[EventType, list[Window]]:
    """Fold assertions into the events they name; -> by type the media time in which overlap has changed."""
    known = _known(scene, own)
    before = {id_: event_of(row) for id_, row in known.items()}
    current = {
        said.of or said.id for said in own if (said.of or said.id) in known and not _outdated(scene, said, known)
    }
    subjects_before = _subjects(scene.transaction, current)
    _forget(scene.transaction, known.keys() - current)
    after: dict[str, Event] = {}
    for said in own:
        id_ = said.of or said.id
        after[id_] = fold(after.get(id_) or (before[id_] if id_ in current else None), said)
    _write_own(scene, own, after)
    subjects_after = _subjects(scene.transaction, current)
    touched: dict[EventType, list[Window]] = {}
    for id_, event in after.items():
        span = window_of(event)
        if id_ in current:
            if not moved(before[id_], event) and subjects_before.get(id_) == subjects_after.get(id_):
                continue
            span_before = window_of(before[id_])
            span = (min(span_before[0], span[0]), max(span_before[1], span[1]))
        touched.setdefault(event.type, []).append(span)
    scene.changed.update(after)
    return touched


def _known(scene: Scene, own: list[Assertion]) -> dict[str, Row]:
    """Nodes of the events that assertions name, where there are any."""
    asked = {said.of or said.id: said for said in own}
    for said in own:
        first = asked[said.of or said.id]
        if said.type != first.type:
            raise StoreError(f"assertion {said.id!r} continues event {first.of!r} of another stream or type")
    found = rows(scene.transaction, "MATCH (e:Event) WHERE e.id IN $ids RETURN e{.*} AS e", ids=list(asked))
    for row in found:
        said = asked[row["e"]["id"]]
        if (row["e"]["stream_id"], row["e"]["type"]) != (said.stream_id, said.type):
            raise StoreError(f"assertion {said.id!r} continues event {row['e']['id']!r} of another stream or type")
    return {row["e"]["id"]: row["e"] for row in found}


def _outdated(scene: Scene, said: Assertion, known: dict[str, Row]) -> bool:
    """Whether an event is of an earlier watch."""
    watch: int = known[said.of or said.id]["watch"]
    return watch != (scene.watch if said.look == "fast" else 0)


def _forget(transaction: Transaction, events: Iterable[str]) -> None:
    """What earlier watches said of events is no longer theirs."""
    do(
        transaction,
        "MATCH (:Assertion {look: 'fast'})-[r:SAYS]->(e:Event) WHERE e.id IN $ids DELETE r",
        ids=list(events),
    )


def _write_own(scene: Scene, own: list[Assertion], after: dict[str, Event]) -> None:
    """Write given events and which assertions say them."""
    looks = {said.of or said.id: said.look for said in own}
    given = []
    for id_, event in after.items():
        watch = scene.watch if looks[id_] == "fast" else 0
        given.append(event_row(scene.origin_ms, event, look=looks[id_], derived=False, watch=watch))
    write_events(scene.transaction, scene.observation.stream_id, given)
    pairs = [{"said": said.id, "event": said.of or said.id} for said in own]
    do(scene.transaction, _SAY, rows=pairs)


def write_events(transaction: Transaction, stream_id: str, given: list[Row]) -> None:
    """Write events as they are now."""
    do(
        transaction,
        "MATCH (s:Stream {id: $stream}) UNWIND $rows AS r MERGE (e:Event {id: r.id})"
        " ON CREATE SET e.labels = [], e.words = '' SET e += r MERGE (e)-[:ON]->(s)",
        stream=stream_id,
        rows=given,
    )


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
    """The properties of an event."""
    return {
        "id": event.id,
        "stream_id": event.stream_id,
        "look": look,
        "derived": derived,
        "watch": watch,
        "type": str(event.type),
        **times(origin_ms, event.start_s, event.end_s),
        "confidence": event.confidence,
        "caption": event.caption,
        "box_json": box_text(event.box),
        "zone": event.zone,
        "line": event.line,
        "state": str(event.state),
        "attributes_json": dump(event.attributes),
        "direction": event.attributes.get("direction"),
    }


def _free(transaction: Transaction, stream_id: str, types: Iterable[EventType]) -> list[EventType]:
    """Those of the types of which deep assertions wait for events to support."""
    found = rows(
        transaction,
        "UNWIND $types AS type WITH type WHERE EXISTS { (:Assertion {stream_id: $id, free: true, type: type}) } RETURN type",
        id=stream_id,
        types=[str(type_) for type_ in types],
    )
    return [EventType(row["type"]) for row in found]


def _deep(transaction: Transaction, stream_id: str, type_: str, window: Window) -> list[Happening]:
    """Free deep assertions that overlap a window of media milliseconds."""
    found = rows(
        transaction,
        "MATCH (a:Assertion {stream_id: $id, free: true}) WHERE a.type = $type AND a.start_pts < $high"
        " AND coalesce(a.end_pts, a.start_pts) >= $low RETURN a{.id, .start_pts, .end_pts, .roles_json} AS a",
        id=stream_id,
        type=str(type_),
        low=(window[0] - 1) / 1000,
        high=min(window[1], _MOST) / 1000,
    )
    out = [happening(row["a"]["id"], row["a"]["start_pts"], row["a"]["end_pts"], roles_of(row["a"])) for row in found]
    return [near for near in out if near.end > window[0]]


def _given(transaction: Transaction, stream_id: str, type_: str, window: Window) -> list[Happening]:
    """Given events that overlap a window of media milliseconds; retracted ones are none."""
    found = rows(
        transaction,
        "MATCH (e:Event {stream_id: $id}) WHERE e.type = $type AND NOT e.derived AND e.state <> 'retracted'"
        " AND e.start_pts < $high AND (e.end_pts IS NULL OR e.end_pts >= $low) RETURN e{.*} AS e",
        id=stream_id,
        type=str(type_),
        low=(window[0] - 1) / 1000,
        high=min(window[1], _MOST) / 1000,
    )
    subjects = _subjects(transaction, [row["e"]["id"] for row in found])
    out = []
    for row in found:
        start, end = window_of(event_of(row["e"]))
        id_ = row["e"]["id"]
        out.append(Happening(id=id_, start=start, end=end, subjects=subjects.get(id_, frozenset())))
    return out


def _subjects(transaction: Transaction, events: Iterable[str]) -> dict[str, frozenset[str]]:
    """Tracks of events' own assertions; what supports one has no say, or order would matter."""
    found = rows(
        transaction,
        "MATCH (a:Assertion {free: false})-[:SAYS]->(e:Event) WHERE e.id IN $ids RETURN e.id AS id, a.roles_json AS roles_json",
        ids=list(events),
    )
    out: dict[str, set[str]] = defaultdict(set)
    for row in found:
        out[row["id"]].update(role.track_id for role in roles_of(row) if role.track_id)
    return {event: frozenset(tracks) for event, tracks in out.items() if tracks}


def _place(transaction: Transaction, origin_ms: int, placed: dict[str, str]) -> set[str]:
    """Write which event each deep assertion supports, founders first; -> what changed. Emptied events are retracted."""
    asked = "MATCH (a:Assertion)-[:SAYS]->(e:Event) WHERE a.id IN $ids RETURN a.id AS said, e.id AS event"
    before = {row["said"]: row["event"] for row in rows(transaction, asked, ids=list(placed))}
    moved = {said: event for said, event in placed.items() if before.get(said) != event}
    for said, event in moved.items():
        if said == event:
            _write_founder(transaction, origin_ms, said)
    do(transaction, _SAY, rows=[{"said": said, "event": event} for said, event in moved.items()])
    gone = [said for said in moved if before.get(said) == said]
    do(transaction, "MATCH (e:Event) WHERE e.id IN $ids AND e.derived SET e.state = 'retracted'", ids=gone)
    return {*moved.values(), *(before[said] for said in moved if said in before)}


def _write_founder(transaction: Transaction, origin_ms: int, assertion: str) -> None:
    found = one(transaction, "MATCH (a:Assertion {id: $id}) RETURN a{.*} AS a", id=assertion)
    assert found is not None
    said = assertion_of(found["a"])
    row = event_row(origin_ms, fold(None, said), look="deep", derived=True, watch=0)
    write_events(transaction, said.stream_id, [row])


def sweep(transaction: Transaction, events: Iterable[str]) -> None:
    """Forget events that deep looks founded and that nothing says any more, once the judge was told."""
    do(
        transaction,
        "MATCH (e:Event) WHERE e.id IN $ids AND e.derived AND NOT EXISTS { (:Assertion)-[:SAYS]->(e) } DETACH DELETE e",
        ids=list(events),
    )


def refresh(transaction: Transaction, events: Iterable[str]) -> None:
    """Set what follows from those who say events: who takes part, their labels, what full-text search finds them by."""
    ids = list(events)
    if not ids:
        return
    _take_part(transaction, ids)
    found = rows(
        transaction,
        "MATCH (e:Event) WHERE e.id IN $ids CALL (e) { OPTIONAL MATCH (a:Assertion {look: 'deep'})-[:SAYS]->(e)"
        " WHERE a.caption <> e.caption AND a.caption <> '' WITH a.caption AS caption, min(a.id) AS first ORDER BY first"
        " RETURN collect(caption) AS captions }"
        " CALL (e) { OPTIONAL MATCH (n:Entity)-[:TAKES_PART]->(e) RETURN collect(DISTINCT n.label) AS named }"
        " CALL (e) { OPTIONAL MATCH (n:Entity)<-[:IS]-(:Track)-[:TAKES_PART {named: false}]->(e) RETURN collect(DISTINCT n.label) AS tracked }"
        " SET e.labels = named + [label IN tracked WHERE NOT label IN named]"
        " RETURN e.id AS id, [e.caption] + captions AS said",
        ids=ids,
    )
    words = [{"id": row["id"], "words": tokens("\n".join(row["said"]))} for row in found]
    do(transaction, "UNWIND $rows AS r MATCH (e:Event {id: r.id}) SET e.words = r.words", rows=words)
    do(
        transaction,
        "MATCH (e:Event)-[:ON]->(s:Stream) WHERE e.id IN $ids OPTIONAL MATCH (e)-[old:IN_ZONE]->(:Zone) DELETE old"
        " WITH DISTINCT e, s WHERE e.zone IS NOT NULL MATCH (z:Zone {name: e.zone})-[:ON]->(s) MERGE (e)-[:IN_ZONE]->(z)",
        ids=ids,
    )


def _take_part(transaction: Transaction, ids: list[str]) -> None:
    """Who takes part in events, as their assertions say; a thing that was not described yet is there by its id alone."""
    asked = (
        "MATCH (a:Assertion)-[:SAYS]->(e:Event) WHERE e.id IN $ids AND a.roles_json <> '[]'"
        " RETURN e.id AS event, a.roles_json AS roles_json ORDER BY a.seq"
    )
    parts: dict[str, dict[tuple[str, str, str, bool], None]] = {"Track": {}, "Entity": {}}
    for row in rows(transaction, asked, ids=ids):
        for role in roles_of(row):
            if role.track_id:  # whose entity is named beside it, is that one
                parts["Track"][row["event"], role.track_id, role.role, role.entity_id is not None] = None
            if role.entity_id:
                parts["Entity"][row["event"], role.entity_id, role.role, False] = None
    do(transaction, "MATCH ()-[r:TAKES_PART]->(e:Event) WHERE e.id IN $ids DELETE r", ids=ids)
    for label, given in parts.items():
        do(
            transaction,
            f"UNWIND $rows AS r MATCH (e:Event {{id: r.event}}) MERGE (n:{label} {{id: r.id}}) ON CREATE SET n.present = false"
            " CREATE (n)-[:TAKES_PART {role: r.role, named: r.named}]->(e)",
            rows=[{"event": event, "id": id_, "role": role, "named": named} for event, id_, role, named in given],
        )


def retract(transaction: Transaction, stream_id: str, origin_ms: int) -> None:
    """Retract every event that fast looks gave; deep looks that supported one are placed anew."""
    do(
        transaction,
        "MATCH (e:Event {stream_id: $id}) WHERE e.look = 'fast' AND NOT e.derived SET e.state = 'retracted'",
        id=stream_id,
    )
    types = rows(
        transaction, "MATCH (a:Assertion {stream_id: $id, free: true}) RETURN DISTINCT a.type AS type", id=stream_id
    )
    for row in types:
        changed = derive(transaction, stream_id, origin_ms, EventType(row["type"]), [(0.0, _FOREVER)])
        refresh(transaction, changed)
        sweep(transaction, changed)
