"""Foreground to things: connected regions, joined or cut where the tracks in view say so.

Coordinates are pixels of the working picture; boxes are `(x0, y0, x1, y1)`, half-open.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.perception.background import Floats, Mask

PixelBox = tuple[float, float, float, float]
Labels = NDArray[np.int32]


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
    """Connected regions of at least `min_area` pixels, and the picture of their labels."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    sums = np.bincount(labels.ravel(), weights=np.minimum(score, 4).ravel(), minlength=count)
    blobs = []
    for index in range(1, count):
        x, y, w, h, area = (int(value) for value in stats[index])
        if area >= min_area:
            mean = float(sums[index]) / area
            blobs.append(Blob(box=(x, y, x + w, y + h), area=area, score=mean, parts=(index,)))
    return labels.astype(np.int32), blobs


def things(labels: Labels, blobs: Sequence[Blob], expected: Sequence[Expected]) -> list[Blob]:
    """Regions as things: fragments of one track are joined, a region of several tracks is cut."""
    tracks = [track for track in expected if track.confirmed]
    apart = {blob.parts: _owner(blob, expected) for blob in blobs}
    claimed: dict[int, list[Blob]] = {}
    rest: list[Blob] = []
    pieces: list[Blob] = []
    for blob in blobs:
        covered = [track for track in tracks if _holds(blob, track)]
        owner = _owner(blob, tracks)
        if len(covered) >= 2:
            pieces.extend(_cut(labels, blob, covered))
        elif owner is not None:
            claimed.setdefault(owner, []).append(blob)
        else:
            rest.append(blob)
    whole = [_kernel(group) for group in claimed.values()]
    return pieces + [blob for blob, _ in whole] + _gather(rest + [blob for _, left in whole for blob in left], apart)


def _kernel(group: Sequence[Blob]) -> tuple[Blob, list[Blob]]:
    """The group's weightiest region with all that lies close to it, and what lies apart."""
    left = sorted(group, key=lambda blob: -blob.area * blob.score)
    whole = left.pop(0)
    reach = 0.3 * min(whole.width, whole.height) + 3
    near = [blob for blob in left if _gap(whole.box, blob.box) < reach]
    return _join([whole, *near]), [blob for blob in left if blob not in near]


def _holds(blob: Blob, track: Expected) -> bool:
    """Whether the region has the track in it: most of where it should be, or the middle of that."""
    share = _share(track.box, blob.box)
    x, y = (track.box[0] + track.box[2]) / 2, (track.box[1] + track.box[3]) / 2
    middle = blob.box[0] < x < blob.box[2] and blob.box[1] < y < blob.box[3]
    return share > 0.5 or (share > 0.25 and middle)


def _owner(blob: Blob, tracks: Sequence[Expected]) -> int | None:
    """The track whose place, a little widened, holds most of the region."""
    shares = [(_share(blob.box, _grow(track.box, 0.15)), -index) for index, track in enumerate(tracks)]
    best = max(shares, default=(0.0, 0))
    return -best[1] if best[0] > 0.6 else None


def _cut(labels: Labels, blob: Blob, tracks: Sequence[Expected]) -> list[Blob]:
    """One region shared out to the tracks in it, each pixel to the track it is nearest to."""
    x0, y0, x1, y1 = (int(value) for value in blob.box)
    ys, xs = np.nonzero(np.isin(labels[y0:y1, x0:x1], blob.parts))
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
    dx, dy = max(a[0], b[0]) - min(a[2], b[2]), max(a[1], b[1]) - min(a[3], b[3])
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


def _grow(box: PixelBox, margin: float) -> PixelBox:
    dx, dy = (box[2] - box[0]) * margin + 2, (box[3] - box[1]) * margin + 2
    return box[0] - dx, box[1] - dy, box[2] + dx, box[3] + dy
