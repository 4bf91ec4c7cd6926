"""What a track says of itself: how sure it is, what it is, how it looks and moves."""

import math
from typing import Any

from agent.perception import captions
from agent.perception.tracking import Following
from vidette.geometry import Box
from vidette.models import Label


def confidence(item: Following) -> float:
    """How sure we are that a track is a thing that moved, 0..1.

    (1 - e^(-sightings / 6)) x min(1, contrast / 1.5) x (0.6 + 0.4 x straightness), where contrast
    is the mean difference in thresholds and straightness is reach / way.
    """
    seen = 1 - math.exp(-item.hits / 6)
    straight = min(1.0, item.reach / (item.walked + 1e-6))
    return round(seen * min(1.0, item.score / 1.5) * (0.6 + 0.4 * straight), 3)


def label_of(item: Following) -> Label:
    """`person` where the people detector said so twice and in two of five askings; else `object`."""
    return Label.PERSON if item.people >= 2 and item.people >= 0.4 * item.asked else Label.OBJECT


def colour_name(item: Following) -> str:
    """The colour it was seen in most often; empty where none was."""
    return max(sorted(item.colours), key=lambda name: item.colours[name]) if item.colours else ""


def attributes_of(item: Following, first: Box, last: Box, shape: tuple[int, int]) -> dict[str, Any]:
    """`size` (share of the picture), `speed` (picture heights a second), `heading`, `colour`."""
    height, width = shape
    seconds = max(0.2, item.seen_s - item.birth_s)
    attributes: dict[str, Any] = {
        "size": round(item.area / (height * width), 4),
        "speed": round(item.walked / height / seconds, 3),
        "heading": captions.heading(first, last),
    }
    if colour_name(item):
        attributes["colour"] = colour_name(item)
    return attributes
