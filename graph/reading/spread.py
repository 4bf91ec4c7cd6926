"""Rows that meet any of many stretches of time: those that begin in one or shortly before it, and few long ones."""

import json
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from graph.reading import where as conditions
from graph.reading.where import Where
from graph.rows import Connection
from vidette.intervals import Span, union
from vidette.moments import Moments
from vidette.queries import Filter

_SHORT_MS = 2**16 + 1
"""Rows that are not among the long ones (`size` > 16) last less."""
_LOOK = 8
"""To look into a stretch of time costs as much as to look at so many events."""
_ALL = "SELECT total(count), (SELECT min(start) FROM events), (SELECT max(start) FROM events) FROM shapes"
_IN = "events.seq IN (SELECT value FROM json_each(?))"
_OF_KINDS = (
    "SELECT DISTINCT says.event_seq FROM says JOIN takes_part t ON t.assertion_seq = says.assertion_seq"
    " LEFT JOIN identities i ON i.track_seq = t.track_seq JOIN entities n ON n.seq = coalesce(t.entity_seq, i.entity_seq)"
    " WHERE says.event_seq IN (SELECT value FROM json_each(?)) AND n.kind IN (SELECT value FROM json_each(?))"
)
ID, START, END = 1, 3, 4
"""Where a row that is read here has its id, and its `start` and `end` in ms since 1970."""


def spread(connection: Connection, query: Moments, select: str, where: Where) -> list[Any]:
    """Rows of `select`, with START and END in their places, that meet (or begin in) one of the query's spans.

    In the order of time; the same row may not be there twice, and no more than the query's limit.
    """
    stretches = [(_ms(low), _ms(high)) for low, high in query.spans or ()]
    if not stretches:
        return []
    if query.begins and query.of == "events" and _many(connection, query.where, stretches):
        found = _chosen(connection, query, select, stretches)
    else:
        found = _near(connection, query, select, where, stretches)
    if not query.begins:
        found += _long(connection, query, select, where, stretches)
    met = {row[ID]: row for row in found}
    return sorted(met.values(), key=lambda row: (row[START], row[ID]), reverse=_newest(query))[: query.limit]


def _newest(query: Moments) -> bool:
    return query.order == "-start"


def _many(connection: Connection, asked: Filter, spans: Sequence[Span]) -> bool:
    """Whether it costs more to look at all events that begin in the stretches than at those of the shapes asked."""
    counted = conditions.shapes(asked)
    events = connection.execute("".join(("SELECT total(count) FROM shapes", counted.text)), counted.values).fetchone()[
        0
    ]
    return bool(events < _LOOK * len(spans) + _expected(connection, spans))


def _expected(connection: Connection, spans: Sequence[Span]) -> float:
    """How many events begin in the stretches, if they come evenly."""
    events, first, last = connection.execute(_ALL).fetchone()
    if not events or last <= first:
        return 0.0
    return float(events * min(1.0, sum(high - low for low, high in spans) / (last - first)))


def _chosen(connection: Connection, query: Moments, select: str, spans: Sequence[Span]) -> list[Any]:
    """Events that begin in one of very many stretches: by the index of shapes, then their kinds, then all else."""
    shaped = Where()
    conditions.shaped(shaped, query.where)
    shaped.add("events.start >= ? AND events.start < ?", spans[0][0], spans[-1][1])
    highs = [high for _, high in spans]
    cursor = connection.cursor()
    cursor.row_factory = None
    begun = cursor.execute("".join(("SELECT events.seq, events.start FROM events", shaped.text)), shaped.values)
    seqs = [seq for seq, start in begun if _meets(start, None, spans, highs, True)]
    if query.where.kinds:
        asked = json.dumps(seqs), json.dumps(query.where.kinds)
        seqs = [row[0] for row in cursor.execute(_OF_KINDS, asked)]
    where = conditions.events(replace(query.where, kinds=()))
    return _read(connection, query, select, where.also(_IN, json.dumps(seqs)), spans)


def _ms(seconds: float) -> int:
    return round(1000 * max(-1e12, min(seconds, 1e12)))


def _near(connection: Connection, query: Moments, select: str, where: Where, spans: Sequence[Span]) -> list[Any]:
    """Rows that begin in one of the stretches or shortly before it, by the index of time."""
    near = spans if query.begins else union((low - _SHORT_MS, high) for low, high in spans)
    within = f"{query.of}.start >= near.value ->> 0 AND {query.of}.start < near.value ->> 1"
    asked = Where([within, *where.conditions], [json.dumps(near), *where.values])
    return _read(connection, query, select.replace(" FROM ", " FROM json_each(?) near CROSS JOIN ", 1), asked, spans)


def _long(connection: Connection, query: Moments, select: str, where: Where, spans: Sequence[Span]) -> list[Any]:
    """Long rows that meet one of the stretches."""
    long = f"SELECT x.seq FROM {query.of} x WHERE x.size > 16 AND x.start < ?"  # noqa: S608  a name of ours
    reaching = f'{query.of}.seq IN ({long}) AND ({query.of}."end" > ? OR {query.of}."end" IS NULL)'
    return _read(connection, query, select, where.also(reaching, spans[-1][1], spans[0][0]), spans)


def _read(connection: Connection, query: Moments, select: str, where: Where, spans: Sequence[Span]) -> list[Any]:
    """The first rows that meet a stretch, as many as are asked for."""
    down = " DESC" if _newest(query) else ""
    by = f" ORDER BY +{query.of}.start{down}, {query.of}.id{down}"
    cursor = connection.cursor()
    cursor.row_factory = None
    highs = [high for _, high in spans]
    found = cursor.execute("".join((select, where.text, by)), where.values)
    return list(islice((row for row in found if _meets(row[START], row[END], spans, highs, query.begins)), query.limit))


def _meets(start: int, end: int | None, spans: Sequence[Span], highs: Sequence[float], begins: bool) -> bool:
    at = bisect_right(highs, start)  # the first that is not over before the row begins
    if at == len(highs):
        return False
    low = spans[at][0]
    return low <= start or (not begins and (end is None or end > low))
