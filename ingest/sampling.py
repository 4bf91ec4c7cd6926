"""Which frames are looked at: a pure rule on times, and what must be decoded to see them."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from vidette.errors import ConfigError

SLOWEST, FASTEST = Fraction(1, 10), Fraction(30)
JITTER_S = Fraction(1, 1000)  # containers round times to 1 ms (Matroska), so the grid is met this early


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """Keyframes only (`fps` is None), or `fps` frames a second.

    At `fps`, time is cut into slots of 1/fps from the stream's first frame, and the first frame of
    each slot is wanted. The rule depends on times alone, so a run may start anywhere.
    """

    fps: Fraction | None

    @property
    def keyframes(self) -> bool:
        """Whether only keyframes are decoded."""
        return self.fps is None

    @property
    def interval_s(self) -> Fraction:
        """Seconds of a slot; 0 for keyframes."""
        return 1 / self.fps if self.fps else Fraction(0)

    def slot(self, at_s: Fraction) -> int:
        """Number of the slot that holds media time `at_s`."""
        return math.floor((at_s + JITTER_S) * (self.fps or 1))

    def slots(self, first: int, time_base: Fraction) -> Callable[[int], int]:
        """`slot` of ticks of `time_base`, of which `first` is media time 0: in whole numbers, as it is asked of each packet."""
        (ticks, second), (early, of), (fps, per) = (
            part.as_integer_ratio() for part in (time_base, JITTER_S, self.fps or Fraction(1))
        )
        return lambda at: ((at - first) * ticks * of + early * second) * fps // (second * of * per)


def parse_sampling(text: str) -> Sampling:
    """`keyframes`, or frames a second from 0.1 to 30. Raises ConfigError."""
    if text.strip() == "keyframes":
        return Sampling(fps=None)
    try:
        fps = Fraction(text.strip())
    except (ValueError, ZeroDivisionError):
        fps = Fraction(0)
    if not SLOWEST <= fps <= FASTEST:
        raise ConfigError(f"cannot sample at {text!r}; give `keyframes` or frames a second from 0.1 to 30")
    return Sampling(fps=fps)


def firsts(slots: Sequence[int], after: int | None = None) -> list[int]:
    """Indices that begin a new slot; `slots` are those of frames in the order they are shown."""
    wanted: list[int] = []
    for index, slot in enumerate(slots):
        if after is None or slot > after:
            wanted.append(index)
            after = slot
    return wanted
