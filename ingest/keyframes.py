"""Which pictures of a segment are kept: novel, spread over its time, sharp.

Farthest-first choice (Gonzalez 1985) on a distance of look and time, weighted by sharpness; what
is held stays bounded, however long the segment goes on.
"""

from dataclasses import dataclass
from typing import Generic, TypeVar

import cv2
import numpy as np

from vidette.ports import Image

P = TypeVar("P")
_HELD = 3  # candidates held for each keyframe asked for


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidate(Generic[P]):
    """A frame that may be kept: `thumbnail` (18, 32) uint8 grey, `payload` whatever is to be kept."""

    pts_s: float
    thumbnail: Image
    sharpness: float
    activity: float
    payload: P


class KeyframePicker(Generic[P]):
    """Offer frames in time order; it holds `3 x limit` of them at most and chooses `limit`."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._held: list[Candidate[P]] = []

    def offer(self, candidate: Candidate[P]) -> None:
        """Take a frame in; where there is no room the most redundant one goes."""
        self._held.append(candidate)
        if len(self._held) > _HELD * self.limit:
            kept = _spread(self._held, _HELD * self.limit - 1)
            self._held = [c for i, c in enumerate(self._held) if i in kept]

    def held(self) -> list[Candidate[P]]:
        """The frames held, in time order: what a successor must be offered to go on."""
        return list(self._held)

    def chosen(self) -> list[Candidate[P]]:
        """The keyframes, in time order."""
        kept = _spread(self._held, self.limit)
        return [candidate for index, candidate in enumerate(self._held) if index in kept]


def sharpness(grey: Image) -> float:
    """Variance of the Laplacian (Pech-Pacheco et al. 2000)."""
    return float(cv2.Laplacian(grey, cv2.CV_32F).var())


def _spread(candidates: list[Candidate[P]], limit: int) -> set[int]:
    """Indices chosen farthest first, from the best frame on."""
    if len(candidates) <= limit:
        return set(range(len(candidates)))
    looks = np.stack([c.thumbnail for c in candidates]).reshape(len(candidates), -1).astype(np.float32)
    times = np.array([c.pts_s for c in candidates])
    span = max(1e-6, float(times[-1] - times[0]))
    sharp = np.array([c.sharpness for c in candidates])
    weight = 0.5 + sharp / (2 * max(1e-6, float(sharp.max())))
    worth = weight * (1 + np.array([min(c.activity, 10.0) for c in candidates]))
    picked = [int(worth.argmax())]
    nearest = np.full(len(candidates), np.inf)
    while len(picked) < limit:
        last = picked[-1]
        look = np.abs(looks - looks[last]).mean(axis=1) / 16
        nearest = np.minimum(nearest, look + np.abs(times - times[last]) / span)
        score = nearest * weight
        score[picked] = -1
        picked.append(int(score.argmax()))
    return set(picked)
