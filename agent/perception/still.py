"""Still things: what was left, what was taken away, told from people standing and from light.

A region that differs from the background and no longer changes is judged by its outline: a new
thing has edges now that the background lacks; where a thing was taken, the background has edges
that the picture now lacks. Nothing is believed where nobody came near.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.perception.background import Background, Foreground, Mask, Planes, grown, smooth
from agent.perception.blobs import PixelBox
from agent.perception.camera import edges
from vidette import geometry

Verdict = Literal["left", "removed", "light"]
_TOUCH_CAP = 60_000  # ms since a mover covered a pixel
_LAG_MS = 1500  # from the mover's going to the pixel's coming to rest
_LINGER_MS = 4000  # how long the mover may stay about after that


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A judged region: `since_s` is when it came to be so; `certainty` 0..1; `lead` as `outline_lead`."""

    verdict: Verdict
    box: PixelBox
    since_s: float
    area: int
    certainty: float
    lead: float
    region: Mask


@dataclass(slots=True, kw_only=True)
class StillThing:
    """A thing left in view, until it is removed."""

    box: PixelBox
    since_s: float
    certainty: float
    bringer: str | None
    id: str = ""
    event: str = ""
    alone_s: float | None = None
    abandoned: bool = False
    colour: str = ""


class Stillness:
    """Watches the foreground for regions that came to rest; remembers where movers have been."""

    def __init__(self, shape: tuple[int, int], still_s: float, min_area: int) -> None:
        self.still_s = still_s
        self.min_area = min_area
        self.touched: NDArray[np.uint16] = np.full(shape, _TOUCH_CAP, np.uint16)

    def note(self, movers: Mask, dt_s: float) -> None:
        """Count up the time since a mover covered each pixel."""
        self.touched = grown(self.touched, dt_s, _TOUCH_CAP) * ~movers

    def judge(
        self,
        background: Background,
        planes: Planes,
        fore: Foreground,
        busy: Mask,
        known: Sequence[PixelBox],
        pts_s: float,
    ) -> list[Change]:
        """Regions at rest for `still_s` that nobody is in front of (`busy`).

        Where a `known` still thing lies a change needs no visitor to be believed.
        """
        rest = fore.mask & (background.age >= self.still_s * 1000 - 50)
        if int(rest.sum()) < self.min_area:
            return []
        out = []
        for region in _regions(fore.mask, rest, self.min_area):
            if (region & busy).sum() > 0.1 * region.sum():
                continue
            expected = any(geometry.iou(box_of(region), box) > 0.3 for box in known)
            out.append(self._judge(background, planes, region, pts_s, expected=expected))
        return out

    def _judge(self, background: Background, planes: Planes, region: Mask, pts_s: float, *, expected: bool) -> Change:
        age_s = float(np.percentile(background.age[region], 40)) / 1000
        lead = outline_lead(background, planes, region)
        lag_ms = self.touched[region].astype(np.int32) - background.age[region]
        visited = float(((lag_ms > -_LINGER_MS) & (lag_ms < _LAG_MS)).mean()) > 0.4
        certainty = 1 / (1 + math.exp(-2.2 * abs(lead)))
        verdict: Verdict = "light"
        if (visited or expected) and abs(lead) > 0.12:
            verdict = "left" if lead > 0 else "removed"
        return Change(
            verdict=verdict,
            box=box_of(region),
            since_s=pts_s - age_s,
            area=int(region.sum()),
            certainty=certainty,
            lead=lead,
            region=region,
        )

    def state(self) -> tuple[NDArray[Any], dict[str, Any]]:
        """What `restore` needs."""
        return self.touched // 100, {"still_s": self.still_s, "min_area": self.min_area}

    @classmethod
    def restore(cls, touched: NDArray[Any], state: dict[str, Any]) -> "Stillness":
        """What gave this state."""
        self = cls(touched.shape, state["still_s"], state["min_area"])
        self.touched = (touched * 100).astype(np.uint16)
        return self


def outline_lead(background: Background, planes: Planes, region: Mask) -> float:
    """> 0 where the picture now stands out in the region's shape, < 0 where the background does.

    Sum of two logarithms: of the gradients along the outline, and of the contrast between the
    region and the ring round it, now against then.
    """
    small = region.astype(np.uint8)
    kernel = np.ones((3, 3), np.uint8)
    outline = (cv2.dilate(small, kernel) - cv2.erode(small, kernel)) > 0
    ring = (cv2.dilate(small, np.ones((11, 11), np.uint8)) - cv2.dilate(small, kernel)) > 0
    if not ring.any():
        return 0.0  # the region fills the picture: nothing tells it from what is round it
    now, was = smooth(planes[0]), background.y
    borders = math.log((edges(now)[outline].mean() + 3) / (edges(was)[outline].mean() + 3))
    then = _contrast((was, background.u, background.v), region, ring)
    contrast = math.log((_contrast((now, planes[1], planes[2]), region, ring) + 4) / (then + 4))
    return borders + contrast


def box_of(region: Mask) -> PixelBox:
    """Bounding box of a region."""
    ys, xs = np.nonzero(region)
    return float(xs.min()), float(ys.min()), float(xs.max() + 1), float(ys.max() + 1)


def _contrast(planes: Sequence[NDArray[np.uint8]], region: Mask, ring: Mask) -> float:
    """Distance between the mean colours of a region and its ring."""
    y, u, v = planes
    h, w = u.shape
    inner = cv2.resize(region.astype(np.uint8), (w, h), interpolation=cv2.INTER_AREA) > 0
    outer = (cv2.resize(ring.astype(np.uint8), (w, h), interpolation=cv2.INTER_AREA) > 0) & ~inner
    luma = abs(float(y[region].mean()) - float(y[ring].mean()))
    if not inner.any() or not outer.any():
        return luma
    chroma = sum(abs(float(plane[inner].mean()) - float(plane[outer].mean())) for plane in (u, v))
    return luma + chroma


def _regions(mask: Mask, rest: Mask, min_area: int) -> list[Mask]:
    """Connected foreground that is at rest as a whole, not only a part of something that moves."""
    joined = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    count, labels = cv2.connectedComponents(joined, connectivity=8)
    whole = np.bincount(labels[mask], minlength=count)
    still = np.bincount(labels[rest], minlength=count)
    found = np.nonzero((whole >= min_area) & (still > 0.7 * whole))[0]
    return [(labels == index) & mask for index in found if index > 0]
