"""A thing that a model placed in a picture, and what a family's way of writing such things has to offer."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from agent.perception.reply import MAX_CORNERS
from vidette.geometry import Box, Point

MAX_TEXT = 100_000
MAX_FOUND = 256

Size = tuple[int, int]
"""Width and height in pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A thing in one picture: the model's own word for it, `xyxy` and corners in 0..1 of the picture.

    `confidence` 0..1, None where the family gives none. `polygon`: at most `MAX_CORNERS` corners, empty for none.
    """

    label: str
    box: Box
    polygon: tuple[Point, ...] = ()
    confidence: float | None = None


Decoded = tuple[list[Found], int]
"""What was found, and how much was refused: boxes that leave the picture or have no area, and what cannot be read."""


class BoxCodec(Protocol):
    """How a family writes boxes in its answers."""

    def decode(self, text: str, size: Size, sent: Size) -> Decoded:
        """What a text of any origin places in a picture of `size` that the model was shown at `sent`; never raises."""

    def encode(self, found: Sequence[Found], size: Size, sent: Size) -> str:
        """The things as the family writes them, as exactly as it can; without polygons."""


def unit_box(sides: Iterable[float]) -> Box | None:
    """The sides as a box where they are one with an area inside the picture."""
    x1, y1, x2, y2 = sides
    return (x1, y1, x2, y2) if 0 <= x1 < x2 <= 1 and 0 <= y1 < y2 <= 1 else None


def hull_of(corners: Sequence[Point]) -> Box | None:
    """The smallest box round the corners where it has an area inside the picture."""
    if not corners:
        return None
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    return unit_box((min(xs), min(ys), max(xs), max(ys)))


def thinned(corners: Sequence[Point]) -> tuple[Point, ...]:
    """At most `MAX_CORNERS` of the corners, evenly chosen."""
    many = len(corners)
    kept = min(many, MAX_CORNERS)
    return tuple(corners[i * many // kept] for i in range(kept)) if kept else ()


def counted(boxes: Iterable[Box | None], label: str) -> Decoded:
    """The boxes as things of one label; None counts as refused."""
    all_ = list(boxes)
    return [Found(label=label, box=box) for box in all_ if box], all_.count(None)


def joined(parts: Iterable[Decoded]) -> Decoded:
    """All that was found, in order; beyond `MAX_FOUND` things are refused."""
    found: list[Found] = []
    refused = 0
    for some, more in parts:
        found += some
        refused += more
    return found[:MAX_FOUND], refused + max(0, len(found) - MAX_FOUND)
