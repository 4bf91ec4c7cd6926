"""PaliGemma 1 and 2: `<locYYYY>` for y1 x1 y2 x2 in 1024 bins, then the word; `;` between things.

Masks are sixteen `<segNNN>` behind the box: indices into the codebook of a decoder whose weights are not part of the
model, so they cannot be drawn here; a thing that has one keeps its box.
(big_vision, configs/proj/paligemma: README and transfers/segmentation.)
"""

import logging
import re
from collections.abc import Sequence

from agent.perception.vlm.boxes.found import MAX_TEXT, Decoded, Found, Size, counted, joined, unit_box
from vidette.geometry import Box

log = logging.getLogger(__name__)

_BINS = 1024
_THING = re.compile(r"((?:<loc\d{1,6}>\s*)+)((?:<seg\d{1,4}>\s*)*)([^;<]*)")
_LOC = re.compile(r"<loc(\d+)>")


class PaliGemmaBoxes:
    """Boxes as PaliGemma writes them (agent.perception.vlm.boxes.found.BoxCodec)."""

    def decode(self, text: str, size: Size, sent: Size) -> Decoded:
        """As `BoxCodec.decode`; a mask is refused and counted, and its thing kept."""
        things = list(_THING.finditer(text[:MAX_TEXT]))
        masks = sum(bool(thing[2]) for thing in things)
        if masks:
            log.info("%d masks of PaliGemma are left out: the decoder of its `<seg>` codes is not in the model", masks)
        found, refused = joined(counted([_box(thing[1])], " ".join(thing[3].split())) for thing in things)
        return found, refused + masks

    def encode(self, found: Sequence[Found], size: Size, sent: Size) -> str:
        """As `BoxCodec.encode`."""
        return " ; ".join(f"{''.join(map(_loc, _yxyx(one.box)))} {one.label}" for one in found)


def _yxyx(box: Box) -> Box:
    return box[1], box[0], box[3], box[2]


def _loc(side: float) -> str:
    return f"<loc{min(_BINS - 1, round(side * _BINS)):04d}>"


def _box(locs: str) -> Box | None:
    """Of exactly four bins that are there."""
    bins = [int(one) for one in _LOC.findall(locs)]
    if len(bins) != 4 or max(bins) >= _BINS:
        return None
    y1, x1, y2, x2 = (one / _BINS for one in bins)
    return unit_box((x1, y1, x2, y2))
