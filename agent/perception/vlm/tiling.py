"""Which parts of a segment's pictures are shown larger: where things are small, where something moved, where it was asked.

Only pictures that are kept larger than they are sent have anything to show.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.perception.vlm.prompt import Picture, box_at
from agent.perception.vlm.schema import SaidCloser
from ingest.tiling import MIN_TILE_PX, Tile, choose
from vidette.geometry import Box, area
from vidette.models import Track
from vidette.ports import Image

Size = tuple[int, int]
Cells = NDArray[np.float32]
LARGER = 1.25  # a picture that is kept no larger than this shows nothing that was not sent
WORTH = 2.0  # where nobody asked, a part is worth its cost if it shows things at least so many times as large
_CELL_PX = 8
_LEAST_CHANGE = 8.0  # grey levels of 255, mean of a cell
_NOISES = 6.0  # and so many times the noise
_MOST_MOVED, _MOST_SEEN = 16, 64
_ABOUT = 1.3  # a tile is so much larger than the box that it is to show


@dataclass(frozen=True, slots=True, kw_only=True)
class Want:
    """A place in a picture (by its number) that is to be seen larger."""

    number: int
    box: Box


def scale(size: Size, side: int) -> float:
    """How much smaller a picture of (width, height) is sent, its longer side being `side` px at most."""
    return min(1.0, side / max(size))


def is_small(box: Box, size: Size, side: int, small_px: int) -> bool:
    """Whether the longer side of what is in a box has fewer than `small_px` pixels in the picture that is sent."""
    longer = max((box[2] - box[0]) * size[0], (box[3] - box[1]) * size[1])
    return longer * scale(size, side) < small_px


def small_tracks(tracks: Iterable[Track], sizes: Mapping[Picture, Size], side: int, small_px: int) -> Iterator[Want]:
    """Each small track in the picture that shows it largest."""
    for track in tracks:
        seen = [(box, one) for one in sizes if (box := box_at(track.path, one.keyframe.pts_s))]
        if not seen:
            continue
        box, picture = max(seen, key=lambda pair: (area(pair[0]), -pair[1].number))
        if is_small(box, sizes[picture], side, small_px):
            yield Want(number=picture.number, box=box)


def cells(rgb: Image) -> Cells:
    """Mean grey of cells of 8 x 8 px, `(ceil(h / 8), ceil(w / 8)) float32`."""
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    height, width = grey.shape
    size = (-(-width // _CELL_PX), -(-height // _CELL_PX))
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.float32)


def moved(before: Cells, now: Cells) -> list[Box]:
    """Boxes (0..1) round what differs between two pictures of one size by more than light and noise do; strongest first."""
    if before.shape != now.shape:
        return []
    change = now - before
    change -= np.median(change)  # the light of the whole picture
    differs = np.abs(change)
    limit = max(_LEAST_CHANGE, _NOISES * 1.4826 * float(np.median(differs)))
    hot = cv2.dilate((differs > limit).astype(np.uint8), np.ones((3, 3), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(hot, connectivity=8)
    largest = sorted(range(1, count), key=lambda i: (-int(stats[i][cv2.CC_STAT_AREA]), i))[:_MOST_SEEN]
    peaks = {i: float(differs[labels == i].max()) for i in largest}
    return [_box(stats[i], now.shape) for i in sorted(largest, key=lambda i: (-peaks[i], i))[:_MOST_MOVED]]


def _box(stat: NDArray[np.int32], shape: tuple[int, ...]) -> Box:
    x, y, w, h = (int(value) for value in stat[:4])
    return x / shape[1], y / shape[0], (x + w) / shape[1], (y + h) / shape[0]


def tile_about(box: Box, size: Size, side: int) -> Tile:
    """A tile of the frame's shape round a box: `side` px long, more where the box needs it, all inside the frame."""
    width, height = size
    share = max(side / max(size), _ABOUT * (box[2] - box[0]), _ABOUT * (box[3] - box[1]), MIN_TILE_PX / min(size))
    across, down = (max(1, min(length, round(length * share))) for length in size)
    left, top = _begin(box[0] + box[2], width, across), _begin(box[1] + box[3], height, down)
    return Tile(top, left, top + down, left + across, width, height)


def _begin(twice_middle: float, length: int, part: int) -> int:
    return max(0, min(length - part, round(twice_middle / 2 * length - part / 2)))


def chosen(wants: Sequence[Want], sizes: Mapping[int, Size], side: int, most: int) -> list[tuple[int, Tile]]:
    """At most so many (number of the picture, tile), by those that show the most; each picture's best come first."""
    ranked: list[tuple[int, int, Tile]] = []
    for number in sorted({want.number for want in wants}):
        boxes = [want.box for want in wants if want.number == number]
        offered = [tile_about(box, sizes[number], side) for box in boxes]
        best = choose(list(dict.fromkeys(offered)), boxes, most)
        ranked += [(rank, number, tile) for rank, tile in enumerate(best)]
    return [(number, tile) for _, number, tile in sorted(ranked)[:most]]


def asked_for(said: Sequence[SaidCloser], pictures: Sequence[Picture]) -> Iterator[Want]:
    """What a model wants to see larger, in the whole pictures; what is no place in one of them is left out."""
    known = {one.number: one for one in pictures}
    for one in said:
        picture, sides = known.get(one.frame), one.box
        if picture is None or len(sides) != 4 or sides[2] <= sides[0] or sides[3] <= sides[1]:
            continue
        box = (sides[0], sides[1], sides[2], sides[3])
        if picture.part is not None:
            yield Want(number=picture.of, box=picture.part.to_frame(box))
        else:
            yield Want(number=picture.number, box=box)
