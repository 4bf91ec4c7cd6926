"""Packets of one connection to pictures, at once: nothing waits for what comes next."""

import math
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from typing import NamedTuple

import av
from av.codec.context import Flags
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from ingest.container import reason
from ingest.live.arrival import Arrival
from ingest.live.coding import decoder_of
from ingest.live.frame_numbers import FrameNumbers

MAX_REORDER = 16  # pictures: no codec holds back more
_PROGRESSIVE = (0, 1)  # AVFieldOrder: unknown, progressive


class Shown(NamedTuple):
    """A picture at a media time, or where none could be had (`picture` is None) and why."""

    at_s: float
    picture: VideoFrame | None
    reason: str = ""


class PacketDecoder:
    """Decodes on the caller's thread; packets are left as they are but for their `opaque`, which takes the time.

    Of the stream only its codec context is used: what else it says is gone once its connection is closed,
    which another thread may do at any time.
    """

    def __init__(self, stream: VideoStream) -> None:
        self._said, self._context = stream.codec_context, decoder_of(stream)
        # A picture carries what its packet carried: packets may have no pts, and theirs is not media time.
        self._context.flags |= Flags.copy_opaque
        self._numbers = FrameNumbers(self._context.name, self._context.extradata)
        self._shown_s = self._key_s = 0.0
        self._floor: float | None = None
        self._fresh = True
        self._fed, self._fed_since_s = 0, 0.0
        self._highest = float("-inf")
        self._reordered = False

    @property
    def aspect(self) -> Fraction | None:
        """Width of a pixel by its height, where the stream says so."""
        return self._context.sample_aspect_ratio

    @property
    def fresh(self) -> bool:
        """Whether it can begin at a keyframe only."""
        return self._fresh

    @property
    def starved_since_s(self) -> float | None:
        """Since when packets went in and nothing came out, where that is longer than any codec needs."""
        return self._fed_since_s if self._fed > MAX_REORDER + 1 else None

    @property
    def skippable(self) -> bool:
        """Whether the pictures before a keyframe may be left undecoded: nothing shown later is among them."""
        return not self.reorders and self._context.field_order in _PROGRESSIVE

    @property
    def reorders(self) -> bool:
        """Whether pictures are shown in another order than they are stored (B frames)."""
        return self._reordered or bool(self._context.has_b_frames)

    def decode(self, arrival: Arrival) -> Iterator[Shown]:
        """Pictures that are ready now. One that does not begin at a keyframe is passed over."""
        if self._fresh and not arrival.key:
            return
        if self._fresh:
            # What is shown before the keyframe needs pictures that were not decoded.
            self._floor, self._fresh = arrival.media_s, False
            self._shown_s = arrival.media_s
        if arrival.key:
            self._key_s = arrival.media_s
        if self._fed == 0:
            self._fed_since_s = arrival.media_s
        self._fed += 1
        if self._numbers.skips(memoryview(arrival.packet)):
            # All that is shown after the keyframe and was not shown yet may be built on them.
            yield Shown(math.nextafter(max(self._shown_s, self._key_s), math.inf), None, "pictures are missing")
        # A new tuple each time: PyAV 18.1 keeps these by address and forgets an object that is set twice.
        arrival.packet.opaque = (arrival.media_s,)
        try:
            pictures = self._context.decode(arrival.packet)
        except (av.FFmpegError, ValueError) as error:
            yield Shown(arrival.media_s, None, reason(error))
            return
        yield from self._shown(pictures)

    def note(self, arrival: Arrival) -> None:
        """Learn the order of pictures from the next packet, decoded or not."""
        if arrival.media_s < self._highest and not arrival.key:
            self._reordered = True
        self._highest = arrival.media_s if arrival.key else max(self._highest, arrival.media_s)

    def drain(self) -> Iterator[Shown]:
        """Pictures held back; then it can begin at a keyframe only."""
        if not self._fresh:
            with suppress(av.FFmpegError):  # nothing was held back
                yield from self._shown(self._context.decode(None))
        self.forget()

    def forget(self) -> None:
        """What was held back is lost; it can begin at a keyframe only."""
        self._context.flush_buffers()
        self._fresh, self._fed = True, 0
        self._numbers.restart()

    def _shown(self, pictures: list[VideoFrame]) -> Iterator[Shown]:
        for picture in pictures:
            self._fed = 0
            # What is kept of the packets asks the stream how large their pictures are.
            self._said.width, self._said.height = picture.width, picture.height
            if not isinstance(picture.opaque, tuple):
                continue  # nothing says when it is shown
            at_s = float(picture.opaque[0])
            self._shown_s = max(self._shown_s, at_s)
            if self._floor is None or at_s >= self._floor:
                yield Shown(at_s, picture)
