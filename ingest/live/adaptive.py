"""When a quiet camera needs more than its keyframes: what is learned of packet sizes, and how much is missed."""

import math
from collections import deque
from collections.abc import Sequence

import numpy as np

MEMORY = 3000  # sizes: two minutes at 25 frames a second
ENOUGH = 50  # sizes, before any is called large
IN_A_ROW = 3
SPREAD = 8.0  # standard deviations, as the median absolute deviation tells them
SHARE = 0.1  # of the median: what an encoder's rate control does on its own
LEAST = 64  # bytes
_Z95 = 1.959963984540054  # two-sided 95 % of the normal distribution
_SIGMA = 1.4826  # of the median absolute deviation, for a normal distribution


class SizeLevel:
    """How large the packets between keyframes are while nothing moves.

    The limit is the median and a multiple of the median absolute deviation (Hampel's identifier), so
    that a few large ones that were learned by mistake do not move it.
    """

    def __init__(self) -> None:
        self._quiet: deque[int] = deque(maxlen=MEMORY)
        self._in_a_row = 0
        self.limit = math.inf

    def learn(self, sizes: Sequence[int]) -> None:
        """Sizes, in bytes, of a group of pictures in which nothing moved."""
        self._quiet.extend(sizes)
        if len(self._quiet) < ENOUGH:
            return
        quiet = np.fromiter(self._quiet, np.float64, len(self._quiet))
        middle = float(np.median(quiet))
        spread = _SIGMA * float(np.median(np.abs(quiet - middle)))
        self.limit = middle + max(SPREAD * spread, SHARE * middle, LEAST)

    def rises(self, size: int) -> bool:
        """Whether this packet and those just before it are larger than quiet ones are."""
        self._in_a_row = self._in_a_row + 1 if size > self.limit else 0
        return self._in_a_row >= IN_A_ROW


def miss_rate(missed: int, audited: int) -> tuple[float, float, float]:
    """(low, rate, high) of the share of quiet groups of pictures in which something was missed.

    The interval is Wilson's score interval at 95 % (E. B. Wilson, JASA 22, 1927); with nothing
    audited it is all of 0..1 and the rate is 0. Raises ValueError unless 0 <= missed <= audited.
    """
    if not 0 <= missed <= audited:
        raise ValueError(f"cannot have missed {missed} of {audited}; count both since the same moment")
    if audited == 0:
        return 0.0, 0.0, 1.0
    rate, square = missed / audited, _Z95**2
    middle = (rate + square / (2 * audited)) / (1 + square / audited)
    half = _Z95 * math.sqrt(rate * (1 - rate) / audited + square / (4 * audited**2)) / (1 + square / audited)
    return max(0.0, min(rate, middle - half)), rate, min(1.0, max(rate, middle + half))
