"""Pictures made on demand from decoded frames: upright, square pixels, progressive."""

from dataclasses import dataclass, field
from fractions import Fraction

import cv2
import numpy as np
from av.video.frame import VideoFrame

from vidette.ports import Image

Planes = tuple[Image, Image, Image]

_RGB = "rgb24"
_PLANAR = "yuvj420p"  # full range, 4:2:0
_GRAY = {"gray", "gray8", "grayj"}
_LIMITED_RANGE = 1
_BT709 = 1
_UNSPECIFIED_COLOUR = 2
_COLOURS, _RANGES = (0, 1, 2, 4, 5, 6, 7, 9), (0, 1, 2)  # what libswscale converts (ITU-T H.273 has more)
_HD_HEIGHT = 720


# 8-bit studio range to full range (ITU-R BT.601-7 §2.5.4).
_LUMA = np.asarray(np.clip(np.rint((np.arange(256) - 16) * 255 / 219), 0, 255), np.uint8)


def upright_size(width: int, height: int, pixel_aspect: Fraction | None, rotation: int) -> tuple[int, int]:
    """(width, height) with square pixels, turned by `rotation` degrees."""
    aspect = pixel_aspect if pixel_aspect and Fraction(1, 8) <= pixel_aspect <= 8 else Fraction(1)
    wide = max(1, round(width * aspect))
    return (height, wide) if rotation % 180 else (wide, height)


def scaled_size(size: tuple[int, int], width: int) -> tuple[int, int]:
    """The size at `width`, never larger than it is, both sides even and at least 2."""
    wide = max(2, min(width, size[0]) // 2 * 2)
    return wide, max(2, round(size[1] * wide / size[0] / 2) * 2)


@dataclass(slots=True, kw_only=True)
class DecodedFrame:
    """A frame of PyAV (vidette.ports.Frame)."""

    picture: VideoFrame
    pts_s: float
    pixel_aspect: Fraction | None = None
    _planes: tuple[int, Planes] | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        # Colours that are rare, or damaged tags: libswscale would refuse the picture for them.
        if self.picture.colorspace not in _COLOURS:
            self.picture.colorspace = _UNSPECIFIED_COLOUR
        if self.picture.color_range not in _RANGES:
            self.picture.color_range = 0

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels, upright, square pixels."""
        return upright_size(self.picture.width, self.picture.height, self.pixel_aspect, self._turn)

    @property
    def _turn(self) -> int:
        return round(self.picture.rotation / 90) * 90 % 360

    def planes(self, width: int) -> Planes:
        """Y `(h, width)`, U and V `(h/2, width/2)`, full range; at the picture's own width if that is less."""
        if self._planes is None or self._planes[0] != width:
            self._planes = (width, self._make_planes(scaled_size(self.size, width)))
        return self._planes[1]

    def rgb(self, width: int | None = None) -> Image:
        """`(H, W, 3) uint8 RGB`, at full size or scaled down to `width`."""
        size = self.size if width is None or width >= self.size[0] else scaled_size(self.size, width)
        wide, high = self._before_turn(size)
        if self.picture.interlaced_frame:
            whole = np.asarray(self._reformat(self.picture, _RGB).to_ndarray(), np.uint8)
            return self._turned(_scale(whole[::2], wide, high))
        # Scaled in its planes, then converted: libswscale does both at once only slowly.
        small = self.picture if size == self.size else self._reformat(self.picture, _PLANAR, wide, high)
        return self._turned(np.asarray(self._reformat(small, _RGB, wide, high).to_ndarray(), np.uint8))

    def _make_planes(self, size: tuple[int, int]) -> Planes:
        wide, high = self._before_turn(size)
        field = self.picture.interlaced_frame
        whole = self._reformat(self.picture, _PLANAR) if field else self._reformat(self.picture, _PLANAR, wide, high)
        y, u, v = (_plane(whole, index)[:: 2 if field else 1] for index in range(3))
        y = _scale(y, wide, high)
        u, v = _scale(u, wide // 2, high // 2), _scale(v, wide // 2, high // 2)
        if self.picture.format.name in _GRAY and self.picture.color_range == _LIMITED_RANGE:
            y = np.asarray(cv2.LUT(y, _LUMA), np.uint8)  # libswscale takes gray for full range whatever it says
        return self._turned(y), self._turned(u), self._turned(v)

    def _reformat(self, picture: VideoFrame, name: str, wide: int | None = None, high: int | None = None) -> VideoFrame:
        source = self.picture.colorspace
        if source == _UNSPECIFIED_COLOUR and self.picture.height >= _HD_HEIGHT:
            source = _BT709
        # One thread: many streams share the cores, and threads made for each picture cost more than they save.
        matrix = _known(source)
        return picture.reformat(
            width=wide,
            height=high,
            format=name,
            interpolation="AREA",
            src_colorspace=matrix,
            dst_colorspace=None if name == _RGB else matrix,  # planes stay as they are
            threads=1,
        )

    def _before_turn(self, size: tuple[int, int]) -> tuple[int, int]:
        return (size[1], size[0]) if self._turn % 180 else size

    def _turned(self, image: Image) -> Image:
        """Turned upright: `rotation` is how far the picture must turn counter-clockwise."""
        return np.ascontiguousarray(np.rot90(image, self._turn // 90)) if self._turn else image


def _known(colorspace: int) -> int | None:
    return colorspace if colorspace in (1, 4, 5, 6, 7, 9) else None


def _plane(picture: VideoFrame, index: int) -> Image:
    plane = picture.planes[index]
    rows: Image = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    return rows[: plane.height, : plane.width]


def _scale(image: Image, wide: int, high: int) -> Image:
    """A contiguous copy at that size."""
    if image.shape[:2] == (high, wide):
        return np.array(image)
    method = cv2.INTER_AREA if wide < image.shape[1] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (wide, high), interpolation=method), np.uint8)


@dataclass(slots=True, kw_only=True)
class ArrayFrame:
    """A frame that is already RGB (vidette.ports.Frame)."""

    image: Image
    pts_s: float

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.image.shape[1], self.image.shape[0]

    def planes(self, width: int) -> Planes:
        """Y `(h, width)`, U and V `(h/2, width/2)`, full range (JFIF)."""
        wide, high = scaled_size(self.size, width)
        ycc = np.asarray(cv2.cvtColor(_scale(self.image, wide, high), cv2.COLOR_RGB2YCrCb), np.uint8)
        y, v, u = (np.ascontiguousarray(ycc[:, :, i]) for i in range(3))
        return y, _scale(u, wide // 2, high // 2), _scale(v, wide // 2, high // 2)

    def rgb(self, width: int | None = None) -> Image:
        """`(H, W, 3) uint8 RGB`, at full size or scaled down to `width`."""
        if width is None or width >= self.size[0]:
            return self.image
        return _scale(self.image, *scaled_size(self.size, width))
