"""The best view of each followed thing, kept until an event needs a picture of it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np

from agent.perception.blobs import PixelBox
from agent.perception.sight import Sight
from ingest import jpeg, snapshot
from vidette.errors import StoreError
from vidette.geometry import Box
from vidette.models import Evidence
from vidette.ports import Image, MediaStore

WIDTH = 960
_AT_HAND = 2  # pictures kept: of one moment several things are told, of one thing several things soon after another
_BETTER = 1.3  # a view replaces another only if it is this much better


@dataclass(slots=True, kw_only=True)
class BestView:
    """A frame, kept as JPEG in the media store once committed; `telling` as Sight says."""

    pts_s: float
    box: Box
    quality: float
    telling: bool
    sight: Sight | None = None
    sha256: str = ""


class Views:
    """Keeps one view a thing; draws snapshots of them."""

    def __init__(self, media: MediaStore) -> None:
        self.media = media
        self.best: dict[int, BestView] = {}
        self._shown: dict[float, Image] = {}  # the last few pictures, as wide as snapshots are, by media time

    def offer(self, number: int, sight: Sight, box: Box, quality: float) -> bool:
        """Keep this view if it is the best so far; -> whether it is.

        Of the frames that are not telling only the first is kept, until there is a telling one.
        """
        held = self.best.get(number)
        if held is not None and not sight.telling:
            return False
        if held is not None and held.telling and quality <= _BETTER * held.quality:
            return False
        self.best[number] = BestView(
            pts_s=sight.pts_s, box=box, quality=quality, telling=sight.telling, sight=_light(sight)
        )
        return True

    def snapshot(self, number: int, caption: str) -> tuple[Evidence, ...]:
        """The best view with its box and caption drawn, stored; empty where there is none."""
        held = self.best.get(number)
        if held is None:
            return ()
        try:
            rgb = self._show(held.pts_s, held.sight.rgb if held.sight else lambda: self._stored(held.sha256))
        except StoreError:
            return ()  # it was deleted since, or there was never room for it: the event is true without a picture
        return (self._store(rgb, held.box, held.pts_s, caption),)

    def picture(self, sight: Sight, box: Box | None, caption: str) -> tuple[Evidence, ...]:
        """This frame with a box and a caption drawn, stored."""
        return (self._store(self._show(sight.pts_s, sight.rgb), box, sight.pts_s, caption),)

    def forget(self, number: int) -> None:
        """The thing is gone."""
        self.best.pop(number, None)

    def state(self) -> dict[str, Any]:
        """What `restore` needs; pictures go to the media store."""
        for held in self.best.values():
            if held.sight is not None:
                held.sha256, held.sight = self.media.put(held.sight.jpeg(), ".jpg")[0], None
        return {str(n): [v.pts_s, v.box, v.quality, v.telling, v.sha256] for n, v in self.best.items()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from that state."""
        for number, (pts_s, box, quality, telling, sha256) in state.items():
            self.best[int(number)] = BestView(
                pts_s=pts_s, box=tuple(box), quality=quality, telling=telling, sha256=sha256
            )

    def _show(self, pts_s: float, picture: Callable[[], Image]) -> Image:
        """The picture of that time, at most 960 wide. Raises StoreError where `picture` does."""
        if pts_s not in self._shown:
            small = _at_most(picture(), WIDTH)
            self._shown = dict([*self._shown.items()][1 - _AT_HAND :]) | {pts_s: small}
        return self._shown[pts_s]

    def _stored(self, sha256: str) -> Image:
        return jpeg.decode(self.media.get(sha256))

    def _store(self, rgb: Image, box: Box | None, pts_s: float, caption: str) -> Evidence:
        drawn = snapshot.draw(rgb, [(box, "")] if box else [], caption)
        sha256, uri = self.media.put(jpeg.encode(drawn, quality=85), ".jpg")
        return Evidence(kind="snapshot", sha256=sha256, uri=uri, pts_s=round(pts_s, 3), box=box)


def _light(sight: Sight) -> Sight:
    """Without the decoded frame where its picture is taken anyway: a view may be held for long."""
    return sight.alone() if sight.telling else sight


def _at_most(rgb: Image, width: int) -> Image:
    """Scaled down to `width`; a sight is hardly wider, so what is plain and fast will do."""
    height, own = rgb.shape[:2]
    size = (width, max(1, round(height * width / own)))
    return rgb if own <= width else np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_LINEAR), np.uint8)


@lru_cache(maxsize=4096)  # a path's last boxes are asked for frame after frame
def unit(box: PixelBox, shape: tuple[int, int]) -> Box:
    """A box in pixels of the working picture as 0..1, rounded to 4 places and kept inside."""
    height, width = shape
    x0, y0, x1, y1 = box[0] / width, box[1] / height, box[2] / width, box[3] / height
    return tuple(round(min(1.0, max(0.0, value)), 4) for value in (x0, y0, x1, y1))  # type: ignore[return-value]  # four values
