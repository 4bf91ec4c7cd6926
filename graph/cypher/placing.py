"""Which events free deep assertions support (graph.settle), derived anew where something near them changed."""

from collections.abc import Iterable

from graph.cypher.assertions import SAYING, assertion_of, roles_of, saying_of, subjects_of, waiting
from graph.cypher.driver import KEPT, Row, Transaction, do, rows
from graph.cypher.events import event_of, event_row, say, write_events
from graph.cypher.lasting import SHORT_MS, reaches
from graph.settle import Happening, Window, fold, happening, placements, window_of
from vidette.models import EventType

_MOST = 1e15
"""A time after every other, where a number is needed."""
_GIVEN = (
    f"{KEPT}CALL () {{ MATCH (e:Event) USING INDEX e:Event(stream_id, start_pts) WHERE e.stream_id = $given.id"
    " AND e.start_pts >= $given.low AND e.start_pts < $given.high RETURN e"
    " UNION ALL MATCH (e:Event) USING INDEX e:Event(stream_id, start_pts) WHERE e.stream_id = $given.id"
    " AND e.start_pts > $given.near AND e.start_pts < $given.low AND e.long IS NULL RETURN e"
    " UNION ALL UNWIND $given.reaches AS reach MATCH (e:Event) USING INDEX SEEK e:Event(long, start_pts)"
    " WHERE e.long = reach.size AND e.start_pts > reach.low AND e.start_pts < $given.low AND e.stream_id = $given.id"
    " RETURN e } WITH e WHERE e.type = $given.type AND NOT e.derived AND e.state <> 'retracted'"
    " AND (e.end_pts IS NULL OR e.end_pts >= $given.low)"
    f" RETURN e{{.*}} AS e, [(a:Assertion {{free: false}})-[:SAYS]->(e) | {SAYING}] AS said"
)
"""Given events that begin in a window, short ones that begin shortly before it, and long ones that reach into it."""
PLACED = (
    "MATCH (a:Assertion) USING INDEX a:Assertion(id) WHERE a.id IN $ids"
    " CALL (a) { MATCH (a)-[:SAYS]->(e) RETURN e.id AS event } RETURN a.id AS said, event"
)
"""Which events assertions say: in a young memory the server would go through all events, and join."""


def derive(
    transaction: Transaction, stream_id: str, origin_ms: int, type_: EventType, windows: Iterable[Window]
) -> set[str]:
    """Settle anew which events the deep assertions near the windows support; -> ids of those that changed."""

    def load(window: Window) -> list[Happening]:
        return _deep(transaction, stream_id, type_, window)

    def given(window: Window) -> list[Happening]:
        return _given(transaction, stream_id, type_, window)

    return _place(transaction, origin_ms, placements(windows, load, given))


def _deep(transaction: Transaction, stream_id: str, type_: str, window: Window) -> list[Happening]:
    """Free deep assertions that overlap a window of media milliseconds."""
    found = rows(
        transaction,
        "MATCH (a:Assertion) USING INDEX a:Assertion(waits, start_pts) WHERE a.waits = $waits AND a.start_pts < $high"
        " AND coalesce(a.end_pts, a.start_pts) >= $low"
        " RETURN a{.id, .start_pts, .end_pts, .roles_json} AS a",
        waits=waiting(stream_id, type_),
        low=(window[0] - 1) / 1000,
        high=min(window[1], _MOST) / 1000,
    )
    out = [happening(row["a"]["id"], row["a"]["start_pts"], row["a"]["end_pts"], roles_of(row["a"])) for row in found]
    return [near for near in out if near.end > window[0]]


def _given(transaction: Transaction, stream_id: str, type_: str, window: Window) -> list[Happening]:
    """Given events that overlap a window of media milliseconds; retracted ones are none."""
    low = (window[0] - 1) / 1000
    given: Row = {
        "id": stream_id,
        "type": str(type_),
        "low": low,
        "near": low - 2 * SHORT_MS / 1000,
        "high": min(window[1], _MOST) / 1000,
        "reaches": reaches(low, 0.001),
    }
    found = rows(transaction, _GIVEN, given=given)
    out = []
    for row in found:
        start, end = window_of(event_of(row["e"]))
        subjects = subjects_of(map(saying_of, row["said"]))
        out.append(Happening(id=row["e"]["id"], start=start, end=end, subjects=subjects))
    return out


def _place(transaction: Transaction, origin_ms: int, placed: dict[str, str]) -> set[str]:
    """Write which event each deep assertion supports, founders first; -> what changed. Emptied events are retracted."""
    before = {row["said"]: row["event"] for row in rows(transaction, PLACED, ids=list(placed))}
    moved = {said: event for said, event in placed.items() if before.get(said) != event}
    _write_founders(transaction, origin_ms, [said for said, event in moved.items() if said == event])
    say(transaction, moved)
    gone = [said for said in moved if before.get(said) == said]
    do(transaction, "MATCH (e:Event) WHERE e.id IN $ids AND e.derived SET e.state = 'retracted'", ids=gone)
    return {*moved.values(), *(before[said] for said in moved if said in before)}


def _write_founders(transaction: Transaction, origin_ms: int, assertions: list[str]) -> None:
    """Events that begin with these assertions, all of one stream."""
    found = rows(transaction, "MATCH (a:Assertion) WHERE a.id IN $ids RETURN a{.*} AS a", ids=assertions)
    said = [assertion_of(row["a"]) for row in found]
    given = [event_row(origin_ms, fold(None, one), look="deep", derived=True, watch=0) for one in said]
    if said:
        write_events(transaction, said[0].stream_id, given)


def sweep(transaction: Transaction, events: Iterable[str]) -> None:
    """Forget events that deep looks founded and that nothing says any more, once the judge was told."""
    do(
        transaction,
        "MATCH (e:Event) WHERE e.id IN $ids AND e.derived AND NOT EXISTS { (:Assertion)-[:SAYS]->(e) }"
        " WITH e, e.shape AS was DETACH DELETE e"
        " WITH was, count(*) AS gone MATCH (h:Shape {key: was}) SET h.count = h.count - gone",
        ids=list(events),
    )
