"""Groups of packets to shown frames, decoding no more than what is wanted."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

import av
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from ingest.clock import Clock
from ingest.container import reason
from ingest.gops import Group, Stamped


class Shown(NamedTuple):
    """A decoded frame, or where none could be had (`frame` is None), at a time in ticks."""

    ticks: int
    frame: VideoFrame | None
    reason: str = ""


@dataclass(slots=True, kw_only=True)
class Decoder:
    """Decodes groups in order.

    `skip`: a group is decoded only up to its last wanted packet. `keyframes`: only its first.
    `reference_gap`: where pictures that others build on are at most this far apart (ticks), the
    others are left undecoded; 0 never.
    """

    context: VideoCodecContext
    clock: Clock
    skip: bool
    keyframes: bool
    reference_gap: int = 0
    _fresh: bool = field(default=True, init=False)
    _floor: int | None = field(default=None, init=False)

    def run(self, groups: Iterable[Group]) -> Iterator[Shown]:
        """Frames in the order they are shown."""
        held: Group | None = None
        for item in groups:
            if held is not None:
                yield from self._group(held, item)
            held = item
        if held is not None:
            yield from self._group(held, None)
        if not self._fresh:
            yield from self._drain()

    def _limit(self, item: Group, following: Group | None) -> int:
        """How many packets of the group to decode."""
        if self.keyframes:
            return 1 if item.from_key else 0
        goes_on = following is not None and not following.from_key
        if not self.skip or goes_on or (following is not None and following.wants_leading):
            return len(item.packets)
        return item.last_wanted + 1

    def _group(self, item: Group, following: Group | None) -> Iterator[Shown]:
        limit = self._limit(item, following)
        if limit == 0:
            if not self._fresh:
                yield from self._drain()
            return
        if self._fresh:
            # What is shown before the keyframe needs pictures that were not decoded.
            self._floor = item.key_pts if item.from_key else None
        self._choose_pictures(item)
        self._fresh = False
        for stamped in item.packets[:limit]:
            yield from self._decode(stamped)
        if limit < len(item.packets):
            yield from self._drain()

    def _choose_pictures(self, item: Group) -> None:
        if self.reference_gap:
            sparse = item.reference_gap() > self.reference_gap
            self.context.skip_frame = "DEFAULT" if sparse else "NONREF"

    def _decode(self, stamped: Stamped) -> Iterator[Shown]:
        packet, at = stamped
        packet.pts, packet.dts = at.pts, at.dts
        self.clock.sent(at)
        try:
            frames = self.context.decode(packet)
        except (av.FFmpegError, ValueError) as error:
            yield Shown(at.pts, None, reason(error))
            return
        yield from self._shown(frames)

    def _drain(self) -> Iterator[Shown]:
        with suppress(av.FFmpegError):  # nothing was held back
            yield from self._shown(self.context.decode(None))
        self.context.flush_buffers()
        self.clock.flushed()
        self._fresh = True

    def _shown(self, frames: list[VideoFrame]) -> Iterator[Shown]:
        for frame in frames:
            ticks = self.clock.frame(frame.pts, key=bool(frame.key_frame))
            if self._floor is None or ticks >= self._floor:
                yield Shown(ticks, frame)
