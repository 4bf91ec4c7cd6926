"""Kosmos-2: `<phrase>word</phrase><object><patch_index_a><patch_index_b></object>`, patches of a 32 x 32 grid.

The formula is that of `patch_index_to_coordinate` in transformers: from the middle of one patch to that of the other,
or from edge to edge where they share a row or a column.
"""

import math
import re
from collections.abc import Sequence

from agent.perception.vlm.boxes.found import MAX_TEXT, Decoded, Found, Size, counted, joined, unit_box
from vidette.geometry import Box

_SIDE = 32
_PATCH = r"<patch_index_\d{1,6}>\s*"
_BETWEEN = r"</delimiter_of_multi_objects/>"
_THING = re.compile(
    rf"(?:<phrase>([^<]{{0,400}})</phrase>\s*)?<object>\s*((?:{_PATCH}{_PATCH}(?:{_BETWEEN}\s*)?)+)</object>"
)
_INDEX = re.compile(r"<patch_index_(\d+)>")


class Kosmos2Boxes:
    """Boxes as Kosmos-2 writes them (agent.perception.vlm.boxes.found.BoxCodec)."""

    def decode(self, text: str, size: Size, sent: Size) -> Decoded:
        """As `BoxCodec.decode`."""
        return joined(_decoded(thing) for thing in _THING.finditer(text[:MAX_TEXT]))

    def encode(self, found: Sequence[Found], size: Size, sent: Size) -> str:
        """As `BoxCodec.encode`."""
        return " ".join(f"<phrase>{one.label}</phrase><object>{_patches(one.box)}</object>" for one in found)


def _decoded(thing: re.Match[str]) -> Decoded:
    pairs = [_INDEX.findall(pair) for pair in thing[2].split(_BETWEEN)]
    return counted(
        [_box(int(pair[0]), int(pair[1])) if len(pair) == 2 else None for pair in pairs if pair],
        " ".join((thing[1] or "").split()),
    )


def _patches(box: Box) -> str:
    x1, y1 = math.floor(box[0] * _SIDE), math.floor(box[1] * _SIDE)
    x2, y2 = math.ceil(box[2] * _SIDE - 1), math.ceil(box[3] * _SIDE - 1)
    return f"<patch_index_{y1 * _SIDE + x1:04d}><patch_index_{y2 * _SIDE + x2:04d}>"


def _box(first: int, last: int) -> Box | None:
    if max(first, last) >= _SIDE * _SIDE:
        return None
    (y1, x1), (y2, x2) = divmod(first, _SIDE), divmod(last, _SIDE)
    begin, end = (0.0, 1.0) if x1 == x2 or y1 == y2 else (0.5, 0.5)
    return unit_box(((x1 + begin) / _SIDE, (y1 + begin) / _SIDE, (x2 + end) / _SIDE, (y2 + end) / _SIDE))
