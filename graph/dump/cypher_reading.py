"""Records of a Neo4j database: a page of nodes at a time, each in a transaction of its own."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import groupby
from typing import Any

import numpy as np

from graph.cypher.assertions import assertion_of
from graph.cypher.driver import Row, Server, Transaction, rows
from graph.cypher.events import event_of
from graph.cypher.opening import last_commit, read_stream
from graph.cypher.things import points_of
from graph.dump import records as of
from graph.dump import rows as made
from graph.dump.records import POINTS, AnyRecord
from vidette import codec
from vidette.models import PathPoint, Verdict

_PAGE = 1000
_FEW = 200  # of what may be large: segments, stretches of paths
_KEYS = {
    "run": ("Run", "id"),
    "stream": ("Stream", "id"),
    "observation": ("Observation", "id"),
    "entity": ("Entity", "id"),
    "description": ("Description", "key"),
    "track": ("Track", "id"),
    "segment": ("Segment", "id"),
    "assertion": ("Assertion", "id"),
    "event": ("Event", "id"),
    "coverage": ("Coverage", "key"),
    "look": ("Look", "key"),
    "embedding": ("Embedding", "key"),
    "clock_reading": ("ClockReading", "key"),
    "alert": ("Alert", "id"),
    "sink": ("Sink", "id"),
    "delivery": ("Delivery", "id"),
    "attempt": ("Attempt", "id"),
    "decision": ("Decision", "key"),
    "rule_state": ("RuleState", "key"),
    "silence": ("Silence", "id"),
    "feedback": ("Feedback", "key"),
    "timer": ("Timer", "key"),
    "storm": ("Storm", "key"),
    "pattern": ("Pattern", "key"),
    "leaf_match": ("LeafMatch", "key"),
    "said_match": ("SaidMatch", "key"),
}
# A node that something names and nobody has told of yet has no more than its id.
_ONLY = {
    "entity": "n.label IS NOT NULL",
    "track": "n.label IS NOT NULL",
    "sink": "n.disabled_at IS NOT NULL OR n.trouble_since IS NOT NULL",
}
_STRETCHES = (
    "MATCH (p:Path) WITH p.track_id AS track, sum(size(p.points)) / 5 AS points"
    " RETURN coalesce(sum((points + $most - 1) / $most), 0) AS count"
)


class Node(dict[str, Any]):
    """Properties by name; what a node does not have is None, as in a row."""

    def __missing__(self, name: str) -> None:
        return None


def counts(server: Server) -> dict[str, int]:
    """How many records of each kind there are."""
    asked = {kind: f"MATCH (n:{label}){_only(kind)} RETURN count(n) AS count" for kind, (label, _) in _KEYS.items()}
    asked["says"] = "MATCH (:Assertion)-[r:SAYS]->(:Event) RETURN count(r) AS count"
    asked["path"] = _STRETCHES
    return server.read(
        lambda transaction: {
            kind: int(rows(transaction, text, most=POINTS)[0]["count"]) for kind, text in asked.items()
        }
    )


def _only(kind: str) -> str:
    return f" WHERE {_ONLY[kind]}" if kind in _ONLY else ""


def read(server: Server, kind: str) -> Iterator[AnyRecord]:
    """The records of a kind."""
    if kind in _READERS:
        yield from _READERS[kind](server)
        return
    more, record = _EACH[kind]
    for page in _pages(server, kind, more):
        yield from map(record, page)


def _pages(server: Server, kind: str, more: str = "", limit: int = _PAGE) -> Iterator[list[Node]]:
    """Nodes `n` of a kind in the order of what tells them apart, with what `more` finds of them, as one row each."""
    label, key = _KEYS[kind]
    only = f" AND ({_ONLY[kind]})" if kind in _ONLY else ""
    asked = (
        f"MATCH (n:{label}) WHERE n.{key} > $after{only} WITH n ORDER BY n.{key} LIMIT $limit{more}"
        f" RETURN n.{key} AS place, n{{.*{_WITH.get(kind, '')}}} AS n ORDER BY place"
    )
    after: str | None = ""
    while after is not None:
        found = _read(server, asked, after=after, limit=limit)
        yield [Node(row["n"]) for row in found]
        after = found[-1]["place"] if len(found) == limit else None


def _read(server: Server, asked: str, **values: object) -> list[Row]:
    return server.read(lambda transaction: rows(transaction, asked, **values))


_WITH = {
    "observation": ", run_id: coalesce(n.run_id, head([(n)-[:BY]->(r:Run) | r.id]))",
    "description": ", entity_id: e.id",
    "track": ", run_id: r.id, entity_id: e.id, sure: i.confidence, method: i.method, said_by: i.run",
    "segment": ", captions: [(c:Caption)-[:OF]->(n) | c{.*}], tracks: [(t:Track)-[:IN]->(n) | t.id],"
    " frames: [(k:Keyframe)-[:IN]->(n) | k{.*, texts: [(x:Text)-[:READ_IN]->(k) | x{.*, id: k.id}]}]",
    "look": ", observation_id: n.key",
    "sink": ", sink: n.id",
    "leaf_match": ", rule: p.rule, version: p.version",
    "said_match": ", rule: p.rule, version: p.version",
}
"""What a row has beside the properties of its node."""
_BY = " MATCH (n)-[:BY]->(r:Run)"
_PATTERN = " MATCH (p:Pattern {key: n.pattern})"


def _streams(server: Server) -> Iterator[AnyRecord]:
    for page in _pages(server, "stream", limit=_FEW):
        yield from server.read(partial(_registered, page))


def _registered(page: list[Node], transaction: Transaction) -> list[AnyRecord]:
    found = [(node, read_stream(transaction, node["id"]), last_commit(transaction, node["id"])) for node in page]
    return [made.stream_of(node, stream, commit) for node, stream, commit in found if stream is not None]


def _paths(server: Server) -> Iterator[AnyRecord]:
    for track, found in groupby(_stretches(server), lambda row: str(row["track"])):
        points = (point for row in found for point in _rising(points_of(row["points"])))
        yield from made.stretches(track, points)


def _stretches(server: Server) -> Iterator[Row]:
    asked = (
        "MATCH (p:Path) WHERE p.track_id >= $track AND p.end_pts IS NOT NULL"
        " AND (p.track_id > $track OR p.end_pts > $end)"
        " WITH p ORDER BY p.track_id, p.end_pts LIMIT $limit"
        " RETURN p.track_id AS track, p.end_pts AS end, p.points AS points ORDER BY track, end"
    )
    last: Row | None = {"track": "", "end": float("-inf")}
    while last is not None:
        found = _read(server, asked, track=last["track"], end=last["end"], limit=_FEW)
        yield from found
        last = found[-1] if len(found) == _FEW else None


def _rising(points: Iterable[PathPoint]) -> list[tuple[float, ...]]:
    """Points by time, of those of one moment the last."""
    kept = {point.pts_s: point for point in points}
    return [(at, *kept[at].box) for at in sorted(kept)]


def _segments(server: Server) -> Iterator[AnyRecord]:
    for page in _pages(server, "segment", limit=_FEW):
        for node in page:
            frames = [Node(frame) for frame in sorted(node["frames"], key=lambda frame: str(frame["id"]))]
            texts = [text for frame in frames for text in sorted(frame["texts"], key=lambda text: int(text["run_seq"]))]
            captions = sorted(node["captions"], key=lambda said: int(said["run_seq"]))
            yield made.segment_of(node, captions, sorted(node["tracks"]), frames, texts)


def _assertions(server: Server) -> Iterator[AnyRecord]:
    """Those that say an event beside each other, in the order in which they were said: so they stay in that."""
    asked = (
        "MATCH (e:Event) WHERE e.id > $after WITH e ORDER BY e.id LIMIT $limit"
        " CALL (e) { MATCH (a:Assertion)-[:SAYS]->(e) WITH a ORDER BY a.seq RETURN collect(a{.*}) AS said }"
        " RETURN e.id AS place, said ORDER BY place"
    )
    alone = (
        "MATCH (a:Assertion) WHERE a.id > $after AND NOT EXISTS { (a)-[:SAYS]->(:Event) } WITH a ORDER BY a.id LIMIT $limit"
        " RETURN a.id AS place, [a{.*}] AS said ORDER BY place"
    )
    for text in (asked, alone):
        for page in _places(server, text):
            for row in page:
                yield from (of.AssertionRecord(assertion=assertion_of(node)) for node in row["said"])


def _places(server: Server, asked: str) -> Iterator[list[Row]]:
    """Rows in the order of their `place`, a few at a time."""
    after: str | None = ""
    while after is not None:
        found = _read(server, asked, after=after, limit=_FEW)
        yield found
        after = found[-1]["place"] if len(found) >= _FEW else None


def _event(node: Node) -> AnyRecord:
    return of.EventRecord(event=event_of(node), look=node["look"], derived=node["derived"], watch=node["watch"])


def _says(server: Server) -> Iterator[AnyRecord]:
    asked = (
        "MATCH (e:Event) WHERE e.id > $after WITH e ORDER BY e.id LIMIT $limit"
        " RETURN e.id AS place, [(a:Assertion)-[:SAYS]->(e) | a.id] AS said ORDER BY place"
    )
    for page in _places(server, asked):
        for row in page:
            yield from (of.SaysRecord(assertion_id=said, event_id=row["place"]) for said in sorted(row["said"]))


def _look(node: Node) -> AnyRecord:
    return made.look_of(node, codec.decode(tuple[Verdict, ...], node["verdicts_json"]))


def _deliveries(server: Server) -> Iterator[AnyRecord]:
    """In the order in which they are sent where all are due."""
    asked = (
        "MATCH (n:Delivery) WHERE n.raised_at >= $raised AND (n.raised_at > $raised OR n.sequence > $sequence"
        " OR (n.sequence = $sequence AND n.id > $id)) RETURN n{.*} AS n ORDER BY n.raised_at, n.sequence, n.id LIMIT $limit"
    )
    last: Row | None = {"raised_at": -(1 << 62), "sequence": -1, "id": ""}
    while last is not None:
        place = {"raised": last["raised_at"], "sequence": last["sequence"], "id": last["id"]}
        found = _read(server, asked, **place, limit=_PAGE)
        yield from (made.WHOLE["delivery"](row["n"]) for row in found)
        last = found[-1]["n"] if len(found) == _PAGE else None


_READERS: dict[str, Callable[[Server], Iterator[AnyRecord]]] = {
    "stream": _streams,
    "path": _paths,
    "segment": _segments,
    "assertion": _assertions,
    "says": _says,
    "delivery": _deliveries,
}
_EACH: dict[str, tuple[str, Callable[[Node], AnyRecord]]] = {
    "run": ("", made.run_of),
    "observation": ("", made.observation_of),
    "entity": ("", made.entity_of),
    "description": (" MATCH (n)-[:TELLS_OF]->(e:Entity)", made.description_of),
    "track": (_BY + " OPTIONAL MATCH (n)-[i:IS]->(e:Entity)", made.track_of),
    "event": ("", _event),
    "coverage": ("", made.coverage_of),
    "look": ("", _look),
    "embedding": ("", lambda node: made.embedding_of(node, np.asarray(node["vector"], "<f2").tobytes())),
    "clock_reading": ("", made.clock_of),
    "alert": ("", made.WHOLE["alert"]),
    "sink": ("", made.sink_of),
    "attempt": ("", made.WHOLE["attempt"]),
    "decision": ("", made.WHOLE["decision"]),
    "rule_state": ("", made.rule_state_of),
    "silence": ("", made.WHOLE["silence"]),
    "feedback": ("", made.WHOLE["feedback"]),
    "timer": ("", made.timer_of),
    "storm": ("", made.WHOLE["storm"]),
    "pattern": ("", made.pattern_of),
    "leaf_match": (_PATTERN, lambda node: made.leaf_of(node, node["zones"])),
    "said_match": (_PATTERN, made.said_of),
}
"""What else is matched, and the record of a row."""
