"""Snapshots: a picture with boxes and a caption drawn on it."""

import textwrap
import unicodedata
from collections.abc import Sequence

import cv2
import numpy as np

from vidette.geometry import Box
from vidette.ports import Image

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_BRIGHT = (255, 214, 10)
_DARK = (16, 20, 28)
_WHITE = (245, 245, 245)
_MAX_LINES = 3


def draw(rgb: Image, boxes: Sequence[tuple[Box, str]], caption: str = "") -> Image:
    """A copy of an `(H, W, 3) uint8 RGB` picture with 0..1 boxes, their labels, and a caption bar below.

    The picture keeps its pixels: the bar is added under it. Boxes are a bright line in a dark one,
    to be seen on any ground and without colour.
    """
    picture = np.array(rgb, order="C")
    height, width = picture.shape[:2]
    line = max(1, round(width / 400))
    for box, label in boxes:
        x0, y0 = round(box[0] * (width - 1)), round(box[1] * (height - 1))
        x1, y1 = round(box[2] * (width - 1)), round(box[3] * (height - 1))
        cv2.rectangle(picture, (x0, y0), (x1, y1), _DARK, 3 * line)
        cv2.rectangle(picture, (x0, y0), (x1, y1), _BRIGHT, line)
        if label:
            _tag(picture, plain(label), (x0, y0), line)
    return _captioned(picture, plain(caption)) if caption else picture


def plain(text: str) -> str:
    """Text in the letters that OpenCV's fonts have: accents go, the rest becomes `?`; 300 at most."""
    flat = unicodedata.normalize("NFKD", text.replace("\u2013", "-").replace("\u2019", "'"))
    letters = (c for c in flat[:600] if not unicodedata.combining(c))
    return "".join(c if " " <= c <= "~" else "?" for c in letters)[:300]


def _tag(picture: Image, label: str, corner: tuple[int, int], line: int) -> None:
    scale = 0.45 * line + 0.1
    (w, h), base = cv2.getTextSize(label[:40], _FONT, scale, line)
    x = max(0, min(corner[0], picture.shape[1] - w - 6))
    y = corner[1] - base - 4 if corner[1] - base - h - 8 > 0 else corner[1] + h + 6
    cv2.rectangle(picture, (x, y - h - 4), (x + w + 6, y + base + 2), _DARK, -1)
    cv2.putText(picture, label[:40], (x + 3, y), _FONT, scale, _BRIGHT, line, cv2.LINE_AA)


def _captioned(picture: Image, caption: str) -> Image:
    width = picture.shape[1]
    scale = max(0.4, width / 1300)
    thick = max(1, round(width / 900))
    (letter, h), base = cv2.getTextSize("n", _FONT, scale, thick)
    lines = textwrap.wrap(caption, max(10, int((width - 2 * letter) / (letter * 1.02)))) or [""]
    if len(lines) > _MAX_LINES:
        lines = [*lines[: _MAX_LINES - 1], lines[_MAX_LINES - 1][:-3] + "..."]
    step = round(1.7 * (h + base))
    bar = np.full((step * len(lines) + step // 2, width, 3), _DARK, np.uint8)
    for index, text in enumerate(lines):
        cv2.putText(bar, text, (letter, step * (index + 1) - base // 2), _FONT, scale, _WHITE, thick, cv2.LINE_AA)
    return np.vstack([picture, bar])
