"""Sights that were decoded elsewhere: packed as bytes, and looked at as if they had been decoded where they are looked at."""

import hashlib
import json
import math
import struct
from collections.abc import Callable, Generator, Iterable, Iterator
from importlib.metadata import version

import av
import cv2
import numpy as np

from agent.perception.background import Picture, Planes
from agent.perception.camera import NO_MASKS, View
from agent.perception.outlook import working_width
from agent.perception.sight import WIDTH, Sight, is_telling, sight_of
from ingest import jpeg
from ingest.masks import Masks, masks_of
from vidette.errors import StoreError
from vidette.ports import VideoSource
from vidette.settings import Settings

Reading = Callable[[float, float | None, float], Generator[Sight, None, None]]
"""Sights of [start_s, end_s) of a source; the third is when the last frame before was shown (-1: none)."""

_REVISION = "1"  # of what a sight is made of, and of how it is packed
_MAGIC = b"sights1\n"
_ROW = struct.Struct("<2d6I")  # pts_s, sharpness; size; luma (h, w); bytes of the two pictures
_SHORT = (90, 160)  # (h, w) of a view's small picture
_TILES = (32, 18)
_STIR = 5.0  # levels of luma
_MAX_SIDE = 1 << 20  # of a frame: 16,384 stored pixels, drawn out by their aspect


def reading(source: VideoSource, masks: Masks = NO_MASKS, wide: int = WIDTH) -> Reading:
    """What decodes a source here; its frames come masked already."""

    def read(start_s: float, end_s: float | None, before_s: float) -> Generator[Sight, None, None]:
        for frame in source.frames(start_s, end_s):
            yield sight_of(frame, source, before_s, masks, wide)
            before_s = frame.pts_s

    return read


def depends_on(settings: Settings, name: str) -> str:
    """A short tag of all that a sight of the stream of that name depends on beside the file: equal tags, equal sights."""
    sample = next((one.sample for one in settings.streams if one.name == name and one.sample), settings.sample)
    parts = [
        _REVISION,
        [version("vidette"), av.__version__, cv2.__version__],
        [sample, settings.reader, settings.segments.keyframe_px],
        masks_of(settings, name).polygons,
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def packed(sights: Iterable[Sight]) -> bytes:
    """Sights as bytes, each let go once it is packed: some 0.2 MB, and its pictures where they will likely be asked for.

    That is a telling frame that differs from the one before: of a scene in which nothing moves hardly any is. What is
    asked for and was not packed is read again, so this decides what it costs, never what is said.
    """
    before = None
    parts: list[bytes | memoryview] = [_MAGIC]
    for sight in sights:
        if sight.telling:
            if before is None or _stirs(before, sight.view.small):
                sight.take()
            before = sight.view.small
        parts += _parts(sight)
    return b"".join(parts)


def _stirs(before: Picture, now: Picture) -> bool:
    """Whether some tile of 32 x 18 differs by more than light and noise, which are in most tiles, explain."""
    tiles = cv2.resize(cv2.absdiff(before, now), _TILES, interpolation=cv2.INTER_AREA)
    return bool(tiles.max() - 2 * float(np.median(tiles)) > _STIR)


def _parts(sight: Sight) -> tuple[bytes | memoryview, ...]:
    luma, view = sight.planes[0], sight.view
    lengths = len(sight.taken), len(sight.taken_wide)
    row = _ROW.pack(sight.pts_s, view.sharpness, *sight.size, *luma.shape, *lengths)
    planes = (np.ascontiguousarray(picture).data for picture in (*sight.planes, view.small))  # copied once, at the end
    return row, *planes, sight.taken, sight.taken_wide


def unpacked(data: bytes, *, source: VideoSource | None, before_s: float, masks: Masks, wide: int) -> list[Sight]:
    """The sights that were packed and shown after `before_s`, as if they were of `source`: what is missing is read from it.

    `before_s`, `masks` and `wide` as for `Reading`. Raises StoreError for bytes that are none of `packed`.
    """
    try:
        return list(_sights(_Bytes(data), source, before_s, masks, wide))
    except (ValueError, StoreError) as error:
        raise StoreError(
            f"{data[:8]!r}… of {len(data)} bytes is no packed stretch ({error}); decode it here"
        ) from error


class _Bytes:
    """Bytes that are taken one after the other; what is not there is not taken."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    @property
    def left(self) -> int:
        """How many there are still."""
        return len(self._data) - self._at

    def take(self, size: int) -> bytes:
        """The next so many, on their own: a sight that is kept must not hold its whole stretch. Raises ValueError."""
        if size > self.left:
            raise ValueError("it is cut off")
        self._at += size
        return self._data[self._at - size : self._at]

    def picture(self, height: int, width: int) -> Picture:
        """The next `(height, width) uint8`. Raises ValueError."""
        return np.frombuffer(self.take(height * width), np.uint8).reshape(height, width)


def _sights(data: _Bytes, source: VideoSource | None, before_s: float, masks: Masks, wide: int) -> Iterator[Sight]:
    if data.take(len(_MAGIC)) != _MAGIC:
        raise ValueError("it begins otherwise")
    last_s = -math.inf
    while data.left:
        pts_s, sharpness, width, height, *luma, taken, taken_wide = _ROW.unpack(data.take(_ROW.size))
        if not (last_s < pts_s < math.inf and 0 <= sharpness < math.inf):
            raise ValueError("its times or numbers are none")
        last_s = pts_s
        planes = _planes(data, (width, height), *luma)
        small = data.picture(*_SHORT)
        pictures = _jpeg(data.take(taken), WIDTH), _jpeg(data.take(taken_wide), wide)
        if pts_s > before_s:
            yield Sight(
                pts_s=pts_s,
                size=(width, height),
                planes=planes,
                view=View.of(small, sharpness, masks),
                telling=is_telling(pts_s, before_s),
                source=source,
                frame=None,
                wide=wide,
                taken=pictures[0],
                taken_wide=pictures[1],
            )
            before_s = pts_s


def _planes(data: _Bytes, size: tuple[int, int], height: int, width: int) -> Planes:
    """The working planes of a frame of that size, which are as wide as it is worked on at most."""
    if not 0 < min(size) <= max(size) <= _MAX_SIDE:
        raise ValueError("its size is none")
    if min(height, width) < 2 or height % 2 or width % 2 or width > working_width(size):
        raise ValueError("its planes are none")
    half = height // 2, width // 2
    return data.picture(height, width), data.picture(*half), data.picture(*half)


def _jpeg(data: bytes, wide: int) -> bytes:
    if data and jpeg.checked(data)[0] > wide:
        raise ValueError("a picture is too wide")
    return data
