"""Streams, their commits and coverage."""

import json
from typing import Literal

from graph import covering
from graph.opening import last_commit
from graph.reading.where import Where
from graph.rows import Connection, Named, Row, many, to_instant, to_ms
from vidette.ids import milliseconds
from vidette.intervals import clipped, deepened, merge
from vidette.models import Commit, Coverage
from vidette.queries import CoverageIn, Filter, LastCommit, Reach, Reached, Settled, StreamOf, Streams
from vidette.rows import CoverageRow, StreamRow
from vidette.streams import Line, Stream, Zone

_COUNTED = (
    "SELECT streams.*,"
    " (SELECT coalesce(sum(s.count), 0) FROM shapes s WHERE s.stream_id = streams.id AND s.live) AS events,"
    " coalesce((SELECT watched / 1000.0 FROM lanes WHERE stream_id = streams.id AND look = 'fast'), 0.0) AS watched,"
    " max(coalesce((SELECT c.end_pts FROM coverage c WHERE c.stream_id = streams.id AND c.look = 'fast'"
    " ORDER BY c.start_pts DESC LIMIT 1), 0.0), coalesce((SELECT c.end_pts FROM coverage c WHERE c.stream_id = streams.id"
    " AND c.look = 'deep' ORDER BY c.start_pts DESC LIMIT 1), 0.0)) AS reach,"
    " (SELECT final FROM commits WHERE stream_id = streams.id) AS final FROM streams"
)


def read_streams(connection: Connection, query: Streams) -> list[StreamRow]:
    """Streams by name; `names` may be ids."""
    where, listed = Where(), many(query.names)
    if query.names:
        where.add(
            "(name IN (SELECT value FROM json_each(?)) OR id IN (SELECT value FROM json_each(?)))", listed, listed
        )
    found = connection.execute("".join((_COUNTED, where.text, " ORDER BY name")), where.values)
    return [_row(row) for row in found]


def _row(row: Row) -> StreamRow:
    return StreamRow(
        id=row["id"],
        name=row["name"],
        kind=row["kind"],
        uri=row["uri"],
        start=to_instant(row["start"]),
        start_from=row["start_from"],
        duration_s=row["duration"],
        watched_s=round(row["watched"], 3),
        events=row["events"],
        tracks=row["tracks"],
        state=_state(row),
        reach_s=row["reach"],
    )


def _state(row: Row) -> Literal["watching", "ended", "imported"]:
    if row["final"]:
        return "ended"
    return "imported" if row["kind"] == "import" else "watching"


def read_stream(connection: Connection, query: StreamOf) -> Stream | None:
    """A stream as configured, by name or id."""
    row = connection.execute(
        "SELECT * FROM streams WHERE id = ?1 OR name = ?1 ORDER BY id = ?1 DESC", (query.name,)
    ).fetchone()
    if row is None:
        return None
    return Stream(
        id=row["id"],
        name=row["name"],
        kind=row["kind"],
        uri=row["uri"],
        start=to_instant(row["start"]),
        start_from=row["start_from"],
        duration_s=row["duration"],
        width=row["width"],
        height=row["height"],
        zones=_zones(connection, row["id"]),
        lines=_lines(connection, row["id"]),
    )


def _zones(connection: Connection, stream_id: str) -> tuple[Zone, ...]:
    found = connection.execute("SELECT * FROM zones WHERE stream_id = ? ORDER BY place", (stream_id,))
    return tuple(
        Zone(id=row["id"], name=row["name"], polygon=tuple((x, y) for x, y in json.loads(row["polygon_json"])))
        for row in found
    )


def _lines(connection: Connection, stream_id: str) -> tuple[Line, ...]:
    found = connection.execute("SELECT * FROM lines WHERE stream_id = ? ORDER BY place", (stream_id,))
    out = []
    for row in found:
        (ax, ay), (bx, by) = json.loads(row["points_json"])
        out.append(Line(id=row["id"], name=row["name"], a=(ax, ay), b=(bx, by)))
    return tuple(out)


def read_commit(connection: Connection, query: LastCommit) -> Commit | None:
    """The newest settled fast observation of a stream."""
    return last_commit(connection, query.stream_id)


def read_reached(connection: Connection, query: Reached) -> dict[str, Reach]:
    """How far each of these streams is settled, and its fence."""
    asked = (
        "SELECT s.id, s.fence, (SELECT c.sequence FROM commits c WHERE c.stream_id = s.id) AS sequence"
        " FROM streams s WHERE s.id IN (SELECT value FROM json_each(?))"
    )
    found = connection.execute(asked, (many(query.streams),))
    return {row["id"]: Reach(-1 if row["sequence"] is None else row["sequence"], row["fence"]) for row in found}


def read_settled(connection: Connection, query: Settled) -> frozenset[str]:
    """Which of these observations are in memory."""
    known = (
        "SELECT id FROM observations WHERE seq IN (SELECT m.seq FROM names m"
        " WHERE m.id IN (SELECT value FROM json_each(?)))"
    )
    return frozenset(row["id"] for row in connection.execute(known, (json.dumps(query.ids),)))


def read_coverage(connection: Connection, query: CoverageIn) -> list[CoverageRow]:
    """Coverage rows by stream and time, clipped to the window."""
    out: list[CoverageRow] = []
    for stream in chosen(connection, query.where.streams):
        out += _covered(connection, stream, query.where)
        if len(out) >= query.limit:
            break
    return out[: query.limit]


def chosen(connection: Connection, names: tuple[str, ...]) -> list[Row]:
    """The streams of these names or ids, or all, by name."""
    where, listed = Where(), many(names)
    if names:
        where.add(
            "(name IN (SELECT value FROM json_each(?)) OR id IN (SELECT value FROM json_each(?)))", listed, listed
        )
    return connection.execute("".join(("SELECT * FROM streams", where.text, " ORDER BY name")), where.values).fetchall()


def _covered(connection: Connection, stream: Row, asked: Filter) -> list[CoverageRow]:
    low, high = window(stream["start"], asked)
    if high <= low:
        return []
    lanes = [
        [clipped(row, low, high) for row in covering.touching(connection, stream["id"], look, low, high)]
        for look in ("fast", "deep")
    ]
    fast, deep = ([row for row in lane if row.end_s > row.start_s] for lane in lanes)
    return [coverage_row(stream, row) for row in merge(fast, deep, deepened)]


def window(origin_ms: int, asked: Filter) -> tuple[float, float]:
    """The asked window in media seconds of one stream."""
    since = -1e12 if asked.since is None else (to_ms(asked.since) - origin_ms) / 1000
    until = 1e12 if asked.until is None else (to_ms(asked.until) - origin_ms) / 1000
    low = max(since, -1e12 if asked.from_s is None else milliseconds(asked.from_s) / 1000)
    return low, min(until, 1e12 if asked.to_s is None else milliseconds(asked.to_s) / 1000)


def coverage_row(stream: Named, row: Coverage) -> CoverageRow:
    """A row of a stream, with its instants."""
    return CoverageRow(
        stream=stream["name"],
        start=to_instant(stream["start"] + milliseconds(row.start_s)),
        end=to_instant(stream["start"] + milliseconds(row.end_s)),
        start_s=row.start_s,
        end_s=row.end_s,
        state=row.state,
        deep=row.deep,
        reason=row.reason or None,
    )
