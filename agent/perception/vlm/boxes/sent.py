"""The size at which Qwen-VL's processors show a picture: whole patches, between a least and a most of pixels.

(`smart_resize` of transformers' Qwen2-VL image processor is the reference.)
"""

import math

from agent.perception.vlm.boxes.found import Size

FACTOR, LEAST, MOST = 28, 4 * 28 * 28, 16_384 * 28 * 28  # of the released Qwen2.5-VL: 4 to 16,384 merged patches
_SLIMMEST = 200


def sent_size(size: Size, *, factor: int = FACTOR, least: int = LEAST, most: int = MOST) -> Size | None:
    """Width and height in pixels of a picture of `size` as it is sent; None for one too slim to be.

    `factor`: pixels of a patch after merging, `least` and `most`: of the whole picture, as the processor's settings say.
    """
    width, height = size
    if min(size) <= 0 or max(size) > _SLIMMEST * min(size):
        return None
    wide, high = round(width / factor) * factor, round(height / factor) * factor
    if wide * high > most:
        less = math.sqrt(width * height / most)
        return _down(width / less, factor), _down(height / less, factor)
    if wide * high < least:
        more = math.sqrt(least / (width * height))
        return math.ceil(width * more / factor) * factor, math.ceil(height * more / factor) * factor
    return wide, high


def _down(side: float, factor: int) -> int:
    return max(factor, math.floor(side / factor) * factor)
