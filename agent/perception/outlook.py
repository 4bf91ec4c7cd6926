"""Before a scene is followed: how large to work, what lies ahead of it, what is masked out."""

import cv2
import numpy as np

from agent.perception.background import Mask, Planes
from agent.perception.camera import is_cut, view
from vidette.ports import VideoSource
from vidette.settings import Settings

_PIXELS = 130_000  # of the working picture
_WIDTH = 480
PRIME_S = 30.0  # how far a new scene is looked ahead for its empty background
_PRIME_FRAMES = 30


def working_width(size: tuple[int, int]) -> int:
    """Width of the working picture: 480 at most, and about 130,000 pixels in all."""
    width, height = size
    fit = (_PIXELS * width / height) ** 0.5
    return max(16, int(min(_WIDTH, width, fit)) // 2 * 2)


def look_ahead(source: VideoSource, start_s: float, first: Planes) -> list[Planes]:
    """Frames spread over the next half minute of the same scene, `first` included."""
    every = PRIME_S / _PRIME_FRAMES
    taken, kept, before = -1e9, [], None
    for frame in source.frames(start_s, start_s + PRIME_S):
        planes = frame.planes(working_width(frame.size))
        now = view(planes)
        if planes[0].shape != first[0].shape or (before is not None and is_cut(before, now)):
            break
        before = now
        if frame.pts_s - taken >= every - 1e-6:
            kept.append(planes)
            taken = frame.pts_s
    return kept or [first]


def mask_of(settings: Settings, name: str, shape: tuple[int, ...]) -> Mask:
    """Pixels of the working picture that are never looked at."""
    mask = np.zeros(shape, np.uint8)
    for polygon in (polygon for stream in settings.streams if stream.name == name for polygon in stream.masks):
        corners = np.array([[x * shape[1], y * shape[0]] for x, y in polygon], np.int32)
        cv2.fillPoly(mask, [corners], 1)
    return mask > 0
