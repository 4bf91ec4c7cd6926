"""Where things stood, painted over a picture of the scene."""

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest import jpeg
from vidette.errors import StoreError
from vidette.ports import Image

WIDTH = 720
_OPACITY = 0.85
Grid = NDArray[np.float64]


def scene(pictures: list[bytes]) -> Image:
    """The scene without what passes through it: the median of pictures of one size. Raises StoreError where none is a JPEG."""
    decoded: list[Image] = []
    for data in pictures:
        try:
            decoded.append(jpeg.decode(data))
        except StoreError:
            continue
    if not decoded:
        raise StoreError("no picture of the scene can be read; watch the stream anew with --again")
    alike = [picture for picture in decoded if picture.shape == decoded[-1].shape]
    middle: Image = np.median(np.stack(alike), axis=0).astype(np.uint8)
    return middle


def paint(background: Image, counts: Grid) -> bytes:
    """A JPEG of the scene in grey under colours from dark violet (few) to yellow (most).

    `background` is `(H, W, 3) uint8 RGB`, `counts` `(rows, columns)` of the same picture; their
    square roots are painted, or one busy spot would hide all the others.
    """
    height = max(1, round(background.shape[0] * WIDTH / background.shape[1]))
    base = cv2.resize(background, (WIDTH, height), interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(cv2.cvtColor(base, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    strength = np.sqrt(np.maximum(counts, 0.0) / max(1.0, float(counts.max(initial=0.0)))).astype(np.float32)
    smooth = np.clip(cv2.resize(strength, (WIDTH, height), interpolation=cv2.INTER_CUBIC), 0.0, 1.0)
    levels = np.round(smooth * 255).astype(np.uint8)
    colours = cv2.cvtColor(cv2.applyColorMap(levels, cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB)
    opacity = (_OPACITY * np.clip(smooth * 2.5, 0.0, 1.0))[:, :, None]
    mixed = (0.8 * grey) * (1 - opacity) + colours * opacity
    return jpeg.encode(np.round(mixed).astype(np.uint8), quality=80)
