"""Stays in a place, swept over time: how full it was, how long it was empty, how long things stayed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median

from agent.report.window import Buckets
from vidette.intervals import Span, complement, total, union

Stay = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A stretch in which so many things were there."""

    start_s: float
    end_s: float
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Occupancy:
    """How full a place was, while it was watched.

    `mean` and `most` a bucket (None where it was not watched); `busy_s` with something there,
    `queued_s` with two or more; `peak` the fullest stretch; `idle` the longest empty ones.
    """

    mean: tuple[float | None, ...]
    most: tuple[int | None, ...]
    busy_s: float
    queued_s: float
    watched_s: float
    peak: Level | None
    idle: tuple[Span, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dwell:
    """How long things stayed, in seconds; `before`/`after` are medians of those that came in the first and second half."""

    count: int
    median_s: float
    p90_s: float
    longest_s: float
    before: float | None = None
    after: float | None = None
    halves: tuple[int, int] = field(default=(0, 0))


def levels(stays: Iterable[Stay]) -> list[Level]:
    """The stretches between comings and goings, with how many are there; empty ones are left out."""
    turns: dict[float, int] = {}
    for start, end in stays:
        if end > start:
            turns[start] = turns.get(start, 0) + 1
            turns[end] = turns.get(end, 0) - 1
    out: list[Level] = []
    there, since = 0, 0.0
    for at in sorted(turns):
        if there and at > since:
            out.append(Level(start_s=since, end_s=at, count=there))
        there, since = there + turns[at], at
    return out


def occupancy(stays: Sequence[Stay], watched: Sequence[Span], over: Buckets, idles: int = 5) -> Occupancy:
    """What the stays say of a place; only watched time counts as empty."""
    spans = union(watched)
    steps = levels(stays)
    seconds, most = [0.0] * over.count, [0] * over.count
    for step in steps:
        for index in over.touched(step.start_s, step.end_s):
            low, high = over.span(index)
            part = max(0.0, min(step.end_s, high) - max(step.start_s, low))
            seconds[index] += part * step.count
            most[index] = max(most[index], step.count) if part > 0 else most[index]
    seen = over.seconds(spans)
    empty = [gap for span in spans for gap in complement([(s.start_s, s.end_s) for s in steps], span)]
    return Occupancy(
        mean=tuple(part / length if length > 0 else None for part, length in zip(seconds, seen, strict=True)),
        most=tuple(count if length > 0 else None for count, length in zip(most, seen, strict=True)),
        busy_s=total((step.start_s, step.end_s) for step in steps),
        queued_s=sum(step.end_s - step.start_s for step in steps if step.count >= 2),
        watched_s=total(spans),
        peak=max(steps, key=lambda step: (step.count, step.end_s - step.start_s), default=None),
        idle=tuple(sorted(empty, key=lambda gap: gap[0] - gap[1])[:idles]),
    )


def dwell(stays: Sequence[Stay], middle_s: float) -> Dwell | None:
    """How long stays lasted; None of none. 90th percentile by nearest rank."""
    lengths = sorted(end - start for start, end in stays)
    if not lengths:
        return None
    first = [end - start for start, end in stays if start < middle_s]
    second = [end - start for start, end in stays if start >= middle_s]
    return Dwell(
        count=len(lengths),
        median_s=median(lengths),
        p90_s=lengths[(9 * len(lengths) + 9) // 10 - 1],
        longest_s=lengths[-1],
        before=median(first) if first else None,
        after=median(second) if second else None,
        halves=(len(first), len(second)),
    )


def grows(found: Dwell, *, fewest: int = 5, factor: float = 1.5) -> bool:
    """Whether the median stay of the second half is much longer than that of the first, of enough stays in each."""
    if found.before is None or found.after is None or min(found.halves) < fewest:
        return False
    return found.after >= factor * found.before and found.after - found.before >= 1.0
