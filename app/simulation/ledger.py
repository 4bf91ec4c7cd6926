"""Whether a ledger is honest: no gap, nothing claimed as watched that was not, nothing missed without its reason."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from vidette.models import FastState
from vidette.rows import CoverageRow

SLACK_S = 0.05
"""Media time is stored in milliseconds, faults are struck by wall clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A stretch of Unix time in which coverage may lack pictures for these reasons (none given: for any)."""

    start: float
    end: float
    reasons: frozenset[str] = frozenset()

    def explains(self, row: CoverageRow) -> bool:
        """Whether a row's reason is one of these."""
        return not self.reasons or (row.reason or "") in self.reasons


def gaps(rows: Sequence[CoverageRow]) -> list[str]:
    """Where rows of one stream do not meet, as sentences."""
    return [
        f"{'gap' if b.start_s > a.end_s else 'overlap'} at {a.end_s:.3f}..{b.start_s:.3f} s"
        for a, b in pairwise(rows)
        if abs(a.end_s - b.start_s) > 1e-6
    ]


def unexplained(rows: Iterable[CoverageRow], windows: Sequence[Window]) -> list[tuple[CoverageRow, float]]:
    """Rows without pictures, with the seconds of each that no window explains."""
    found = []
    for row in rows:
        if row.state is FastState.WATCHED:
            continue
        allowed = [window for window in windows if window.explains(row)]
        left_s = outside(row.start.timestamp(), row.end.timestamp(), [(one.start, one.end) for one in allowed])
        if left_s > SLACK_S:
            found.append((row, left_s))
    return found


def claimed(rows: Iterable[CoverageRow], start: float, end: float) -> float:
    """Seconds of [start, end) that are said to be watched."""
    return sum(
        max(0.0, min(end, row.end.timestamp()) - max(start, row.start.timestamp()))
        for row in rows
        if row.state is FastState.WATCHED
    )


def dark(rows: Iterable[CoverageRow], start: float, end: float) -> float:
    """Seconds of [start, end) that are said not to be watched."""
    return sum(
        max(0.0, min(end, row.end.timestamp()) - max(start, row.start.timestamp()))
        for row in rows
        if row.state is not FastState.WATCHED
    )


def outside(start: float, end: float, windows: Iterable[tuple[float, float]]) -> float:
    """Seconds of [start, end) in none of the windows, which may overlap."""
    left_s, at = 0.0, start
    for a, b in sorted(windows):
        if a > at:
            left_s += max(0.0, min(a, end) - at)
        at = max(at, min(b, end))
    return left_s + max(0.0, end - at)
