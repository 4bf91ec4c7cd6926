"""Found against truth: which true thing was found, what was missed, what was never there."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
F = TypeVar("F")


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison(Generic[T, F]):
    """Pairs of a true thing and what was found of it, and the rest of both."""

    pairs: tuple[tuple[T, F], ...]
    missed: tuple[T, ...]
    wrong: tuple[F, ...]

    @property
    def said(self) -> str:
        """`7 of 8 found, 1 that was not there`."""
        there = len(self.pairs) + len(self.missed)
        were = "1 that was not there" if len(self.wrong) == 1 else f"{len(self.wrong)} that were not there"
        return f"{len(self.pairs)} of {there} found, {were}"


def compare(truth: Sequence[T], found: Sequence[F], likeness: Callable[[T, F], float]) -> Comparison[T, F]:
    """One to one, the most alike first; a likeness of 0 or less is none."""
    scored = ((likeness(a, b), i, j) for i, a in enumerate(truth) for j, b in enumerate(found))
    ranked = sorted((item for item in scored if item[0] > 0), key=lambda item: (-item[0], item[1], item[2]))
    took: dict[int, int] = {}
    for _, i, j in ranked:
        if i not in took and j not in took.values():
            took[i] = j
    return Comparison(
        pairs=tuple((truth[i], found[j]) for i, j in sorted(took.items())),
        missed=tuple(a for i, a in enumerate(truth) if i not in took),
        wrong=tuple(b for j, b in enumerate(found) if j not in took.values()),
    )


def overlap(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Intersection over union of two stretches of time, 0..1; 0 where less than half is shared."""
    shared = min(a[1], b[1]) - max(a[0], b[0])
    whole = max(a[1], b[1]) - min(a[0], b[0])
    return shared / whole if whole > 0 and shared >= whole / 2 else 0.0


def nearness(a: float, b: float, tolerance_s: float) -> float:
    """1 at the same moment, down to just above 0 at the tolerance; 0 beyond."""
    return max(0.0, 1.0 - abs(a - b) / (tolerance_s * 1.001))
