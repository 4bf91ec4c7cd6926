"""Pictures made on demand from decoded frames: upright, square pixels, progressive."""

from dataclasses import dataclass, field
from fractions import Fraction

import cv2
import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from vidette.ports import Image

Planes = tuple[Image, Image, Image]

_PLANAR = {"yuv420p", "yuvj420p"}
_GRAY = {"gray", "gray8", "grayj"}
_FULL_RANGE = 2
_LIMITED_RANGE = 1
_BT709 = 1
_UNSPECIFIED_COLOUR = 2
_HD_HEIGHT = 720
_NEUTRAL = 128


def _table(low: float, span: float, middle: float) -> NDArray[np.uint8]:
    """8-bit studio range to full range (ITU-R BT.601-7 §2.5.4): `(x - low) * 255 / span + middle`."""
    values = (np.arange(256) - low) * 255 / span + middle
    return np.asarray(np.clip(np.rint(values), 0, 255), np.uint8)


_LUMA = _table(16, 219, 0)
_CHROMA = _table(128, 224, 128)


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
            whole = np.asarray(self._reformat("rgb24").to_ndarray(), np.uint8)
            return self._turned(_scale(whole[::2], wide, high))
        return self._turned(np.asarray(self._reformat("rgb24", wide, high).to_ndarray(), np.uint8))

    def _make_planes(self, size: tuple[int, int]) -> Planes:
        wide, high = self._before_turn(size)
        picture, full = self._as_yuv(wide, high)
        y, u, v = (self._plane(picture, i) for i in range(3))
        y = _scale(y, wide, high)
        u, v = _scale(u, wide // 2, high // 2), _scale(v, wide // 2, high // 2)
        if not full:
            y, u, v = _lut(y, _LUMA), _lut(u, _CHROMA), _lut(v, _CHROMA)
        return self._turned(y), self._turned(u), self._turned(v)

    def _as_yuv(self, wide: int, high: int) -> tuple[VideoFrame, bool]:
        """A picture whose planes are 8-bit 4:2:0 (or gray), and whether they are full range."""
        name, tagged = self.picture.format.name, self.picture.color_range
        if name in _GRAY:
            return self.picture, tagged != _LIMITED_RANGE
        if name in _PLANAR:
            return self.picture, name == "yuvj420p" or tagged == _FULL_RANGE
        size = (None, None) if self.picture.interlaced_frame else (wide, high)
        return self._reformat("yuvj420p", *size), True

    def _reformat(self, name: str, wide: int | None = None, high: int | None = None) -> VideoFrame:
        source = self.picture.colorspace
        if source == _UNSPECIFIED_COLOUR and self.picture.height >= _HD_HEIGHT:
            source = _BT709
        return self.picture.reformat(
            width=wide, height=high, format=name, interpolation="AREA", src_colorspace=_known(source)
        )

    def _plane(self, picture: VideoFrame, index: int) -> Image:
        if index >= len(picture.planes):
            return np.full((picture.height // 2 or 1, picture.width // 2 or 1), _NEUTRAL, np.uint8)
        plane = picture.planes[index]
        rows: Image = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[
            : plane.height, : plane.width
        ]
        return rows[::2] if picture.interlaced_frame and plane.height > 1 else rows

    def _before_turn(self, size: tuple[int, int]) -> tuple[int, int]:
        return (size[1], size[0]) if self._turn % 180 else size

    def _turned(self, image: Image) -> Image:
        """Turned upright: `rotation` is how far the picture must turn counter-clockwise."""
        return np.ascontiguousarray(np.rot90(image, self._turn // 90)) if self._turn else image


def _known(colorspace: int) -> int | None:
    return colorspace if colorspace in (1, 4, 5, 6, 7, 9) else None


def _scale(image: Image, wide: int, high: int) -> Image:
    """A contiguous copy at that size."""
    if image.shape[:2] == (high, wide):
        return np.array(image)
    method = cv2.INTER_AREA if wide < image.shape[1] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (wide, high), interpolation=method), np.uint8)


def _lut(plane: Image, table: NDArray[np.uint8]) -> Image:
    return np.asarray(cv2.LUT(plane, table), np.uint8)


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
