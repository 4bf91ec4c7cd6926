"""The people detector: OpenCV's histogram of oriented gradients, run on moving regions only.

Dalal & Triggs, "Histograms of Oriented Gradients for Human Detection", CVPR 2005; the linear SVM
is the one that ships with OpenCV. It was made for upright people at least about 100 pixels tall,
so a region is scaled until it would be that tall.
"""

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

_TALL = 104  # pixels of a person in the 64 x 128 window
_MARGIN = 0.35


@cache
def _detector() -> cv2.HOGDescriptor:
    hog = cv2.HOGDescriptor()
    hog.setSVMDetector(np.array(cv2.HOGDescriptor.getDefaultPeopleDetector(), np.float32))
    return hog


def asks(size: tuple[int, int], box: tuple[float, float, float, float]) -> bool:
    """Whether a region, a 0..1 box of a picture of `size` (width, height), is of such a form that it is asked about.

    Regions lower than 28 pixels, or wider than high, are not: the answer would be noise.
    """
    w, h = (box[2] - box[0]) * size[0], (box[3] - box[1]) * size[1]
    return h >= 28 and 0.15 * h <= w <= 0.9 * h


def personlike(grey: NDArray[np.uint8], box: tuple[float, float, float, float]) -> float:
    """Best SVM margin of a person filling the 0..1 `box` of a luma picture; 0 where there is none, or nobody asks."""
    height, width = grey.shape
    if not asks((width, height), box):
        return 0.0
    w, h = (box[2] - box[0]) * width, (box[3] - box[1]) * height
    scale = _TALL / h
    half_w, half_h = max(0.6 * w, 0.42 * h), (0.5 + _MARGIN) * h
    cx, cy = (box[0] + box[2]) / 2 * width, (box[1] + box[3]) / 2 * height
    x0, x1 = max(0, int(cx - half_w)), min(width, int(cx + half_w))
    y0, y1 = max(0, int(cy - half_h)), min(height, int(cy + half_h))
    size = (max(72, round((x1 - x0) * scale)), max(136, round((y1 - y0) * scale)))
    part = cv2.resize(grey[y0:y1, x0:x1], size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    found, weights = _detector().detectMultiScale(part, hitThreshold=0.0, winStride=(8, 8), scale=1.08)
    sx, sy = (x1 - x0) / size[0], (y1 - y0) / size[1]
    margins = [0.0]
    for (left, top, across, down), weight in zip(found, np.ravel(weights), strict=True):
        middle_x, tall = x0 + (left + across / 2) * sx, down * sy * 0.8
        centred = abs(middle_x - cx) < 0.5 * max(w, 0.3 * h) and abs(y0 + (top + down / 2) * sy - cy) < 0.3 * h
        if centred and 0.6 * h < tall < 1.6 * h:
            margins.append(float(weight))
    return max(margins)
