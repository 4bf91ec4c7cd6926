"""How things move: a Kalman filter with global nearest neighbour association, from Stone Soup.

State: place and velocity of the box's middle (pixels of the working picture, constant velocity)
and the logarithms of its width and height (random walk); measured: middle and log size.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from stonesoup.dataassociator.neighbour import GNNWith2DAssignment
from stonesoup.hypothesiser.distance import DistanceHypothesiser
from stonesoup.measures import Mahalanobis
from stonesoup.models.measurement.linear import LinearGaussian
from stonesoup.models.transition.linear import (
    CombinedLinearGaussianTransitionModel,
    ConstantVelocity,
    RandomWalk,
)
from stonesoup.predictor.kalman import KalmanPredictor
from stonesoup.types.detection import Detection
from stonesoup.types.state import GaussianState
from stonesoup.types.track import Track
from stonesoup.updater.kalman import KalmanUpdater

from agent.perception.blobs import PixelBox

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MEASURED = (0, 2, 4, 5)
_GATE = 4.0  # Mahalanobis distance that still counts as the same thing: 99.7 % of a 4-D normal
_PUSH = 900.0  # px²/s³: how suddenly things change pace
_SWELL = 0.12  # 1/s: how fast log sizes wander
_DRIFT = 2.5  # 1/s: spread of the unknown first velocity, in sizes of the thing


@dataclass(frozen=True, slots=True, kw_only=True)
class Motion:
    """Where a thing is and how it moves: mean (6) and covariance (6 x 6) at a media time."""

    pts_s: float
    mean: tuple[float, ...]
    covariance: tuple[float, ...]

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


class _Transition(CombinedLinearGaussianTransitionModel):  # type: ignore[misc]  # Stone Soup has no types
    """The combined model, its matrices built once for each time step: there are few of those."""

    def matrix(self, **kwargs: Any) -> Any:
        return _kept("matrix", super().matrix, kwargs)

    def covar(self, **kwargs: Any) -> Any:
        return _kept("covar", super().covar, kwargs)


_KEPT: dict[tuple[str, int], Any] = {}


def _kept(name: str, build: Any, kwargs: dict[str, Any]) -> Any:
    key = (name, round(kwargs["time_interval"].total_seconds() * 1e6))
    if key not in _KEPT:
        if len(_KEPT) > 4096:
            _KEPT.clear()
        _KEPT[key] = build(**kwargs)
    return _KEPT[key]


class Filter:
    """Predicts, associates and updates motions; holds no state of its own."""

    def __init__(self) -> None:
        self._transition = _Transition(
            [ConstantVelocity(_PUSH), ConstantVelocity(_PUSH), RandomWalk(_SWELL), RandomWalk(_SWELL)]
        )
        self._predictor = KalmanPredictor(self._transition)
        self._updater = KalmanUpdater(None)
        hypothesiser = DistanceHypothesiser(self._predictor, self._updater, Mahalanobis(), missed_distance=_GATE)
        self._associator = GNNWith2DAssignment(hypothesiser)

    def begin(self, box: PixelBox, pts_s: float) -> Motion:
        """A thing first seen at `box`, with unknown velocity."""
        place, noise = _measure(box)
        mean = (float(place[0]), 0.0, float(place[1]), 0.0, float(place[2]), float(place[3]))
        pace = (20.0 + _DRIFT * math.exp((place[2] + place[3]) / 2)) ** 2
        covariance = np.diag([noise[0], pace, noise[1], pace, noise[2], noise[3]])
        return Motion(pts_s=pts_s, mean=mean, covariance=tuple(covariance.ravel().tolist()))

    def predict(self, motion: Motion, pts_s: float) -> Motion:
        """The motion carried on to `pts_s`."""
        return _motion(self._predictor.predict(_state(motion), timestamp=_instant(pts_s)), pts_s)

    def associate(
        self, motions: Sequence[Motion], boxes: Sequence[PixelBox], pts_s: float
    ) -> list[tuple[Motion, int] | None]:
        """For each motion the updated motion and the index of its box, or None where unseen."""
        if not motions or not boxes:
            return [None] * len(motions)
        tracks = [Track([_state(motion)]) for motion in motions]
        found = [_detection(box, index, pts_s) for index, box in enumerate(boxes)]
        chosen = self._associator.associate(tracks, found, _instant(pts_s))
        out: list[tuple[Motion, int] | None] = []
        for track in tracks:
            hypothesis = chosen[track]
            if not hypothesis:
                out.append(None)
                continue
            updated = _motion(self._updater.update(hypothesis), pts_s)
            out.append((updated, hypothesis.measurement.metadata["index"]))
        return out


def _measure(box: PixelBox) -> tuple[tuple[float, float, float, float], tuple[float, float, float, float]]:
    """Middle and log size of a box, and the variances of that measurement."""
    width, height = max(1.0, box[2] - box[0]), max(1.0, box[3] - box[1])
    place = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2, math.log(width), math.log(height))
    return place, ((1.5 + 0.12 * width) ** 2, (1.5 + 0.12 * height) ** 2, 0.06, 0.06)


def _detection(box: PixelBox, index: int, pts_s: float) -> Any:
    place, noise = _measure(box)
    model = LinearGaussian(6, _MEASURED, np.diag(noise))
    return Detection(
        np.array(place).reshape(4, 1), timestamp=_instant(pts_s), measurement_model=model, metadata={"index": index}
    )


def _instant(pts_s: float) -> datetime:
    return _EPOCH + timedelta(seconds=pts_s)


def _state(motion: Motion) -> Any:
    return GaussianState(
        np.array(motion.mean).reshape(6, 1),
        np.array(motion.covariance).reshape(6, 6),
        timestamp=_instant(motion.pts_s),
    )


def _motion(state: Any, pts_s: float) -> Motion:
    mean = tuple(float(value) for value in np.asarray(state.mean, dtype=float).ravel())
    covariance = tuple(float(value) for value in np.asarray(state.covar, dtype=float).ravel())
    return Motion(pts_s=pts_s, mean=mean, covariance=covariance)
