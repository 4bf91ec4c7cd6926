"""Writing assertions of one observation to a Neo4j server, and the events that follow from them (graph.settle)."""

from collections.abc import Mapping

from graph.cypher.assertions import Saying, node_of, saying_of, subjects_of
from graph.cypher.driver import Row, Transaction, do, rows
from graph.cypher.events import (
    event_of,
    event_row,
    parts_of,
    place_in_zones,
    refresh,
    say,
    words_of,
    write_events,
    write_parts,
)
from graph.cypher.placing import derive, sweep
from graph.cypher.scene import Scene
from graph.cypher.shapes import reshape_stream
from graph.settle import Event, Window, fold, happening, moved, window_of
from vidette.errors import StoreError
from vidette.models import Assertion, EventType

Sayings = dict[str, dict[str, Saying]]
"""Who says which event, by ids of events and assertions."""
_FOREVER = float("inf")
_MOST = 100_000
"""Assertions of one observation that are told apart by their order."""
_WRITE = (
    "MATCH (run:Run {id: $run}) UNWIND $rows AS r CREATE (a:Assertion) SET a = r CREATE (a)-[:BY]->(run)"
    " WITH a WHERE a.segment_id IS NOT NULL MATCH (g:Segment {id: a.segment_id}) MERGE (a)-[:FROM]->(g)"
)


def write_assertions(scene: Scene) -> None:
    """Keep the assertions, fold the given events, then re-derive what these touch."""
    if not scene.observation.assertions:
        return
    fresh = _write_said(scene)
    own = [one for one in scene.observation.assertions if one.look == "fast" or (one.id in fresh and one.of)]
    touched = _own_events(scene, own, fresh)
    for said in scene.observation.assertions:
        if said.look == "deep" and said.id in fresh and said.of is None:
            near = happening(said.id, said.start_s, said.end_s, said.roles)
            touched.setdefault(said.type, []).append((near.start, near.end))
    waiting = scene.known.free | {
        one.type for one in scene.observation.assertions if one.id in fresh and fresh[one.id].free
    }
    for type_ in sorted(waiting & touched.keys()):
        stream_id = scene.observation.stream_id
        scene.moved.update(derive(scene.transaction, stream_id, scene.origin_ms, type_, touched[type_]))
    scene.changed.update(scene.moved)


def _write_said(scene: Scene) -> dict[str, Saying]:
    """Keep assertions; -> those that were not there, by id: what was said is never changed."""
    said = {one.id: one for one in reversed(scene.observation.assertions)}
    for one in said.values():
        if one.look == "deep" and one.of not in (None, one.id):
            raise StoreError(f"deep assertion {one.id!r} names {one.of!r}; it may name itself or nothing")
    fresh = [said[id_] for id_ in reversed(said) if id_ not in scene.known.said]
    given = [_row(scene, place, one) for place, one in enumerate(fresh)]
    do(scene.transaction, _WRITE, run=scene.observation.run.id, rows=given)
    return {row["id"]: saying_of(row) for row in given}


def _row(scene: Scene, place: int, said: Assertion) -> Row:
    of = said.of or (said.id if said.look == "fast" else None)
    return {
        **node_of(said, scene.origin_ms, run_id=said.run_id, of=of),
        "seq": scene.turn * _MOST + place,
    }


def _own_events(scene: Scene, own: list[Assertion], fresh: Mapping[str, Saying]) -> dict[EventType, list[Window]]:
    """Fold assertions into the events they name; -> by type the media time in which overlap has changed."""
    known = _known(scene, own)
    before = {id_: event_of(row) for id_, row in known.items()}
    current = {one.of or one.id for one in own if (one.of or one.id) in known and not _outdated(scene, one, known)}
    after: dict[str, Event] = {}
    for said in own:
        id_ = said.of or said.id
        after[id_] = fold(after.get(id_) or (before[id_] if id_ in current else None), said)
    says = _says(scene, own, fresh, outdated=known.keys() - current)
    _write_own(scene, own, after, says)
    touched: dict[EventType, list[Window]] = {}
    for id_, event in after.items():
        span = window_of(event)
        if id_ in current:
            same = subjects_of(scene.known.says[id_].values()) == subjects_of(says[id_].values())
            if same and not moved(before[id_], event):
                continue
            span_before = window_of(before[id_])
            span = (min(span_before[0], span[0]), max(span_before[1], span[1]))
        touched.setdefault(event.type, []).append(span)
    scene.changed.update(after)
    return touched


def _known(scene: Scene, own: list[Assertion]) -> dict[str, Row]:
    """Nodes of the events that assertions name, where there are any."""
    asked = {one.of or one.id: one for one in own}
    for said in own:
        first = asked[said.of or said.id]
        if said.type != first.type:
            raise StoreError(f"assertion {said.id!r} continues event {first.of!r} of another stream or type")
    found = {id_: node for id_, node in scene.known.events.items() if id_ in asked}
    for id_, node in found.items():
        said = asked[id_]
        if (node["stream_id"], node["type"]) != (said.stream_id, said.type):
            raise StoreError(f"assertion {said.id!r} continues event {id_!r} of another stream or type")
    return found


def _outdated(scene: Scene, said: Assertion, known: dict[str, Row]) -> bool:
    """Whether an event is of an earlier watch."""
    watch: int = known[said.of or said.id]["watch"]
    return watch != (scene.watch if said.look == "fast" else 0)


def _says(scene: Scene, own: list[Assertion], fresh: Mapping[str, Saying], outdated: set[str]) -> Sayings:
    """Who says the events from now on; what earlier watches said of those outdated is no longer theirs."""
    says: Sayings = {id_: dict(those) for id_, those in scene.known.says.items()}
    for id_ in outdated:
        says[id_] = {key: one for key, one in says[id_].items() if one.look != "fast"}
    for said in own:
        for those in says.values():
            those.pop(said.id, None)
        one = fresh[said.id] if said.id in fresh else saying_of(scene.known.said[said.id])
        says.setdefault(said.of or said.id, {})[said.id] = one
    do(
        scene.transaction,
        "MATCH (e:Event) USING INDEX e:Event(id) WHERE e.id IN $ids MATCH (:Assertion {look: 'fast'})-[r:SAYS]->(e) DELETE r",
        ids=sorted(outdated),
    )
    return says


def _write_own(scene: Scene, own: list[Assertion], after: dict[str, Event], says: Sayings) -> None:
    """Write given events, which assertions say them, and what follows from those."""
    looks = {one.of or one.id: one.look for one in own}
    given = []
    for id_, event in after.items():
        watch = scene.watch if looks[id_] == "fast" else 0
        row = event_row(scene.origin_ms, event, look=looks[id_], derived=False, watch=watch)
        given.append({**row, "words": words_of(event.caption, says[id_].values())})
    write_events(scene.transaction, scene.observation.stream_id, given)
    say(scene.transaction, {one.id: one.of or one.id for one in own})
    known = scene.known.events
    before = {id_: parts_of(those.values()) for id_, those in scene.known.says.items()}
    parts = {id_: parts_of(says[id_].values()) for id_ in after}
    changed = {id_: those for id_, those in parts.items() if id_ not in known or those != before[id_]}
    write_parts(scene.transaction, changed)
    zones = {id_: known[id_].get("zone") if id_ in known else None for id_ in after}
    place_in_zones(scene.transaction, [id_ for id_, event in after.items() if event.zone != zones[id_]])


def retract(transaction: Transaction, stream_id: str, origin_ms: int) -> None:
    """Retract every event that fast looks gave; deep looks that supported one are placed anew."""
    do(
        transaction,
        "MATCH (e:Event {stream_id: $id}) WHERE e.start_pts > -1.0e300 AND e.look = 'fast' AND NOT e.derived"
        " SET e.state = 'retracted'",
        id=stream_id,
    )
    asked = (
        "MATCH (a:Assertion) USING INDEX a:Assertion(waits, start_pts) WHERE a.waits STARTS WITH $prefix"
        " AND a.start_pts > -1.0e300 RETURN DISTINCT a.type AS type"
    )
    for row in rows(transaction, asked, prefix=f"{stream_id}|"):
        changed = derive(transaction, stream_id, origin_ms, EventType(row["type"]), [(0.0, _FOREVER)])
        refresh(transaction, changed)
        sweep(transaction, changed)
    reshape_stream(transaction, stream_id)
