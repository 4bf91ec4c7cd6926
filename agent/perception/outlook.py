"""Before a scene is followed: how large to work, what is masked out."""

import cv2
import numpy as np

from agent.perception.background import Mask
from vidette.settings import Settings

_PIXELS = 130_000  # of the working picture
_WIDTH = 480


def working_width(size: tuple[int, int]) -> int:
    """Width of the working picture: 480 at most, and about 130,000 pixels in all."""
    width, height = size
    fit = (_PIXELS * width / height) ** 0.5
    return max(16, int(min(_WIDTH, width, fit)) // 2 * 2)


def mask_of(settings: Settings, name: str, shape: tuple[int, ...]) -> Mask:
    """Pixels of the working picture that are never looked at."""
    mask = np.zeros(shape, np.uint8)
    for polygon in (polygon for stream in settings.streams if stream.name == name for polygon in stream.masks):
        corners = np.array([[x * shape[1], y * shape[0]] for x, y in polygon], np.int32)
        cv2.fillPoly(mask, [corners], 1)
    return mask > 0
