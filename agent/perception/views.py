"""The best view of each followed thing, kept until an event needs a picture of it."""

from dataclasses import dataclass
from typing import Any

from agent.perception.blobs import PixelBox
from ingest import jpeg, snapshot
from vidette.models import Box, Evidence
from vidette.ports import Frame, MediaStore

WIDTH = 960
_BETTER = 1.3  # a view replaces another only if it is this much better: encoding costs


@dataclass(slots=True, kw_only=True)
class BestView:
    """A JPEG, in memory or (once committed) in the media store."""

    pts_s: float
    box: Box
    quality: float
    data: bytes = b""
    sha256: str = ""


class Views:
    """Keeps one view a thing; draws snapshots of them."""

    def __init__(self, media: MediaStore) -> None:
        self.media = media
        self.best: dict[int, BestView] = {}

    def wants(self, number: int, quality: float) -> bool:
        """Whether a view of that quality would be kept."""
        held = self.best.get(number)
        return held is None or quality > _BETTER * held.quality

    def offer(self, number: int, frame: Frame, box: Box, quality: float) -> None:
        """Keep this view if it is the best so far."""
        if self.wants(number, quality):
            data = jpeg.encode(frame.rgb(min(WIDTH, frame.size[0])), quality=80)
            self.best[number] = BestView(pts_s=frame.pts_s, box=box, quality=quality, data=data)

    def snapshot(self, number: int, caption: str) -> tuple[Evidence, ...]:
        """The best view with its box and caption drawn, stored; empty where there is none."""
        held = self.best.get(number)
        if held is None:
            return ()
        data = held.data or self.media.get(held.sha256)
        return (self._store(jpeg.decode(data), held.box, held.pts_s, caption),)

    def picture(self, frame: Frame, box: Box | None, caption: str) -> tuple[Evidence, ...]:
        """This frame with a box and a caption drawn, stored."""
        return (self._store(frame.rgb(min(WIDTH, frame.size[0])), box, frame.pts_s, caption),)

    def forget(self, number: int) -> None:
        """The thing is gone."""
        self.best.pop(number, None)

    def state(self) -> dict[str, Any]:
        """What `restore` needs; pictures go to the media store."""
        for held in self.best.values():
            if not held.sha256:
                held.sha256 = self.media.put(held.data, ".jpg")[0]
        return {str(n): [v.pts_s, v.box, v.quality, v.sha256] for n, v in self.best.items()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from that state."""
        for number, (pts_s, box, quality, sha256) in state.items():
            self.best[int(number)] = BestView(pts_s=pts_s, box=tuple(box), quality=quality, sha256=sha256)

    def _store(self, rgb: Any, box: Box | None, pts_s: float, caption: str) -> Evidence:
        drawn = snapshot.draw(rgb, [(box, "")] if box else [], caption)
        sha256, uri = self.media.put(jpeg.encode(drawn, quality=85), ".jpg")
        return Evidence(kind="snapshot", sha256=sha256, uri=uri, pts_s=round(pts_s, 3), box=box)


def unit(box: PixelBox, shape: tuple[int, int]) -> Box:
    """A box in pixels of the working picture as 0..1, rounded to 4 places and kept inside."""
    height, width = shape
    x0, y0, x1, y1 = box[0] / width, box[1] / height, box[2] / width, box[3] / height
    return tuple(round(min(1.0, max(0.0, value)), 4) for value in (x0, y0, x1, y1))  # type: ignore[return-value]  # four values
