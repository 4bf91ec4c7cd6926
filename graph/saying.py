"""Writing assertions of one observation and the events that follow from them."""

import json
from collections.abc import Iterable, Iterator

from graph.rows import Connection, Row, Value, dump, insert, times, to_box, upsert
from graph.scene import Scene
from graph.settle import TOLERANCE_MS, Event, Happening, Window, closure, fold, happening, supports
from vidette import codec
from vidette.errors import StoreError
from vidette.ids import milliseconds
from vidette.intervals import union
from vidette.models import Assertion, EventType, State

_FOREVER = float("inf")


def write_assertions(scene: Scene) -> None:
    """Keep the assertions, fold the given events, then re-derive what these touch."""
    touched: dict[EventType, list[Window]] = {}
    for said in scene.observation.assertions:
        fresh = _write_assertion(scene, said)
        if said.look == "fast" or (fresh and said.of is not None):
            window = _own_event(scene, said)
        elif not fresh:
            window = None
        else:
            one = happening(said)
            window = (one.start, one.end)
        if window:
            touched.setdefault(said.type, []).append(window)
    for type_, windows in touched.items():
        scene.changed.update(derive(scene.connection, scene.observation.stream_id, scene.origin_ms, type_, windows))


def derive(
    connection: Connection, stream_id: str, origin_ms: int, type_: EventType, windows: Iterable[Window]
) -> set[str]:
    """Settle anew which events the deep assertions near the windows support; -> ids of the events that changed."""

    def load(window: Window) -> list[Happening]:
        return list(_deep(connection, stream_id, type_, window))

    deep: dict[str, Happening] = {}
    for low, high in union((low - TOLERANCE_MS, high + TOLERANCE_MS) for low, high in windows):
        deep.update(closure(load, (low, high)))
    if not deep:
        return set()
    low = min(one.start for one in deep.values()) - TOLERANCE_MS
    high = max(one.end for one in deep.values()) + TOLERANCE_MS
    placed = supports(_given(connection, stream_id, type_, (low, high)), deep.values())
    return _place(connection, origin_ms, placed)


def _write_assertion(scene: Scene, said: Assertion) -> bool:
    """Keep an assertion; False where it was there: what was said is never changed."""
    if said.look == "deep" and said.of not in (None, said.id):
        raise StoreError(f"deep assertion {said.id!r} names {said.of!r}; it may name itself or nothing")
    row: dict[str, Value] = {
        "id": said.id,
        "stream_id": said.stream_id,
        "run_id": said.run_id,
        "look": said.look,
        "type": said.type,
        "of": said.of or (said.id if said.look == "fast" else None),
        **times(scene.origin_ms, said.start_s, said.end_s),
        "confidence": said.confidence,
        "caption": said.caption,
        "segment_id": said.segment_id,
        "body_json": codec.encode(said).decode(),
    }
    before = scene.connection.total_changes
    insert(scene.connection, "assertions", row, conflict="(id) DO NOTHING")
    if scene.connection.total_changes == before:
        return False
    for place, role in enumerate(said.roles):
        part: dict[str, Value] = {"role": role.role, "track_id": role.track_id, "entity_id": role.entity_id}
        insert(scene.connection, "takes_part", {"assertion_id": said.id, "place": place, **part})
    for place, shown in enumerate(said.evidence):
        picture: dict[str, Value] = {"kind": shown.kind, "sha256": shown.sha256, "uri": shown.uri, "pts": shown.pts_s}
        box = dump(shown.box) if shown.box else None
        insert(scene.connection, "shown_in", {"assertion_id": said.id, "place": place, **picture, "box_json": box})
    return True


def _own_event(scene: Scene, said: Assertion) -> Window | None:
    """Fold an assertion into the event it names; -> the media time in which overlap has changed."""
    event_id = said.of or said.id
    scene.changed.add(event_id)
    row = scene.connection.execute("SELECT * FROM events WHERE id = ?", (event_id,)).fetchone()
    if row and (row["stream_id"], row["type"]) != (said.stream_id, said.type):
        raise StoreError(f"assertion {said.id!r} continues event {event_id!r} of another stream or type")
    watch = scene.watch if said.look == "fast" else 0
    current = row is not None and row["watch"] == watch
    if row is not None and not current:
        scene.connection.execute(
            "DELETE FROM says WHERE event_id = ? AND assertion_id IN (SELECT id FROM assertions WHERE look = 'fast')",
            (event_id,),
        )
    before = event_of(row) if current else None
    known = _subjects(scene.connection, event_id) if current else None
    event = fold(before, said)
    write_event(scene.connection, scene.origin_ms, event, look=said.look, derived=False, watch=watch)
    says: dict[str, Value] = {"assertion_id": said.id, "event_id": event_id}
    insert(scene.connection, "says", says, conflict="(assertion_id) DO UPDATE SET event_id = excluded.event_id")
    refresh_words(scene.connection, [event_id])
    after = _window(event)
    if before is None:
        return after
    same = _window(before) == after and (before.state is State.RETRACTED) == (event.state is State.RETRACTED)
    if same and known == _subjects(scene.connection, event_id):
        return None
    return min(_window(before)[0], after[0]), max(_window(before)[1], after[1])


def _window(event: Event) -> Window:
    start = milliseconds(event.start_s)
    return start, _FOREVER if event.end_s is None else max(start + 1, milliseconds(event.end_s))


def event_of(row: Row) -> Event:
    """The event in a row of `events`."""
    return Event(
        id=row["id"],
        stream_id=row["stream_id"],
        type=EventType(row["type"]),
        start_s=row["start_pts"],
        end_s=row["end_pts"],
        confidence=row["confidence"],
        caption=row["caption"],
        state=State(row["state"]),
        box=to_box(row["box_json"]),
        zone=row["zone"],
        line=row["line"],
        attributes=json.loads(row["attributes_json"]),
    )


def write_event(connection: Connection, origin_ms: int, event: Event, *, look: str, derived: bool, watch: int) -> None:
    """Insert or update the row of an event."""
    row: dict[str, Value] = {
        "id": event.id,
        "stream_id": event.stream_id,
        "look": look,
        "derived": int(derived),
        "watch": watch,
        "type": event.type,
        **times(origin_ms, event.start_s, event.end_s),
        "confidence": event.confidence,
        "caption": event.caption,
        "box_json": dump(event.box) if event.box else None,
        "zone": event.zone,
        "line": event.line,
        "state": event.state,
        "attributes_json": dump(event.attributes),
        "words": event.caption,
    }
    upsert(connection, "events", "id", row)


def _deep(connection: Connection, stream_id: str, type_: str, window: Window) -> Iterator[Happening]:
    """Free deep assertions that overlap a window of media milliseconds."""
    found = connection.execute(
        "SELECT body_json FROM assertions WHERE seq IN (SELECT a.seq FROM json_each(?1) reach CROSS JOIN assertions a"
        ' WHERE a.stream_id = ?2 AND a.type = ?3 AND a."of" IS NULL AND a.size = reach.key'
        " AND a.start_pts > reach.value AND a.start_pts < ?4)",
        (reach(window[0] / 1000, 0.001), stream_id, type_, window[1] / 1000),
    )
    for row in found:
        one = happening(codec.decode(Assertion, row["body_json"]))
        if one.end > window[0]:
            yield one


def _given(connection: Connection, stream_id: str, type_: str, window: Window) -> list[Happening]:
    """Given events that overlap a window of media milliseconds; retracted ones are none."""
    found = connection.execute(
        "SELECT * FROM events WHERE seq IN (SELECT e.seq FROM json_each(?1) reach CROSS JOIN events e"
        " WHERE e.stream_id = ?2 AND e.type = ?3 AND e.size = reach.key"
        " AND e.start_pts > reach.value AND e.start_pts < ?4) AND NOT derived AND state != 'retracted'",
        (reach(window[0] / 1000, 0.001), stream_id, type_, window[1] / 1000),
    ).fetchall()
    out = []
    for row in found:
        start, end = _window(event_of(row))
        out.append(Happening(id=row["id"], start=start, end=end, subjects=_subjects(connection, row["id"])))
    return out


def reach(low: float, unit: float) -> str:
    """For each `size`, the start after which a row may still reach beyond `low`, as a JSON list.

    A row of size n lasts less than 2^n ms; `unit` is the length of a millisecond. The last is for rows without end.
    """
    bounds = [low - 2 * unit * 2.0**size for size in range(64)]
    return json.dumps([*bounds, -1e300])


def _subjects(connection: Connection, event_id: str) -> frozenset[str]:
    """Tracks of an event's own assertions; what supports it has no say, or order would matter."""
    found = connection.execute(
        "SELECT DISTINCT track_id FROM says JOIN assertions a ON a.id = says.assertion_id"
        " JOIN takes_part t ON t.assertion_id = a.id"
        ' WHERE event_id = ? AND a."of" IS NOT NULL AND track_id IS NOT NULL',
        (event_id,),
    )
    return frozenset(row["track_id"] for row in found)


def _place(connection: Connection, origin_ms: int, placed: dict[str, str]) -> set[str]:
    """Write which event each deep assertion supports, founders first, emptied events last; -> what changed and is left."""
    before = _placed(connection, placed)
    moved = {said: event for said, event in placed.items() if before.get(said) != event}
    for said, event in moved.items():
        if said == event:
            _write_founder(connection, origin_ms, said)
    for said, event in moved.items():
        row: dict[str, Value] = {"assertion_id": said, "event_id": event}
        insert(connection, "says", row, conflict="(assertion_id) DO UPDATE SET event_id = excluded.event_id")
    gone = [said for said in moved if before.get(said) == said]
    connection.executemany("DELETE FROM events WHERE id = ? AND derived", [(event,) for event in gone])
    changed = {*moved.values(), *(before[said] for said in moved if said in before)} - set(gone)
    refresh_words(connection, changed)
    return changed


def _placed(connection: Connection, placed: Iterable[str]) -> dict[str, str]:
    found = connection.execute(
        "SELECT assertion_id, event_id FROM says WHERE assertion_id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(placed)),),
    )
    return {row["assertion_id"]: row["event_id"] for row in found}


def _write_founder(connection: Connection, origin_ms: int, assertion_id: str) -> None:
    row = connection.execute("SELECT body_json FROM assertions WHERE id = ?", (assertion_id,)).fetchone()
    said = codec.decode(Assertion, row["body_json"])
    write_event(connection, origin_ms, fold(None, said), look="deep", derived=True, watch=0)


def refresh_words(connection: Connection, events: Iterable[str]) -> None:
    """Set what full-text search finds an event by: its caption and those of the deep looks that support it."""
    connection.execute(
        "UPDATE events SET words = caption || coalesce((SELECT char(10) || group_concat(caption, char(10)) FROM"
        " (SELECT DISTINCT a.caption FROM says JOIN assertions a ON a.id = says.assertion_id"
        " WHERE says.event_id = events.id AND a.look = 'deep' AND a.caption != events.caption ORDER BY a.id)), '')"
        " WHERE id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(events)),),
    )


def retract(connection: Connection, stream_id: str, origin_ms: int) -> None:
    """Retract every event that fast looks gave; deep looks that supported one are placed anew."""
    connection.execute(
        "UPDATE events SET state = 'retracted' WHERE stream_id = ? AND look = 'fast' AND NOT derived", (stream_id,)
    )
    types = connection.execute(
        'SELECT DISTINCT type FROM assertions WHERE stream_id = ? AND "of" IS NULL', (stream_id,)
    ).fetchall()
    for row in types:
        derive(connection, stream_id, origin_ms, EventType(row["type"]), [(0.0, _FOREVER)])
