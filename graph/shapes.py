"""What filters ask of events, counted: a shape is a stream, type, zone, line, set of labels and whether it holds."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from graph.names import listed
from graph.rows import Connection
from graph.scene import Scene
from graph.settle import Event
from vidette.models import Assertion, Role, State

Shape = tuple[str, str, str, str, str, int]
"""Stream id, type, zone, line (empty: none), labels of its things in order with a space between, 0 where retracted."""

_SHAPED = (
    "SELECT e.seq, e.shape, e.stream_id, e.type, coalesce(e.zone, '') AS zone, coalesce(e.line, '') AS line,"
    " coalesce((SELECT group_concat(label, ' ') FROM (SELECT DISTINCT n.label FROM says s"
    " JOIN takes_part t ON t.assertion_seq = s.assertion_seq LEFT JOIN identities i ON i.track_seq = t.track_seq"
    " JOIN entities n ON n.seq = coalesce(t.entity_seq, i.entity_seq) WHERE s.event_seq = e.seq ORDER BY n.label)), '')"
    " AS labels, e.state != 'retracted' AS live FROM events e WHERE "
)
_TRACKS = (
    "SELECT i.track_seq, n.label FROM identities i JOIN entities n ON n.seq = i.entity_seq"
    " WHERE i.track_seq IN (SELECT value FROM json_each(?))"
)
_ENTITIES = "SELECT seq, label FROM entities WHERE seq IN (SELECT value FROM json_each(?))"
_MOVED = "UPDATE events SET shape = ? WHERE seq = ?"


def reshape(connection: Connection, events: set[int]) -> None:
    """Set the shapes of events that changed; call it after all else that an observation writes."""
    if events:
        _set(connection, "e.seq IN (SELECT value FROM json_each(?))", listed(events))


def reshape_stream(connection: Connection, stream_id: str) -> None:
    """Set the shapes of all events of a stream."""
    _set(connection, "e.stream_id = ?", stream_id)


def shapes_of(scene: Scene, events: Sequence[Event], said: Iterable[Assertion]) -> dict[str, int]:
    """Numbers of the shapes of events that are new, by their ids; `said` says them, and nothing else does yet."""
    roles: dict[str, list[Role]] = defaultdict(list)
    for one in said:
        roles[one.of or one.id] += one.roles
    labels = _labels(scene, [role for event in events for role in roles[event.id]])
    known: dict[Shape, int] = {}
    out = {}
    for event in events:
        things = " ".join(sorted({labels[key] for role in roles[event.id] if (key := _thing(role)) in labels}))
        live = int(event.state is not State.RETRACTED)
        shape = (event.stream_id, event.type.value, event.zone or "", event.line or "", things, live)
        if shape not in known:
            known[shape] = _shape(scene.connection, shape)
        out[event.id] = known[shape]
    return out


def _thing(role: Role) -> tuple[str, str]:
    """Who plays a role: the entity that it names, else the one that its track is."""
    return ("track", role.track_id or "") if role.entity_id is None else ("entity", role.entity_id)


def _labels(scene: Scene, roles: Iterable[Role]) -> dict[tuple[str, str], str]:
    asked = {_thing(role) for role in roles} - {("track", "")}
    tracks, entities = ({scene.numbers[id_]: id_ for of, id_ in asked if of == kind} for kind in ("track", "entity"))
    found = scene.connection.execute(_TRACKS, (listed(tracks),)).fetchall() if tracks else []
    out = {("track", tracks[row[0]]): row[1] for row in found}
    found = scene.connection.execute(_ENTITIES, (listed(entities),)).fetchall() if entities else []
    return out | {("entity", entities[row[0]]): row[1] for row in found}


def _set(connection: Connection, condition: str, value: str) -> None:
    known: dict[Shape, int] = {}
    moved = []
    for row in connection.execute(_SHAPED + condition, (value,)).fetchall():
        shape = tuple(row)[2:]
        if shape not in known:
            known[shape] = _shape(connection, shape)
        if known[shape] != row["shape"]:
            moved.append((known[shape], row["seq"]))
    connection.executemany(_MOVED, moved)


def _shape(connection: Connection, shape: Shape) -> int:
    found = connection.execute(
        "SELECT id FROM shapes WHERE (stream_id, type, zone, line, labels, live) = (?, ?, ?, ?, ?, ?)", shape
    ).fetchone()
    if found:
        return int(found["id"])
    made = connection.execute(
        "INSERT INTO shapes (stream_id, type, zone, line, labels, live) VALUES (?, ?, ?, ?, ?, ?)", shape
    ).lastrowid
    connection.executemany("INSERT INTO shape_labels VALUES (?, ?)", [(made, label) for label in shape[4].split()])
    return int(made or 0)
