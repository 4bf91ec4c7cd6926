"""One frame as the fast look sees it: the small picture at once, the large one only where it is asked for."""

from dataclasses import dataclass, field

import cv2
import numpy as np

from agent.perception.background import Picture, Planes
from agent.perception.camera import View, view
from agent.perception.outlook import working_width
from ingest import jpeg
from vidette.ports import Frame, Image, VideoSource

WIDTH = 1280
TELLING_S = 0.6  # pictures are taken of one frame in this time: encoding costs more than looking
_QUALITY = 85


@dataclass(slots=True, kw_only=True, eq=False)
class Sight:
    """A frame: its working planes and short view; `telling` for the first frame of each 0.6 s.

    `frame` may be let go of while it waits to be looked at; what is asked for then is read again.
    """

    pts_s: float
    size: tuple[int, int]
    planes: Planes
    view: View
    telling: bool
    source: VideoSource
    frame: Frame | None
    _jpeg: bytes = field(default=b"", repr=False)
    _grey: Picture | None = field(default=None, repr=False)

    def jpeg(self) -> bytes:
        """The picture, at most 1280 wide, as JPEG."""
        if not self._jpeg:
            self._jpeg = jpeg.encode(self._large(), quality=_QUALITY)
        return self._jpeg

    def rgb(self) -> Image:
        """`(H, W, 3) uint8 RGB`, at most 1280 wide, as `jpeg` shows it: the same whenever it is asked for."""
        return jpeg.decode(self.jpeg())

    def grey(self) -> Picture:
        """`(H, W) uint8` luma of `rgb`."""
        if self._grey is None:
            data = np.frombuffer(self.jpeg(), np.uint8)
            self._grey = np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)
        return self._grey

    @property
    def pixels(self) -> int:
        """How many pixels of a decoded frame it holds."""
        return self.size[0] * self.size[1] if self.frame else 0

    def wait(self, *, hold: bool) -> "Sight":
        """Let the decoded frame go, unless it is a telling one to `hold`; else its picture is taken first."""
        if self.telling and hold:
            return self
        if self.telling:
            self.jpeg()
        self.frame = None
        return self

    def _large(self) -> Image:
        frame = self.frame or self._again()
        if frame is None:
            return _coloured(self.planes)  # unreadable the second time: the small picture is what there is
        return frame.rgb(min(WIDTH, frame.size[0]))

    def _again(self) -> Frame | None:
        """The frame, read anew; the reading is left before its end, which says nothing of the source's."""
        frame = next(self.source.frames(max(0.0, self.pts_s - 1e-6)), None)
        return frame if frame is not None and abs(frame.pts_s - self.pts_s) < 1e-4 else None


def sight_of(frame: Frame, source: VideoSource, before_s: float) -> Sight:
    """A frame just read, the last one before it shown at `before_s`."""
    planes = frame.planes(working_width(frame.size))
    return Sight(
        pts_s=frame.pts_s,
        size=frame.size,
        planes=planes,
        view=view(planes[0]),
        telling=_slot(frame.pts_s) != _slot(before_s),
        source=source,
        frame=frame,
    )


def _slot(pts_s: float) -> int:
    return int((pts_s + 1e-4) // TELLING_S)


def _coloured(planes: Planes) -> Picture:
    y, u, v = planes
    size = (y.shape[1], y.shape[0])
    picture = cv2.merge([y, cv2.resize(v, size), cv2.resize(u, size)])
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_YCrCb2RGB), np.uint8)
