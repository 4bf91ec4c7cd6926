"""Nodes and relations as design §8 names them, for neighbours, export and graph algorithms."""

import json
from collections.abc import Iterable

from graph.reading import where as conditions
from graph.rows import Connection, many
from vidette.queries import Edge, Filter, Neighbours, Node, Subgraph, WholeGraph

_TIMED = "'start', start, 'end', \"end\", 'start_pts', start_pts, 'end_pts', end_pts"
# The first assertion of an event has the event's id, so among nodes of every label it carries a prefix.
_SAID = "assertion:"

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
    "Run": "SELECT id, json_object('model', model, 'revision', revision, 'prompt_hash', prompt_hash,"
    " 'params_json', params_json) AS properties FROM runs",
}

# Each gives source, target and properties; a condition on source or target is added to every one.
_EDGES = {
    ("Zone", "ON"): "SELECT id AS source, stream_id AS target, '{}' AS properties FROM zones",
    ("Segment", "OF"): "SELECT id AS source, stream_id AS target, '{}' AS properties FROM segments",
    ("Segment", "NEXT"): "SELECT a.id AS source, b.id AS target, '{}' AS properties FROM segments a JOIN segments b"
    " ON b.stream_id = a.stream_id AND b.present AND a.present"
    " AND b.start_pts = (SELECT min(c.start_pts) FROM segments c"
    " WHERE c.stream_id = a.stream_id AND c.present AND c.start_pts > a.start_pts)"
    " AND a.start_pts = (SELECT max(c.start_pts) FROM segments c"
    " WHERE c.stream_id = b.stream_id AND c.present AND c.start_pts < b.start_pts)",
    ("Keyframe", "IN"): "SELECT id AS source, segment_id AS target, '{}' AS properties FROM keyframes",
    ("Track", "IN"): "SELECT track_id AS source, segment_id AS target, '{}' AS properties FROM segment_tracks",
    ("Track", "IS"): "SELECT track_id AS source, entity_id AS target,"
    " json_object('confidence', confidence, 'method', method, 'run', run_id) AS properties FROM identities",
    ("Track", "BY"): "SELECT id AS source, run_id AS target, '{}' AS properties FROM tracks",
    ("Track", "TAKES_PART"): "SELECT track_id AS source, event_id AS target,"
    " json_object('role', role) AS properties FROM takes_part t JOIN says s ON s.assertion_id = t.assertion_id"
    " WHERE track_id IS NOT NULL",
    ("Entity", "TAKES_PART"): "SELECT entity_id AS source, event_id AS target,"
    " json_object('role', role) AS properties FROM takes_part t JOIN says s ON s.assertion_id = t.assertion_id"
    " WHERE entity_id IS NOT NULL",
    ("Event", "ON"): "SELECT id AS source, stream_id AS target, '{}' AS properties FROM events",
    ("Event", "IN_ZONE"): "SELECT e.id AS source, z.id AS target, '{}' AS properties FROM events e"
    " JOIN zones z ON z.stream_id = e.stream_id AND z.name = e.zone",
    ("Event", "SHOWN_IN"): "SELECT s.event_id AS source, k.id AS target,"
    " json_object('box_json', p.box_json) AS properties FROM says s"
    " JOIN shown_in p ON p.assertion_id = s.assertion_id JOIN keyframes k ON k.sha256 = p.sha256",
    ("Assertion", "SAYS"): "SELECT assertion_id AS source, event_id AS target, '{}' AS properties FROM says",
    ("Assertion", "FROM"): "SELECT id AS source, segment_id AS target, '{}' AS properties FROM assertions"
    " WHERE segment_id IS NOT NULL",
    ("Assertion", "BY"): "SELECT id AS source, run_id AS target, '{}' AS properties FROM assertions",
}

_LISTED = "IN (SELECT value FROM json_each(?))"


def read_neighbours(connection: Connection, query: Neighbours) -> Subgraph:
    """What is joined to a node within so many relations: breadth first, nearest kept where there are too many.

    An assertion's node is named `assertion:` and its id.
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


def _belonging(connection: Connection, ids: list[str]) -> list[str]:
    """Ids of entities, keyframes, zones, assertions and runs that hang on these nodes."""
    listed = many(ids)
    out: list[str] = []
    said = "SELECT ? || assertion_id FROM says WHERE event_id IN (SELECT value FROM json_each(?))"
    out += [row[0] for row in connection.execute(said, (_SAID, listed))]
    for sql in (
        "SELECT entity_id FROM identities WHERE track_id IN (SELECT value FROM json_each(?))",
        "SELECT t.entity_id FROM says s JOIN takes_part t ON t.assertion_id = s.assertion_id"
        " WHERE t.entity_id IS NOT NULL AND s.event_id IN (SELECT value FROM json_each(?))",
        "SELECT id FROM zones WHERE stream_id IN (SELECT value FROM json_each(?))",
        "SELECT id FROM keyframes WHERE segment_id IN (SELECT value FROM json_each(?))",
        "SELECT DISTINCT a.run_id FROM says s JOIN assertions a ON a.id = s.assertion_id"
        " WHERE s.event_id IN (SELECT value FROM json_each(?))",
        "SELECT DISTINCT run_id FROM tracks WHERE id IN (SELECT value FROM json_each(?))",
    ):
        out += [row[0] for row in connection.execute(sql, (listed,))]
    return out


def _among(connection: Connection, ids: list[str]) -> Subgraph:
    nodes = _nodes(connection, ids)
    kept = {node.id for node in nodes}
    edges = [edge for edge in _edges(connection, "source", sorted(kept)) if edge.target in kept]
    return Subgraph(nodes=tuple(nodes), edges=tuple(edges))


def _nodes(connection: Connection, ids: list[str]) -> list[Node]:
    listed = many(ids)
    found: dict[str, Node] = {}
    for label, sql in _NODES.items():
        prefix = _SAID if label == "Assertion" else ""
        joint = " AND " if " WHERE " in sql else " WHERE "
        asked = "".join((sql.replace("$times", _TIMED), joint, "id ", _LISTED))
        for row in connection.execute(asked, (_bare(ids) if prefix else listed,)):
            found[prefix + row["id"]] = Node(label, prefix + row["id"], _properties(row["properties"]))
    return [found[one] for one in ids if one in found]


def _edges(connection: Connection, end: str, ids: list[str], limit: int = -1) -> list[Edge]:
    """Relations whose `end` (source or target) is one of the ids, at most `limit` of each kind."""
    listed = many(ids)
    out: dict[str, Edge] = {}
    for (label, type_), sql in _EDGES.items():
        prefix = _SAID if label == "Assertion" else ""
        asked = "".join(("SELECT * FROM (", sql, ") WHERE ", end, " ", _LISTED, " LIMIT ?"))
        for row in connection.execute(asked, (_bare(ids) if prefix and end == "source" else listed, limit)):
            edge = Edge(
                type=type_,
                source=prefix + row["source"],
                target=row["target"],
                properties=_properties(row["properties"]),
            )
            out[repr(edge)] = edge  # several assertions may say one relation
    return list(out.values())


def _bare(ids: Iterable[str]) -> str:
    """The assertions among ids, as the tables know them."""
    return many(one.removeprefix(_SAID) for one in ids if one.startswith(_SAID))


def _properties(text: str) -> dict[str, str | int | float | bool]:
    return {key: value for key, value in json.loads(text).items() if value is not None}
