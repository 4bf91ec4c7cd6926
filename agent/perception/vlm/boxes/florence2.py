"""Florence-2: `word<loc_x1><loc_y1><loc_x2><loc_y2>` in 1000 bins of each side, of which a side's place is the middle.

Polygons stand between `<poly>` and `</poly>`, `<sep>` between the parts of one; text has the four corners of its
place. (`Florence2PostProcessor` of transformers is the reference.)
"""

import re
from collections.abc import Iterator, Sequence

from agent.perception.vlm.boxes.found import (
    MAX_TEXT,
    Decoded,
    Found,
    Size,
    counted,
    hull_of,
    joined,
    thinned,
    unit_box,
)
from vidette.geometry import Box, Point, polygon_area

_BINS = 1000
_ENDS = re.compile(r"<s>|</s>|<pad>")
_PLACES = re.compile(r"((?:<loc_\d{1,6}>\s*)+)")
_SHAPES = re.compile(r"((?:(?:<poly>|</poly>|<sep>|<loc_\d{1,6}>)\s*)+)")
_POLY = re.compile(r"<poly>|</poly>")
_LOC = re.compile(r"<loc_(\d+)>")


class Florence2Boxes:
    """Boxes and polygons as Florence-2 writes them (agent.perception.vlm.boxes.found.BoxCodec)."""

    def decode(self, text: str, size: Size, sent: Size) -> Decoded:
        """As `BoxCodec.decode`; one word may have several boxes."""
        if "<poly>" in text:
            return polygons(text)
        return joined(_boxes(locs, word) for word, locs in _things(_PLACES, text))

    def encode(self, found: Sequence[Found], size: Size, sent: Size) -> str:
        """As `BoxCodec.encode`."""
        return "".join(f"{one.label}{''.join(map(_loc, one.box))}" for one in found)


def polygons(text: str) -> Decoded:
    """What an answer to a task for polygons says; of a thing in several parts, the largest."""
    shapes = _things(_SHAPES, text)
    return joined(_shaped(part, word) for word, shape in shapes for part in _POLY.split(shape) if part.strip())


def readings(text: str) -> Decoded:
    """What `<OCR_WITH_REGION>` reads: each text with the corners of its place as its polygon."""
    return joined(_read(locs, said) for said, locs in _things(_PLACES, text))


def _things(places: re.Pattern[str], text: str) -> Iterator[tuple[str, str]]:
    """Each place with the words right before it."""
    parts = places.split(_ENDS.sub("", text[:MAX_TEXT]))
    for said, locs in zip(parts[::2], parts[1::2], strict=False):
        yield " ".join(said.rpartition(">")[2].split()), locs


def _loc(side: float) -> str:
    return f"<loc_{min(_BINS - 1, int(side * _BINS))}>"


def _sides(locs: str) -> list[float] | None:
    """Places of the bins in 0..1; None where one is no bin."""
    bins = [int(one) for one in _LOC.findall(locs)]
    return [(one + 0.5) / _BINS for one in bins] if max(bins, default=0) < _BINS else None


def _boxes(locs: str, word: str) -> Decoded:
    """A box for each four places; what is left over is refused."""
    sides = _sides(locs)
    if sides is None or not word:
        return [], 1
    boxes: list[Box | None] = [unit_box(sides[i : i + 4]) for i in range(0, len(sides) - 3, 4)]
    return counted([*boxes, None] if len(sides) % 4 else boxes, word)


def _corners(locs: str) -> list[Point]:
    sides = _sides(locs) or []
    return list(zip(sides[::2], sides[1::2], strict=False))


def _shaped(text: str, word: str) -> Decoded:
    parts = [_corners(locs) for locs in text.split("<sep>")]
    largest = max(parts, key=lambda part: polygon_area(tuple(part)))
    box = hull_of(largest) if len(largest) > 2 else None
    return ([Found(label=word, box=box, polygon=thinned(largest))], 0) if box else ([], 1)


def _read(locs: str, text: str) -> Decoded:
    corners = _corners(locs)
    box = hull_of(corners) if len(corners) == 4 and text else None
    return ([Found(label=text, box=box, polygon=tuple(corners))], 0) if box else ([], 1)
