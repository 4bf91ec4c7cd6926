"""Foreground to things: connected regions, joined or cut where the tracks in view say so.

Coordinates are pixels of the working picture; boxes are `(x0, y0, x1, y1)`, half-open.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.perception.background import Floats, Mask

PixelBox = tuple[float, float, float, float]
Labels = NDArray[np.int32]
Boxes = NDArray[np.float64]  # (n, 4)
_MOST = 150  # regions of one frame


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """A region of foreground: `parts` are its labels, `area` its pixels, `score` its mean contrast."""

    box: PixelBox
    area: int
    score: float
    parts: tuple[int, ...]

    @property
    def width(self) -> float:
        """Pixels across."""
        return self.box[2] - self.box[0]

    @property
    def height(self) -> float:
        """Pixels from top to bottom."""
        return self.box[3] - self.box[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """Where a followed thing should be now; `confirmed` where it is a track, not a candidate."""

    box: PixelBox
    confirmed: bool


def components(mask: Mask, score: Floats, min_area: int) -> tuple[Labels, list[Blob]]:
    """Connected regions of at least `min_area` pixels, and the picture of their labels.

    Of more than 150 only the weightiest are taken: so many at once are weather, not things.
    """
    # Of OpenCV's ways this one needs a third of the default's time where little is foreground.
    count, labels, stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(
        mask.view(np.uint8), 8, cv2.CV_32S, cv2.CCL_BBDT
    )
    large: list[int] = (np.flatnonzero(stats[1:, cv2.CC_STAT_AREA] >= min_area) + 1).tolist()
    if not large:
        return np.asarray(labels, np.int32), []
    inside = np.flatnonzero(mask)
    sums = np.bincount(labels.ravel()[inside], np.minimum(score.ravel()[inside], 4), count)
    blobs = []
    for index in sorted(large, key=lambda index: -sums[index])[:_MOST]:
        x, y, w, h, area = stats[index].tolist()
        blobs.append(Blob(box=(x, y, x + w, y + h), area=area, score=float(sums[index]) / area, parts=(index,)))
    return np.asarray(labels, np.int32), sorted(blobs, key=lambda blob: blob.parts)


def things(labels: Labels, blobs: Sequence[Blob], expected: Sequence[Expected]) -> list[Blob]:
    """Regions as things: fragments of one track are joined, a region of several tracks is cut."""
    if not blobs or not expected:
        return _gather(blobs, {})
    boxes, places = np.array([blob.box for blob in blobs], float), np.array([track.box for track in expected])
    sure = [index for index, track in enumerate(expected) if track.confirmed]
    within = _shares(boxes, _widened(places))
    held = _held(boxes, places[sure])
    owners = _owners(within[:, sure])
    claimed: dict[int, list[Blob]] = {}
    rest: list[Blob] = []
    pieces: list[Blob] = []
    for blob, holds, owner in zip(blobs, held, owners, strict=True):
        covered = np.flatnonzero(holds)
        if len(covered) >= 2:
            pieces.extend(_cut(labels, blob, [expected[sure[index]] for index in covered]))
        elif owner is not None:
            claimed.setdefault(owner, []).append(blob)
        else:
            rest.append(blob)
    whole = [_kernel(group) for group in claimed.values()]
    apart = {blob.parts: owner for blob, owner in zip(blobs, _owners(within), strict=True)}
    return pieces + [blob for blob, _ in whole] + _gather(rest + [blob for _, left in whole for blob in left], apart)


def area_of(box: PixelBox) -> float:
    """Pixels of a box, 1 at least."""
    return max(1.0, (box[2] - box[0]) * (box[3] - box[1]))


def within(picture: Any, box: PixelBox) -> Any:
    """The part of a picture `(h, w)` inside a box, as a view."""
    height, width = picture.shape
    x0, y0 = max(0, min(width - 1, int(box[0]))), max(0, min(height - 1, int(box[1])))
    return picture[y0 : max(y0 + 1, math.ceil(box[3])), x0 : max(x0 + 1, math.ceil(box[2]))]


def _kernel(group: Sequence[Blob]) -> tuple[Blob, list[Blob]]:
    """The group's weightiest region with all that lies close to it, and what lies apart."""
    left = sorted(group, key=lambda blob: -blob.area * blob.score)
    whole = left.pop(0)
    reach = 0.3 * min(whole.width, whole.height) + 3
    near = [blob for blob in left if _gap(whole.box, blob.box) < reach]
    return _join([whole, *near]), [blob for blob in left if blob not in near]


def _held(boxes: Boxes, places: Boxes) -> NDArray[np.bool_]:
    """Whether a region has a track in it, `(boxes, places)`: most of where it should be, or the middle of that."""
    share = _shares(places, boxes).T
    x, y = (places[:, 0] + places[:, 2]) / 2, (places[:, 1] + places[:, 3]) / 2
    x0, y0, x1, y1 = boxes.T[:, :, None]
    middle = (x0 < x) & (x < x1) & (y0 < y) & (y < y1)
    held: NDArray[np.bool_] = (share > 0.5) | ((share > 0.25) & middle)
    return held


def _owners(within: NDArray[np.float64]) -> list[int | None]:
    """For each region the place that holds most of it; `within` are shares `(regions, places)`."""
    if not within.shape[1]:
        return [None] * len(within)
    best = within.argmax(axis=1)
    return [int(index) if row[index] > 0.6 else None for row, index in zip(within, best, strict=True)]


def _shares(boxes: Boxes, places: Boxes) -> NDArray[np.float64]:
    """Share of each box inside each place, `(boxes, places)`; 0 of a box without extent."""
    low, high = np.maximum(boxes[:, None, :2], places[None, :, :2]), np.minimum(boxes[:, None, 2:], places[None, :, 2:])
    both = np.maximum(high - low, 0).prod(axis=2)
    area = np.maximum(boxes[:, 2:] - boxes[:, :2], 0).prod(axis=1)[:, None]
    shares: NDArray[np.float64] = np.divide(both, area, out=np.zeros_like(both), where=area > 0)
    return shares


def _widened(places: Boxes) -> Boxes:
    margin = (places[:, 2:] - places[:, :2]) * 0.15 + 2
    return np.hstack([places[:, :2] - margin, places[:, 2:] + margin])


def _cut(labels: Labels, blob: Blob, tracks: Sequence[Expected]) -> list[Blob]:
    """One region shared out to the tracks in it, each pixel to the track it is nearest to."""
    x0, y0, x1, y1 = (int(value) for value in blob.box)
    ys, xs = np.nonzero(np.logical_or.reduce([labels[y0:y1, x0:x1] == part for part in blob.parts]))
    distances = np.stack([_distance(track.box, xs + x0, ys + y0) for track in tracks])
    nearest = distances.argmin(axis=0)
    out = []
    for index, track in enumerate(tracks):
        mine = nearest == index
        if mine.sum() < 0.2 * _area(track.box) * 0.5:
            continue  # hidden behind the other one
        left, right = np.percentile(xs[mine], (2, 98))
        top, bottom = np.percentile(ys[mine], (2, 98))
        box = (float(left) + x0, float(top) + y0, float(right) + x0 + 1, float(bottom) + y0 + 1)
        out.append(Blob(box=box, area=int(mine.sum()), score=blob.score, parts=blob.parts))
    return out or [blob]


def _distance(box: PixelBox, xs: NDArray[np.int64], ys: NDArray[np.int64]) -> NDArray[np.float64]:
    """Distance of pixels to a box's middle, in units of the box."""
    cx, cy = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    scaled: NDArray[np.float64] = np.hypot((xs - cx) / (box[2] - box[0] + 1), (ys - cy) / (box[3] - box[1] + 1))
    return scaled


def _gather(blobs: Sequence[Blob], owners: Mapping[tuple[int, ...], int | None]) -> list[Blob]:
    """Join fragments that lie over one another or overlap: heads and legs, roofs and wheels.

    Regions that different things account for stay apart.
    """

    def strangers(a: Blob, b: Blob) -> bool:
        ours, theirs = owners.get(a.parts), owners.get(b.parts)
        return ours is not None and theirs is not None and ours != theirs

    left = sorted(blobs, key=lambda blob: -blob.area)
    out: list[Blob] = []
    while left:
        whole = left.pop(0)
        first = whole
        near = [blob for blob in left if _belongs(whole, blob) and not strangers(first, blob)]
        while near:
            whole = _join([whole, *near])
            left = [blob for blob in left if blob not in near]
            near = [blob for blob in left if _belongs(whole, blob) and not strangers(first, blob)]
        out.append(whole)
    return out


def _belongs(whole: Blob, part: Blob) -> bool:
    a, b = whole.box, part.box
    dx = max(a[0], b[0]) - min(a[2], b[2])
    if dx >= 3:
        return False
    dy = max(a[1], b[1]) - min(a[3], b[3])
    if dx <= 0 and dy <= 0:
        return _share(b, a) > 0.25
    smaller = min(whole.width, part.width)
    stacked = -dx > 0.5 * smaller and dy < max(4.0, 0.35 * smaller)
    beside = -dy > 0.5 * min(whole.height, part.height) and dx < 3
    return stacked or beside


def _join(group: Sequence[Blob]) -> Blob:
    if len(group) == 1:
        return group[0]
    area = sum(blob.area for blob in group)
    box = (
        min(blob.box[0] for blob in group),
        min(blob.box[1] for blob in group),
        max(blob.box[2] for blob in group),
        max(blob.box[3] for blob in group),
    )
    score = sum(blob.score * blob.area for blob in group) / area
    return Blob(box=box, area=area, score=score, parts=tuple(p for blob in group for p in blob.parts))


def _area(box: PixelBox) -> float:
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def _share(a: PixelBox, b: PixelBox) -> float:
    """Share of `a` inside `b`."""
    both = _area((max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])))
    return both / _area(a) if _area(a) else 0.0


def _gap(a: PixelBox, b: PixelBox) -> float:
    dx = max(0.0, a[0] - b[2], b[0] - a[2])
    dy = max(0.0, a[1] - b[3], b[1] - a[3])
    return float(np.hypot(dx, dy))
