"""The gate: do pixels deserve a look? It compares with the last frame that was looked at.

Luma is softened, its light levelled and the difference averaged over 18 x 32 tiles; the greatest
tile counts, in units of that tile's own noise, which is learned while the gate is shut.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest import ranks
from vidette.ports import Image

WIDTH = 320
_TILES = (32, 18)
_FLOOR = 0.6  # levels: tile noise below this is rounding
_SLOW = 0.02  # how fast tile noise follows


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the gate says of one frame: `score` 1 is just open."""

    open: bool
    score: float
    heartbeat: bool


class Gate:
    """Opens on change; a heartbeat is due where it stayed shut for long."""

    def __init__(self, threshold: float, heartbeat_s: float) -> None:
        self.threshold = threshold
        self.heartbeat_s = heartbeat_s
        self.looked: NDArray[Any] | None = None
        self.noise: NDArray[Any] = np.full((_TILES[1], _TILES[0]), 1.0, np.float32)
        self.last: NDArray[Any] | None = None
        self.looked_s = 0.0
        self.over = 0
        self.frames = 0

    def read(self, y: Image, pts_s: float) -> Reading:
        """Take a luma picture `(h, w)` in; narrower than 320 is taken as it is."""
        now = _picture(y)
        if self.looked is None or self.last is None or self.looked.shape != now.shape:
            self.looked, self.last, self.looked_s = now, _half(now), pts_s
            return Reading(open=False, score=0.0, heartbeat=True)
        change, half = _tiles(now, self.looked), _half(now)
        score = float((change / (3 + self.threshold * self.noise)).max())
        self._learn(now, half, score)
        self.last = half
        self.frames += 1
        self.over = self.over + 1 if score > 1 else 0
        opened = self.over >= 2 or score > 2
        heartbeat = not opened and pts_s - self.looked_s >= self.heartbeat_s
        if opened or heartbeat:
            self.looked, self.looked_s = now, pts_s
        return Reading(open=opened, score=score, heartbeat=heartbeat)

    def state(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """What `restore` needs."""
        empty = np.zeros((0, 0), np.float32)
        arrays: dict[str, NDArray[Any]] = {
            "looked": _short(self.looked if self.looked is not None else empty),
            "last": _short(self.last if self.last is not None else empty),
            "noise": self.noise,
        }
        state = {
            "threshold": self.threshold,
            "heartbeat_s": self.heartbeat_s,
            "looked_s": self.looked_s,
            "over": self.over,
            "frames": self.frames,
        }
        return arrays, state

    @classmethod
    def restore(cls, arrays: dict[str, NDArray[Any]], state: dict[str, Any]) -> "Gate":
        """The gate that gave this state."""
        self = cls(state["threshold"], state["heartbeat_s"])
        self.looked_s, self.over, self.frames = state["looked_s"], state["over"], state["frames"]
        self.noise = arrays["noise"]
        if arrays["looked"].size:
            self.looked, self.last = arrays["looked"].astype(np.float32), arrays["last"].astype(np.float32)
        return self

    def _learn(self, now: NDArray[Any], half: NDArray[Any], score: float) -> None:
        """Follow what tiles do from frame to frame, and slow light, where nothing happens."""
        if score > 1 or self.looked is None or self.last is None:
            return
        step = _tiles(half, self.last)
        self.noise += _SLOW * (np.maximum(step, _FLOOR) - self.noise)
        if self.frames % 5 == 0:
            self.looked = np.round(self.looked + np.clip(now - self.looked, -1, 1))


def _picture(y: Image) -> NDArray[Any]:
    """Luma at 320 wide at most, softened, in whole levels (so that a stored one is the same)."""
    height, width = y.shape
    grey: NDArray[Any] = y
    if width > WIDTH:
        method = cv2.INTER_AREA if width > 2 * WIDTH else cv2.INTER_LINEAR
        grey = cv2.resize(y, (WIDTH, round(height * WIDTH / width)), interpolation=method)
    soft: NDArray[Any] = cv2.GaussianBlur(grey, (5, 5), 0).astype(np.float32)
    return soft


def _half(picture: NDArray[Any]) -> NDArray[Any]:
    """Half the size, in whole levels."""
    small = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return np.round(small)


def _tiles(now: NDArray[Any], then: NDArray[Any]) -> NDArray[Any]:
    """Mean difference of each tile once the light is levelled over the picture and round the tile."""
    size = (_TILES[0] // 4, _TILES[1] // 3)
    level = cv2.resize(now, size, interpolation=cv2.INTER_AREA) + 8
    level = np.clip(ranks.median(level / (cv2.resize(then, size, interpolation=cv2.INTER_AREA) + 8)), 0.2, 5.0)
    difference = now - then * level
    drift = cv2.resize(difference, _TILES, interpolation=cv2.INTER_AREA)
    drift = cv2.GaussianBlur(cv2.medianBlur(drift.astype(np.float32), 5), (5, 5), 0)
    drift = cv2.resize(drift, now.shape[::-1], interpolation=cv2.INTER_LINEAR)
    tiles: NDArray[Any] = cv2.resize(cv2.absdiff(difference, drift), _TILES, interpolation=cv2.INTER_AREA)
    return tiles


def _short(picture: NDArray[Any]) -> NDArray[np.uint8]:
    return picture.astype(np.uint8)
