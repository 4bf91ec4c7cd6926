"""Nodes and relations as design §8 names them, for neighbours, export and graph algorithms."""

import json
from collections.abc import Iterable

from graph.reading import where as conditions
from graph.rows import Connection, many
from vidette.queries import Edge, Filter, Neighbours, Node, Subgraph, WholeGraph

_TIMED = "'start', start, 'end', \"end\", 'start_pts', start_pts, 'end_pts', end_pts"
# The first assertion of an event has the event's id, an incident may have its alert's, and rules and sinks are named by
# people: among nodes of every label these carry a prefix.
PREFIXES = {"Assertion": "assertion:", "Rule": "rule:", "Sink": "sink:", "Incident": "incident:"}
_ATTEMPT = "delivery_id || '/' || number || '/' || at"

_NODES = {
    "Stream": "SELECT id, json_object('name', name, 'kind', kind, 'start', start) AS properties FROM streams",
    "Zone": "SELECT id, json_object('name', name, 'polygon_json', polygon_json) AS properties FROM zones",
    "Segment": "SELECT id, json_object($times, 'caption', caption) AS properties FROM segments WHERE present",
    "Keyframe": "SELECT id, json_object('at', at, 'pts', pts, 'sha256', sha256, 'uri', uri, 'text', text)"
    " AS properties FROM keyframes",
    "Track": "SELECT id, json_object($times, 'label', label, 'confidence', confidence,"
    " 'attributes_json', attributes_json) AS properties FROM tracks WHERE present",
    "Entity": "SELECT id, json_object('label', label, 'name', name, 'description', description,"
    " 'attributes_json', attributes_json) AS properties FROM entities WHERE present",
    "Event": "SELECT id, json_object($times, 'type', type, 'confidence', confidence, 'caption', caption,"
    " 'zone', zone, 'line', line, 'state', state, 'attributes_json', attributes_json) AS properties FROM events"
    " WHERE state != 'retracted'",
    "Assertion": "SELECT id, json_object($times, 'type', type, 'look', look, 'confidence', confidence,"
    " 'caption', caption) AS properties FROM assertions",
    "Alert": "SELECT id, json_object('rule', rule, 'severity', severity, 'state', state, 'change', change,"
    " 'sequence', sequence, 'at', at, 'raised_at', raised_at, 'subject', subject) AS properties FROM alerts",
    "Rule": "SELECT id, json_object('version', version) AS properties FROM (SELECT rule AS id, rule_version AS version,"
    " row_number() OVER (PARTITION BY rule ORDER BY at DESC, id DESC) AS place FROM alerts) WHERE place = 1",
    "Incident": "SELECT id, '{}' AS properties FROM (SELECT DISTINCT incident AS id FROM alerts)",
    "Delivery": "SELECT id, json_object('status', status, 'next_at', next_at, 'sequence', sequence, 'tries', tries)"
    " AS properties FROM deliveries",
    "Sink": "SELECT id, '{}' AS properties FROM (SELECT DISTINCT sink AS id FROM deliveries)",
    "Attempt": "SELECT id, properties FROM (SELECT $attempt AS id,"
    " json_object('at', at, 'status', status, 'number', number) AS properties FROM attempts)",
    "Run": "SELECT id, json_object('model', model, 'revision', revision, 'prompt_hash', prompt_hash,"
    " 'params_json', params_json) AS properties FROM runs",
}

# Each gives source, target and properties; a condition on source or target is added to every one.
_EDGES = {
    ("Zone", "ON", "Stream"): "SELECT id AS source, stream_id AS target, '{}' AS properties FROM zones",
    ("Segment", "OF", "Stream"): "SELECT m.id AS source, s.stream_id AS target, '{}' AS properties FROM segments s"
    " JOIN names m ON m.seq = s.seq",
    (
        "Segment",
        "NEXT",
        "Segment",
    ): "SELECT m.id AS source, n.id AS target, '{}' AS properties FROM segments a JOIN segments b"
    " ON b.stream_id = a.stream_id AND b.present AND a.present"
    " AND b.start_pts = (SELECT min(c.start_pts) FROM segments c"
    " WHERE c.stream_id = a.stream_id AND c.present AND c.start_pts > a.start_pts)"
    " AND a.start_pts = (SELECT max(c.start_pts) FROM segments c"
    " WHERE c.stream_id = b.stream_id AND c.present AND c.start_pts < b.start_pts)"
    " JOIN names m ON m.seq = a.seq JOIN names n ON n.seq = b.seq",
    ("Keyframe", "IN", "Segment"): "SELECT m.id AS source, n.id AS target, '{}' AS properties FROM keyframes k"
    " JOIN names m ON m.seq = k.seq JOIN names n ON n.seq = k.segment_seq",
    ("Track", "IN", "Segment"): "SELECT m.id AS source, n.id AS target, '{}' AS properties FROM segment_tracks s"
    " JOIN names m ON m.seq = s.track_seq JOIN names n ON n.seq = s.segment_seq",
    ("Track", "IS", "Entity"): "SELECT m.id AS source, n.id AS target,"
    " json_object('confidence', i.confidence, 'method', i.method, 'run', r.id) AS properties FROM identities i"
    " JOIN names m ON m.seq = i.track_seq JOIN names n ON n.seq = i.entity_seq JOIN runs r ON r.seq = i.run_seq",
    ("Track", "BY", "Run"): "SELECT m.id AS source, r.id AS target, '{}' AS properties FROM tracks t"
    " JOIN names m ON m.seq = t.seq JOIN runs r ON r.seq = t.run_seq",
    ("Track", "TAKES_PART", "Event"): "SELECT m.id AS source, n.id AS target,"
    " json_object('role', t.role) AS properties FROM takes_part t JOIN says s ON s.assertion_seq = t.assertion_seq"
    " JOIN names m ON m.seq = t.track_seq JOIN names n ON n.seq = s.event_seq WHERE t.track_seq IS NOT NULL",
    ("Entity", "TAKES_PART", "Event"): "SELECT m.id AS source, n.id AS target,"
    " json_object('role', t.role) AS properties FROM takes_part t JOIN says s ON s.assertion_seq = t.assertion_seq"
    " JOIN names m ON m.seq = t.entity_seq JOIN names n ON n.seq = s.event_seq WHERE t.entity_seq IS NOT NULL",
    ("Event", "ON", "Stream"): "SELECT m.id AS source, e.stream_id AS target, '{}' AS properties FROM events e"
    " JOIN names m ON m.seq = e.seq",
    ("Event", "IN_ZONE", "Zone"): "SELECT m.id AS source, z.id AS target, '{}' AS properties FROM events e"
    " JOIN names m ON m.seq = e.seq JOIN zones z ON z.stream_id = e.stream_id AND z.name = e.zone",
    ("Event", "SHOWN_IN", "Keyframe"): "SELECT m.id AS source, n.id AS target,"
    " json_object('box_json', p.box_json) AS properties FROM says s JOIN names m ON m.seq = s.event_seq"
    " JOIN shown_in p ON p.assertion_seq = s.assertion_seq JOIN keyframes k ON k.pts = p.pts AND k.sha256 = p.sha256"
    " JOIN names n ON n.seq = k.seq",
    ("Assertion", "SAYS", "Event"): "SELECT m.id AS source, n.id AS target, '{}' AS properties FROM says s"
    " JOIN names m ON m.seq = s.assertion_seq JOIN names n ON n.seq = s.event_seq",
    ("Assertion", "FROM", "Segment"): "SELECT m.id AS source, n.id AS target, '{}' AS properties FROM assertions a"
    " JOIN names m ON m.seq = a.seq JOIN names n ON n.seq = a.segment_seq WHERE a.segment_seq IS NOT NULL",
    ("Assertion", "BY", "Run"): "SELECT m.id AS source, r.id AS target, '{}' AS properties FROM assertions a"
    " JOIN names m ON m.seq = a.seq JOIN runs r ON r.seq = a.run_seq",
    ("Alert", "ABOUT", "Event"): "SELECT alert_id AS source, event_id AS target, '{}' AS properties FROM alert_events",
    ("Alert", "BY", "Rule"): "SELECT id AS source, rule AS target, json_object('version', rule_version) AS properties"
    " FROM alerts",
    ("Alert", "ON", "Stream"): "SELECT a.alert_id AS source, s.id AS target, '{}' AS properties FROM alert_streams a"
    " JOIN streams s ON s.name = a.stream OR s.id = a.stream",
    ("Alert", "PART_OF", "Incident"): "SELECT id AS source, incident AS target, '{}' AS properties FROM alerts",
    ("Delivery", "OF", "Alert"): "SELECT id AS source, alert_id AS target, '{}' AS properties FROM deliveries",
    ("Delivery", "TO", "Sink"): "SELECT id AS source, sink AS target, '{}' AS properties FROM deliveries",
    ("Attempt", "OF", "Delivery"): "SELECT $attempt AS source, delivery_id AS target, '{}' AS properties FROM attempts",
}

_LISTED = "IN (SELECT value FROM json_each(?))"
_NUMBERED = f"IN (SELECT seq FROM names WHERE id {_LISTED})"  # noqa: S608  fixed text
_BY_NUMBER = ("Segment", "Keyframe", "Track", "Entity", "Event", "Assertion")
"""Labels whose rows are found by the number of their id."""


def read_neighbours(connection: Connection, query: Neighbours) -> Subgraph:
    """What is joined to a node within so many relations: breadth first, nearest kept where there are too many.

    Nodes of assertions, rules, sinks and incidents are named by these words, a colon and the id.
    """
    seen: dict[str, None] = {query.id: None}
    frontier = [query.id]
    for _ in range(query.hops):
        reached: dict[str, None] = {}
        for edge in _edges(connection, "source", frontier, query.limit) + _edges(
            connection, "target", frontier, query.limit
        ):
            reached.update(dict.fromkeys(end for end in (edge.source, edge.target) if end not in seen))
        frontier = sorted(reached)[: max(0, query.limit - len(seen))]
        seen.update(dict.fromkeys(frontier))
        if not frontier:
            break
    return _among(connection, list(seen))


def read_whole(connection: Connection, query: WholeGraph) -> Subgraph:
    """The graph of the matching streams and time."""
    ids: dict[str, None] = {}
    for part in _parts(query.where):
        sql, values = part
        ids.update(dict.fromkeys(row[0] for row in connection.execute(sql + " LIMIT ?", (*values, query.limit))))
    ids.update(dict.fromkeys(_belonging(connection, list(ids))))
    return _among(connection, list(ids)[: query.limit])


def _parts(asked: Filter) -> Iterable[tuple[str, list[object]]]:
    """What to read for the ids of the nodes that a filter names."""
    named = conditions.Where()
    listed = many(asked.streams)
    if asked.streams:
        named.add(f"(id {_LISTED} OR name {_LISTED})", listed, listed)
    for table, where in (
        ("streams", named),
        ("segments", conditions.segments(asked)),
        ("tracks", conditions.tracks(asked)),
        ("events", conditions.events(asked)),
    ):
        yield "".join(("SELECT id FROM ", table, where.text, " ORDER BY start, id")), list(where.values)


# What hangs on nodes that are there by then: its label and how to find it.
_BELONGING = (
    (
        "Assertion",
        "SELECT m.id FROM says s JOIN names m ON m.seq = s.assertion_seq WHERE s.event_seq $numbered",
    ),
    ("Entity", "SELECT n.id FROM identities i JOIN entities n ON n.seq = i.entity_seq WHERE i.track_seq $numbered"),
    (
        "Entity",
        "SELECT n.id FROM says s JOIN takes_part t ON t.assertion_seq = s.assertion_seq"
        " JOIN entities n ON n.seq = t.entity_seq WHERE s.event_seq $numbered",
    ),
    ("Zone", "SELECT id FROM zones WHERE stream_id $listed"),
    ("Keyframe", "SELECT id FROM keyframes WHERE segment_seq $numbered"),
    (
        "Run",
        "SELECT DISTINCT r.id FROM says s JOIN assertions a ON a.seq = s.assertion_seq"
        " JOIN runs r ON r.seq = a.run_seq WHERE s.event_seq $numbered",
    ),
    ("Run", "SELECT DISTINCT r.id FROM tracks t JOIN runs r ON r.seq = t.run_seq WHERE t.seq $numbered"),
    ("Alert", "SELECT DISTINCT alert_id FROM alert_events WHERE event_id $listed"),
    ("Rule", "SELECT DISTINCT rule FROM alerts WHERE id $listed"),
    ("Incident", "SELECT DISTINCT incident FROM alerts WHERE id $listed"),
    ("Delivery", "SELECT id FROM deliveries WHERE alert_id $listed"),
    ("Sink", "SELECT DISTINCT sink FROM deliveries WHERE id $listed"),
    ("Attempt", "SELECT $attempt FROM attempts WHERE delivery_id $listed"),
)


def _belonging(connection: Connection, ids: list[str]) -> list[str]:
    """Ids of what hangs on these nodes, and on what hangs on them."""
    out: list[str] = []
    alerts: list[str] = []
    deliveries: list[str] = []
    for label, sql in _BELONGING:
        of = {"Rule": alerts, "Incident": alerts, "Delivery": alerts, "Sink": deliveries, "Attempt": deliveries}
        asked = sql.replace("$listed", _LISTED).replace("$numbered", _NUMBERED).replace("$attempt", _ATTEMPT)
        found = [row[0] for row in connection.execute(asked, (many(of.get(label, ids)),))]
        alerts += found if label == "Alert" else []
        deliveries += found if label == "Delivery" else []
        out += [PREFIXES.get(label, "") + one for one in found]
    return out


def _among(connection: Connection, ids: list[str]) -> Subgraph:
    nodes = _nodes(connection, ids)
    kept = {node.id for node in nodes}
    edges = [edge for edge in _edges(connection, "source", sorted(kept)) if edge.target in kept]
    return Subgraph(nodes=tuple(nodes), edges=tuple(edges))


def _nodes(connection: Connection, ids: list[str]) -> list[Node]:
    found: dict[str, Node] = {}
    for label, sql in _NODES.items():
        prefix = PREFIXES.get(label, "")
        joint = " AND " if " WHERE " in sql else " WHERE "
        those = f"seq {_NUMBERED}" if label in _BY_NUMBER else f"id {_LISTED}"
        asked = "".join((sql.replace("$times", _TIMED).replace("$attempt", _ATTEMPT), joint, those))
        for row in connection.execute(asked, (_bare(label, ids),)):
            found[prefix + row["id"]] = Node(label, prefix + row["id"], _properties(row["properties"]))
    return [found[one] for one in ids if one in found]


def _edges(connection: Connection, end: str, ids: list[str], limit: int = -1) -> list[Edge]:
    """Relations whose `end` (source or target) is one of the ids, at most `limit` of each kind."""
    out: dict[str, Edge] = {}
    for (source, type_, target), sql in _EDGES.items():
        listed = _bare(source if end == "source" else target, ids)
        asked = "".join(("SELECT * FROM (", sql.replace("$attempt", _ATTEMPT), ") WHERE ", end, " ", _LISTED))
        for row in connection.execute(asked + " LIMIT ?", (listed, limit)):
            edge = Edge(
                type=type_,
                source=PREFIXES.get(source, "") + row["source"],
                target=PREFIXES.get(target, "") + row["target"],
                properties=_properties(row["properties"]),
            )
            out[repr(edge)] = edge  # several assertions may say one relation
    return list(out.values())


def _bare(label: str, ids: Iterable[str]) -> str:
    """Those of the ids that may be of a label, as the tables know them."""
    prefix = PREFIXES.get(label, "")
    return many(one.removeprefix(prefix) for one in ids if one.startswith(prefix))


def _properties(text: str) -> dict[str, str | int | float | bool]:
    return {key: value for key, value in json.loads(text).items() if value is not None}
