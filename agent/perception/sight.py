"""One frame as the fast look sees it: the small picture at once, the large one only where it is asked for."""

from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from agent.perception.background import Picture, Planes
from agent.perception.camera import NO_MASKS, View, view
from agent.perception.outlook import working_width
from ingest import jpeg
from ingest.frame import scaled_size
from ingest.masks import Masks
from vidette.errors import StoreError
from vidette.ports import Frame, Image, VideoSource

WIDTH = 1280
TELLING_S = 0.6  # pictures are taken of one frame in this time: encoding costs more than looking
_QUALITY = 85


@dataclass(slots=True, kw_only=True, eq=False)
class Sight:
    """A frame: its working planes and short view; `telling` for the first frame of each 0.6 s.

    `frame` may be let go of while it waits to be looked at, or was never here; what is asked for then is read again
    from `source`. A camera has none: of its frames those that are not telling are shown by the small picture. A keyframe
    is at most `wide` wide. `taken` and `taken_wide` are `jpeg` and `keyframe` once they were made, else empty.
    """

    pts_s: float
    size: tuple[int, int]
    planes: Planes
    view: View
    telling: bool
    source: VideoSource | None
    frame: Frame | None
    wide: int = WIDTH
    taken: bytes = field(default=b"", repr=False)
    taken_wide: bytes = field(default=b"", repr=False)
    _grey: Picture | None = field(default=None, repr=False)

    @property
    def large(self) -> tuple[int, int]:
        """(width, height) of `rgb` and `grey`."""
        return self.size if self.size[0] <= WIDTH else scaled_size(self.size, WIDTH)

    def jpeg(self) -> bytes:
        """The picture, at most 1280 wide, as JPEG."""
        if not self.taken:
            self.taken = jpeg.encode(self._large(), quality=_QUALITY)
        return self.taken

    def keyframe(self) -> bytes:
        """The picture, at most `wide` wide, as JPEG; given once, since it is large. Empty where `jpeg` has all of it."""
        kept, self.taken_wide = self.taken_wide or self._widest(), b""
        return kept

    def take(self) -> None:
        """Make both pictures now, to be had when the frame is gone."""
        self.jpeg()
        self.taken_wide = self.taken_wide or self._widest()

    def small_jpeg(self) -> bytes:
        """The small picture as JPEG: it costs no decoding, however long the frame waited."""
        return jpeg.encode(coloured(self.planes), quality=_QUALITY)

    def rgb(self) -> Image:
        """`(H, W, 3) uint8 RGB`, at most 1280 wide, as `jpeg` shows it: the same whenever it is asked for."""
        return jpeg.decode(self.jpeg())

    def grey(self) -> Picture:
        """`(H, W) uint8` luma of `rgb`."""
        if self._grey is None:
            grey = cv2.imdecode(np.frombuffer(self.jpeg(), np.uint8), cv2.IMREAD_GRAYSCALE)
            if grey is None:
                raise StoreError("a damaged JPEG picture; watch the stream anew with --again")
            self._grey = np.asarray(grey, np.uint8)
        return self._grey

    @property
    def pixels(self) -> int:
        """How many pixels of a decoded frame it holds."""
        return self.size[0] * self.size[1] if self.frame else 0

    def wait(self, *, hold: bool) -> "Sight":
        """Let the decoded frame go, unless it is a telling one to `hold`; else its picture is taken first."""
        if self.frame is None or (self.telling and hold):
            return self
        if self.telling:
            self.take()
        self.frame = None
        return self

    def alone(self) -> "Sight":
        """Another of the same picture, which does not hold the decoded frame."""
        return replace(self, taken=self.jpeg(), taken_wide=b"", frame=None)

    def _widest(self) -> bytes:
        width = min(self.wide, self.size[0])
        frame = (self.frame or self._again()) if width > WIDTH else None
        return jpeg.encode(frame.rgb(width), quality=_QUALITY) if frame else b""

    def _large(self) -> Image:
        frame = self.frame or self._again()
        if frame is None:
            return coloured(self.planes)  # unreadable the second time: the small picture is what there is
        return frame.rgb(min(WIDTH, frame.size[0]))

    def _again(self) -> Frame | None:
        """The frame, read anew; the reading is left before its end, which says nothing of the source's."""
        if self.source is None:
            return None
        frame = next(self.source.frames(max(0.0, self.pts_s - 1e-6)), None)
        return frame if frame is not None and abs(frame.pts_s - self.pts_s) < 1e-4 else None


def sight_of(
    frame: Frame, source: VideoSource | None, before_s: float, masks: Masks = NO_MASKS, wide: int = WIDTH
) -> Sight:
    """A frame just read, the last one before it shown at `before_s`; `masks` are already painted over in it."""
    planes = frame.planes(working_width(frame.size))
    return Sight(
        pts_s=frame.pts_s,
        size=frame.size,
        planes=planes,
        view=view(planes[0], masks),
        telling=is_telling(frame.pts_s, before_s),
        source=source,
        frame=frame,
        wide=wide,
    )


def is_telling(pts_s: float, before_s: float) -> bool:
    """Whether a frame is the first of its 0.6 s, the last one before it shown at `before_s`."""
    return _slot(pts_s) != _slot(before_s)


def _slot(pts_s: float) -> int:
    return int((pts_s + 1e-4) // TELLING_S)


def coloured(planes: Planes) -> Picture:
    """`(H, W, 3) uint8 RGB` of working planes."""
    y, u, v = planes
    size = (y.shape[1], y.shape[0])
    picture = cv2.merge([y, cv2.resize(v, size), cv2.resize(u, size)])
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_YCrCb2RGB), np.uint8)
