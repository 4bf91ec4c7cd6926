"""Writing assertions of one observation and the events that follow from them."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator

from graph.assertions import assertions_of, rest_of, roles_of
from graph.names import known, listed
from graph.reach import REACH_S, near_media
from graph.rows import Connection, Row, Value, box_text, dump, insert, insert_all, many, times, to_box
from graph.scene import Scene
from graph.settle import Event, Happening, Window, fold, happening, moved, placements, window_of
from graph.shapes import reshape_stream, shapes_of
from vidette.errors import StoreError
from vidette.models import Assertion, EventType, State

_FOREVER = float("inf")
SAYS = "INSERT INTO says VALUES (?, ?) ON CONFLICT (assertion_seq) DO UPDATE SET event_seq = excluded.event_seq"
# Words follow the assertions that say an event, and its number never changes.
EVENT_MOVED = "(seq) DO UPDATE SET " + ", ".join(
    f'"{name}" = excluded."{name}"'
    for name in (
        *("look", "derived", "watch", "start", "end", "start_pts", "end_pts", "size", "confidence", "caption"),
        *("box_json", "zone", "line", "state", "attributes_json"),
    )
)


def write_assertions(scene: Scene) -> None:
    """Keep the assertions, fold the given events, then re-derive what these touch."""
    fresh = _write_said(scene)
    own = [one for one in scene.observation.assertions if one.look == "fast" or (one.id in fresh and one.of)]
    touched = _own_events(scene, own)
    for said in scene.observation.assertions:
        if said.look == "deep" and said.id in fresh and said.of is None:
            one = happening(said.id, said.start_s, said.end_s, said.roles)
            touched.setdefault(said.type, []).append((one.start, one.end))
    stream_id = scene.observation.stream_id
    for type_ in _free(scene.connection, stream_id, touched):
        moved = derive(scene.connection, stream_id, scene.origin_ms, type_, touched[type_])
        scene.changed.update(moved)
        scene.shaped.difference_update(moved)


def derive(
    connection: Connection, stream_id: str, origin_ms: int, type_: EventType, windows: Iterable[Window]
) -> set[int]:
    """Settle anew which events the deep assertions near the windows support; -> numbers of those that changed."""

    def load(window: Window) -> list[Happening]:
        return list(_deep(connection, stream_id, type_, window))

    def given(window: Window) -> list[Happening]:
        return _given(connection, stream_id, type_, window)

    return _place(connection, origin_ms, placements(windows, load, given))


def _write_said(scene: Scene) -> set[str]:
    """Keep assertions; -> ids of those that were not there: what was said is never changed."""
    said = {one.id: one for one in reversed(scene.observation.assertions)}
    for one in said.values():
        if one.look == "deep" and one.of not in (None, one.id):
            raise StoreError(f"deep assertion {one.id!r} names {one.of!r}; it may name itself or nothing")
    known, numbers = _known_said(scene, said), scene.numbers
    fresh = [said[one] for one in reversed(said) if numbers[one] not in known]
    insert_all(scene.connection, "assertions", [_row(scene, one) for one in fresh])
    roles = [(numbers[one.id], place, role) for one in fresh for place, role in enumerate(one.roles)]
    scene.connection.executemany(
        "INSERT INTO takes_part VALUES (?, ?, ?, ?, ?)",
        [
            (seq, place, role.role, _maybe(numbers, role.track_id), _maybe(numbers, role.entity_id))
            for seq, place, role in roles
        ],
    )
    shown = [(numbers[said_.id], place, one) for said_ in fresh for place, one in enumerate(said_.evidence)]
    scene.connection.executemany(
        "INSERT INTO shown_in VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(seq, place, one.kind, one.sha256, one.uri, one.pts_s, box_text(one.box)) for seq, place, one in shown],
    )
    return {one.id for one in fresh}


def _known_said(scene: Scene, said: Iterable[str]) -> set[int]:
    heard = scene.heard(said)
    if not heard:
        return set()
    asked = "SELECT seq FROM assertions WHERE seq IN (SELECT value FROM json_each(?))"
    return {row[0] for row in scene.connection.execute(asked, (listed(heard),))}


def _maybe(numbers: dict[str, int], id_: str | None) -> int | None:
    return None if id_ is None else numbers[id_]


def _row(scene: Scene, said: Assertion) -> dict[str, Value]:
    of = said.of or (said.id if said.look == "fast" else None)
    return {
        "seq": scene.numbers[said.id],
        "id": said.id,
        "stream_id": said.stream_id,
        "run_seq": scene.run_seq,
        "look": said.look,
        "type": said.type,
        "of_seq": _maybe(scene.numbers, of),
        **times(scene.origin_ms, said.start_s, said.end_s),
        "confidence": said.confidence,
        "caption": said.caption,
        "segment_seq": _maybe(scene.numbers, said.segment_id),
        "rest_json": rest_of(said),
    }


def _own_events(scene: Scene, own: list[Assertion]) -> dict[EventType, list[Window]]:
    """Fold assertions into the events they name; -> by type the media time in which overlap has changed."""
    known = _known(scene, own)
    before = {id_: event_of(row) for id_, row in known.items()}
    current = {one.of or one.id for one in own if (one.of or one.id) in known and not _outdated(scene, one, known)}
    subjects_before = _subjects(scene.connection, [known[id_]["seq"] for id_ in current])
    _forget(scene, [known[id_]["seq"] for id_ in known.keys() - current])
    after: dict[str, Event] = {}
    for said in own:
        id_ = said.of or said.id
        after[id_] = fold(after.get(id_) or (before[id_] if id_ in current else None), said)
    _write_own(scene, own, after, known)
    subjects_after = _subjects(scene.connection, [known[id_]["seq"] for id_ in current])
    touched: dict[EventType, list[Window]] = {}
    for id_, event in after.items():
        span = window_of(event)
        if id_ in current:
            seq = known[id_]["seq"]
            has_moved = moved(before[id_], event) or subjects_before.get(seq) != subjects_after.get(seq)
            span_before = window_of(before[id_])
            span = (min(span_before[0], span[0]), max(span_before[1], span[1]))
            if not has_moved:
                continue
        touched.setdefault(event.type, []).append(span)
    scene.changed.update(scene.numbers[id_] for id_ in after)
    return touched


def _known(scene: Scene, own: list[Assertion]) -> dict[str, Row]:
    """Rows of the events that assertions name, where there are any."""
    asked = {one.of or one.id: one for one in own}
    heard = scene.heard(asked)
    listing = "SELECT * FROM events WHERE seq IN (SELECT value FROM json_each(?))"
    found = scene.connection.execute(listing, (listed(heard),)).fetchall() if heard else []
    for said in own:
        first = asked[said.of or said.id]
        if said.type != first.type:
            raise StoreError(f"assertion {said.id!r} continues event {first.of!r} of another stream or type")
    for row in found:
        said = asked[row["id"]]
        if (row["stream_id"], row["type"]) != (said.stream_id, said.type):
            raise StoreError(f"assertion {said.id!r} continues event {row['id']!r} of another stream or type")
    return {row["id"]: row for row in found}


def _outdated(scene: Scene, said: Assertion, known: dict[str, Row]) -> bool:
    """Whether an event is of an earlier watch."""
    watch: int = known[said.of or said.id]["watch"]
    return watch != (scene.watch if said.look == "fast" else 0)


def _forget(scene: Scene, events: list[int]) -> None:
    """What earlier watches said of events is no longer theirs."""
    if not events:
        return
    scene.connection.executemany(
        "DELETE FROM says WHERE event_seq = ? AND assertion_seq IN (SELECT seq FROM assertions WHERE look = 'fast')",
        [(seq,) for seq in events],
    )


def _write_own(scene: Scene, own: list[Assertion], after: dict[str, Event], known: dict[str, Row]) -> None:
    """Write given events and which assertions say them; the words of those that were there are looked up anew."""
    looks = {one.of or one.id: one.look for one in own}
    fresh = [id_ for id_ in after if id_ not in known]
    numbers = scene.numbers
    shapes = shapes_of(scene, [after[id_] for id_ in fresh], own)
    rows = []
    for id_, event in after.items():
        watch = scene.watch if looks[id_] == "fast" else 0
        row = event_row(scene.origin_ms, event, look=looks[id_], derived=False, watch=watch)
        rows.append({"seq": numbers[id_], "shape": shapes.get(id_), **row})
    insert_all(scene.connection, "events", rows, conflict=EVENT_MOVED)
    scene.connection.executemany(SAYS, [(numbers[one.id], numbers[one.of or one.id]) for one in own])
    refresh_words(scene.connection, [row["seq"] for row in known.values()])
    scene.shaped.update(numbers[id_] for id_ in fresh)


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


def event_row(origin_ms: int, event: Event, *, look: str, derived: bool, watch: int) -> dict[str, Value]:
    """The columns of an event."""
    return {
        "id": event.id,
        "stream_id": event.stream_id,
        "look": look,
        "derived": int(derived),
        "watch": watch,
        "type": event.type,
        **times(origin_ms, event.start_s, event.end_s),
        "confidence": event.confidence,
        "caption": event.caption,
        "box_json": box_text(event.box),
        "zone": event.zone,
        "line": event.line,
        "state": event.state,
        "attributes_json": dump(event.attributes),
        "words": event.caption,
    }


def _free(connection: Connection, stream_id: str, types: Iterable[EventType]) -> list[EventType]:
    """Those of the types of which deep assertions wait for events to support."""
    found = connection.execute(
        "SELECT value FROM json_each(?2) WHERE EXISTS"
        " (SELECT 1 FROM assertions WHERE stream_id = ?1 AND type = value AND of_seq IS NULL)",
        (stream_id, many(types)),
    )
    return [EventType(row[0]) for row in found]


def _deep(connection: Connection, stream_id: str, type_: str, window: Window) -> Iterator[Happening]:
    """Free deep assertions that overlap a window of media milliseconds."""
    found = connection.execute(
        "SELECT a.seq, a.id, a.start_pts, a.end_pts FROM json_each(?1) reach CROSS JOIN assertions a"
        " WHERE a.stream_id = ?2 AND a.type = ?3 AND a.of_seq IS NULL AND a.size = reach.key"
        " AND a.start_pts > ?4 - reach.value AND a.start_pts < ?5",
        (REACH_S, stream_id, type_, window[0] / 1000, window[1] / 1000),
    ).fetchall()
    roles = roles_of(connection, [row["seq"] for row in found])
    for row in found:
        one = happening(row["id"], row["start_pts"], row["end_pts"], roles.get(row["seq"], ()))
        if one.end > window[0]:
            yield one


def _given(connection: Connection, stream_id: str, type_: str, window: Window) -> list[Happening]:
    """Given events that overlap a window of media milliseconds; retracted ones are none."""
    near, values = near_media("events", window[0] / 1000, window[1] / 1000, stream_id)
    found = connection.execute(
        f"SELECT * FROM events WHERE seq IN ({near}) AND +stream_id = ? AND +type = ?"  # noqa: S608  fixed text
        " AND NOT derived AND state != 'retracted'",
        (*values, stream_id, type_),
    ).fetchall()
    subjects = _subjects(connection, [row["seq"] for row in found])
    out = []
    for row in found:
        start, end = window_of(event_of(row))
        theirs = subjects.get(row["seq"], frozenset())
        out.append(Happening(id=row["id"], start=start, end=end, subjects=theirs))
    return out


def _subjects(connection: Connection, events: list[int]) -> dict[int, frozenset[str]]:
    """Tracks of events' own assertions; what supports one has no say, or order would matter."""
    out: dict[int, set[str]] = defaultdict(set)
    if events:
        found = connection.execute(
            "SELECT says.event_seq, m.id AS track_id FROM says JOIN assertions a ON a.seq = says.assertion_seq"
            " JOIN takes_part t ON t.assertion_seq = a.seq JOIN names m ON m.seq = t.track_seq"
            " WHERE event_seq IN (SELECT value FROM json_each(?)) AND a.of_seq IS NOT NULL",
            (listed(events),),
        )
        for row in found:
            out[row["event_seq"]].add(row["track_id"])
    return {event: frozenset(tracks) for event, tracks in out.items()}


def _place(connection: Connection, origin_ms: int, placed: dict[str, str]) -> set[int]:
    """Write which event each deep assertion supports, founders first; -> what changed. Emptied events are retracted."""
    numbers = known(connection, {*placed, *placed.values()})
    wanted = {numbers[said]: numbers[event] for said, event in placed.items()}
    before = _placed(connection, wanted)
    moved = {said: event for said, event in wanted.items() if before.get(said) != event}
    for said, event in moved.items():
        if said == event:
            _write_founder(connection, origin_ms, said)
    connection.executemany(SAYS, moved.items())
    gone = [(said,) for said in moved if before.get(said) == said]
    connection.executemany("UPDATE events SET state = 'retracted' WHERE seq = ? AND derived", gone)
    changed = {*moved.values(), *(before[said] for said in moved if said in before)}
    refresh_words(connection, changed)
    return changed


def sweep(connection: Connection, moved: set[int]) -> None:
    """Forget events that deep looks founded and that nothing says any more, once the judge was told."""
    if not moved:
        return
    connection.execute(
        "DELETE FROM events WHERE seq IN (SELECT value FROM json_each(?)) AND derived"
        " AND NOT EXISTS (SELECT 1 FROM says WHERE says.event_seq = events.seq)",
        (listed(moved),),
    )


def _placed(connection: Connection, said: Iterable[int]) -> dict[int, int]:
    asked = "SELECT assertion_seq, event_seq FROM says WHERE assertion_seq IN (SELECT value FROM json_each(?))"
    return dict(tuple(row) for row in connection.execute(asked, (listed(said),)))


def _write_founder(connection: Connection, origin_ms: int, assertion: int) -> None:
    found = connection.execute("SELECT * FROM assertions WHERE seq = ?", (assertion,)).fetchall()
    (said,) = assertions_of(connection, found)
    founded = event_row(origin_ms, fold(None, said), look="deep", derived=True, watch=0)
    insert(connection, "events", {"seq": assertion, **founded}, conflict=EVENT_MOVED)


def refresh_words(connection: Connection, events: Iterable[int]) -> None:
    """Set what full-text search finds an event by: its caption and those of the deep looks that support it."""
    seqs = list(events)
    if not seqs:
        return
    connection.execute(
        "UPDATE events SET words = caption || coalesce((SELECT char(10) || group_concat(caption, char(10)) FROM"
        " (SELECT DISTINCT a.caption FROM says JOIN assertions a ON a.seq = says.assertion_seq"
        " WHERE says.event_seq = events.seq AND a.look = 'deep' AND a.caption != events.caption ORDER BY a.id)), '')"
        " WHERE seq IN (SELECT value FROM json_each(?))",
        (listed(seqs),),
    )


def retract(connection: Connection, stream_id: str, origin_ms: int) -> None:
    """Retract every event that fast looks gave; deep looks that supported one are placed anew."""
    connection.execute(
        "UPDATE events SET state = 'retracted' WHERE stream_id = ? AND look = 'fast' AND NOT derived", (stream_id,)
    )
    types = connection.execute(
        "SELECT DISTINCT type FROM assertions WHERE stream_id = ? AND of_seq IS NULL", (stream_id,)
    ).fetchall()
    for row in types:
        sweep(connection, derive(connection, stream_id, origin_ms, EventType(row["type"]), [(0.0, _FOREVER)]))
    reshape_stream(connection, stream_id)
