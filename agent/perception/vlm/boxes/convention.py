"""Boxes of an answer that was asked for shares of the picture, where the model gave them in its own coordinates."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from agent.perception.vlm.boxes.found import Size
from agent.perception.vlm.boxes.sent import sent_size
from agent.perception.vlm.schema import Said, SaidCloser, SaidEntity, SaidEvent

Reach = tuple[float, float]
"""How far a model's coordinates go to the right and down; 1 and 1 are shares."""

_THOUSAND: Reach = (1000.0, 1000.0)
_NAMED = (
    (re.compile(r"qwen[-_ ]?2[._]?5[-_ ]?vl", re.IGNORECASE), "qwen2_5_vl"),
    (re.compile(r"qwen[-_ ]?3[-_ ]?vl", re.IGNORECASE), "qwen3_vl"),
    (re.compile(r"qwen[-_ ]?2[-_ ]?vl", re.IGNORECASE), "qwen2_vl"),
    (re.compile(r"internvl", re.IGNORECASE), "internvl"),
)
_Placed = SaidEntity | SaidEvent | SaidCloser
_Sides = Sequence[float]


def boxes_of(model: str) -> str:
    """The codec of the family that a model's name tells, as servers call it; empty where it tells none."""
    return next((codec for pattern, codec in _NAMED if pattern.search(model)), "")


def reach_of(codec: str, shown: Size) -> Reach | None:
    """How far the family's own coordinates go in a picture of that size; None where it has none."""
    if codec == "qwen2_5_vl":
        sent = sent_size(shown)
        return (float(sent[0]), float(sent[1])) if sent else None
    return _THOUSAND if codec in {"qwen2_vl", "qwen3_vl", "internvl"} else None


def in_shares(said: Said, reaches: Mapping[int, Reach]) -> tuple[Said, int]:
    """The answer with every box in 0..1, and how many boxes were refused; `reaches` are those of the pictures by number.

    Boxes are shares where all of them lie in 0..1. Else all of them must be in the model's own coordinates, or all are
    refused: of two conventions in one answer nobody knows which is meant. Where the model has none of its own, those
    that are no shares are refused.
    """
    boxes = list(_boxes(said))
    if all(map(_is_share, (sides for _, sides in boxes))):
        return said, 0
    if not reaches:
        return _each(said, lambda _, sides: sides if _is_share(sides) else []), _outside(boxes)
    first = next(iter(reaches.values()))
    if all(not _is_share(sides) and _fits(sides, reaches.get(number, first)) for number, sides in boxes):
        return _each(said, lambda number, sides: _shares(sides, reaches.get(number, first))), 0
    return _each(said, lambda _, sides: []), len(boxes)


def _things(said: Said) -> Iterator[_Placed]:
    yield from said.entities
    yield from said.events
    yield from said.closer


def _boxes(said: Said) -> Iterator[tuple[int, _Sides]]:
    return ((one.frame, one.box) for one in _things(said) if one.box)


def _outside(boxes: Sequence[tuple[int, _Sides]]) -> int:
    return sum(not _is_share(sides) for _, sides in boxes)


def _is_share(sides: _Sides) -> bool:
    return all(side <= 1 for side in sides)


def _fits(sides: _Sides, reach: Reach) -> bool:
    return len(sides) == 4 and all(side <= reach[i % 2] for i, side in enumerate(sides))


def _shares(sides: _Sides, reach: Reach) -> list[float]:
    return [side / reach[i % 2] for i, side in enumerate(sides)]


def _each(said: Said, change: Callable[[int, _Sides], _Sides]) -> Said:
    def changed(things: Sequence[_Placed]) -> list[_Placed]:
        return [one.model_copy(update={"box": list(change(one.frame, one.box))}) if one.box else one for one in things]

    return said.model_copy(
        update={"entities": changed(said.entities), "events": changed(said.events), "closer": changed(said.closer)}
    )
