"""How things move: a Kalman filter, and which region is which thing.

State: place and velocity of the box's middle (pixels of the working picture, constant velocity) and
the logarithms of its width and height (random walk); measured: middle and log size. The axes are
independent, so the filter is two of place and pace and two of one number (Bar-Shalom, Li and
Kirubarajan 2001, chapters 5 and 6), and the distance of Mahalanobis is a sum over the four.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.perception.assignment import assign
from agent.perception.blobs import PixelBox

_GATE = 4.0  # Mahalanobis distance that still counts as the same thing: 99.7 % of a 4-D normal
_PUSH = 900.0  # px²/s³: how suddenly things change pace
_SWELL = 0.12  # 1/s: how fast log sizes wander
_SIZE_NOISE = 0.06  # variance of a measured log size
_DRIFT = 2.5  # 1/s: spread of the unknown first velocity, in sizes of the thing
Axis = tuple[float, float, float]  # variance of place, covariance, variance of pace
Four = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Motion:
    """Where a thing is and how it moves at a media time.

    `mean`: x, its pace, y, its pace, log width, log height; `across` and `down`: the covariances of
    the two axes; `sizes`: the variances of the two log sizes.
    """

    pts_s: float
    mean: tuple[float, float, float, float, float, float]
    across: Axis
    down: Axis
    sizes: tuple[float, float]

    @property
    def box(self) -> PixelBox:
        """The box as filtered."""
        x, _, y, _, width, height = self.mean
        half_w, half_h = math.exp(min(width, 8.0)) / 2, math.exp(min(height, 8.0)) / 2
        return x - half_w, y - half_h, x + half_w, y + half_h

    @property
    def velocity(self) -> tuple[float, float]:
        """Pixels a second."""
        return self.mean[1], self.mean[3]


def begin(box: PixelBox, pts_s: float) -> Motion:
    """A thing first seen at `box`, with unknown velocity."""
    (x, y, width, height), noise = _measure(box)
    pace = (20.0 + _DRIFT * math.exp((width + height) / 2)) ** 2
    return Motion(
        pts_s=pts_s,
        mean=(x, 0.0, y, 0.0, width, height),
        across=(noise[0], 0.0, pace),
        down=(noise[1], 0.0, pace),
        sizes=(noise[2], noise[3]),
    )


def predict(motion: Motion, pts_s: float) -> Motion:
    """The motion carried on to `pts_s`."""
    dt = pts_s - motion.pts_s
    if dt == 0:
        return motion
    x, vx, y, vy, width, height = motion.mean
    swell = _SWELL * dt
    return Motion(
        pts_s=pts_s,
        mean=(x + vx * dt, vx, y + vy * dt, vy, width, height),
        across=_carried(motion.across, dt),
        down=_carried(motion.down, dt),
        sizes=(motion.sizes[0] + swell, motion.sizes[1] + swell),
    )


def update(motion: Motion, box: PixelBox) -> Motion:
    """The motion, predicted to the box's time, once the box was measured."""
    (x, y, width, height), noise = _measure(box)
    mean = motion.mean
    px, vx, across = _measured(mean[0], mean[1], motion.across, x, noise[0])
    py, vy, down = _measured(mean[2], mean[3], motion.down, y, noise[1])
    gain_w, gain_h = (spread / (spread + _SIZE_NOISE) for spread in motion.sizes)
    return Motion(
        pts_s=motion.pts_s,
        mean=(px, vx, py, vy, mean[4] + gain_w * (width - mean[4]), mean[5] + gain_h * (height - mean[5])),
        across=across,
        down=down,
        sizes=(gain_w * _SIZE_NOISE, gain_h * _SIZE_NOISE),
    )


def associate(expected: Sequence[Motion], boxes: Sequence[PixelBox]) -> list[int | None]:
    """For each predicted motion the index of its box, or None where it is unseen.

    Global nearest neighbour: the least sum of distances, an unseen thing counting as the gate.
    """
    if not expected or not boxes:
        return [None] * len(expected)
    return assign(_distances(expected, boxes), _GATE)


def _distances(expected: Sequence[Motion], boxes: Sequence[PixelBox]) -> NDArray[np.float64]:
    """Mahalanobis distances `(motions, boxes)` of what is measured from what was expected."""
    measured = [_measure(box) for box in boxes]
    places = np.array([place for place, _ in measured])
    noises = np.array([noise for _, noise in measured])
    means = np.array([(m.mean[0], m.mean[2], m.mean[4], m.mean[5]) for m in expected])
    spreads = np.array([(m.across[0], m.down[0], m.sizes[0], m.sizes[1]) for m in expected])
    off = places[None] - means[:, None]
    distances: NDArray[np.float64] = np.sqrt((off * off / (spreads[:, None] + noises[None])).sum(axis=2))
    return distances


def _carried(axis: Axis, dt: float) -> Axis:
    """An axis's covariance after `dt` of constant velocity, pushed by white noise in its pace."""
    place, both, pace = axis
    return (
        place + 2 * dt * both + dt * dt * pace + _PUSH * dt**3 / 3,
        both + dt * pace + _PUSH * dt * dt / 2,
        pace + _PUSH * dt,
    )


def _measured(at: float, pace: float, axis: Axis, seen: float, noise: float) -> tuple[float, float, Axis]:
    """Place, pace and covariance of an axis once its place was measured."""
    total = axis[0] + noise
    gain, lead = axis[0] / total, axis[1] / total
    off = seen - at
    return at + gain * off, pace + lead * off, (gain * noise, lead * noise, axis[2] - lead * axis[1])


def _measure(box: PixelBox) -> tuple[Four, Four]:
    """Middle and log size of a box, and the variances of that measurement."""
    width, height = max(1.0, box[2] - box[0]), max(1.0, box[3] - box[1])
    place = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2, math.log(width), math.log(height))
    return place, ((1.5 + 0.12 * width) ** 2, (1.5 + 0.12 * height) ** 2, _SIZE_NOISE, _SIZE_NOISE)
