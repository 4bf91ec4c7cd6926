"""How a thing looks: the name of its colour, from the pixels that differ from the background."""

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.perception.background import Mask, Planes
from agent.perception.blobs import PixelBox

_HUES = (  # OpenCV hue (0..179) up to which a colour reaches
    (8, "red"),
    (20, "orange"),
    (34, "yellow"),
    (84, "green"),
    (130, "blue"),
    (158, "purple"),
    (179, "red"),
)


_TONES = {"black", "white", "grey"}


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
    names = [_name(*pixel) for pixel in hsv[inside][:: max(1, int(inside.sum()) // 200)].tolist()]
    common = max(sorted(set(names)), key=names.count)
    vivid = max(sorted(set(names) - _TONES), key=names.count, default="")
    return vivid if names.count(vivid) >= 0.25 * len(names) else common


def is_grey(planes: Planes) -> bool:
    """Whether the picture has no colour at all: infra-red or monochrome."""
    return float(np.abs(planes[1].astype(np.int16) - 128).mean()) < 2.5


def _name(hue: int, saturation: int, value: int) -> str:
    if value < 55:
        return "black"
    if saturation < 50:
        return "white" if value > 185 else "grey"
    name = next(name for limit, name in _HUES if hue <= limit)
    return "brown" if name in ("orange", "red") and value < 110 and saturation < 150 else name


def crop(rgb: NDArray[np.uint8], box: tuple[float, float, float, float]) -> NDArray[np.uint8]:
    """The part of a picture in a 0..1 box, at least 2 x 2 pixels."""
    height, width = rgb.shape[:2]
    x0, y0 = min(width - 2, int(box[0] * width)), min(height - 2, int(box[1] * height))
    x1, y1 = max(x0 + 2, round(box[2] * width)), max(y0 + 2, round(box[3] * height))
    return rgb[y0:y1, x0:x1]
