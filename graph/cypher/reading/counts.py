"""Counts, timelines and tallies: computed by the database."""

from collections.abc import Callable
from dataclasses import replace

from graph.cypher import where as conditions
from graph.cypher.driver import Row, Transaction, one, rows
from graph.cypher.reading import timely
from graph.cypher.reading.events import run_of
from graph.cypher.where import Where
from graph.rows import to_instant
from vidette.errors import ConfigError
from vidette.models import Run
from vidette.queries import Bucket, Count, Filter, Runs, Share, Tally, Timeline

_OF: dict[str, tuple[str, Callable[[Transaction, Filter], Where]]] = {
    "events": ("e", conditions.events),
    "tracks": ("t", conditions.tracks),
    "entities": ("n", conditions.entities),
    "segments": ("g", conditions.segments),
}
_WIDTH_MS = {"minute": 60_000, "quarter": 900_000}
_THINGS = (
    " CALL (e) { OPTIONAL MATCH (n:Entity)-[r:TAKES_PART {role: 'subject'}]->(e) RETURN collect(DISTINCT n) AS own }"
    " CALL (e) { OPTIONAL MATCH (n:Entity)<-[:IS]-(:Track)-[:TAKES_PART {role: 'subject', named: false}]->(e)"
    " RETURN collect(DISTINCT n) AS tracked }"
    " UNWIND CASE WHEN size(own + tracked) = 0 THEN [null] ELSE own + tracked END AS n"
)


def read_count(transaction: Transaction, query: Count) -> int:
    """How many rows match."""
    if query.of == "events" and timely.is_timely(query.where):
        return timely.count(transaction, query.where)
    variable, conditions_of = _OF[query.of]
    where = conditions_of(transaction, query.where)
    found = one(transaction, f"{where.text} RETURN count(DISTINCT {variable}) AS count", **where.values)
    return int(found["count"]) if found else 0


def read_timeline(transaction: Transaction, query: Timeline) -> list[Bucket]:
    """What starts in each bucket; buckets count from media time 0 of the stream (of the earliest, if many)."""
    width = round(query.bucket_s * 1000)
    if width < 1:
        raise ConfigError(f"a timeline of {query.bucket_s!r} s buckets; give at least 0.001")
    variable, conditions_of = _OF[query.of]
    where = conditions_of(transaction, replace(query.where, starts_inside=True))
    ids = f"{where.text} WITH DISTINCT {variable}.stream_id AS id MATCH (s:Stream {{id: id}}) RETURN min(s.start) AS origin"
    origin = (one(transaction, ids, **where.values) or {}).get("origin")
    if origin is None:
        return []
    bucket = f"toInteger(floor(toFloat({variable}.start - $origin) / $width))"
    found = rows(
        transaction,
        f"{where.text} RETURN {bucket} AS bucket, count(*) AS count ORDER BY bucket",
        **where.values,
        origin=origin,
        width=width,
    )
    return [
        Bucket(
            start_s=row["bucket"] * width / 1000, start=to_instant(origin + row["bucket"] * width), count=row["count"]
        )
        for row in found
    ]


def read_tally(transaction: Transaction, query: Tally) -> list[Share]:
    """Counts by what rows share, in the order of the name or the time; an event without a known thing counts by itself."""
    if query.of == "events" and query.by in timely.PLACES and not query.distinct and timely.is_kept(query.where):
        return [_share(query, row) for row in timely.tally(transaction, query.where, query.by)]
    variable, conditions_of = _OF[query.of]
    where = conditions_of(transaction, query.where)
    things = query.distinct or query.by == "label"
    joined = " WITH e" + _THINGS if things and query.of == "events" else ""
    joined += f" MATCH (s:Stream {{id: {variable}.stream_id}})" if query.by == "stream" else ""
    counted = f"coalesce(n.id, {variable}.id)" if query.distinct else f"{variable}.id" if things else "*"
    counted = f"count(DISTINCT {counted})" if things else "count(*)"
    found = rows(
        transaction,
        f"{where.text}{joined} WITH {_key(query, variable)} AS key, {counted} AS count WHERE key IS NOT NULL"
        " RETURN key, count ORDER BY key",
        **where.values,
    )
    return [_share(query, row) for row in found]


def _key(query: Tally, variable: str) -> str:
    if query.by in _WIDTH_MS:
        return f"toInteger(floor({variable}.start / {_WIDTH_MS[query.by]}.0))"
    if query.by in ("zone", "line"):
        return f"e.{query.by}" if query.of == "events" else "null"
    return {"stream": "s.name", "label": "n.label"}[query.by]


def _share(query: Tally, row: Row) -> Share:
    if query.by not in _WIDTH_MS:
        return Share(name=row["key"], count=row["count"])
    start = to_instant(row["key"] * _WIDTH_MS[query.by])
    return Share(name=start.isoformat(), count=row["count"], start=start)


def read_runs(transaction: Transaction, _query: Runs) -> list[Run]:
    """Every run, oldest first."""
    return [run_of(row["r"]) for row in rows(transaction, "MATCH (r:Run) RETURN r{.*} AS r ORDER BY r.seq")]
