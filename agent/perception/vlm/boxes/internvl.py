"""InternVL: `<ref>word</ref><box>[[x1, y1, x2, y2]]</box>` in thousandths of the picture, one box or several."""

import re
from collections.abc import Sequence

from agent.perception.vlm.boxes.found import MAX_TEXT, Decoded, Found, Size, counted, joined, unit_box
from vidette.geometry import Box

_THOUSAND = 1000
_THING = re.compile(r"(?:<ref>([^<]{0,400})</ref>\s*)?<box>([^<]{0,4000})</box>")
_GROUP = re.compile(r"\[([^\[\]]*)\]")
_NUMBER = re.compile(r"\s*\d{1,6}(?:\.\d{0,6})?\s*")


class InternVlBoxes:
    """Boxes as InternVL writes them (agent.perception.vlm.boxes.found.BoxCodec)."""

    def decode(self, text: str, size: Size, sent: Size) -> Decoded:
        """As `BoxCodec.decode`."""
        return joined(
            counted(_boxes(thing[2]), " ".join((thing[1] or "").split())) for thing in _THING.finditer(text[:MAX_TEXT])
        )

    def encode(self, found: Sequence[Found], size: Size, sent: Size) -> str:
        """As `BoxCodec.encode`."""
        return "\n".join(f"<ref>{one.label}</ref><box>[{_sides(one.box)}]</box>" for one in found)


def _sides(box: Box) -> list[int]:
    return [round(side * _THOUSAND) for side in box]


def _boxes(text: str) -> list[Box | None]:
    """Of each innermost bracket; one refused where there is none."""
    return [_box(group) for group in _GROUP.findall(text)] or [None]


def _box(group: str) -> Box | None:
    sides = group.split(",")
    if len(sides) != 4 or not all(map(_NUMBER.fullmatch, sides)):
        return None
    return unit_box(float(side) / _THOUSAND for side in sides)
