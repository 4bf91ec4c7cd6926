"""How two stretches of time lie to each other, with a tolerance.

The relations are Allen's thirteen (Maintaining knowledge about temporal intervals, CACM 26(11), 1983) in the three
groups that a question tells apart: before (and meets), after (and met by), and all that share time. A sampled start or
end may be one sampling interval off, so borders nearer than that count for either side.
"""

import bisect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vidette.intervals import Span, union


def before(a: Span, b: Span, tolerance: float) -> bool:
    """Whether `a` has ended when `b` starts."""
    return a[1] <= b[0] + tolerance and a[0] <= b[0]


def after(a: Span, b: Span, tolerance: float) -> bool:
    """Whether `a` starts once `b` has ended."""
    return before(b, a, tolerance)


def during(a: Span, b: Span, tolerance: float) -> bool:
    """Whether they share time; instants do, and what only touches does not unless one of the two is an instant."""
    if a[0] == a[1] or b[0] == b[1]:
        return a[0] <= b[1] + tolerance and b[0] <= a[1] + tolerance
    return a[0] < b[1] and b[0] < a[1]


def shared(a: Sequence[Span], b: Sequence[Span]) -> tuple[Span, ...]:
    """The time in both; each is disjoint and in order."""
    out, i, j = [], 0, 0
    while i < len(a) and j < len(b):
        low, high = max(a[i][0], b[j][0]), min(a[i][1], b[j][1])
        if low < high:
            out.append((low, high))
        if a[i][1] < b[j][1]:
            i += 1
        else:
            j += 1
    return tuple(out)


def gap(a: Span, b: Span) -> float:
    """Seconds between them; 0 where they touch or share time."""
    return max(0.0, b[0] - a[1], a[0] - b[1])


@dataclass(frozen=True, slots=True)
class Anchors:
    """Many stretches to compare with: each question is a search, not a scan."""

    starts: list[float]
    ends: list[float]
    lasting: list[Span]
    instants: list[float]

    def is_before(self, a: Span, tolerance: float, within_s: float) -> bool:
        """Whether `a` is before any of them, at most `within_s` from it."""
        at = bisect.bisect_left(self.starts, max(a[0], a[1] - tolerance))
        return at < len(self.starts) and self.starts[at] - a[1] <= within_s + tolerance

    def is_after(self, a: Span, tolerance: float, within_s: float) -> bool:
        """Whether `a` is after any of them, at most `within_s` from it."""
        at = bisect.bisect_right(self.ends, a[0] + tolerance) - 1
        return at >= 0 and a[0] - self.ends[at] <= within_s + tolerance

    def is_during(self, a: Span, tolerance: float) -> bool:
        """Whether `a` shares time with any of them."""
        at = bisect.bisect_left(self.instants, a[0] - tolerance)
        if at < len(self.instants) and self.instants[at] <= a[1] + tolerance:
            return True
        slack = tolerance if a[0] == a[1] else 0.0
        at = bisect.bisect_right(self.lasting, (a[1] + slack, float("inf"))) - 1
        return any(during(a, span, tolerance) for span in self.lasting[max(0, at - 1) : at + 1])


def anchors(spans: Iterable[Span]) -> Anchors:
    """The stretches in order; those that share time with one another are one."""
    all_ = list(spans)
    return Anchors(
        starts=sorted(start for start, _ in all_),
        ends=sorted(end for _, end in all_),
        lasting=union(all_),
        instants=sorted(start for start, end in all_ if start == end),
    )
