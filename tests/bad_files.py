"""Files that are wrong in one way each, made from small real clips."""

import os
import random
import shutil
import socket
import struct
import zlib
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import numpy as np

from tests.clips import FPS, Recipe, cut_off, make, silence, spoil

Build = Callable[[Path], object]
AVC1_SIZE = 28  # bytes from the sample entry's name to its width and height (ISO/IEC 14496-12 §12.1.3)
STRH_RATE = 28  # bytes from the stream header's name to its scale and rate
SECONDS = 10.0


def clip(path: Path, **recipe) -> Path:
    """A clip made aside, so that `path` stays free for what is made of it."""
    aside = path.parent / f".made-{len(list(path.parent.glob('.made-*')))}"
    aside.mkdir()
    return make(aside / f"clip{path.suffix}", Recipe(**recipe))


def long(path: Path, **recipe) -> Path:
    """Ten seconds with a keyframe each 12 frames."""
    return clip(path, frames=int(SECONDS * FPS), gop=12, size=(320, 240), **recipe)


def patched(source: Path, path: Path, mark: bytes, offset: int, data: bytes) -> None:
    """A copy with `data` written `offset` bytes after the first `mark`."""
    held = bytearray(source.read_bytes())
    at = held.index(mark) + offset
    held[at : at + len(data)] = data
    path.write_bytes(held)


def boxed(kind: bytes, *parts: bytes) -> bytes:
    """An ISO base media box."""
    body = b"".join(parts)
    return struct.pack(">I", 8 + len(body)) + kind + body


def empty(path: Path) -> None:
    path.write_bytes(b"")


def text(path: Path) -> None:
    path.write_text("not a video at all\n" * 500)


def noise(path: Path) -> None:
    path.write_bytes(np.random.default_rng(5).bytes(200_000))


def before_moov(path: Path) -> None:
    cut_off(long(path), path, 0.6)


def after_moov(path: Path) -> None:
    cut_off(long(path, container_options={"movflags": "faststart"}), path, 0.6)


def damaged_moov(path: Path) -> None:
    """Opens, declares 50 frames, and every one of them lies beyond the end of the file."""
    source = clip(path, frames=50)
    held = source.read_bytes()
    at = held.index(b"stco")
    patched(source, path, b"stco", 12, b"\x7f" * (int.from_bytes(held[at - 4 : at], "big") - 16))


def spoiled_moov(path: Path) -> None:
    """Its sample tables are noise."""
    held = bytearray(clip(path, frames=50).read_bytes())
    at = held.index(b"stbl")
    for place in range(at + 4, at + int.from_bytes(held[at - 4 : at], "big") - 4, 7):
        held[place] ^= 0x55
    path.write_bytes(held)


def corrupt_middle(path: Path) -> None:
    spoil(long(path), path, share=(0.4, 0.6))


def sound_only(path: Path) -> None:
    with av.open(str(path), "w") as out:
        stream = out.add_stream("aac", rate=8000, layout="mono")
        for block in silence(2):
            out.mux(stream.encode(block))
        out.mux(stream.encode(None))


def words_only(path: Path) -> None:
    """Subtitles and an attachment, no picture."""
    words = path.with_suffix(".made.srt")
    words.write_text("1\n00:00:00,000 --> 00:00:01,000\nhello\n")
    with av.open(str(words)) as source, av.open(str(path), "w") as out:
        stream = out.add_stream_from_template(source.streams[0])
        out.add_attachment("notes.txt", "text/plain", b"notes")
        for packet in source.demux():
            if packet.size:
                packet.stream = stream
                out.mux(packet)
    words.unlink()


def one_frame(path: Path) -> None:
    make(path, Recipe(frames=1, codec="libx264" if path.suffix != ".avi" else "mpeg4"))


def no_size(path: Path) -> None:
    path.write_bytes(b"YUV4MPEG2 W0 H0 F25:1\nFRAME\n")


def claims_no_size(path: Path) -> None:
    """The container says 0 x 0, the pictures have a size."""
    patched(clip(path, frames=50), path, b"avc1", AVC1_SIZE, struct.pack(">HH", 0, 0))


def claims_too_wide(path: Path) -> None:
    """The container says 60,000 pixels, the pictures have 160."""
    patched(clip(path, frames=50), path, b"avc1", AVC1_SIZE, struct.pack(">HH", 60_000, 120))


def too_wide(path: Path) -> None:
    path.write_bytes(b"YUV4MPEG2 W60000 H16 F25:1\nFRAME\n" + bytes(60_000 * 16 * 3 // 2))


@cache
def png(width: int, height: int) -> bytes:
    """A black picture of that size: 12,000 a side are half a MB of file and half a GB of memory."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    row, press = bytes(width * 3 + 1), zlib.compressobj(1)
    body = b"".join(press.compress(row) for _ in range(height)) + press.flush()
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def picture_bomb(path: Path, *, first: bytes | None = None) -> None:
    """An AVI whose header says 160x120 and whose pictures are 12,000 a side (the first one is `first`)."""
    bomb = png(12_000, 12_000)
    with av.open(str(path), "w") as out:
        stream = out.add_stream("png", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "rgb24"
        for number in range(5):
            packet = av.Packet(first if first and number == 0 else bomb)
            packet.stream, packet.pts, packet.dts, packet.time_base = stream, number, number, Fraction(1, FPS)
            packet.is_keyframe = True
            out.mux(packet)


def late_picture_bomb(path: Path) -> None:
    picture_bomb(path, first=png(160, 120))


def absurd_rate(path: Path) -> None:
    """AVI that claims 10,000 frames a second: 50 frames would be over in 5 ms."""
    patched(clip(path, frames=50, codec="mpeg4"), path, b"strh", STRH_RATE, struct.pack("<II", 1, 10_000))


def absurd_slowness(path: Path) -> None:
    """AVI that claims a frame in eleven days."""
    patched(clip(path, frames=50, codec="mpeg4"), path, b"strh", STRH_RATE, struct.pack("<II", 1_000_000, 1))


def dense_times(path: Path) -> None:
    """Frames 0.1 ms apart, as the container's own times say."""
    make(path, Recipe(times_s=tuple(n / 10_000 for n in range(200))))


def negative_times(path: Path) -> None:
    make(path, Recipe(frames=50, start_s=-5.0))


def huge_times(path: Path) -> None:
    make(path, Recipe(frames=50, start_s=1e7))


def equal_times(path: Path) -> None:
    make(path, Recipe(times_s=(0.0,) * 50))


def backward_times(path: Path) -> None:
    """A second recording appended whose times begin long before the first one's end."""
    first, second = clip(path, frames=50, start_s=50.0), clip(path, frames=50)
    path.write_bytes(first.read_bytes() + second.read_bytes())


def endless(path: Path) -> None:
    """Matroska whose DURATION tag says a hundred million hours."""
    source = clip(path, frames=50)
    held = source.read_bytes()
    at = held.index(b"DURATION") + held[held.index(b"DURATION") :].index(b"00:00:0")
    patched(source, path, held[at : at + 18], 0, b"99999999:59:59.000")


def picture(path: Path) -> None:
    codec, pix_fmt = ("mjpeg", "yuvj420p") if path.suffix == ".jpg" else ("png", "rgb24")
    aside = clip(path.with_suffix(f".aside{path.suffix}"), codec=codec, pix_fmt=pix_fmt, frames=1, format="image2")
    shutil.move(aside, path)


def archive(path: Path) -> None:
    path.write_bytes(b"PK\x03\x04" + bytes(2000))


def fifo(path: Path) -> None:
    os.mkfifo(path)


def unix_socket(path: Path) -> None:
    folder = os.open(path.parent, os.O_DIRECTORY)
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(f"/proc/self/fd/{folder}/{path.name}")  # the path itself may be longer than the 108 bytes allowed
    os.close(folder)


def rewritten(data: bytes, path: tuple[bytes, ...], body: bytes) -> bytes:
    """ISO base media boxes with the body of the box at `path` exchanged, sizes kept right."""
    out, at = b"", 0
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        inner = data[at + 8 : at + size]
        if kind == path[0]:
            inner = rewritten(inner, path[1:], body) if len(path) > 1 else body
        out += boxed(kind, inner)
        at += size
    return out


def elsewhere(path: Path, data: Path) -> None:
    """A QuickTime file whose pictures lie in another file (`dref` with an alias record, absolute path in it)."""
    name = os.fsencode(data)
    name += b"\0" * (len(name) % 2)
    alias = bytes(10) + bytes([1]) + b"v".ljust(27, b"\0") + bytes(12) + bytes([1]) + b"f".ljust(63, b"\0") + bytes(16)
    alias += struct.pack(">hh", 0, 0) + bytes(16) + struct.pack(">hH", 2, len(name)) + name + struct.pack(">hH", -1, 0)
    body = bytes(4) + struct.pack(">I", 1) + boxed(b"alis", bytes(4), alias)
    where = (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref")
    path.write_bytes(rewritten(clip(path, frames=50).read_bytes(), where, body))


def hls(path: Path, target: str) -> None:
    path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n{target}\n#EXT-X-ENDLIST\n")


def concat(path: Path, target: str) -> None:
    path.write_text(f"ffconcat version 1.0\nfile '{target}'\n")


def dash(path: Path, target: str) -> None:
    path.write_text(
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
        'mediaPresentationDuration="PT2S" profiles="urn:mpeg:dash:profile:full:2011"><Period><AdaptationSet '
        f'mimeType="video/mp4"><Representation id="1" bandwidth="1"><BaseURL>{target}</BaseURL>'
        "</Representation></AdaptationSet></Period></MPD>"
    )


def sdp(path: Path, port: int) -> None:
    lines = ["v=0", "o=- 0 0 IN IP4 127.0.0.1", "s=x", "c=IN IP4 127.0.0.1", "t=0 0"]
    path.write_text("\r\n".join([*lines, f"m=video {port} RTP/AVP 96", "a=rtpmap:96 H264/90000", ""]))


def spoiled(data: bytes, seed: int) -> bytes:
    """The bytes with a few flipped, a stretch cut out, doubled or blanked, or the end cut off."""
    chance = random.Random(seed)  # the same variants on every run
    held = bytearray(data)
    for _ in range(chance.choice([1, 3, 10, 100])):
        held[chance.randrange(len(held))] = chance.choice([0, 255, chance.randrange(256)])
    at, length = chance.randrange(len(held)), chance.randrange(1, 2000)
    match chance.randrange(6):
        case 0:
            del held[at : at + length]
        case 1:
            held[at:at] = held[at : at + length]
        case 2:
            held[at : at + length] = bytes(length)
        case 3:
            del held[at:]
        case 4:
            head = chance.randrange(min(200, len(held)))
            held[head : head + 4] = chance.randbytes(4)
    return bytes(held)
