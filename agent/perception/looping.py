"""A picture that repeats itself: an old recording shown again and again in place of what is there.

Two pictures taken at different moments differ at least by the sensor's noise, whatever the scene does. Where each
picture of a long stretch equals, below that noise, the one of the same time ago, and none of the seconds between, the
stretch was seen before. A still picture equals its neighbours, a fan or a flicker those of a short while ago, a traffic
light those of the last seconds: none of them is a repetition; rain and people never come again pixel by pixel.
"""

import numpy as np
from numpy.typing import NDArray

from agent.perception.background import Picture
from vidette.carry import Arrays

_GRID = (8, 6)  # pixels of the small picture that are kept, as they are: smoothing would take the noise off
_NEAR_S, _FAR_S = 8.0, 120.0  # how long ago the equal picture may be
_BIN_S = 0.2
_BINS = round(_FAR_S / _BIN_S) + 2
_NOISE_SHARE = 0.35
_FLOOR_RATE = 0.02
_RUN = 5  # equal pictures in a row from which the stretch is thought to repeat
_SURE = 40  # ... and from which it does, however still it becomes
_STILL_S = 2.0
_EVERY_S = 0.15
_MOST = round(_FAR_S / _EVERY_S)


class Loops:
    """Remembers two minutes of pictures by a few pixels each."""

    def __init__(self) -> None:
        self.times: NDArray[np.float64] = np.zeros(0)
        self.pixels: NDArray[np.uint8] = np.zeros((0, _GRID[0] * _GRID[1]), np.uint8)
        self.runs: NDArray[np.int16] = np.zeros(_BINS, np.int16)
        self.floor = 0.0
        self.matched_s = -1e9

    def repeats(self, small: Picture, pts_s: float) -> bool:
        """Whether this picture `(90, 160)` and those before it were all there before, in the same order."""
        if self.times.size and pts_s - self.times[-1] < _EVERY_S:
            return bool(self.runs.max() >= _RUN)
        now = _pixels(small)
        self._compare(now, pts_s)
        keep = np.nonzero(self.times > pts_s - _FAR_S)[0][-_MOST:]
        self.times = np.append(self.times[keep], pts_s)
        self.pixels = np.concatenate([self.pixels[keep], now[None]])
        return bool(self.runs.max() >= _RUN)

    def state(self) -> Arrays:
        """What `restore` needs."""
        scalars = np.array([self.floor, self.matched_s])
        return {"times": self.times, "pixels": self.pixels, "runs": self.runs, "scalars": scalars}

    def restore(self, arrays: Arrays) -> None:
        """Go on from that state."""
        if "times" in arrays:
            self.times, self.pixels, self.runs = arrays["times"], arrays["pixels"], arrays["runs"].copy()
            self.floor, self.matched_s = (float(value) for value in arrays["scalars"])

    def _compare(self, now: NDArray[np.uint8], pts_s: float) -> None:
        if not self.times.size:
            return
        off = np.abs(self.pixels.astype(np.int16) - now).mean(axis=1)
        lags = pts_s - self.times
        equal = off <= _NOISE_SHARE * self.floor + 0.01
        self._learn(float(off[-1]))
        if equal[lags < _NEAR_S].any():  # nothing new was shown: it says nothing
            if pts_s - self.matched_s > _STILL_S and self.runs.max() < _SURE:
                self.runs = np.zeros_like(self.runs)
            return
        self.matched_s = pts_s if equal.any() else self.matched_s
        again = np.zeros(_BINS, bool)
        again[np.round(lags[equal & (lags <= _FAR_S)] / _BIN_S).astype(int)] = True
        longest = np.maximum(self.runs, np.maximum(np.roll(self.runs, 1), np.roll(self.runs, -1)))
        self.runs = np.where(again, np.minimum(longest, _SURE + 20) + 1, np.maximum(self.runs - 15, 0)).astype(np.int16)

    def _learn(self, step: float) -> None:
        """The noise: what is seldom undercut by the difference of neighbours (a low quantile, followed by steps)."""
        rate = _FLOOR_RATE * max(0.5, self.floor)
        self.floor += rate * 0.1 if step > self.floor else -rate * 0.9
        self.floor = max(0.0, self.floor)


def _pixels(small: Picture) -> NDArray[np.uint8]:
    rows = np.linspace(6, small.shape[0] - 7, _GRID[1]).astype(int)
    columns = np.linspace(6, small.shape[1] - 7, _GRID[0]).astype(int)
    return np.asarray(small[np.ix_(rows, columns)], np.uint8).ravel()
