"""H.264 and H.265 packets with start codes (Annex B), whatever form a camera's protocol gave them.

Two forms exist: start codes 00 00 01 between units (RTSP, MPEG-TS), and a length before each unit, with the parameter
sets beside the stream (RTMP, MP4): ISO/IEC 14496-15 §5.3.3.1 (avcC) and §8.3.3.1 (hvcC).
"""

_START = b"\x00\x00\x00\x01"


def parameter_sets(codec: str, extradata: bytes) -> tuple[bytes, int]:
    """What a decoder must know first, with start codes; and how many bytes a unit's length takes (0: start codes).

    Extradata in neither form, or cut short, gives what could be read of it.
    """
    if not extradata or extradata[0] != 1:
        return extradata, 0
    try:
        units, width = _avcc(extradata) if codec == "h264" else _hvcc(extradata)
    except IndexError:
        return b"", 4
    return b"".join(_START + unit for unit in units), width


def with_start_codes(data: bytes, width: int) -> bytes:
    """Units whose lengths take `width` bytes, with start codes instead; a unit that is cut short ends the packet."""
    out, at = bytearray(), 0
    while at + width <= len(data):
        size = int.from_bytes(data[at : at + width], "big")
        at += width
        if size == 0 or at + size > len(data):
            break
        out += _START
        out += data[at : at + size]
        at += size
    return bytes(out)


def _avcc(data: bytes) -> tuple[list[bytes], int]:
    units, at = [], 5
    for mask in (0x1F, 0xFF):  # sequence, then picture parameter sets
        count, at = data[at] & mask, at + 1
        for _ in range(count):
            unit, at = _sized(data, at)
            units.append(unit)
    return units, (data[4] & 3) + 1


def _hvcc(data: bytes) -> tuple[list[bytes], int]:
    units, at = [], 23
    for _ in range(data[22]):
        count, at = int.from_bytes(data[at + 1 : at + 3], "big"), at + 3
        for _ in range(count):
            unit, at = _sized(data, at)
            units.append(unit)
    return units, (data[21] & 3) + 1


def _sized(data: bytes, at: int) -> tuple[bytes, int]:
    """A unit after its two bytes of length, and where the next one is. Raises IndexError where it is cut short."""
    end = at + 2 + int.from_bytes(data[at : at + 2], "big")
    if end > len(data) or at + 2 > len(data):
        raise IndexError(end)
    return data[at + 2 : end], end
