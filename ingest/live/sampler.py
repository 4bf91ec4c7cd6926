"""Which packets of a camera are decoded, and which of their pictures are good and due."""

from collections.abc import Iterable, Iterator
from fractions import Fraction

from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from ingest.damage import DamageWatch
from ingest.frame import DecodedFrame
from ingest.live.arrival import Arrival
from ingest.live.decoder import PacketDecoder, Shown
from ingest.sampling import Sampling

MAX_HELD = 1000  # packets that wait for one that is wanted


class Sampler:
    """Pictures of one connection after another; each is given once, strictly later than the one before.

    `seen_s` is the media time up to which everything has been decoded, or need not be. Of the pictures
    that are due one in `thin` is given. `told_s` is the media time that was told since.
    """

    def __init__(self, sampling: Sampling) -> None:
        self.damage = DamageWatch()
        self.damaged = 0
        self.seen_s = 0.0
        self.told_s = 0.0
        self.thin = 1
        self._sampling = sampling
        self._decoder: PacketDecoder | None = None
        self._held: list[Arrival] = []
        self._given_s = float("-inf")
        self._slot: int | None = None
        self._key_s: float | None = None

    def connect(self, stream: VideoStream) -> None:
        """A connection begins: nothing of the one before can be decoded any more."""
        self._decoder, self._held = PacketDecoder(stream), []

    def restart(self) -> None:
        """What comes next begins at a keyframe."""
        self._held = []
        if self._decoder is not None:
            self._decoder.forget()

    def take(self, arrival: Arrival) -> Iterator[DecodedFrame]:
        """The next packet: pictures that are due, as soon as they can be had.

        Packets wait undecoded until one is wanted; those that still wait at a keyframe are left.
        """
        decoder = self._decoder
        assert decoder is not None
        decoder.note(arrival)
        if decoder.fresh and not arrival.key:
            self.damage.error(arrival.media_s, "no keyframe has come yet")
            return
        if decoder.skippable:
            if arrival.key and self._held:
                self.restart()
            if not arrival.key and not self._due(arrival.media_s) and len(self._held) < MAX_HELD:
                self._held.append(arrival)
                self._saw(arrival.media_s)
                return
        held, self._held = [*self._held, arrival], []
        for one in held:
            yield from self._sampled(decoder.decode(one), key=one)
        if decoder.starved_since_s is not None:
            self.damage.error(decoder.starved_since_s, "no picture comes of it")

    def finish(self) -> Iterator[DecodedFrame]:
        """What the decoder holds back; what comes next begins at a keyframe."""
        if self._decoder is not None and self._decoder.reorders:
            yield from self._sampled(self._decoder.drain(), key=None)

    def alone(self, key: Arrival) -> DecodedFrame | None:
        """The picture of a keyframe, decoded by itself and not yet given; None where it is damaged."""
        assert self._decoder is not None
        self.restart()
        self._key_s = key.media_s
        good = [frame for shown in self._at_once(key) if (frame := self._good(shown)) is not None]
        if not good:
            self.damage.error(key.media_s, "no picture comes of a keyframe")
        return good[-1] if good else None

    def peek(self, group: Iterable[Arrival]) -> Iterator[DecodedFrame]:
        """What would be given of a group of pictures; nothing is remembered of it."""
        decoder, slot = self._decoder, self._slot
        assert decoder is not None
        self.restart()
        for shown in (shown for one in group for shown in decoder.decode(one)):
            own = self._sampling.slot(Fraction(shown.at_s))
            if shown.picture is not None and not shown.picture.is_corrupt and (slot is None or own > slot):
                slot = own
                yield self._frame(shown.at_s, shown.picture)
        self.restart()

    def give(self, frame: DecodedFrame) -> bool:
        """Whether the frame is later than all that was given and told; then it is given."""
        if frame.pts_s <= self._given_s or frame.pts_s < self.told_s:
            return False
        self._given_s, self._slot = frame.pts_s, self._sampling.slot(Fraction(frame.pts_s))
        self.seen_s = max(self.seen_s, frame.pts_s)
        self.damage.stretches.clear()
        return True

    def _at_once(self, key: Arrival) -> Iterator[Shown]:
        assert self._decoder is not None
        yield from self._decoder.decode(key)
        yield from self._decoder.drain()

    def _saw(self, at_s: float) -> None:
        if self.damage.since is None:
            self.seen_s = max(self.seen_s, at_s)

    def _due(self, at_s: float) -> bool:
        return self._slot is None or self._sampling.slot(Fraction(at_s)) >= self._slot + self.thin

    def _sampled(self, shown: Iterable[Shown], key: Arrival | None) -> Iterator[DecodedFrame]:
        if key is not None and key.key:
            self._key_s = key.media_s
        for one in shown:
            frame = self._good(one)
            self._saw(one.at_s)
            if frame is not None and self._due(one.at_s) and self.give(frame):
                yield frame

    def _good(self, shown: Shown) -> DecodedFrame | None:
        at_s, picture, why = shown
        if picture is None:
            self.damage.error(at_s, why)
        elif self.damage.good(at_s, corrupt=picture.is_corrupt, key=bool(picture.key_frame) or at_s == self._key_s):
            return self._frame(at_s, picture)
        self.damaged += 1
        return None

    def _frame(self, at_s: float, picture: VideoFrame) -> DecodedFrame:
        assert self._decoder is not None
        return DecodedFrame(picture=picture, pts_s=at_s, pixel_aspect=self._decoder.aspect)
