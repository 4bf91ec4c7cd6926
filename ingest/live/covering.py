"""Privacy masks on the pictures that are kept: what they hide is painted black before anything is encoded."""

import cv2
import numpy as np
from av.video.frame import VideoFrame

from ingest.masks import Masks

_BLACK, _NEUTRAL = 16, 128  # of limited range


def covered(frame: VideoFrame, masks: Masks, size: tuple[int, int]) -> VideoFrame:
    """The frame as yuv420p of `size` (both even) with its masks painted over; without its time."""
    width, height = size
    frame = frame.reformat(width, height, "yuv420p", dst_color_range="MPEG")
    if not masks:
        return frame
    rows, hidden = frame.to_ndarray(), masks.hidden(size)
    less = cv2.resize(hidden, (width // 2, height // 2), interpolation=cv2.INTER_AREA) > 0
    flat, luma, chroma = rows.reshape(-1), width * height, width * height // 4
    flat[:luma].reshape(height, width)[hidden > 0] = _BLACK
    for plane in np.split(flat[luma : luma + 2 * chroma], 2):
        plane.reshape(height // 2, width // 2)[less] = _NEUTRAL
    return VideoFrame.from_ndarray(rows, format="yuv420p")
