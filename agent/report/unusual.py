"""What stood out against the rest of the period: stretches far from the usual, rare kinds of events."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

WATCHED = 0.98
_FEWEST = 6  # stretches, or nothing can be called usual
_FEW = 4  # of the same hour of the day
_USUAL = 8
_SCORE = 3.5  # of the modified z-score: Iglewicz and Hoaglin, How to Detect and Handle Outliers (1993)
_RARE, _MANY = 2, 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlier:
    """A bucket whose count is far from the median of those watched."""

    index: int
    count: int
    usual: float


def outliers(counts: Sequence[int], watched: Sequence[float], alike: Sequence[int] | None = None) -> list[Outlier]:
    """Buckets that stand out among those watched (and, where given, with the same `alike`), the farthest first.

    Far is a modified z-score above 3.5 and more than 3 standard deviations of a Poisson count of
    that mean (so 0, 1, 0, 2 is never news); nothing is far too where 8 are usual and hardly any
    other bucket is empty.
    """
    groups: dict[int, list[int]] = {}
    for index, share in enumerate(watched):
        if share > WATCHED:
            groups.setdefault(alike[index] if alike else 0, []).append(index)
    found = [one for group in groups.values() for one in _among(group, counts, _FEW if alike else _FEWEST)]
    return sorted(found, key=lambda one: (-abs(one.count - one.usual) / math.sqrt(max(one.usual, 1.0)), one.index))


def _among(group: Sequence[int], counts: Sequence[int], fewest: int) -> list[Outlier]:
    if len(group) < fewest:
        return []
    usual = median(counts[index] for index in group)
    spread = median(abs(counts[index] - usual) for index in group)
    floor = max(3 * math.sqrt(max(usual, 1.0)), _SCORE * spread / 0.6745)
    empty = sum(counts[index] == 0 for index in group)
    silent = usual >= _USUAL and empty <= max(1, 0.05 * len(group))
    return [
        Outlier(index=index, count=counts[index], usual=usual)
        for index in group
        if abs(counts[index] - usual) > floor or (silent and counts[index] == 0)
    ]


def rare(types: Mapping[str, int], every: int) -> list[str]:
    """Of these kinds, those of which there are at most 2 among 30 events or more, the rarest first."""
    if every < _MANY:
        return []
    return sorted((name for name, count in types.items() if count <= _RARE), key=lambda name: (types[name], name))
