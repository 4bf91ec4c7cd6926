"""Half-open intervals and coverage: rows of a stream tile its time, no gap, no overlap."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import pairwise

from vidette.models import Coverage, DeepState, FastState

Span = tuple[float, float]
_RANK = {state: rank for rank, state in enumerate(DeepState)}
_WATCH = {state: rank for rank, state in enumerate(FastState)}


def union(spans: Iterable[Span]) -> list[Span]:
    """The same time as disjoint spans, in order."""
    out: list[Span] = []
    for start, end in sorted(spans):
        if end <= start:
            continue
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], max(out[-1][1], end))
        else:
            out.append((start, end))
    return out


def total(spans: Iterable[Span]) -> float:
    """Seconds covered, counted once."""
    return sum(end - start for start, end in union(spans))


def complement(spans: Iterable[Span], within: Span) -> list[Span]:
    """What of `within` the spans leave out."""
    out, at = [], within[0]
    for start, end in union(spans):
        if start > at:
            out.append((at, min(start, within[1])))
        at = max(at, end)
    if at < within[1]:
        out.append((at, within[1]))
    return [span for span in out if span[1] > span[0]]


def clipped(row: Coverage, low: float, high: float) -> Coverage:
    """The part of a row in [low, high); one that lies outside ends before it starts."""
    return replace(row, start_s=max(row.start_s, low), end_s=min(row.end_s, high))


def stronger(a: Coverage, b: Coverage) -> Coverage:
    """What two rows say together of one moment; `b` was committed later.

    The fast state is the later commit's; the deep state is the higher one in DeepState's order.
    """
    deep = max(a.deep, b.deep, key=_RANK.__getitem__)
    return b if deep == b.deep else replace(b, deep=deep, reason=b.reason or a.reason)


def strongest(a: Coverage, b: Coverage) -> Coverage:
    """What two deep looks say together of one moment, whichever came first; a whole one counts for more than one with a
    reason why it was less.
    """
    return max(a, b, key=lambda row: (_RANK[row.deep], -_WATCH[row.state], not row.reason, row.reason))


def deepened(fast: Coverage, deep: Coverage) -> Coverage:
    """A fast look's row with what a deep look made of it: only `deep` (and its reason) can move."""
    if _RANK[deep.deep] < _RANK[fast.deep]:
        return fast
    return replace(fast, deep=deep.deep, reason=deep.reason or fast.reason)


def merge(
    old: Iterable[Coverage],
    new: Iterable[Coverage],
    said: Callable[[Coverage, Coverage], Coverage] = stronger,
) -> list[Coverage]:
    """Rows of one stream after a commit: tiled at every border, then equal neighbours joined.

    Neither list may overlap within itself. `said(old, new)` decides where both speak.
    """
    before, after = list(old), list(new)
    borders = sorted({t for row in before + after for t in (row.start_s, row.end_s)})
    tiles: list[Coverage] = []
    b = a = 0
    before.sort(key=lambda row: row.start_s)
    after.sort(key=lambda row: row.start_s)
    for start, end in pairwise(borders):
        while b < len(before) and before[b].end_s <= start:
            b += 1
        while a < len(after) and after[a].end_s <= start:
            a += 1
        was = before[b] if b < len(before) and before[b].start_s <= start else None
        now = after[a] if a < len(after) and after[a].start_s <= start else None
        row = said(was, now) if was and now else (now or was)
        if row:
            tiles.append(replace(row, start_s=start, end_s=end))
    return join(tiles)


def join(rows: Iterable[Coverage]) -> list[Coverage]:
    """Neighbours that touch and say the same, made one row."""
    out: list[Coverage] = []
    for row in rows:
        last = out[-1] if out else None
        if last and last.end_s == row.start_s and _said(last) == _said(row):
            out[-1] = replace(last, end_s=row.end_s)
        else:
            out.append(row)
    return out


def _said(row: Coverage) -> tuple[object, ...]:
    return row.stream_id, row.state, row.deep, row.reason
