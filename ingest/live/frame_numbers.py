"""Whether pictures are missing from an H.264 stream: the decoder paints over such gaps and does not say so.

Reference pictures are numbered (ITU-T H.264 §7.4.3, frame_num): a number that skips says that what a picture is
built on never came. Losses over UDP look like this. H.265 decoders leave such pictures out by themselves.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from ingest.live.nal_units import parameter_sets

_HEAD = 4096  # bytes of a packet in which its first slice begins
_SLICE, _IDR, _SPS = 1, 5, 7  # nal_unit_type, table 7-1
_WITH_CHROMA = (44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244)  # profiles, §7.3.2.1.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbering:
    """How a stream numbers its pictures: in so many bits; whether numbers may be left out.

    `fields`: a number may come twice, for both fields of a picture. `planes`: slices name a colour plane.
    """

    bits: int
    gaps: bool
    planes: bool
    fields: bool


class FrameNumbers:
    """Follows the numbers of one stream's pictures in the order they are stored."""

    def __init__(self, codec: str, extradata: bytes | None) -> None:
        self._on = codec == "h264"
        self._numbering: Numbering | None = None
        self._last: int | None = None
        sets, self._width = parameter_sets(codec, extradata or b"") if self._on else (b"", 0)
        for unit in _units(sets, 0):
            self._learn(unit)

    def restart(self) -> None:
        """Packets were left out on purpose."""
        self._last = None

    def skips(self, packet: memoryview) -> bool:
        """Whether pictures are missing before this one. What cannot be understood says no."""
        if not self._on:
            return False
        try:
            for unit in _units(bytes(packet[:_HEAD]), self._width):
                self._learn(unit)
                if unit and unit[0] & 31 in (_SLICE, _IDR):
                    return self._follow(unit)
        except IndexError:
            return False
        return False

    def _learn(self, unit: bytes) -> None:
        if unit and unit[0] & 31 == _SPS:
            try:
                self._numbering = _numbering(unit)
            except IndexError:
                self._numbering = None

    def _follow(self, unit: bytes) -> bool:
        numbering, last = self._numbering, self._last
        if numbering is None or numbering.gaps:
            return False
        bits = _Bits(unit[1:32])
        for _ in range(3):  # first_mb_in_slice, slice_type, pic_parameter_set_id
            bits.exp()
        if numbering.planes:
            bits.read(2)
        number = bits.read(numbering.bits)
        if unit[0] & 31 == _IDR:
            self._last = number
            return False
        if unit[0] >> 5 & 3:  # others are built on it
            self._last = number
        if last is None:
            return False
        step = (number - last) % (1 << numbering.bits)
        return step != 1 and not (step == 0 and numbering.fields)


class _Bits:
    """Bits of a unit's payload. Reading past its end raises IndexError."""

    def __init__(self, data: bytes) -> None:
        self._data = data.replace(b"\0\0\3", b"\0\0")  # emulation prevention, §7.4.1
        self._at = 0

    def read(self, count: int) -> int:
        """An unsigned number of so many bits: u(n)."""
        value = 0
        for _ in range(count):
            value = value << 1 | self._data[self._at >> 3] >> (7 - (self._at & 7)) & 1
            self._at += 1
        return value

    def exp(self) -> int:
        """An Exp-Golomb number, ue(v), §9.1."""
        zeros = 0
        while not self.read(1):
            zeros += 1
            if zeros > 32:
                raise IndexError(zeros)
        return (1 << zeros) - 1 + self.read(zeros)


def _numbering(unit: bytes) -> Numbering:
    """What a sequence parameter set says of numbers, §7.3.2.1.1."""
    bits = _Bits(unit[1:])
    profile = bits.read(8)
    bits.read(16)
    bits.exp()
    planes = False
    if profile in _WITH_CHROMA:
        chroma = bits.exp()
        planes = chroma == 3 and bool(bits.read(1))
        bits.exp(), bits.exp(), bits.read(1)
        if bits.read(1):
            _skip_scaling(bits, 12 if chroma == 3 else 8)
    number = bits.exp() + 4
    order = bits.exp()
    if order == 0:
        bits.exp()
    elif order == 1:
        bits.read(1), bits.exp(), bits.exp()
        for _ in range(min(bits.exp(), 255)):
            bits.exp()
    bits.exp()
    gaps = bool(bits.read(1))
    bits.exp(), bits.exp()
    return Numbering(bits=number, gaps=gaps, planes=planes, fields=not bits.read(1))


def _skip_scaling(bits: _Bits, lists: int) -> None:
    """§7.3.2.1.1.1."""
    for index in range(lists):
        if not bits.read(1):
            continue
        last = following = 8
        for _ in range(16 if index < 6 else 64):
            if following:
                code = bits.exp()
                following = (last + (code + 1) // 2 * (1 if code % 2 else -1)) % 256
            last = following or last


def _units(data: bytes, width: int) -> Iterator[bytes]:
    """Units of the start of a packet; the last one may be cut off."""
    if width:
        at = 0
        while at + width < len(data):
            size = int.from_bytes(data[at : at + width], "big")
            yield data[at + width : at + width + size]
            at += width + size
        return
    at = data.find(b"\0\0\1")
    while at >= 0:
        end = data.find(b"\0\0\1", at + 3)
        yield data[at + 3 : end if end >= 0 else len(data)]
        at = end
