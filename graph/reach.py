"""Which rows may reach into a window, by index: those that begin shortly before it, and few long ones.

`size` is the bit length of a row's duration in ms, so that a row of size n lasts less than 2^n ms. Rows of at most
`_SHORT` are looked for by their start alone; longer ones are few, and of each size those near enough.
"""

import json

from graph.rows import Value

_SHORT = 16
Near = tuple[str, tuple[Value, ...]]
"""SQL that gives numbers of rows, and its parameters; rows that do not reach into the window may be among them."""


def near_instant(table: str, low: float, high: float) -> Near:
    """Rows of events, tracks or segments near [low, high), in milliseconds since 1970; names come from our code."""
    return _near(table, "start", low, high, 1, "", ())


def near_media(table: str, low: float, high: float, stream_id: str = "") -> Near:
    """Rows near [low, high) of media seconds, of one stream or of all."""
    of = "x.stream_id = ? AND " if stream_id else "x.stream_id IN (SELECT id FROM streams) AND "
    return _near(table, "start_pts", low, high, 0.001, of, (stream_id,) if stream_id else ())


def reach(unit: float) -> str:
    """For each `size`, how long before an instant a row may start and still reach it, as a JSON list.

    `unit` is the length of a millisecond. The last is for rows without end.
    """
    return json.dumps([*(2 * unit * 2.0**size for size in range(64)), 1e300])


REACH_S = reach(0.001)
"""`reach` in seconds."""
_REACH = {1: reach(1), 0.001: REACH_S}


def _near(table: str, start: str, low: float, high: float, unit: float, of: str, values: tuple[Value, ...]) -> Near:
    end = min(high, 1e300)
    sql = (
        f"SELECT x.seq FROM {table} x WHERE {of}x.{start} > ? AND x.{start} < ? UNION ALL"  # noqa: S608  names from our code
        f" SELECT x.seq FROM json_each(?) near CROSS JOIN {table} x WHERE near.key > {_SHORT} AND x.size = near.key"
        f" AND x.size > {_SHORT} AND x.{start} > ? - near.value AND x.{start} < ?"
    )
    return sql, (*values, low - 2 * unit * 2.0**_SHORT, end, _REACH[unit], low, end)
