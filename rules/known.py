"""What is known of a time: where somebody looked without a break, and which times are still to be told of."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

Stretch = tuple[int, int]
"""Milliseconds since 1970, from and to."""
BREAK_MS = 10_000
"""Longer without anybody looking is a break: what was not seen may have happened in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the streams of some leaves tell of time, in milliseconds since 1970.

    `runs` are stretches in which all of them that were there were watched, disjoint and in order; `open` ones (after,
    before) of which a running stream will speak yet; `now` is up to where all that run have spoken.
    """

    runs: tuple[Stretch, ...]
    open: tuple[tuple[float, float], ...] = ()
    now: float = float("inf")

    def told(self, at: float) -> bool:
        """Whether nothing that is still to be told can be of this moment."""
        return not any(after < at < before for after, before in self.open)

    def watched(self, start: float, end: float) -> bool:
        """Whether one run holds all of [start, end]."""
        i = bisect_right(self.runs, start, key=lambda run: run[0]) - 1
        return i >= 0 and end <= self.runs[i][1]

    def watched_ms(self, start: int, end: int) -> int:
        """How much of [start, end] is in runs."""
        return sum(max(0, min(end, run[1]) - max(start, run[0])) for run in self.runs)


def runs_of(spans: Iterable[tuple[float, float]], gaps: Iterable[tuple[float, float]]) -> tuple[Stretch, ...]:
    """What of `spans` no `gaps` meet, short breaks closed."""
    edges = [(at, step) for start, end in spans if end > start for at, step in ((start, 1), (end, -1))]
    edges += [(at, step) for start, end in gaps if end > start for at, step in ((start, -1_000_000), (end, 1_000_000))]
    out: list[tuple[float, float]] = []
    depth, since = 0, None
    for at, step in sorted(edges):
        depth += step
        if depth > 0 and since is None:
            since = at
        elif depth <= 0 and since is not None:
            if at > since:
                _join(out, since, at)
            since = None
    return tuple((round(start), round(end)) for start, end in out)


def _join(out: list[tuple[float, float]], start: float, end: float) -> None:
    if out and start - out[-1][1] <= BREAK_MS:
        out[-1] = (out[-1][0], max(end, out[-1][1]))
    else:
        out.append((start, end))
