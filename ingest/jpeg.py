"""JPEG in and out of memory."""

import cv2
import numpy as np

from vidette.errors import StoreError
from vidette.ports import Image

_MAX_BYTES = 64 * 2**20
_MAX_PIXELS = 100_000_000
_MAX_SIDE = 65_500  # libjpeg's own bound
_LEAST_WIDTH = 40
_REDUCED = ((8, cv2.IMREAD_REDUCED_COLOR_8), (4, cv2.IMREAD_REDUCED_COLOR_4), (2, cv2.IMREAD_REDUCED_COLOR_2))


def encode(rgb: Image, quality: int = 85) -> bytes:
    """JPEG bytes of an `(H, W, 3) uint8 RGB` picture; `quality` 1..100. Raises StoreError."""
    if not 0 < min(rgb.shape[:2]) <= max(rgb.shape[:2]) <= _MAX_SIDE:
        raise StoreError(f"cannot encode a picture of shape {rgb.shape} as JPEG; sides are 1 to {_MAX_SIDE} px")
    _, data = cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return bytes(data.tobytes())


def decode(data: bytes, *, least: int | None = None) -> Image:
    """`(H, W, 3) uint8 RGB` of JPEG bytes. Raises StoreError where they are none.

    With `least`, a half, a quarter or an eighth as large where the longer side keeps so many px: that costs less.
    """
    width, height = checked(data)
    reduced = [flag for part, flag in _REDUCED if least and max(width, height) // part >= least]
    bgr = cv2.imdecode(np.frombuffer(data, np.uint8), reduced[0] if reduced else cv2.IMREAD_COLOR)
    if bgr is None:
        raise StoreError("a damaged JPEG picture; watch the stream anew with --again")
    return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False)


def checked(data: bytes) -> tuple[int, int]:
    """(width, height) of JPEG bytes that may be decoded. Raises StoreError where they are none, or too large."""
    if not data.startswith(b"\xff\xd8") or len(data) > _MAX_BYTES:
        raise StoreError("not a JPEG picture, or one of more than 64 MiB")
    width, height = size(data)
    if not 0 < width * height <= _MAX_PIXELS:
        raise StoreError("a damaged JPEG picture, or one of more than 100 Mpx; watch the stream anew with --again")
    return width, height


def size(data: bytes) -> tuple[int, int]:
    """(width, height) that the frame header promises (ITU-T T.81 annex B.2.2), (0, 0) where there is none."""
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):  # tables and extensions, not frames
            return int.from_bytes(data[at + 7 : at + 9], "big"), int.from_bytes(data[at + 5 : at + 7], "big")
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return 0, 0


def fitted(rgb: Image, side: int) -> Image:
    """The picture itself where its longer side has `side` px at most, else a smaller one."""
    height, width = rgb.shape[:2]
    return rgb if max(height, width) <= side else shrunk(rgb, smaller((width, height), side))


def smaller(size: tuple[int, int], side: int) -> tuple[int, int]:
    """(width, height) of the same form, the longer one `side` at most."""
    share = min(1.0, side / max(size))
    return max(1, round(size[0] * share)), max(1, round(size[1] * share))


def shrunk(rgb: Image, size: tuple[int, int]) -> Image:
    """The picture in a smaller size (width, height).

    Down to half by linear interpolation, which still meets every pixel and costs a seventh of averaging by area.
    """
    height, width = rgb.shape[:2]
    near = 2 * size[0] >= width and 2 * size[1] >= height
    how = cv2.INTER_LINEAR if near else cv2.INTER_AREA
    return cv2.resize(rgb, size, interpolation=how).astype(np.uint8, copy=False)


def thumbnail(data: bytes, most_bytes: int, width: int = 320) -> bytes | None:
    """A small JPEG of a JPEG, at most `width` px wide and `most_bytes` long; the same for the same picture.

    Coarser, then smaller, until it fits; None where nothing does. Raises StoreError where `data` is none.
    """
    rgb = decode(data)
    while width >= _LEAST_WIDTH:
        share = min(1.0, width / rgb.shape[1])
        size = (max(1, round(rgb.shape[1] * share)), max(1, round(rgb.shape[0] * share)))
        small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
        for quality in (80, 60, 40):
            text = encode(small, quality)
            if len(text) <= most_bytes:
                return text
        width //= 2
    return None
