"""What lies nearest to a vector: the filter first, then a sweep over what is left; of very many, an index first."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from graph.cypher import where as conditions
from graph.cypher.driver import Row, Transaction, one, rows
from graph.cypher.where import Where, stream_ids
from graph.rows import to_box, to_ms
from vidette.errors import StoreError
from vidette.likeness import Embeddable, Near, Nearest, Unembedded
from vidette.models import ClockReading
from vidette.queries import ClockReadings, Filter

Vector = NDArray[np.float32]
EXACT = 20_000
_OVER, _LEAST_CANDIDATES, _MOST_CANDIDATES = 10, 200, 2_000
_CHUNK = 2048
"""So many vectors are held at once: some MB."""
_CANDIDATES = (
    "CALL db.index.vector.queryNodes('embedding_vector', $most, $vector) YIELD node AS v WHERE v.run_id = $run AND v.of = $kind"
    " RETURN v.id AS id, v.vector AS vector"
)
_OWNERS = {
    "event": "UNWIND $ids AS id MATCH (:Assertion {id: id})-[:SAYS]->(e:Event) RETURN DISTINCT e.id AS id",
    "keyframe": "UNWIND $ids AS id MATCH (:Keyframe {id: id})-[:IN]->(g:Segment) RETURN DISTINCT g.id AS id",
}
_SOURCES = {
    "keyframe": "MATCH (n:Keyframe)-[:IN]->(g:Segment) WITH n, g.stream_id AS stream, '' AS text, n.sha256 AS sha256",
    "assertion": "MATCH (n:Assertion {look: 'deep'}) WHERE n.caption <> '' WITH n, n.stream_id AS stream, n.caption AS text, '' AS sha256",
    "segment": "MATCH (n:Segment) WHERE n.caption <> '' AND EXISTS { (:Caption {look: 'deep'})-[:OF]->(n) }"
    " WITH n, n.stream_id AS stream, n.caption AS text, '' AS sha256",
    "entity": "MATCH (n:Entity) WHERE n.description <> '' WITH n, n.stream_id AS stream, n.description AS text, '' AS sha256",
}


def read_nearest(transaction: Transaction, query: Nearest) -> list[Near]:
    """The nearest rows that match, best first; those of equal likeness by their id.

    Exact among as many embeddings as EXACT; of more, the index of vectors is asked for candidates first, more than are
    wanted, since it cannot filter. Where too few of those match, all that match are compared.
    """
    wanted = np.frombuffer(query.vector, "<f4")
    if not wanted.size:
        raise StoreError(f"a vector of {len(query.vector)} bytes is none; give float32 numbers")
    found = None if query.where.ids or not _many(transaction) else _among_candidates(transaction, query, wanted)
    return _swept(transaction, query, wanted) if found is None else found


def _many(transaction: Transaction) -> bool:
    """Whether there are more embeddings than are compared one by one; the server keeps their count."""
    held = one(transaction, "MATCH (v:Embedding) RETURN count(v) AS count")
    return bool(held and held["count"] > EXACT)


def _among_candidates(transaction: Transaction, query: Nearest, wanted: Vector) -> list[Near] | None:
    """The nearest among what the index gives; None where that may be others than the nearest that match."""
    most = min(_MOST_CANDIDATES, max(_LEAST_CANDIDATES, _OVER * query.limit))
    of = "assertion" if query.of == "event" else query.of
    candidates = rows(
        transaction, _CANDIDATES, most=most, vector=wanted.astype(float).tolist(), run=query.run_id, kind=of
    )
    if not candidates:
        return None
    ids = [row["id"] for row in candidates]
    if query.of in _OWNERS:
        ids = [row["id"] for row in rows(transaction, _OWNERS[query.of], ids=ids)]
    found = _swept(transaction, replace(query, where=replace(query.where, ids=tuple(ids))), wanted)
    farthest = float(min(np.asarray([row["vector"] for row in candidates], np.float32) @ wanted))
    return found if len(found) >= query.limit and found[-1].likeness >= farthest else None


def _swept(transaction: Transaction, query: Nearest, wanted: Vector) -> list[Near]:
    """The nearest of all that match."""
    where, returned = _asked(transaction, query)
    of = "assertion" if query.of == "event" else query.of
    best: dict[str, tuple[float, str]] = {}
    result = transaction.ask(where.text + returned, {**where.values, "run": query.run_id, "of": of})
    while chunk := result.fetch(_CHUNK):
        vectors = [record["vector"] for record in chunk]
        if any(len(vector) != wanted.size for vector in vectors):
            raise StoreError(
                f"embeddings of run {query.run_id!r} have other dimensions than the {wanted.size} asked for"
            )
        likeness = np.asarray(vectors, np.float32) @ wanted
        for record, alike in zip(chunk, likeness.tolist(), strict=True):
            if record["id"] not in best or alike > best[record["id"]][0]:
                best[record["id"]] = alike, record["segment"] or ""
    ordered = sorted(best.items(), key=lambda pair: (-pair[1][0], pair[0]))[: query.limit]
    return [Near(id_, alike, segment) for id_, (alike, segment) in ordered]


def _asked(transaction: Transaction, query: Nearest) -> tuple[Where, str]:
    """How the rows are found, and their vectors."""
    key = "$run + '|' + $of + '|' + "
    if query.of == "event":
        where = conditions.events(transaction, query.where)
        joined = f" MATCH (a:Assertion)-[:SAYS]->(e) MATCH (v:Embedding {{key: {key}a.id}})"
        return where, f"{joined} RETURN e.id AS id, v.vector AS vector, null AS segment"
    if query.of == "entity":
        where = _entities(transaction, query.where)
        return where, f" MATCH (v:Embedding {{key: {key}n.id}}) RETURN n.id AS id, v.vector AS vector, null AS segment"
    where = conditions.segments(transaction, query.where)
    if query.of == "segment":
        return where, f" MATCH (v:Embedding {{key: {key}g.id}}) RETURN g.id AS id, v.vector AS vector, null AS segment"
    inside = _inside(where, query.where)
    joined = f" MATCH (k:Keyframe)-[:IN]->(g){inside} MATCH (v:Embedding {{key: {key}k.id}})"
    return where, f"{joined} RETURN k.id AS id, v.vector AS vector, g.id AS segment"


def _inside(where: Where, asked: Filter) -> str:
    """Pictures, which are of one moment each, inside the window."""
    out = []
    for column, side, name, at in (
        ("at", ">=", "at_low", None if asked.since is None else to_ms(asked.since)),
        ("at", "<", "at_high", None if asked.until is None else to_ms(asked.until)),
        ("pts", ">=", "pts_low", asked.from_s),
        ("pts", "<", "pts_high", asked.to_s),
    ):
        if at is not None:
            out.append(f"k.{column} {side} ${name}")
            where.values[name] = at
    return f" WHERE {' AND '.join(out)}" if out else ""


def _entities(transaction: Transaction, asked: Filter) -> Where:
    return conditions.entities(
        transaction, Filter(streams=asked.streams, labels=asked.labels, kinds=asked.kinds, ids=asked.ids)
    )


def read_unembedded(transaction: Transaction, query: Unembedded) -> list[Embeddable]:
    """What this run has not embedded, or not as it is said now, by id."""
    values: Row = {"run": query.run_id, "of": query.of, "after": query.after, "limit": max(0, query.limit)}
    given = ""
    if query.streams:
        given = " AND stream IN $streams"
        values["streams"] = stream_ids(transaction, query.streams)
    asked = (
        f"{_SOURCES[query.of]} WHERE n.id > $after{given} OPTIONAL MATCH (v:Embedding {{key: $run + '|' + $of + '|' + n.id}})"
        " WITH n, stream, text, sha256, v WHERE v IS NULL OR v.said <> text"
        " RETURN n.id AS id, stream, text, sha256 ORDER BY id LIMIT $limit"
    )
    found = rows(transaction, asked, **values)
    return [Embeddable(row["id"], row["stream"], row["text"], row["sha256"]) for row in found]


def read_clock_readings(transaction: Transaction, query: ClockReadings) -> list[ClockReading]:
    """What the clock burnt into a stream's pictures said, by media time."""
    asked = "MATCH (c:ClockReading) WHERE c.key STARTS WITH $prefix RETURN c{.*} AS c ORDER BY c.pts, c.text"
    return [
        ClockReading(
            pts_s=row["c"]["pts"], text=row["c"]["text"], box=to_box(row["c"]["box_json"]) or (0.0, 0.0, 1.0, 1.0)
        )
        for row in rows(transaction, asked, prefix=f"{query.stream_id}|")
    ]
