"""The thread that reads a camera: connects, hands on what comes, and connects again, for ever."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import chain

from av.packet import Packet
from av.video.stream import VideoStream

from ingest.live.absence import Absence
from ingest.live.address import Address
from ingest.live.arrival import Arrival
from ingest.live.backoff import Backoff
from ingest.live.connection import Connection, FeedError
from ingest.live.intake import Intake
from ingest.live.timeline import Stamp, Timeline
from ingest.live.waiting import Waiting
from vidette.feeds import Cause
from vidette.signals import Loss, Signal

WELL_S = 10.0  # a camera that has given pictures for this long is well: its next loss is a new one
SKIP_MAX_S = 10.0  # a backlog that lasts longer is left by connecting again
RESOLVE_S = 60.0  # the system may look for a camera's name for so long, and cannot be interrupted
_BURST, _BURST_S, _DRAINED_S = 500, 1.0, 0.005
_log = logging.getLogger(__name__)

Stamped = tuple["Packet[VideoStream]", Stamp]


class Reading:
    """Reads a camera into `waiting` until `stop` is set.

    For the thread that looks: `loss` is why no pictures come now, None while they do; `heard` when one
    last came (`time.monotonic`).
    """

    def __init__(
        self,
        address: Address,
        waiting: Waiting,
        *,
        timeout_s: float,
        late_s: float,
        now: Callable[[], float],
        backoff: Backoff | None = None,
    ) -> None:
        self._address, self._waiting, self._now = address, waiting, now
        self._timeout_s, self._late_s = timeout_s, late_s
        self._backoff = backoff or Backoff()
        self._renew: Cause | None = None
        self._moved = time.monotonic()
        self.stop = threading.Event()
        self.reconnects: Counter[str] = Counter()
        self.skipped: Counter[str] = Counter()
        self._absence = Absence(now())
        self.timeline = Timeline(self.last_s)
        self.heard = time.monotonic()
        self.patience_s = timeout_s
        self.connection = 0

    @property
    def loss(self) -> Loss | None:
        """Why no pictures come now."""
        return self._absence.loss

    @property
    def last_s(self) -> float:
        """When the last picture was, in media time; before the first, when this was made."""
        return self._absence.last_s

    @property
    def stuck(self) -> bool:
        """Whether FFmpeg has not come back for far longer than it was given."""
        allowed_s = 3 * self.patience_s + (RESOLVE_S if self.loss is not None else 5.0)
        return time.monotonic() - self._moved > allowed_s

    def run(self) -> None:
        """Read until `stop` is set."""
        while not self.stop.is_set():
            try:
                self._connect()
            except FeedError as error:
                self._lost(error.cause)
            except Exception:  # noqa: BLE001  # the edge of a loop that must go on
                _log.exception("reading %r failed", self._address.safe)
                self._lost(Cause.UNREADABLE)
            if not self.stop.is_set():
                self._rest(self._backoff.next())

    def renew(self, cause: Cause) -> None:
        """Leave this connection at the next packet, and connect again."""
        self._renew = cause

    def _rest(self, wait_s: float) -> None:
        until = time.monotonic() + wait_s
        while not self.stop.is_set() and (left := until - time.monotonic()) > 0:
            self._moved = time.monotonic()
            self.stop.wait(min(left, 1.0))
        self._moved = time.monotonic()

    def _lost(self, cause: Cause) -> None:
        self._absence.lost(cause)
        self.reconnects[cause] += 1
        _log.info("%r: %s", self._address.safe, cause.value)

    def _connect(self) -> None:
        with Connection(self._address, timeout_s=self._timeout_s) as connection:
            self._moved = time.monotonic()
            self.patience_s = connection.patience_s
            self._renew = None
            self.connection += 1
            packets = self._stamped(connection)
            burst, ended = self._burst(packets)
            if burst:
                self.timeline.begin(burst[0][0].time_base, [stamp for _, stamp in burst])
            intake = Intake(
                self.timeline,
                connection=self.connection,
                stream=connection.stream,
                late_s=float("inf") if self._address.bursty else self._late_s,
                skipped=self.skipped,
            )
            self._take(connection, intake, chain(burst, packets))
            if ended is not None:
                raise ended

    def _take(self, connection: Connection, intake: Intake, packets: Iterator[Stamped]) -> None:
        since = time.monotonic()
        for packet, stamp in packets:
            for item in intake.take(packet, stamp, self._start_s(connection)):
                self._give(item)
            if intake.skipping_s > SKIP_MAX_S:
                raise FeedError(Cause.STALLED, self._address)
            if self.loss is None and time.monotonic() - since > WELL_S:
                self._backoff.reset()

    def _give(self, item: Arrival | Signal) -> None:
        """Hand on; the first picture after a loss says how long that was."""
        if isinstance(item, Arrival):
            ended = self._absence.picture(item.media_s, item.arrived_s, self.patience_s)
            if ended is not None:
                self._waiting.put(Signal(pts_s=item.media_s, loss=ended, over=True))
        self._waiting.put(item)

    def _stamped(self, connection: Connection) -> Iterator[Stamped]:
        """Packets with their arrival; ends when the reading is to stop."""
        for packet in connection.packets():
            self._moved = self.heard = time.monotonic()
            if self.stop.is_set():
                return
            if self._renew is not None:
                raise FeedError(self._renew, self._address)
            yield packet, Stamp(packet.pts, packet.dts, self._now())

    def _burst(self, packets: Iterator[Stamped]) -> tuple[list[Stamped], FeedError | None]:
        """What had come before it was asked for, and the first packet that had not; how it ended, if it did."""
        begun = asked = time.monotonic()
        burst: list[Stamped] = []
        try:
            for item in packets:
                burst.append(item)
                now = time.monotonic()
                if now - asked > _DRAINED_S or now - begun > _BURST_S or len(burst) >= _BURST:
                    break
                asked = now
        except FeedError as error:
            return burst, error
        return burst, None

    def _start_s(self, connection: Connection) -> float | None:
        """Where the camera's wall clock puts timestamp 0, in media time."""
        at = connection.start_at()
        return None if at is None else (at - datetime.now(UTC)).total_seconds() + self._now()
