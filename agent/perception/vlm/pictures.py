"""Pictures as a server takes them: JPEG, no larger than need be, none of them twice."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from agent.perception.vlm.prompt import Picture
from ingest.jpeg import decode, encode, size
from vidette.errors import ModelError, StoreError
from vidette.ports import Image, MediaStore

MAX_BYTES = 4 * 2**20
_GRID = (64, 36)
_ALIKE = 6.0  # grey levels of 255: noise and compression stay below it in every cell, a small thing does not


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A picture with its JPEG, or the number of an earlier one that looks the same."""

    picture: Picture
    jpeg: bytes = b""
    same_as: int = 0


def shown(pictures: Sequence[Picture], media: MediaStore, max_side: int) -> tuple[Shown, ...]:
    """The pictures that are still there, in order, at most `max_side` pixels long. Raises ModelError where none is."""
    found = tuple(_shown(pictures, media, max_side))
    if not found:
        raise ModelError("none of the segment's pictures is in the media store any more; keep them longer")
    return found


def _shown(pictures: Sequence[Picture], media: MediaStore, max_side: int) -> Iterator[Shown]:
    last: tuple[int, Image] | None = None
    for picture in pictures:
        try:
            data = media.get(picture.keyframe.sha256)
            rgb = decode(data, least=max_side)
        except StoreError:
            continue
        grid = _grid(rgb)
        if last is not None and alike(last[1], grid):
            yield Shown(picture=picture, same_as=last[0])
            continue
        last = (picture.number, grid)
        yield Shown(picture=picture, jpeg=_fitting(data, rgb, max_side))


def alike(a: Image, b: Image) -> bool:
    """Whether no cell of two grids `(36, 64) uint8` differs by more than noise does."""
    return bool(np.abs(a.astype(np.int16) - b.astype(np.int16)).max() <= _ALIKE)


def _grid(rgb: Image) -> Image:
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    return cv2.resize(grey, _GRID, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def _fitting(data: bytes, rgb: Image, max_side: int) -> bytes:
    """The stored bytes where they are small enough, else a smaller picture, of `rgb` which may be smaller already."""
    width, height = size(data)
    while max(height, width) > max_side or len(data) > MAX_BYTES:
        share = min(max_side / max(height, width), 1.0 if len(data) <= MAX_BYTES else 0.5)
        height, width = max(1, round(height * share)), max(1, round(width * share))
        small = cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
        data = encode(small)
    return data
