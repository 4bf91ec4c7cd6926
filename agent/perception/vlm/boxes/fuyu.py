"""Fuyu: `<box>y1, x1, y2, x2</box>` in pixels of the picture, as its processor's `post_process_box_coordinates` writes it."""

import re
from collections.abc import Sequence

from agent.perception.vlm.boxes.found import MAX_TEXT, Decoded, Found, Size, counted, joined, unit_box
from vidette.geometry import Box

_BOX = re.compile(r"<box>([^<]{0,200})</box>")
_NUMBERS = re.compile(r"\s*(\d{1,6})\s*,\s*(\d{1,6})\s*,\s*(\d{1,6})\s*,\s*(\d{1,6})\s*")


class FuyuBoxes:
    """Boxes as Fuyu writes them (agent.perception.vlm.boxes.found.BoxCodec); a thing's word is the text before it."""

    def decode(self, text: str, size: Size, sent: Size) -> Decoded:
        """As `BoxCodec.decode`."""
        parts = _BOX.split(text[:MAX_TEXT])
        things = zip(parts[::2], parts[1::2], strict=False)
        return joined(counted([_box(sides, size)], _last_line(said)) for said, sides in things)

    def encode(self, found: Sequence[Found], size: Size, sent: Size) -> str:
        """As `BoxCodec.encode`."""
        return "\n".join(f"{one.label} <box>{_pixels(one.box, size)}</box>" for one in found)


def _last_line(text: str) -> str:
    return " ".join(text.rpartition("\n")[2].split())


def _pixels(box: Box, size: Size) -> str:
    x1, y1, x2, y2 = (round(side * size[i % 2]) for i, side in enumerate(box))
    return f"{y1}, {x1}, {y2}, {x2}"


def _box(text: str, size: Size) -> Box | None:
    numbers = _NUMBERS.fullmatch(text)
    if numbers is None or min(size) <= 0:
        return None
    y1, x1, y2, x2 = map(int, numbers.groups())
    return unit_box((x1 / size[0], y1 / size[1], x2 / size[0], y2 / size[1]))
