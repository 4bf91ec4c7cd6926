"""How a thing looks: the name of its colour, from the pixels that differ from the background."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.perception.background import Mask, Planes
from agent.perception.blobs import PixelBox

_NAMES = ("black", "blue", "brown", "green", "grey", "orange", "purple", "red", "white", "yellow")
_BLACK, _BROWN, _GREY, _ORANGE, _RED, _WHITE = map(_NAMES.index, ("black", "brown", "grey", "orange", "red", "white"))
_TONES = np.array([name in ("black", "grey", "white") for name in _NAMES])
_REACH = np.array((8, 20, 34, 84, 130, 158, 179))  # OpenCV hue (0..179) up to which a colour reaches
_HUES = np.array([_NAMES.index(n) for n in ("red", "orange", "yellow", "green", "blue", "purple", "red")])


def colour_of(planes: Planes, mask: Mask, box: PixelBox) -> str:
    """The colour name of the foreground in a box; empty where there is none to see.

    A colour that covers a quarter of it is what people would call it by; else black, white or grey.
    """
    x0, y0, x1, y1 = (max(0, int(value)) for value in box)
    inside = mask[y0:y1, x0:x1]
    if inside.sum() < 12:
        return ""
    y = planes[0][y0:y1, x0:x1]
    size = (y.shape[1], y.shape[0])
    u, v = (cv2.resize(plane[y0 // 2 : -(-y1 // 2), x0 // 2 : -(-x1 // 2)], size) for plane in planes[1:])
    hsv = cv2.cvtColor(cv2.cvtColor(cv2.merge([y, v, u]), cv2.COLOR_YCrCb2BGR), cv2.COLOR_BGR2HSV)
    pixels = hsv[inside][:: max(1, int(inside.sum()) // 200)]
    counts = np.bincount(_named(pixels), minlength=len(_NAMES))
    vivid = int((counts * ~_TONES).argmax())
    return _NAMES[vivid if counts[vivid] >= 0.25 * len(pixels) and not _TONES[vivid] else int(counts.argmax())]


def is_grey(planes: Planes) -> bool:
    """Whether the picture has no colour at all: infra-red or monochrome."""
    return float(np.abs(planes[1].astype(np.int16) - 128).mean()) < 2.5


def _named(pixels: NDArray[Any]) -> NDArray[Any]:
    """For each pixel, `(n, 3)` uint8 hue, saturation and value, the number of its colour's name."""
    hue, saturation, value = pixels.T
    named: NDArray[Any] = _HUES[np.searchsorted(_REACH, hue)]
    dull = (value < 110) & (saturation < 150)
    named[((named == _ORANGE) | (named == _RED)) & dull] = _BROWN
    pale = saturation < 50
    named[pale] = np.where(value[pale] > 185, _WHITE, _GREY)
    named[value < 55] = _BLACK
    return named


def crop(rgb: NDArray[np.uint8], box: tuple[float, float, float, float]) -> NDArray[np.uint8]:
    """The part of a picture in a 0..1 box, at least 2 x 2 pixels."""
    height, width = rgb.shape[:2]
    x0, y0 = min(width - 2, int(box[0] * width)), min(height - 2, int(box[1] * height))
    x1, y1 = max(x0 + 2, round(box[2] * width)), max(y0 + 2, round(box[3] * height))
    return rgb[y0:y1, x0:x1]
