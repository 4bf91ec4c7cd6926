"""Qwen-VL's line. Qwen2-VL has tokens round `(x1,y1),(x2,y2)` in thousandths; from 2.5 on boxes are JSON.

`{"bbox_2d": [x1, y1, x2, y2], "label": "word"}`: pixels of the picture as it was sent for 2.5, thousandths for 3.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from agent.perception.reply import clean
from agent.perception.vlm.boxes.found import MAX_FOUND, MAX_TEXT, Decoded, Found, Size, counted, joined, unit_box
from agent.perception.vlm.loose import Fault, parse
from vidette.geometry import Box

_THOUSAND = (1000, 1000)
_THING = re.compile(
    r"(?:<\|object_ref_start\|>([^<]{0,400})<\|object_ref_end\|>\s*)?((?:<\|box_start\|>[^<]{0,200}<\|box_end\|>\s*)+)"
)
_CORNERS = re.compile(r"\(\s*(\d{1,6})\s*,\s*(\d{1,6})\s*\)\s*,\s*\(\s*(\d{1,6})\s*,\s*(\d{1,6})\s*\)")
_MARKED = re.compile(r"<\|box_start\|>([^<]*)<\|box_end\|>")
_OBJECT = re.compile(r"\{\s*[\"']")
_LABEL = 200


class Qwen2Boxes:
    """Boxes as Qwen2-VL writes them (agent.perception.vlm.boxes.found.BoxCodec)."""

    def decode(self, text: str, size: Size, sent: Size) -> Decoded:
        """As `BoxCodec.decode`."""
        return joined(
            counted(map(_marked, _MARKED.findall(thing[2])), " ".join((thing[1] or "").split()))
            for thing in _THING.finditer(text[:MAX_TEXT])
        )

    def encode(self, found: Sequence[Found], size: Size, sent: Size) -> str:
        """As `BoxCodec.encode`."""
        return "".join(
            f"<|object_ref_start|>{one.label}<|object_ref_end|><|box_start|>({x1},{y1}),({x2},{y2})<|box_end|>"
            for one in found
            for x1, y1, x2, y2 in [_scaled(one.box, _THOUSAND)]
        )


class QwenJsonBoxes:
    """Boxes as Qwen2.5-VL and Qwen3-VL write them (agent.perception.vlm.boxes.found.BoxCodec).

    `relative`: in thousandths of the picture; else in pixels of it as it was sent.
    """

    def __init__(self, *, relative: bool) -> None:
        self._relative = relative

    def decode(self, text: str, size: Size, sent: Size) -> Decoded:
        """As `BoxCodec.decode`; behind what is not JSON nothing is read."""
        reach = self._reach(sent)
        return joined(_placed(one, reach) for one in _objects(text[:MAX_TEXT]))

    def encode(self, found: Sequence[Found], size: Size, sent: Size) -> str:
        """As `BoxCodec.encode`."""
        things = [{"bbox_2d": _scaled(one.box, self._reach(sent)), "label": one.label} for one in found]
        return f"```json\n{json.dumps(things, ensure_ascii=False)}\n```"

    def _reach(self, sent: Size) -> Size:
        return _THOUSAND if self._relative else sent


def _scaled(box: Box, reach: Size) -> list[int]:
    return [round(side * reach[i % 2]) for i, side in enumerate(box)]


def _shares(sides: Sequence[float], reach: Size) -> Box | None:
    return unit_box(side / reach[i % 2] for i, side in enumerate(sides)) if min(reach) > 0 else None


def _marked(text: str) -> Box | None:
    corners = _CORNERS.fullmatch(text.strip())
    return _shares([int(one) for one in corners.groups()], _THOUSAND) if corners else None


def _objects(text: str) -> Iterator[dict[str, Any] | None]:
    """Objects from left to right; None for one that cannot be read, which is the last."""
    found = _OBJECT.search(text)
    for _ in range(MAX_FOUND):
        if found is None:
            return
        try:
            one, end = parse(text, found.start())
        except Fault:
            yield None
            return
        yield one
        found = _OBJECT.search(text, end)


def _placed(one: dict[str, Any] | None, reach: Size) -> Decoded:
    sides = _sides(one.get("bbox_2d")) if one else None
    if one is None or sides is None:
        return [], 1
    return counted([_shares(sides, reach)], clean(one.get("label"), _LABEL))


def _sides(said: Any) -> list[float] | None:
    """Four numbers."""
    if not isinstance(said, list) or len(said) != 4:
        return None
    numbers = [side for side in said if isinstance(side, int | float) and not isinstance(side, bool)]
    return numbers if len(numbers) == 4 and all(abs(side) < 1e9 for side in numbers) else None
