"""What must be known of a video file before its frames can be told apart in time."""

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import chain, islice, pairwise
from pathlib import Path

from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from ingest.clock import Clock, CountedClock, StampedClock
from ingest.container import open_container
from ingest.decoding import Decoder
from ingest.frame import upright_size
from ingest.gops import group
from ingest.packets import Packets, read, stamp
from vidette.errors import SourceError

PEEK = 100
SEARCH = 5000
_KNOWN = 256  # files whose facts are kept
_PROGRESSIVE = (0, 1)  # AVFieldOrder: unknown, progressive
_BROADCAST = ("mpegts", "mpeg")
_HIDDEN_FRAMES = ("vp8",)  # its packets may show nothing, so a wanted packet may give no frame
_SANE_RATES = (Fraction(1, 100), Fraction(1000))
_USUAL_RATE = Fraction(25)
_CLOCK = re.compile(r"(\d{1,9}):(\d{1,2}):(\d{1,2}(?:\.\d{1,12})?)", re.ASCII)
LONGEST_S = 366 * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Times are in ticks of `time_base` unless `_s` says seconds.

    `counted`: stored times of showing are missing or useless, frames are counted instead.
    `skip`: a group of pictures may be left once its last wanted packet is decoded. `written` are the times of recording
    that the container, then the video tells of, as they are written; `frames` how many it declares, 0 where it does not.
    """

    time_base: Fraction
    frame_ticks: int
    first: int
    counted: bool
    stored: bool
    broadcast: bool
    skip: bool
    has_b_frames: bool
    end_s: float | None
    size: tuple[int, int]
    container: str
    codec: str
    fps: float
    frames: int
    written: tuple[str | None, ...]

    @property
    def seekable(self) -> bool:
        """Whether the container can be trusted to find a time."""
        return not self.broadcast and (self.stored or not self.counted)

    def clock(self) -> Clock:
        """A clock as it stands at the start of the file."""
        return _clock(self.time_base, self.frame_ticks, self.counted, self.stored, self.broadcast)

    def at(self, ticks: int) -> Fraction:
        """Media time of a tick."""
        return (ticks - self.first) * self.time_base

    def seconds(self, ticks: int) -> float:
        """`at` as a float."""
        return (ticks - self.first) * self.time_base.numerator / self.time_base.denominator


def _clock(time_base: Fraction, frame_ticks: int, counted: bool, stored: bool, broadcast: bool) -> Clock:
    if counted:
        return CountedClock(frame_ticks, stored=stored)
    return StampedClock(time_base, frame_ticks, broadcast=broadcast)


def frame_rate(stream: VideoStream) -> Fraction:
    """Frames a second as the container says, else a usual rate."""
    for rate in (stream.average_rate, stream.guessed_rate, stream.base_rate):
        if rate and _SANE_RATES[0] <= rate <= _SANE_RATES[1]:
            return Fraction(rate)
    return _USUAL_RATE


def learn(path: Path) -> Facts:
    """Facts of the file; decodes up to its first frame. Raises SourceError."""
    try:
        now = path.stat()
    except OSError:
        return _learn_anew(path)  # says why it cannot be read
    return _learned(path, (now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns))


@lru_cache(maxsize=_KNOWN)
def _learned(path: Path, version: tuple[int, ...]) -> Facts:
    """A file is asked once, not for each part of a watch: opening one decodes some frames of it."""
    return _learn_anew(path)


def _learn_anew(path: Path) -> Facts:
    container, stream = open_container(path)
    with container:
        packets = read(container, stream, lambda _: None)
        head = list(islice(packets, PEEK))
        return _learn(container, stream, head, packets, path)


def _learn(
    container: InputContainer, stream: VideoStream, head: "list[Packet[VideoStream]]", packets: Packets, path: Path
) -> Facts:
    base = stream.time_base or Fraction(1, 1000)
    rate = frame_rate(stream)
    broadcast = container.format.name in _BROADCAST
    avi = container.format.name == "avi"
    if avi and not _SANE_RATES[0] <= 1 / base <= _SANE_RATES[1]:
        base = 1 / rate  # AVI has no other clock than its frame rate
    ticks = max(1, round(1 / (rate * base)))
    counted = avi or _useless([packet.pts for packet in head])
    if avi and head and stream.average_rate != stream.guessed_rate:
        ticks = _smallest_step(head) or ticks
    clock = _clock(base, ticks, counted, avi, broadcast)
    first, size = _first_frame(stream, chain(head, islice(packets, SEARCH)), clock, path)
    context = stream.codec_context
    has_b_frames = bool(context.has_b_frames)
    progressive = context.field_order in _PROGRESSIVE and context.name not in _HIDDEN_FRAMES
    return Facts(
        time_base=base,
        frame_ticks=ticks,
        first=first,
        counted=counted,
        stored=avi,
        broadcast=broadcast,
        skip=progressive and not (counted and has_b_frames),
        has_b_frames=has_b_frames,
        end_s=_declared_end(container, stream, first, base),
        size=size,
        container=container.format.name,
        codec=context.codec.canonical_name,
        fps=float(rate),
        frames=stream.frames,
        written=(container.metadata.get("creation_time"), stream.metadata.get("creation_time")),
    )


def _useless(times: list[int | None]) -> bool:
    """Whether times of showing are missing, or mostly one and the same."""
    return None in times or len(set(times)) < len(times) * 0.9


def _smallest_step(head: "list[Packet[VideoStream]]") -> int | None:
    steps = [b.dts - a.dts for a, b in pairwise(head) if a.dts is not None and b.dts is not None]
    return min((step for step in steps if step > 0), default=None)


def _first_frame(
    stream: VideoStream, packets: "chain[Packet[VideoStream]]", clock: Clock, path: Path
) -> tuple[int, tuple[int, int]]:
    """Tick and size of the first frame that is shown."""
    decoder = Decoder(context=stream.codec_context, clock=clock, skip=False, keyframes=False)
    for ticks, frame, _ in decoder.run(group(stamp(packets, clock))):
        if frame is not None:
            turn = round(frame.rotation / 90) * 90
            return ticks, upright_size(frame.width, frame.height, stream.sample_aspect_ratio, turn)
    raise SourceError(f"no picture can be decoded from {str(path)!r}; the file is damaged or not really a video")


def _declared_end(container: InputContainer, stream: VideoStream, first: int, base: Fraction) -> float | None:
    """Media time at which the container says the video ends; None where it does not, or nobody can believe it."""
    if stream.duration is not None and stream.time_base is not None:
        return _believable(stream.duration * base)
    end_s = _clock_text(stream.metadata.get("DURATION", ""))
    if end_s is None and container.duration:
        end_s = Fraction(container.duration, 1_000_000)
    # Matroska and FLV count from the container's zero, not from the first frame.
    return None if end_s is None else _believable(end_s - first * base)


def _believable(seconds: Fraction) -> float | None:
    return float(seconds) if 0 < seconds <= LONGEST_S else None


def _clock_text(text: str) -> Fraction | None:
    """Seconds of `HH:MM:SS.fraction`."""
    match = _CLOCK.fullmatch(text)
    return int(match[1]) * 3600 + int(match[2]) * 60 + Fraction(match[3]) if match else None
