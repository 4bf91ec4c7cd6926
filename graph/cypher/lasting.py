"""How long a node lasts, so that those which reach into a window are found by index (graph.reach).

Most last at most `SHORT_MS`: they are looked for by their start alone. The others have a property `long`, the bit length of
their duration, by which those near enough are found.
"""

from graph.cypher.driver import Row
from graph.rows import times
from graph.schema import OPEN

_SHORT = 16
SHORT_MS = 2**_SHORT


def times_of(origin_ms: int, start_s: float, end_s: float | None) -> Row:
    """The times of a node of a stream whose media time 0 is `origin_ms`. Raises StoreError."""
    out: Row = dict(times(origin_ms, start_s, end_s))
    return {**out, "long": out["size"] if out["size"] > _SHORT else None}


def reaches(low: float, unit: float) -> list[Row]:
    """Since when nodes of each size may have begun that reach `low`; `unit` is the length of a millisecond."""
    near = [{"size": size, "low": low - 2 * unit * 2.0**size} for size in range(_SHORT + 1, OPEN)]
    return [*near, {"size": OPEN, "low": -1e300}]
