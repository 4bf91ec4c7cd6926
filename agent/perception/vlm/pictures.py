"""Pictures as models take them: JPEG, no larger than need be, none of them twice."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from agent.perception.vlm.prompt import Picture, Reference, box_at
from ingest.jpeg import decode, encode, fitted
from ingest.jpeg_planes import Opened, opened
from ingest.snapshot import draw
from ingest.tiling import tile_crops
from vidette.errors import ModelError, StoreError
from vidette.models import Track
from vidette.ports import Image, MediaStore

MAX_BYTES = 4 * 2**20
_GRID = (64, 36)
_ALIKE = 6.0  # grey levels of 255: noise and compression stay below it in every cell, a small thing does not
_GOOD = 85
_FINE = 92  # JPEG quality of what was painted or cut here


class Still:
    """A picture as it is sent: `rgb (H, W, 3) uint8`, and its JPEG, made when first asked for."""

    def __init__(self, rgb: Image, jpeg: bytes = b"", quality: int = _GOOD) -> None:
        self.rgb, self._jpeg, self._quality = rgb, jpeg, quality

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        height, width = self.rgb.shape[:2]
        return width, height

    @property
    def jpeg(self) -> bytes:
        """At most MAX_BYTES, smaller than `rgb` where it must be."""
        rgb = self.rgb
        while not 0 < len(self._jpeg) <= MAX_BYTES:
            self._jpeg, rgb = encode(rgb, self._quality), fitted(rgb, max(1, max(rgb.shape[:2]) // 2))
        return self._jpeg


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A picture as it is sent, or the number of an earlier one that looks the same; `kept`: its (width, height) in store."""

    picture: Picture
    still: Still | None = None
    same_as: int = 0
    kept: tuple[int, int] = (0, 0)


def shown(
    pictures: Sequence[Picture], media: MediaStore, max_side: int, drawn: Mapping[str, Track] | None = None
) -> tuple[Shown, ...]:
    """The pictures that are still there, in order, at most `max_side` pixels long. Raises ModelError where none is.

    The tracks of `drawn` are drawn on copies of them, with their names.
    """
    found = tuple(_shown(pictures, media, max_side, drawn or {}))
    if not found:
        raise ModelError("none of the segment's pictures is in the media store any more; keep them longer")
    return found


def compared(references: Sequence[Reference], media: MediaStore, max_side: int) -> tuple[Still | None, ...]:
    """Each, at most `max_side` pixels long; None where it is not there any more."""
    return tuple(_compared(one, media, max_side) for one in references)


def parts_of(pictures: Sequence[Picture], media: MediaStore, max_side: int) -> tuple[Shown, ...]:
    """The parts of pictures, cut out of what is kept, at most `max_side` pixels long; those that are gone are left out."""
    out = []
    for one in pictures:
        try:
            rgb = decode(media.get(one.keyframe.sha256))
        except StoreError:
            continue
        if one.part is not None:
            (crop,) = tile_crops(rgb, (one.part,))
            out.append(Shown(picture=one, still=Still(fitted(crop, max_side), quality=_FINE)))
    return tuple(out)


def _compared(reference: Reference, media: MediaStore, max_side: int) -> Still | None:
    try:
        data = media.get(reference.sha256)
        return _fitting(data, opened(data, max_side), max_side)
    except StoreError:
        return None


def _shown(
    pictures: Sequence[Picture], media: MediaStore, max_side: int, drawn: Mapping[str, Track]
) -> Iterator[Shown]:
    last: tuple[int, Image] | None = None
    for picture in pictures:
        try:
            data = media.get(picture.keyframe.sha256)
            found = opened(data, max_side)
        except StoreError:
            continue
        grid = _grid(found.grey)
        if last is not None and alike(last[1], grid):
            yield Shown(picture=picture, same_as=last[0], kept=found.size)
            continue
        last = (picture.number, grid)
        places = ((name, box_at(track.path, picture.keyframe.pts_s)) for name, track in drawn.items())
        boxes = [(box, name) for name, box in places if box]
        still = Still(draw(found.rgb(max_side), boxes), quality=_FINE) if boxes else _fitting(data, found, max_side)
        yield Shown(picture=picture, still=still, kept=found.size)


def alike(a: Image, b: Image) -> bool:
    """Whether no cell of two grids `(36, 64) uint8` differs by more than noise does."""
    return bool(np.abs(a.astype(np.int16) - b.astype(np.int16)).max() <= _ALIKE)


def _grid(grey: Image) -> Image:
    return cv2.resize(grey, _GRID, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def _fitting(data: bytes, found: Opened, max_side: int) -> Still:
    """The stored picture where it is small enough, else a smaller one."""
    return Still(found.rgb(max_side), data if max(found.size) <= max_side else b"")
