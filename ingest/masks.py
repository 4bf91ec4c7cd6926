"""Privacy masks: polygons painted black in every picture before anything looks at it or keeps it."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import cv2
import numpy as np

from vidette.geometry import Point
from vidette.ports import Damage, Frame, Image, VideoSource
from vidette.settings import Settings

_NO_COLOUR = 128
# Two pixels more on each side: corners fall between pixels, and scaling mixes neighbours.
_MORE = 2
_OUTWARD = np.ones((2 * _MORE + 1, 2 * _MORE + 1), np.uint8)


@dataclass(slots=True, kw_only=True)
class Masks:
    """The hidden parts of one stream's pictures; corners in 0..1 of the upright picture."""

    polygons: tuple[tuple[Point, ...], ...] = ()
    _hidden: dict[tuple[int, int], Image] = field(default_factory=dict, init=False, repr=False)

    def __bool__(self) -> bool:
        return bool(self.polygons)

    def hidden(self, size: tuple[int, int]) -> Image:
        """`(h, w) uint8` for a picture of (width, height): 255 where nothing may be seen, else 0."""
        if size not in self._hidden:
            if len(self._hidden) > 8:
                self._hidden.clear()  # a stream that changes its size again and again
            self._hidden[size] = self._drawn(size)
        return self._hidden[size]

    def frame(self, frame: Frame) -> Frame:
        """The frame with its masks painted over."""
        return Masked(frame=frame, masks=self) if self else frame

    def source(self, source: VideoSource) -> VideoSource:
        """The source with its masks painted over in every frame."""
        return MaskedSource(source, self) if self else source

    def _drawn(self, size: tuple[int, int]) -> Image:
        width, height = size
        picture = np.zeros((height + 2 * _MORE, width + 2 * _MORE), np.uint8)  # a corner may lie on the last edge
        for polygon in self.polygons:
            corners = np.array([[round(x * width) + _MORE, round(y * height) + _MORE] for x, y in polygon], np.int32)
            cv2.fillPoly(picture, [corners], 255)
        return np.ascontiguousarray(cv2.dilate(picture, _OUTWARD)[_MORE:-_MORE, _MORE:-_MORE], np.uint8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Masked:
    """A frame of which only what is not masked can be had (vidette.ports.Frame)."""

    frame: Frame
    masks: Masks

    @property
    def pts_s(self) -> float:
        """Media time."""
        return self.frame.pts_s

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.frame.size

    def planes(self, width: int) -> tuple[Image, Image, Image]:
        """As the frame's, black without colour where masked; copies."""
        y, u, v = self.frame.planes(width)
        hidden = self.masks.hidden((y.shape[1], y.shape[0]))
        less = cv2.resize(hidden, u.shape[::-1], interpolation=cv2.INTER_AREA) > 0
        return _painted(y, hidden > 0, 0), _painted(u, less, _NO_COLOUR), _painted(v, less, _NO_COLOUR)

    def rgb(self, width: int | None = None) -> Image:
        """As the frame's, black where masked; a copy."""
        rgb = self.frame.rgb(width)
        return _painted(rgb, self.masks.hidden((rgb.shape[1], rgb.shape[0])) > 0, 0)


def masks_of(settings: Settings, name: str) -> Masks:
    """What nobody may see of the stream of that name."""
    polygons = (polygon for stream in settings.streams if stream.name == name for polygon in stream.masks)
    return Masks(polygons=tuple(tuple(polygon) for polygon in polygons))


class MaskedSource:
    """A source of masked frames (vidette.ports.VideoSource)."""

    def __init__(self, source: VideoSource, masks: Masks) -> None:
        self._source = source
        self._masks = masks

    @property
    def duration_s(self) -> float | None:
        """As the source's."""
        return self._source.duration_s

    @property
    def damage(self) -> tuple[Damage, ...]:
        """As the source's."""
        return self._source.damage

    def frames(self, start_s: float = 0.0, end_s: float | None = None) -> Iterator[Frame]:
        """The source's frames, masked."""
        frames = self._source.frames(start_s, end_s)
        try:
            for frame in frames:
                yield Masked(frame=frame, masks=self._masks)
        finally:
            close = getattr(frames, "close", None)  # a generator is ended where it stands; a plain iterator has no end
            if close is not None:
                close()

    def close(self) -> None:
        """Close the source."""
        self._source.close()


def _painted(picture: Image, where: np.ndarray[tuple[int, ...], np.dtype[np.bool_]], value: int) -> Image:
    painted = picture.copy()
    painted[where] = value
    return painted
