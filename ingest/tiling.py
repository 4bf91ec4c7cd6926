"""Tiles: overlapping crops of a frame, so that small things are large enough to be told."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from vidette.errors import ConfigError
from vidette.geometry import Box, area, hull, inside_share, intersection, iou
from vidette.ports import Image

MIN_TILE_PX = 32
MAX_OVERLAP = 0.5
MAX_TILES = 4096
_SAME = 0.5  # share of the smaller that two views of one thing have in common


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """A crop [x0, x1) x [y0, y1) in pixels of a frame of `width` x `height`."""

    y0: int
    x0: int
    y1: int
    x1: int
    width: int
    height: int

    @property
    def box(self) -> Box:
        """Its place in the frame, 0..1."""
        return self.x0 / self.width, self.y0 / self.height, self.x1 / self.width, self.y1 / self.height

    def to_frame(self, box: Box) -> Box:
        """A box in 0..1 of the tile as one in 0..1 of the frame."""
        left, top, right, bottom = self.box
        across, down = right - left, bottom - top
        return left + box[0] * across, top + box[1] * down, left + box[2] * across, top + box[3] * down

    def to_tile(self, box: Box) -> Box:
        """A box in 0..1 of the frame in units of the tile; what lies outside of the tile is below 0 or above 1."""
        left, top, right, bottom = self.box
        across, down = right - left, bottom - top
        return (box[0] - left) / across, (box[1] - top) / down, (box[2] - left) / across, (box[3] - top) / down


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A thing found in tiles: its box in 0..1 of the frame, and the tiles that showed it."""

    box: Box
    label: str
    confidence: float
    tiles: frozenset[Tile]


def tiles(size: tuple[int, int], tile_px: int, overlap: float) -> list[Tile]:
    """Tiles of the frame's own aspect that cover a frame of `size` (width, height), row by row.

    The longer side of a tile is `tile_px`; neighbours share at least `overlap` (0..0.5) of it, to
    a pixel. A frame that is no larger is one tile. Raises ConfigError.
    """
    width, height = size
    if width < 1 or height < 1 or tile_px < MIN_TILE_PX or not 0 <= overlap <= MAX_OVERLAP:
        raise ConfigError(
            f"cannot tile {width}x{height} by {tile_px} px with overlap {overlap:g}; "
            f"give {MIN_TILE_PX} px or more and an overlap from 0 to {MAX_OVERLAP}"
        )
    scale = min(1.0, tile_px / max(width, height))
    across, down = max(1, round(width * scale)), max(1, round(height * scale))
    columns, rows = _count(width, across, overlap), _count(height, down, overlap)
    if columns * rows > MAX_TILES:
        raise ConfigError(f"{columns * rows} tiles of {tile_px} px are too many; at most {MAX_TILES}: give larger ones")
    lefts, tops = list(_places(width, across, columns)), list(_places(height, down, rows))
    return [Tile(y, x, y + down, x + across, width, height) for y, x in product(tops, lefts)]


def tile_crops(rgb: Image, chosen: Sequence[Tile]) -> list[Image]:
    """Views of an `(H, W, 3) uint8 RGB` picture, one a tile; the picture may be a scaled one."""
    height, width = rgb.shape[:2]
    out = []
    for tile in chosen:
        left, top, right, bottom = tile.box
        x0, y0 = min(width - 1, round(left * width)), min(height - 1, round(top * height))
        x1, y1 = max(x0 + 1, round(right * width)), max(y0 + 1, round(bottom * height))
        out.append(rgb[y0:y1, x0:x1])
    return out


def choose(offered: Sequence[Tile], boxes: Sequence[Box], budget: int) -> list[Tile]:
    """At most `budget` tiles that show the most of what moved (`boxes`, 0..1 of the frame), best first.

    Each box counts the same, however small, by the greatest share of it that one tile shows.
    Greedy, so at least 63 % of the best choice (Nemhauser, Wolsey and Fisher 1978).
    """
    shares = {tile: [inside_share(box, tile.box) for box in boxes] for tile in offered}
    shown = [0.0] * len(boxes)
    chosen: list[Tile] = []
    while len(chosen) < budget and shares:
        gains = {t: sum(max(0.0, a - b) for a, b in zip(s, shown, strict=True)) for t, s in shares.items()}
        best = min(gains, key=lambda tile: (-gains[tile], tile))
        if gains[best] <= 1e-9:
            break
        shown = [max(a, b) for a, b in zip(shares.pop(best), shown, strict=True)]
        chosen.append(best)
    return chosen


def merge(found: Iterable[Sighting]) -> list[Sighting]:
    """Things that several tiles show, once each; in a fixed order, whatever the order given.

    Two sightings are one thing where labels agree, no tile shows both (there its detector told
    them apart) and, in the area that both tiles see, they share half of the smaller: a thing cut by
    a border is seen there by both. The best-matching pair is joined first, until none is left.
    """
    held = sorted(set(found), key=_key)
    while pairs := _pairs(held):
        joined: set[Sighting] = set()
        out: list[Sighting] = []
        for _, a, b in pairs:
            if a not in joined and b not in joined:
                joined |= {a, b}
                out.append(_join(a, b))
        held = sorted({*out, *(one for one in held if one not in joined)}, key=_key)
    return held


def _count(length: int, part: int, overlap: float) -> int:
    stride = max(1, math.floor(part * (1 - overlap)))
    return math.ceil((length - part) / stride) + 1


def _places(length: int, part: int, count: int) -> Iterator[int]:
    for index in range(count):
        yield round(index * (length - part) / max(1, count - 1))


def _key(one: Sighting) -> tuple[Box, str, float, list[Tile]]:
    return one.box, one.label, -one.confidence, sorted(one.tiles)


def _pairs(held: list[Sighting]) -> list[tuple[float, Sighting, Sighting]]:
    """Pairs that are one thing, best first; `held` is sorted by left edge."""
    out = []
    for index, a in enumerate(held):
        for b in held[index + 1 :]:
            if b.box[0] >= a.box[2]:
                break
            if a.label == b.label and a.tiles.isdisjoint(b.tiles) and _in_common(a, b) >= _SAME:
                out.append((iou(a.box, b.box), a, b))
    return sorted(out, key=lambda pair: (-pair[0], _key(pair[1]), _key(pair[2])))


def _in_common(a: Sighting, b: Sighting) -> float:
    """Intersection over the smaller, within what a tile of each sees."""
    best = 0.0
    for mine, theirs in product(a.tiles, b.tiles):
        both = _cut(mine.box, theirs.box)
        one, other = _cut(a.box, both), _cut(b.box, both)
        smaller = min(area(one), area(other))
        if smaller > 0:
            best = max(best, intersection(one, other) / smaller)
    return best


def _cut(box: Box, by: Box) -> Box:
    return max(box[0], by[0]), max(box[1], by[1]), min(box[2], by[2]), min(box[3], by[3])


def _join(a: Sighting, b: Sighting) -> Sighting:
    return Sighting(
        box=hull(a.box, b.box), label=a.label, confidence=max(a.confidence, b.confidence), tiles=a.tiles | b.tiles
    )
