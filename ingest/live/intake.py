"""What comes over one connection, in media time: from a keyframe on, and at now."""

from collections import Counter
from collections.abc import Iterator

from av.packet import Packet
from av.video.stream import VideoStream

from ingest.live.arrival import Arrival
from ingest.live.timeline import Stamp, Timeline
from vidette.feeds import Cause
from vidette.models import FastState
from vidette.signals import Loss, Signal

NO_KEY_WITHIN = 300  # packets; a stream that marks no keyframes is decoded from wherever it is
NOW_S = 1.0  # pictures that are no later than this are at now


class Intake:
    """Packets of one connection as arrivals.

    What comes more than `late_s` late is a backlog: it is left out (and counted in `skipped`) up to
    the first keyframe that is at now, and a signal says so. `skipping_s`: for how long that goes on.
    """

    def __init__(
        self, timeline: Timeline, *, connection: int, stream: VideoStream, late_s: float, skipped: Counter[str]
    ) -> None:
        self._timeline, self._connection, self._stream = timeline, connection, stream
        self._late_s, self._skipped = late_s, skipped
        self._before_key = 0
        self._began = False
        self._since_s: float | None = None  # media time since which a backlog is left out
        self._since_arrival_s = 0.0
        self.skipping_s = 0.0

    def take(self, packet: "Packet[VideoStream]", stamp: Stamp, start_s: float | None) -> Iterator[Arrival | Signal]:
        """What is to be handed on of a packet, and what is to be said before it."""
        moment = self._timeline.place(stamp, start_s)
        if moment.jump_s is not None:
            yield Signal(pts_s=moment.media_s, jump_s=moment.jump_s)
        if not self._begins(packet):
            return
        late_s = stamp.arrived_s - moment.media_s
        if self._since_s is None and late_s > self._late_s:
            self._since_s, self._since_arrival_s = moment.media_s, stamp.arrived_s
        if self._since_s is not None:
            if not (packet.is_keyframe and late_s <= min(NOW_S, self._late_s)):
                self._skipped[Cause.BACKLOG] += 1
                self.skipping_s = stamp.arrived_s - self._since_arrival_s
                return
            yield _backlog(self._since_s, moment.media_s)
            self._since_s, self.skipping_s = None, 0.0
        yield Arrival(
            packet=packet,
            stream=self._stream,
            key=packet.is_keyframe,
            media_s=moment.media_s,
            arrived_s=stamp.arrived_s,
            connection=self._connection,
        )

    def _begins(self, packet: "Packet[VideoStream]") -> bool:
        """Whether decoding has begun, or may here."""
        self._before_key += 1
        self._began = self._began or packet.is_keyframe or self._before_key > NO_KEY_WITHIN
        return self._began


def _backlog(since_s: float, until_s: float) -> Signal:
    loss = Loss(since_s=since_s, state=FastState.DROPPED, cause=Cause.BACKLOG)
    return Signal(pts_s=until_s, loss=loss, over=True)
