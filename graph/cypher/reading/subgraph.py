"""Nodes and relations as design §8 names them, for neighbours, export and graph algorithms."""

from collections.abc import Iterable

from graph.cypher import where as conditions
from graph.cypher.assertions import evidence_of
from graph.cypher.driver import Row, Transaction, rows
from graph.reading.subgraph import PREFIXES
from graph.rows import box_text
from vidette.queries import Edge, Filter, Neighbours, Node, Subgraph, WholeGraph

_TIMES = ("start", "end", "start_pts", "end_pts")
_PROPERTIES: dict[str, tuple[str, ...]] = {
    "Stream": ("name", "kind", "start"),
    "Zone": ("name", "polygon_json"),
    "Segment": (*_TIMES, "caption"),
    "Keyframe": ("at", "pts", "sha256", "uri", "text"),
    "Track": (*_TIMES, "label", "confidence", "attributes_json"),
    "Entity": ("label", "name", "description", "attributes_json"),
    "Event": (*_TIMES, "type", "confidence", "caption", "zone", "line", "state", "attributes_json"),
    "Assertion": (*_TIMES, "type", "look", "confidence", "caption"),
    "Alert": ("rule", "severity", "state", "change", "sequence", "at", "raised_at", "subject"),
    "Rule": ("version",),
    "Incident": (),
    "Delivery": ("status", "next_at", "sequence", "tries"),
    "Sink": (),
    "Attempt": ("at", "status", "number"),
    "Run": ("model", "revision", "prompt_hash", "params_json"),
}
_INNER = ("named", "place")
"""Properties of relations that answer questions, and tell nobody anything."""
_HELD = {"Segment": "n.present", "Track": "n.present", "Entity": "n.present", "Event": "n.state <> 'retracted'"}
_NEWEST = (
    "COLLECT { MATCH (a:Alert) USING INDEX a:Alert(rule, at) WHERE a.rule = n.id AND a.at IS NOT NULL"
    " RETURN a.rule_version ORDER BY a.rule DESC, a.at DESC, a.id DESC LIMIT 1 }[0]"
)
"""The version of a rule's newest alert: alerts of several are not always written in the order of time."""
_TOLD = {"Rule": f".*, version: {_NEWEST}"}
_NODES = " UNION ALL ".join(
    f"MATCH (n:{label}) WHERE n.id IN $given.{label}{f' AND {_HELD[label]}' if label in _HELD else ''}"
    f" RETURN '{label}' AS label, n{{{_TOLD.get(label, '.*')}}} AS n"
    for label in _PROPERTIES
)
_STORED = (
    ("Zone", "ON", "Stream"),
    ("Segment", "OF", "Stream"),
    ("Keyframe", "IN", "Segment"),
    ("Track", "IN", "Segment"),
    ("Track", "IS", "Entity"),
    ("Track", "BY", "Run"),
    ("Track", "TAKES_PART", "Event"),
    ("Entity", "TAKES_PART", "Event"),
    ("Event", "ON", "Stream"),
    ("Event", "IN_ZONE", "Zone"),
    ("Assertion", "SAYS", "Event"),
    ("Assertion", "FROM", "Segment"),
    ("Assertion", "BY", "Run"),
    ("Alert", "ABOUT", "Event"),
    ("Alert", "BY", "Rule"),
    ("Alert", "ON", "Stream"),
    ("Alert", "PART_OF", "Incident"),
    ("Delivery", "OF", "Alert"),
    ("Delivery", "TO", "Sink"),
    ("Attempt", "OF", "Delivery"),
)
_NEXT = (
    "MATCH (a:Segment) WHERE a.id IN $ids AND a.present CALL (a) {"
    " MATCH (b:Segment {stream_id: a.stream_id}) WHERE b.present AND $later RETURN b ORDER BY $order LIMIT 1 }"
    " RETURN a.id AS one, b.id AS other"
)


def read_neighbours(transaction: Transaction, query: Neighbours) -> Subgraph:
    """What is joined to a node within so many relations: breadth first, nearest kept where there are too many.

    Nodes of assertions, rules, sinks and incidents are named by these words, a colon and the id.
    """
    seen: dict[str, None] = {query.id: None}
    frontier = [query.id]
    for _ in range(query.hops):
        reached: dict[str, None] = {}
        for end in ("source", "target"):
            for edge in _edges(transaction, end, frontier, query.limit):
                reached.update(dict.fromkeys(side for side in (edge.source, edge.target) if side not in seen))
        frontier = sorted(reached)[: max(0, query.limit - len(seen))]
        seen.update(dict.fromkeys(frontier))
        if not frontier:
            break
    return _among(transaction, list(seen))


def read_whole(transaction: Transaction, query: WholeGraph) -> Subgraph:
    """The graph of the matching streams and time."""
    ids: dict[str, None] = {}
    for where, variable in _parts(transaction, query.where):
        asked = f"{where.text} WITH {variable} ORDER BY {variable}.start, {variable}.id LIMIT $limit RETURN {variable}.id AS id"
        ids.update(dict.fromkeys(row["id"] for row in rows(transaction, asked, **where.values, limit=query.limit)))
    ids.update(dict.fromkeys(_belonging(transaction, list(ids))))
    return _among(transaction, list(ids)[: query.limit])


def _parts(transaction: Transaction, asked: Filter) -> Iterable[tuple[conditions.Where, str]]:
    named = conditions.Where("MATCH (s:Stream)")
    if asked.streams:
        named.add("(s.id IN $streams OR s.name IN $streams)", streams=list(asked.streams))
    yield named, "s"
    yield conditions.segments(transaction, asked), "g"
    yield conditions.tracks(transaction, asked), "t"
    yield conditions.events(transaction, asked), "e"


_BELONGING = (
    ("Assertion", "MATCH (n:Assertion)-[:SAYS]->(o:Event)"),
    ("Entity", "MATCH (n:Entity)<-[:IS]-(o:Track)"),
    ("Entity", "MATCH (n:Entity)-[:TAKES_PART]->(o:Event)"),
    ("Zone", "MATCH (n:Zone)-[:ON]->(o:Stream)"),
    ("Keyframe", "MATCH (n:Keyframe)-[:IN]->(o:Segment)"),
    ("Run", "MATCH (n:Run)<-[:BY]-(:Assertion)-[:SAYS]->(o:Event)"),
    ("Run", "MATCH (n:Run)<-[:BY]-(o:Track)"),
    ("Alert", "MATCH (n:Alert)-[:ABOUT]->(o:Event)"),
    ("Rule", "MATCH (n:Rule)<-[:BY]-(:Alert)-[:ABOUT]->(o:Event)"),
    ("Incident", "MATCH (n:Incident)<-[:PART_OF]-(:Alert)-[:ABOUT]->(o:Event)"),
    ("Delivery", "MATCH (n:Delivery)-[:OF]->(:Alert)-[:ABOUT]->(o:Event)"),
    ("Sink", "MATCH (n:Sink)<-[:TO]-(:Delivery)-[:OF]->(:Alert)-[:ABOUT]->(o:Event)"),
    ("Attempt", "MATCH (n:Attempt)-[:OF]->(:Delivery)-[:OF]->(:Alert)-[:ABOUT]->(o:Event)"),
)
"""What hangs on nodes that are there by then."""


def _belonging(transaction: Transaction, ids: list[str]) -> list[str]:
    asked = [
        f"{match} WHERE o.id IN $given.ids RETURN DISTINCT {at} AS kind, n.id AS id"
        for at, (_, match) in enumerate(_BELONGING)
    ]
    found = [(row["kind"], row["id"]) for row in rows(transaction, " UNION ALL ".join(asked), given={"ids": ids})]
    return [PREFIXES.get(_BELONGING[at][0], "") + id_ for at, id_ in sorted(found)]


def _among(transaction: Transaction, ids: list[str]) -> Subgraph:
    nodes = _nodes(transaction, ids)
    kept = {node.id for node in nodes}
    edges = [edge for edge in _edges(transaction, "source", sorted(kept)) if edge.target in kept]
    return Subgraph(nodes=tuple(nodes), edges=tuple(edges))


def _nodes(transaction: Transaction, ids: list[str]) -> list[Node]:
    found: dict[str, Node] = {}
    for row in rows(transaction, _NODES, given={label: _bare(label, ids) for label in _PROPERTIES}):
        label, node = row["label"], row["n"]
        kept = {name: node[name] for name in _PROPERTIES[label] if node.get(name) is not None}
        found[PREFIXES.get(label, "") + node["id"]] = Node(label, PREFIXES.get(label, "") + node["id"], kept)
    return [found[one] for one in ids if one in found]


def _edges(transaction: Transaction, end: str, ids: list[str], limit: int = -1) -> list[Edge]:
    """Relations whose `end` (source or target) is one of the ids, at most `limit` of each kind."""
    out: dict[str, Edge] = {}
    given = {label: _bare(label, ids) for label in _PROPERTIES}
    for row in rows(transaction, _stored(end, limited=limit >= 0), given=given, limit=limit):
        source, type_, target = _STORED[row["kind"]]
        edge = _edge(type_, source, row["source"], target, row["target"], row["properties"])
        out[repr(edge)] = edge
    for edge in [*_next(transaction, end, ids), *_shown(transaction, end, ids)]:
        out[repr(edge)] = edge
    return [out[key] for key in sorted(out)]


def _stored(end: str, *, limited: bool) -> str:
    """The relations that are stored, all kinds in one statement."""
    most = " LIMIT $limit" if limited else ""
    return " UNION ALL ".join(
        f"MATCH (a:{source})-[r:{type_}]->(b:{target}) WHERE"
        f" {f'a.id IN $given.{source}' if end == 'source' else f'b.id IN $given.{target}'}"
        f" RETURN {kind} AS kind, a.id AS source, b.id AS target, properties(r) AS properties{most}"
        for kind, (source, type_, target) in enumerate(_STORED)
    )


def _edge(type_: str, source: str, source_id: str, target: str, target_id: str, properties: Row) -> Edge:
    return Edge(
        type=type_,
        source=PREFIXES.get(source, "") + source_id,
        target=PREFIXES.get(target, "") + target_id,
        properties={name: value for name, value in properties.items() if name not in _INNER and value is not None},
    )


def _next(transaction: Transaction, end: str, ids: list[str]) -> list[Edge]:
    """Each segment and the one that follows it in its stream."""
    later, order = (
        ("b.start_pts > a.start_pts", "b.start_pts")
        if end == "source"
        else ("b.start_pts < a.start_pts", "b.start_pts DESC")
    )
    found = rows(transaction, _NEXT.replace("$later", later).replace("$order", order), ids=_bare("Segment", ids))
    pairs = [(row["one"], row["other"]) if end == "source" else (row["other"], row["one"]) for row in found]
    return [_edge("NEXT", "Segment", one, "Segment", other, {}) for one, other in pairs]


def _shown(transaction: Transaction, end: str, ids: list[str]) -> list[Edge]:
    """Events and the keyframes that their assertions name, with the box in which they are seen."""
    given = "e.id IN $ids" if end == "source" else "any(one IN a.shown WHERE one IN $pictures)"
    pictures: list[str] = []
    if end == "target":
        asked = "MATCH (k:Keyframe) WHERE k.id IN $ids RETURN DISTINCT k.sha256 AS sha256"
        pictures = [row["sha256"] for row in rows(transaction, asked, ids=ids)]
        if not pictures:
            return []
    said = rows(
        transaction,
        f"MATCH (a:Assertion)-[:SAYS]->(e:Event) WHERE {given} AND size(a.shown) > 0"
        " RETURN e.id AS event, a.evidence_json AS evidence_json",
        ids=ids,
        pictures=pictures,
    )
    shown = [(row["event"], one) for row in said for one in evidence_of(row)]
    asked = "MATCH (k:Keyframe) WHERE k.sha256 IN $pictures RETURN k.id AS id, k.sha256 AS sha256, k.pts AS pts"
    frames = rows(transaction, asked, pictures=list({one.sha256 for _, one in shown}))
    return [
        _edge("SHOWN_IN", "Event", event, "Keyframe", frame["id"], {"box_json": box_text(one.box)})
        for event, one in shown
        for frame in frames
        if (frame["sha256"], frame["pts"]) == (one.sha256, one.pts_s) and (end == "source" or frame["id"] in ids)
    ]


def _bare(label: str, ids: Iterable[str]) -> list[str]:
    """Those of the ids that may be of a label, as nodes have them."""
    prefix = PREFIXES.get(label, "")
    return [one.removeprefix(prefix) for one in ids if one.startswith(prefix)]
