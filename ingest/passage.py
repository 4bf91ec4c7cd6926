"""Which packets of a file show a stretch of it: from a keyframe on, each with its times."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path
from typing import NamedTuple

import av
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from ingest.container import open_container
from ingest.decoding import Decoder
from ingest.facts import Facts
from ingest.gops import Stamped, group, is_key
from ingest.packets import read, stamp

_REORDER = 17  # packets: no codec holds back more than 16 pictures
_KEYS_BACK = 3  # keyframes after which counted times are right, open groups of pictures included


class Timed(NamedTuple):
    """A packet and its new times in ticks."""

    packet: "Packet[VideoStream]"
    dts: int
    pts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """Packets of one file, by their number after a seek to `seek` (ticks; None: from its first packet).

    `times` are (dts, pts) in ticks by packet number, in stored order; dts rises strictly and is
    never after pts. `start` is the time of the first picture, `end` the end of the last. `shift`
    is by how much the file's own times had to be repaired at `start`.
    """

    seek: int | None
    times: dict[int, tuple[int, int]]
    start: int
    end: int
    shift: int

    def packets(self, container: InputContainer, stream: VideoStream, facts: Facts) -> Iterator[Timed]:
        """Its packets in stored order, read from `container`."""
        last = max(self.times)
        shown = sorted(pts for _, pts in self.times.values())
        lasts = dict(zip(shown, (b - a for a, b in pairwise([*shown, self.end])), strict=True))
        for number, item in enumerate(_stamped(container, stream, facts, self.seek)):
            if number in self.times:
                dts, pts = self.times[number]
                item.packet.duration = lasts[pts]
                yield Timed(item.packet, dts, pts)
            if number >= last:
                return


def find(path: Path, facts: Facts, start_s: float, end_s: float) -> Passage | None:
    """What shows [start_s, end_s) of media time, from a keyframe at or before it; None where nothing does.

    Raises SourceError.
    """
    start = facts.first + int(Fraction(start_s) / facts.time_base)
    end = facts.first + int(Fraction(end_s) / facts.time_base) + 1
    shown = _shown(path, facts, start, end) if facts.counted and facts.has_b_frames else None
    seeks = [start] if facts.seekable and start > facts.first else []
    for seek in (*seeks, None):
        search = _Search(start=start, end=end, shown=shown)
        container, stream = open_container(path)
        with container:
            search.run(enumerate(_stamped(container, stream, facts, seek)))
        if search.found:
            return search.passage(seek)
    return None


@dataclass(slots=True, kw_only=True)
class _Search:
    """Holds what was read since the last keyframe that is not after `start`."""

    start: int
    end: int
    shown: dict[int, int] | None
    held: dict[int, tuple[int, int]] = field(default_factory=dict)  # (pts, end) by packet number
    key_pts: int | None = None
    ends: int = 0
    shift: int = 0

    @property
    def found(self) -> bool:
        """Whether a keyframe at or before `start` was met, and something is shown after it."""
        return self.key_pts is not None and self.key_pts <= self.start < self.ends

    def run(self, packets: Iterator[tuple[int, Stamped]]) -> None:
        """Read until what follows is surely shown after `end`."""
        late = 0
        for number, item in packets:
            pts = item.at.pts if self.shown is None else self.shown.get(item.at.pts)
            if pts is None:
                continue  # it shows nothing
            if is_key(item.packet) and (self.key_pts is None or pts <= self.start):
                self._begin(item, pts)
            # What is shown before the first keyframe but stored after it cannot be decoded without what was before.
            if self.key_pts is not None and pts >= self.key_pts:
                self.held[number] = (pts, pts + item.at.end - item.at.pts)
                self.ends = max(self.ends, self.held[number][1])
            late = late + 1 if pts >= self.end else 0
            if late > _REORDER:
                return

    def passage(self, seek: int | None) -> Passage:
        """The packets of all that is shown before `end`, and of what fills the gaps up to the last of them."""
        assert self.key_pts is not None
        before_end = max(number for number, (pts, _) in self.held.items() if pts < self.end)
        latest = max(pts for number, (pts, _) in self.held.items() if number <= before_end)
        last = max(number for number, (pts, _) in self.held.items() if pts <= latest)
        kept = {number: times for number, times in self.held.items() if number <= last}
        times = dict(zip(kept, in_order([pts for pts, _ in kept.values()]), strict=True))
        # A picture stays until the next one is shown, whatever its packet says.
        end = min((pts for pts, _ in self.held.values() if pts > latest), default=max(end for _, end in kept.values()))
        return Passage(seek=seek, times=times, start=self.key_pts, end=end, shift=self.shift)

    def _begin(self, item: Stamped, pts: int) -> None:
        raw = item.packet.dts
        self.held, self.key_pts, self.ends = {}, pts, pts
        self.shift = 0 if raw is None else item.at.dts - raw


def in_order(shown: list[int]) -> list[tuple[int, int]]:
    """(dts, pts) of packets in stored order whose pictures are `shown` then.

    dts are the same times in rising order, all earlier by as much as the most delayed picture
    needs, so that dts <= pts; equal times are told apart by a tick.
    """
    rising = sorted(shown)
    delay = max((at - pts for at, pts in zip(rising, shown, strict=True)), default=0)
    out: list[tuple[int, int]] = []
    for at, pts in zip(rising, shown, strict=True):
        dts = max(at - delay, out[-1][0] + 1) if out else at - delay
        out.append((dts, max(dts, pts)))
    return out


def _shown(path: Path, facts: Facts, start: int, end: int) -> dict[int, int]:
    """When the pictures of packets are shown, by the packets' places: found by decoding them.

    For files that store pictures out of order and no times of showing.
    """
    container, stream = open_container(path)
    with container:
        begin = _keys_before(_stamped(container, stream, facts, None), start)
    out: dict[int, int] = {}
    container, stream = open_container(path)
    with container:
        clock = facts.clock()
        packets = stamp(read(container, stream, lambda _: None), clock)
        decoder = Decoder(context=stream.codec_context, clock=clock, skip=False, keyframes=False)
        for ticks, frame, _ in decoder.run(group(islice(packets, begin, None))):
            if frame is not None and frame.pts is not None:
                out[frame.pts] = ticks
            if ticks > end + _REORDER * facts.frame_ticks:
                break
    return out


def _keys_before(packets: Iterator[Stamped], start: int) -> int:
    """Number of the keyframe from which counted times are right at `start`."""
    keys = [0] * _KEYS_BACK
    for number, item in enumerate(packets):
        if is_key(item.packet):
            if item.at.pts > start:
                break
            keys.append(number)
    return keys[-_KEYS_BACK]


def _stamped(container: InputContainer, stream: VideoStream, facts: Facts, seek: int | None) -> Iterator[Stamped]:
    if seek is not None:
        try:
            container.seek(seek, stream=stream)
        except (av.FFmpegError, OverflowError):
            return
    yield from stamp(read(container, stream, lambda _: None), facts.clock())
