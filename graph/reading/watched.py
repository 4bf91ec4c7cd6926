"""How much of a window was watched and examined: summed by the database, so that only what was not watched is read."""

from typing import cast

from graph import covering
from graph.reading.streams import chosen, coverage_row, window
from graph.rows import Connection, Row
from vidette.aggregates import Watched, Watching
from vidette.intervals import Span, clipped, complement
from vidette.models import Coverage, FastState

# Rows of a lane that meet [?3, ?4): none overlap, so the first is the last that began before it.
_MET = (
    " FROM coverage WHERE stream_id = ?1 AND look = ?2 AND start_pts < ?4 AND end_pts > ?3 AND start_pts >= coalesce("
    "(SELECT max(start_pts) FROM coverage WHERE stream_id = ?1 AND look = ?2 AND start_pts < ?3), ?3)"
)
_LENGTH = "min(end_pts, ?4) - max(start_pts, ?3)"
_SUMS = (
    f"SELECT max(min(start_pts), ?3) AS low, min(max(end_pts), ?4) AS high, total({_LENGTH}) AS known,"
    f" total(CASE WHEN state = 'watched' THEN {_LENGTH} END) AS watched,"
    f" total(CASE WHEN deep = 'examined' THEN {_LENGTH} END) AS examined{_MET}"
)
_WHOLE = (
    "SELECT known / 1000.0 AS known, watched / 1000.0 AS watched, examined / 1000.0 AS examined,"
    " (SELECT start_pts FROM coverage WHERE stream_id = ?1 AND look = ?2 ORDER BY start_pts LIMIT 1) AS low,"
    " (SELECT end_pts FROM coverage WHERE stream_id = ?1 AND look = ?2 ORDER BY start_pts DESC LIMIT 1) AS high"
    " FROM lanes WHERE stream_id = ?1 AND look = ?2"
)
_HOLES = "".join(
    (
        "SELECT at, start_pts FROM (SELECT start_pts, lag(end_pts) OVER (ORDER BY start_pts) AS at",
        _MET,
        ") WHERE start_pts > at",
    )
)
_DARK = _MET.replace(
    " FROM coverage", " FROM coverage INDEXED BY coverage_dark", 1
)  # few rows, however long it watched
_UNWATCHED = f"SELECT *{_DARK} AND state != 'watched' ORDER BY start_pts"
# What either lane examined, counted once: each row for what it adds to those that began before it.
_EXAMINED = (
    "WITH both AS (SELECT max(start_pts, ?2) AS low, min(end_pts, ?3) AS high FROM coverage WHERE stream_id = ?1"
    " AND deep = 'examined' AND start_pts < ?3 AND end_pts > ?2),"
    " added AS (SELECT low, high, max(high) OVER (ORDER BY low, high ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
    " AS so_far FROM both) SELECT total(max(0.0, high - max(low, coalesce(so_far, low)))) FROM added"
)
_SLACK_S = 0.0005


def read_watched(connection: Connection, query: Watched) -> list[Watching]:
    """One row a stream, by name."""
    found = [(stream, window(stream["start"], query.where)) for stream in chosen(connection, query.where.streams)]
    return [_of_stream(connection, stream, *span) for stream, span in found]


def _of_stream(connection: Connection, stream: Row, low: float, high: float) -> Watching:
    """The fast lane tells; where it is silent, the deep one does."""
    if high <= low:
        return Watching(stream=stream["name"])
    asked = stream["id"], "fast", low, high
    fast = _sums(connection, asked)
    known = _known(connection, fast, asked)
    deep = [row for gap in complement(known, (low, high)) for row in _rows(connection, stream["id"], *gap)]
    dark = [clipped(covering.of_row(row), low, high) for row in connection.execute(_UNWATCHED, asked)]
    dark += [row for row in deep if row.state != FastState.WATCHED]
    return Watching(
        stream=stream["name"],
        watched_s=fast["watched"] + sum(row.end_s - row.start_s for row in deep if row.state == FastState.WATCHED),
        examined_s=_examined(connection, stream["id"], low, high, fast["examined"]),
        known=(*known, *((row.start_s, row.end_s) for row in deep)),
        unwatched=tuple(coverage_row(stream, row) for row in sorted(dark, key=lambda row: row.start_s)),
    )


def _sums(connection: Connection, asked: tuple[str, str, float, float]) -> Row:
    """What a lane says of a window: kept where that is all of the lane."""
    whole = connection.execute(_WHOLE, asked[:2]).fetchone()
    if whole and whole["low"] is not None and asked[2] <= whole["low"] and whole["high"] <= asked[3]:
        return cast("Row", whole)
    return cast("Row", connection.execute(_SUMS, asked).fetchone())


def _known(connection: Connection, fast: Row, asked: tuple[str, str, float, float]) -> list[Span]:
    """The stretches that the fast lane speaks of, without the holes in it."""
    if fast["low"] is None:
        return []
    whole = fast["low"], fast["high"]
    if whole[1] - whole[0] - fast["known"] <= _SLACK_S:
        return [whole]
    return complement([(row[0], row[1]) for row in connection.execute(_HOLES, asked)], whole)


def _rows(connection: Connection, stream_id: str, low: float, high: float) -> list[Coverage]:
    """What deep looks say of a stretch."""
    rows = [clipped(row, low, high) for row in covering.touching(connection, stream_id, "deep", low, high)]
    return [row for row in rows if row.end_s > row.start_s]


def _examined(connection: Connection, stream_id: str, low: float, high: float, fast: float) -> float:
    """What either look examined: what one of them did, where the other did nothing."""
    deep = _sums(connection, (stream_id, "deep", low, high))["examined"] or 0.0
    if not fast or not deep:
        return float(fast or deep)
    return float(connection.execute(_EXAMINED, (stream_id, low, high)).fetchone()[0])
