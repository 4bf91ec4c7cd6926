"""Counts by groups, where things were, how long they stayed, and what is told of things."""

from collections import defaultdict
from dataclasses import replace

from graph.cypher import where as conditions
from graph.cypher.covering import Lanes, lanes
from graph.cypher.driver import Row, Transaction, one, rows
from graph.cypher.reading.streams import chosen, spans_of
from graph.cypher.things import points_of
from graph.reading.aggregates import grouped, meets, visit_of
from graph.reading.streams import coverage_row
from graph.rows import to_ms
from vidette.aggregates import (
    Breakdown,
    Grouped,
    Heat,
    HeatCell,
    Telling,
    Told,
    Visit,
    Visits,
    Watched,
    Watching,
)
from vidette.errors import ConfigError
from vidette.intervals import Span, complement, total, union
from vidette.models import LOOKS, DeepState, FastState

_GROUPS = {
    "events": {
        "stream": "s.name",
        "type": "e.type",
        "label": "label",
        "zone": "e.zone",
        "line": "e.line",
        "way": "e.direction",
    },
    "tracks": {"stream": "s.name", "label": "n.label", "heading": "t.heading"},
}
_VALUES = {
    ("events", "duration"): "e.end_pts - e.start_pts",
    ("tracks", "duration"): "t.end_pts - t.start_pts",
    ("tracks", "speed"): "t.speed",
}
_LABEL = (
    " CALL (e) { OPTIONAL MATCH (n:Entity)-[r:TAKES_PART]->(e) WHERE n.label IS NOT NULL RETURN n AS m, r"
    " UNION OPTIONAL MATCH (n:Entity)<-[:IS]-(:Track)-[r:TAKES_PART {named: false}]->(e) RETURN n AS m, r }"
    " WITH e, s, m, r ORDER BY m IS NULL, r.role <> 'subject', r.place, m.id WITH e, s, head(collect(m.label)) AS label"
)
_MOST = 1e12


def read_breakdown(transaction: Transaction, query: Breakdown) -> list[Grouped]:
    """Groups with their counts, the largest first."""
    keys, values = _keys(query)
    variable = query.of[0]
    asked = replace(query.where, starts_inside=True)
    where = (conditions.events if query.of == "events" else conditions.tracks)(transaction, asked)
    joined = f" MATCH (s:Stream {{id: {variable}.stream_id}})"
    joined += _LABEL if query.of == "events" and "label" in query.by else ""
    named = ", ".join(f"coalesce({key}, '') AS k{place}" for place, key in enumerate(keys))
    names = [f"k{place}" for place in range(len(keys))]
    value = _value(query)
    found = rows(
        transaction,
        f"{where.text}{joined} WITH {named}, {value} AS v WITH {', '.join(names)}, count(*) AS count, count(v) AS valued,"
        " sum(v) AS total, min(v) AS least, max(v) AS most, percentileDisc(v, 0.5) AS median, percentileDisc(v, 0.9) AS p90"
        f" RETURN * ORDER BY count DESC, {', '.join(names)} LIMIT $limit",
        **where.values,
        **values,
        limit=query.limit,
    )
    return [grouped(row, names[: len(query.by)]) for row in found]


def _keys(query: Breakdown) -> tuple[list[str], Row]:
    """Cypher of the groups, with its parameters. Raises ConfigError."""
    keys: list[str] = []
    values: Row = {}
    for group in query.by:
        if group == "bucket":
            key, bound = _bucket(query)
            keys.append(key)
            values |= bound
        elif group in _GROUPS[query.of]:
            keys.append(_GROUPS[query.of][group])
        else:
            raise ConfigError(f"{query.of} have no {group!r}; choices: {', '.join((*_GROUPS[query.of], 'bucket'))}")
    return keys or ["''"], values


def _bucket(query: Breakdown) -> tuple[str, Row]:
    width, variable = round(query.bucket_s * 1000), query.of[0]
    if width < 1:
        raise ConfigError(f"buckets of {query.bucket_s!r} s; give at least 0.001")
    if query.origin is None:
        return f"toInteger(floor(round({variable}.start_pts * 1000) / $width))", {"width": float(width)}
    bound = {"width": float(width), "origin": to_ms(query.origin)}
    return f"toInteger(floor(({variable}.start - $origin) / $width))", bound


def _value(query: Breakdown) -> str:
    if query.value is None:
        return "null"
    if (query.of, query.value) not in _VALUES:
        raise ConfigError(f"{query.of} have no {query.value!r}; choices: duration, and speed for tracks")
    return _VALUES[query.of, query.value]


def read_heat(transaction: Transaction, query: Heat) -> list[HeatCell]:
    """Cells in which tracks stood."""
    if min(query.columns, query.rows) < 1:
        raise ConfigError(f"a grid of {query.columns} x {query.rows} cells; give at least 1 x 1")
    where = conditions.tracks(transaction, query.where)
    asked = f"{where.text} WITH t ORDER BY t.id LIMIT $most MATCH (t)-[:WENT]->(p:Path) WITH t, p ORDER BY p.start_pts"
    found = rows(
        transaction, f"{asked} RETURN t.id AS id, collect(p.points) AS chunks", **where.values, most=query.most
    )
    counts: dict[tuple[int, int], int] = defaultdict(int)
    for row in found:
        feet = [((p.box[0] + p.box[2]) / 2, p.box[3]) for chunk in row["chunks"] for p in points_of(chunk)]
        for cell in _cells(feet, query):
            counts[cell] += 1
    return [HeatCell(x, y, count) for (y, x), count in sorted(counts.items())]


def _cells(feet: list[tuple[float, float]], query: Heat) -> set[tuple[int, int]]:
    """(row, column) of the cells on a way, each once; between two places in quarters."""
    out = set()
    for (x, y), (to_x, to_y) in zip(feet, [*feet[1:], *feet[-1:]], strict=True):
        for part in (0, 0.25, 0.5, 0.75):
            column = int((x + part * (to_x - x)) * query.columns)
            row = int((y + part * (to_y - y)) * query.rows)
            out.add((max(0, min(query.rows - 1, row)), max(0, min(query.columns - 1, column))))
    return out


def read_visits(transaction: Transaction, query: Visits) -> list[Visit]:
    """Stays by start."""
    where = conditions.tracks(transaction, query.where)
    stays = _IN_ZONES if query.zones else _IN_VIEW
    found = rows(
        transaction,
        f"{where.text} MATCH (s:Stream {{id: t.stream_id}}){stays} ORDER BY since, track, zone LIMIT $limit",
        **where.values,
        limit=query.limit,
    )
    return [visit for row in found if (visit := visit_of(row)) and meets(visit, query)]


_IN_VIEW = " RETURN s.name AS stream, s.start AS origin, n.label AS told, t.id AS track, '' AS zone, t.start AS since, t.end AS until"
# A stay lasts from entering to the next leaving of that zone by that track, else to the track's end.
_IN_ZONES = (
    " MATCH (t)-[:TAKES_PART]->(e:Event) WHERE e.type = 'zone_entered' AND e.zone IS NOT NULL AND e.state <> 'retracted'"
    " WITH DISTINCT s, n, t, e CALL (t, e) { OPTIONAL MATCH (t)-[:TAKES_PART]->(x:Event) WHERE x.type = 'zone_exited'"
    " AND x.zone = e.zone AND x.start >= e.start AND x.state <> 'retracted' RETURN min(x.start) AS left }"
    " RETURN DISTINCT s.name AS stream, s.start AS origin, n.label AS told, t.id AS track, e.zone AS zone,"
    " e.start AS since, coalesce(left, t.end) AS until"
)


def read_watched(transaction: Transaction, query: Watched) -> list[Watching]:
    """One row a stream, by name."""
    streams = chosen(transaction, query.where.streams)
    spans = spans_of(streams, query.where)
    said = lanes(transaction, spans)
    return [_of_stream(stream, said, spans.get(stream["id"])) for stream in streams]


def _of_stream(stream: Row, said: Lanes, span: Span | None) -> Watching:
    """The fast lane tells; where it is silent, the deep one does."""
    if span is None:
        return Watching(stream=stream["name"])
    low, high = span
    fast, deep = (said[stream["id"], look] for look in LOOKS)
    known = union((row.start_s, row.end_s) for row in fast)
    silent = complement(known, (low, high))
    filling = [
        replace(row, start_s=max(row.start_s, start), end_s=min(row.end_s, end))
        for start, end in silent
        for row in deep
        if row.start_s < end and row.end_s > start
    ]
    told = [*fast, *filling]
    examined = [(row.start_s, row.end_s) for row in (*fast, *deep) if row.deep == DeepState.EXAMINED]
    dark = [row for row in told if row.state != FastState.WATCHED]
    return Watching(
        stream=stream["name"],
        watched_s=round(sum(row.end_s - row.start_s for row in told if row.state == FastState.WATCHED), 3),
        examined_s=round(total(examined), 3),
        known=(*known, *((row.start_s, row.end_s) for row in filling)),
        unwatched=tuple(coverage_row(stream, row) for row in sorted(dark, key=lambda row: row.start_s)),
    )


def read_told(transaction: Transaction, query: Told) -> Telling:
    """What is told of things."""
    found = one(
        transaction,
        "MATCH (n:Entity) WHERE n.present AND n.label IN $labels RETURN count(n) > 0 AS labels,"
        " count(CASE WHEN n.kind IN $kinds THEN 1 END) > 0 AS kinds, count(n.kind) > 0 AS any_kind",
        labels=[str(label) for label in query.labels],
        kinds=list(query.kinds),
    )
    assert found is not None
    return Telling(labels=found["labels"], kinds=found["kinds"], any_kind=found["any_kind"])
