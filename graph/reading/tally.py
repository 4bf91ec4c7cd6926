"""How many rows share a stream, zone, line, label or stretch of time; and which runs there were."""

import json

from graph.reading import sorts
from graph.reading import where as conditions
from graph.reading.finding import plain
from graph.rows import Connection, Row, to_instant
from vidette.models import Run
from vidette.queries import Runs, Share, Tally

_PLACES = {"stream": "streams.name", "zone": "shapes.zone", "line": "shapes.line"}
_WIDTH_MS = {"minute": 60_000, "quarter": 900_000}
_SUBJECT = (
    " LEFT JOIN says ON says.event_seq = events.seq"
    " LEFT JOIN takes_part t ON t.assertion_seq = says.assertion_seq AND t.role = 'subject'"
    " LEFT JOIN identities i ON i.track_seq = t.track_seq"
)
_THING = " JOIN identities i ON i.track_seq = tracks.seq"
_ITSELF = {  # one that says an event may name nobody, where another does
    "events": "CASE WHEN NOT EXISTS (SELECT 1 FROM says y JOIN takes_part u ON u.assertion_seq = y.assertion_seq AND u.role = 'subject'"
    " LEFT JOIN identities j ON j.track_seq = u.track_seq WHERE y.event_seq = events.seq"
    " AND coalesce(u.entity_seq, j.entity_seq) IS NOT NULL) THEN -events.seq END",
    "tracks": "-tracks.seq",
}
_ID = {"events": "coalesce(t.entity_seq, i.entity_seq)", "tracks": "i.entity_seq"}


def read_tally(connection: Connection, query: Tally) -> list[Share]:
    """Counts by what rows share, in the order of the name or the time; an event without a known thing counts by itself."""
    if (known := sorts.tally(connection, query) or _of_shapes(connection, query)) is not None:
        return [_share(query, row) for row in known]
    where = (conditions.events if query.of == "events" else conditions.tracks)(query.where)
    things = query.distinct or query.by == "label"
    joined = (_SUBJECT if query.of == "events" else _THING) if things else ""
    joined += f" LEFT JOIN entities n ON n.seq = {_ID[query.of]}" if query.by == "label" else ""
    thing = f"coalesce({_ID[query.of]}, {_ITSELF[query.of]})" if query.distinct else f"{query.of}.seq"
    counted = f"count(DISTINCT {thing})"
    found = connection.execute(
        "".join(
            (
                f"SELECT {_key(query)} AS key, {counted if things else 'count(*)'} AS count FROM {query.of}",  # noqa: S608  words of ours, values are bound
                f" JOIN streams ON streams.id = {query.of}.stream_id" if query.by == "stream" else "",
                joined,
                where.text,
                " GROUP BY key ORDER BY key",
            )
        ),
        where.values,
    )
    return [_share(query, row) for row in found if row["key"] is not None]


def _of_shapes(connection: Connection, query: Tally) -> list[Row] | None:
    """Events by place, without a window: sums over shapes."""
    asked = query.where
    windowed = asked.since is not None or asked.until is not None
    if query.of != "events" or query.distinct or query.by not in _PLACES or windowed or not plain(asked):
        return None
    where = conditions.shapes(asked)
    where.add(f"{_PLACES[query.by]} != ''")
    where.add("shapes.count > 0")
    listed = (
        f"SELECT {_PLACES[query.by]} AS key, sum(shapes.count) AS count FROM shapes",  # noqa: S608  words of ours, values are bound
        " JOIN streams ON streams.id = shapes.stream_id" if query.by == "stream" else "",
        where.text,
        " GROUP BY key ORDER BY key",
    )
    return connection.execute("".join(listed), where.values).fetchall()


def _key(query: Tally) -> str:
    if query.by in _WIDTH_MS:
        return f"{query.of}.start / {_WIDTH_MS[query.by]}"
    if query.by in ("zone", "line"):
        return f"events.{query.by}" if query.of == "events" else "NULL"
    return {"stream": "streams.name", "label": "n.label"}[query.by]


def _share(query: Tally, row: Row) -> Share:
    if query.by not in _WIDTH_MS:
        return Share(name=row["key"], count=row["count"])
    start = to_instant(row["key"] * _WIDTH_MS[query.by])
    return Share(name=start.isoformat(), count=row["count"], start=start)


def read_runs(connection: Connection, query: Runs) -> list[Run]:
    """Every run, oldest first."""
    del query  # it has no conditions
    return [
        Run(
            id=row["id"],
            model=row["model"],
            revision=row["revision"],
            prompt_hash=row["prompt_hash"],
            params=json.loads(row["params_json"]),
        )
        for row in connection.execute("SELECT * FROM runs ORDER BY seq")
    ]
