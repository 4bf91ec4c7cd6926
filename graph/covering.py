"""Coverage rows: one lane a look, each tiling what it spoke of; a read lays the deep lane over the fast one."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise
from typing import Any

from graph.rows import Connection, Row, Value, insert, pts
from vidette.intervals import merge, stronger, strongest
from vidette.models import Coverage, DeepState, FastState, Look

RULES = {"fast": stronger, "deep": strongest}


def write(connection: Connection, stream_id: str, origin_ms: int, look: Look, rows: Iterable[Coverage]) -> None:
    """Merge rows into a lane, reading only what touches them."""
    for group in disjoint(rows):
        low, high = group[0].start_s, group[-1].end_s
        old = touching(connection, stream_id, look, low, high)
        merged = merge(old, group, RULES[look])
        connection.executemany(
            "DELETE FROM coverage WHERE stream_id = ? AND look = ? AND start_pts = ?",
            [(stream_id, look, row.start_s) for row in old if row not in merged],
        )
        for row in merged:
            if row not in old:
                _insert(connection, look, origin_ms, row)


def touching(connection: Connection, stream_id: str, look: str, low: float, high: float) -> list[Coverage]:
    """Rows of a lane that meet or border on [low, high], in order."""
    found = connection.execute(
        "SELECT * FROM coverage WHERE stream_id = ?1 AND look = ?2 AND start_pts <= ?4 AND end_pts >= ?3"
        " AND start_pts >= coalesce((SELECT max(start_pts) FROM coverage"
        " WHERE stream_id = ?1 AND look = ?2 AND start_pts < ?3), ?3) ORDER BY start_pts",
        (stream_id, look, low, high),
    )
    return [of_row(row) for row in found]


def of_row(row: Row | dict[str, Any]) -> Coverage:
    """A row of `coverage`, or the properties of a node of it."""
    return Coverage(
        stream_id=row["stream_id"],
        start_s=row["start_pts"],
        end_s=row["end_pts"],
        state=FastState(row["state"]),
        deep=DeepState(row["deep"]),
        reason=row["reason"],
    )


def disjoint(rows: Iterable[Coverage]) -> list[list[Coverage]]:
    """Rows rounded to the millisecond, in lists that do not overlap within themselves."""
    rounded = [replace(row, start_s=pts(row.start_s), end_s=pts(row.end_s)) for row in rows]
    solid = [row for row in rounded if row.end_s > row.start_s]
    ordered = sorted(solid, key=lambda row: row.start_s)
    if all(a.end_s <= b.start_s for a, b in pairwise(ordered)):
        return [ordered] if ordered else []
    return [[row] for row in solid]


def _insert(connection: Connection, look: Look, origin_ms: int, row: Coverage) -> None:
    columns: dict[str, Value] = {
        "stream_id": row.stream_id,
        "look": look,
        "start_pts": row.start_s,
        "end_pts": row.end_s,
        "start": origin_ms + round(row.start_s * 1000),
        "end": origin_ms + round(row.end_s * 1000),
        "state": row.state,
        "deep": row.deep,
        "reason": row.reason,
    }
    insert(connection, "coverage", columns)


def retract(connection: Connection, stream_id: str) -> None:
    """Forget what the fast look covered; what deep looks examined stays."""
    connection.execute("DELETE FROM coverage WHERE stream_id = ? AND look = 'fast'", (stream_id,))
