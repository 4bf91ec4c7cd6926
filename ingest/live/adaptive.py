"""When a quiet camera needs more than its keyframes: what is learned of packet sizes, and how much is missed."""

import math
from collections import deque
from collections.abc import Sequence

import numpy as np

MEMORY = 3000  # sizes: two minutes at 25 frames a second
ENOUGH = 50  # sizes, before any is called large
LARGE, OF_LAST = 3, 8  # so many of the last so many packets are large when something begins
_USUAL = 0.9  # share of quiet packets: above the median, for where B frames are, most packets are small
_SPREAD = 6.0  # standard deviations, as the median absolute deviation tells them
_SHARE = 0.1  # of a usual size: what an encoder's rate control does on its own
_LEAST = 32  # bytes
_Z95 = 1.959963984540054  # two-sided 95 % of the normal distribution
_SIGMA = 1.4826  # of the median absolute deviation, for a normal distribution


class SizeLevel:
    """How large the packets between keyframes are while nothing moves.

    The limit is nine tenths' quantile and a multiple of the median absolute deviation, so that up to a
    tenth of what was learned may have been learned by mistake.
    """

    def __init__(self) -> None:
        self._quiet: deque[int] = deque(maxlen=MEMORY)
        self._large = 0  # one bit a packet, the last is the lowest
        self.limit = math.inf

    def learn(self, sizes: Sequence[int]) -> None:
        """Sizes, in bytes, of a group of pictures in which nothing moved."""
        self._quiet.extend(sizes)
        if len(self._quiet) < ENOUGH:
            return
        quiet = np.fromiter(self._quiet, np.float64, len(self._quiet))
        middle, usual = np.quantile(quiet, (0.5, _USUAL), method="lower")
        spread = _SIGMA * float(np.median(np.abs(quiet - middle)))
        self.limit = float(usual) + max(_SPREAD * spread, _SHARE * float(usual), _LEAST)

    def rises(self, size: int) -> bool:
        """Whether with this packet enough of the last ones are larger than quiet ones are."""
        self._large = (self._large << 1 | (size > self.limit)) & ((1 << OF_LAST) - 1)
        if self._large.bit_count() < LARGE:
            return False
        self._large = 0
        return True


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
