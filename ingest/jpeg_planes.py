"""JPEG pictures opened to be sent smaller: decoded to brightness and colour, of which only the size wanted is made RGB.

A whole RGB picture of 1280 x 720 costs three times as much: most of that is memory that is written once and given back.
"""

from dataclasses import dataclass

import av
import av.error
import cv2
import numpy as np

from ingest.jpeg import checked, decode, shrunk, smaller
from vidette.ports import Image

_PLAIN = frozenset({"yuvj420p", "yuvj422p", "yuvj444p"})  # full range, as JFIF has it: what cameras and we write
_NOT_PLAIN = (b"Exif", b"Adobe")  # may be turned, or of other colours
_HEAD = 4096


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Opened:
    """A decoded picture. `size`: (width, height) in store; `planes`: brightness `(h, w) uint8`, then Cb and Cr, or none.

    It may be a half, a quarter or an eighth as large as in store; without planes it is `whole (h, w, 3) uint8 RGB`.
    """

    size: tuple[int, int]
    planes: tuple[Image, ...] = ()
    whole: Image | None = None

    @property
    def grey(self) -> Image:
        """Brightness `(h, w) uint8`."""
        if self.whole is None:
            return self.planes[0]
        return cv2.cvtColor(self.whole, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)

    def rgb(self, side: int) -> Image:
        """`(h, w, 3) uint8 RGB`, its longer side as in store, but `side` px at most."""
        width, height = smaller(self.size, side)
        if self.whole is not None:
            same = self.whole.shape[:2] == (height, width)
            return self.whole if same else shrunk(self.whole, (width, height))
        y, cb, cr = (_sized(plane, (width, height)) for plane in self.planes)
        whole = cv2.cvtColor(cv2.merge((y, cr, cb)), cv2.COLOR_YCrCb2RGB)  # the equations of JFIF: full range
        return whole.astype(np.uint8, copy=False)


def opened(data: bytes, least: int) -> Opened:
    """The picture, no smaller than `least` px along its longer side where it has so many. Raises StoreError."""
    width, height = checked(data)
    odd = (width | height) % 2  # the last samples of colour reach beyond the picture, and would be pulled in
    whole_first = odd or max(width, height) // 2 >= least or any(one in data[:_HEAD] for one in _NOT_PLAIN)
    if not whole_first and (planes := _planes(data, (width, height))):
        return Opened(size=(width, height), planes=planes)
    whole = decode(data, least=least)
    turned = (whole.shape[0] > whole.shape[1]) != (height > width)
    return Opened(size=(height, width) if turned else (width, height), whole=whole)


def _planes(data: bytes, size: tuple[int, int]) -> tuple[Image, ...]:
    """The planes of a plain picture; none where it is another, or damaged."""
    try:
        decoder = av.codec.CodecContext.create("mjpeg", "r")
        decoder.thread_count = 1
        (frame,) = decoder.decode(av.packet.Packet(data))
    except (av.error.FFmpegError, ValueError, MemoryError):
        return ()
    if frame.format.name not in _PLAIN or (frame.width, frame.height) != size:
        return ()
    return tuple(
        np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[: plane.height, : plane.width]
        for plane in frame.planes
    )


def _sized(plane: Image, wanted: tuple[int, int]) -> Image:
    height, width = plane.shape
    if (width, height) == wanted:
        return plane
    if width < wanted[0]:
        return cv2.resize(plane, wanted, interpolation=cv2.INTER_LINEAR).astype(np.uint8, copy=False)
    return shrunk(plane, wanted)
