"""What has come and was not looked at yet: bounded, and what is left out is said."""

import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, cast

from av.packet import Packet
from av.video.stream import VideoStream

from ingest.live.arrival import Arrival
from ingest.live.spill import Slot, Spill
from vidette.feeds import Cause
from vidette.models import FastState
from vidette.signals import Loss, Signal

Overload = Literal["newest", "thin", "hold"]
MAX_BYTES = 32 * 1024 * 1024
THIN_MAX = 8
_UP_S, _DOWN_S, _LITTLE_S = 1.0, 5.0, 0.2
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """An arrival whose packet is on disk: what is left of it in memory."""

    arrival: Arrival
    slot: Slot


_Item = Arrival | Signal | _Held


class Waiting:
    """A queue between the thread that reads a camera and the one that looks.

    It holds at most `max_bytes` of packets and, but for `hold`, what came within `late_s` seconds. When looking
    is too slow for that, whole groups of pictures give way: the oldest, up to the newest keyframe
    (`newest`, `thin`), or, once `hold_bytes` on disk are full, the oldest group (`hold`). Each such
    stretch is a signal in its place. `thin` is what the one who looks is asked to do before that:
    to look at every second, fourth or eighth picture of those it would.
    """

    def __init__(
        self,
        overload: Overload,
        *,
        late_s: float,
        hold_bytes: int = 0,
        folder: Path | None = None,
        max_bytes: int = MAX_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.dropped: Counter[str] = Counter()
        self.thin = 1
        self._overload, self._late_s, self._max_bytes = overload, late_s, max_bytes
        self._hold_bytes, self._folder = hold_bytes, folder
        self._items: deque[_Item] = deque()
        self._bytes = 0
        self._clock = clock
        self._came: deque[float] = deque()  # by `clock`: when each packet that waits was put
        self._ready = threading.Condition()
        self._spill: Spill | None = None
        self._since_s: float | None = None  # left out since then, until a keyframe comes
        self._thinned_s = 0.0
        self._patient_s = 0.0
        self._catching_up = False
        self._closed = False

    def patient(self, late_s: float) -> None:
        """Hold what came within so many seconds, though nobody looks yet."""
        with self._ready:
            self._patient_s, self._catching_up = late_s, False

    def hurry(self) -> None:
        """Somebody looks now: once that is at now, `late_s` counts again."""
        with self._ready:
            self._catching_up = True

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: Arrival | Signal) -> None:
        """Append; makes room by the policy. Never blocks for long."""
        with self._ready:
            if self._closed:
                return
            if isinstance(item, Signal):
                self._said(item)
            else:
                self._arrived(item)
            self._ready.notify()

    def get(self, timeout_s: float) -> Arrival | Signal | None:
        """The oldest; None when nothing came within the time, or it is closed."""
        with self._ready:
            self._ready.wait_for(lambda: self._items or self._closed, timeout_s)
            if self._closed or not self._items:
                return None
            item = self._items.popleft()
            if isinstance(item, Signal):
                return item
            found = self._loaded(item) if isinstance(item, _Held) else item
            self._forget(item)
            return found

    def close(self) -> None:
        """Wake who waits, let go of everything."""
        with self._ready:
            self._closed = True
            self._items.clear()
            self._came.clear()
            if self._spill is not None:
                self._spill.close()
                self._spill = None
            self._ready.notify_all()

    def _arrived(self, arrival: Arrival) -> None:
        if self._since_s is not None and not arrival.key:
            self.dropped[Cause.OVERLOAD] += 1
            return
        if self._overload == "hold":
            self._hold(arrival)
            return
        self._append(arrival)
        now_s = self._clock()
        lag_s = now_s - self._came[0]
        self._choose_thin(lag_s, now_s)
        if self._catching_up and lag_s <= _LITTLE_S:
            self._patient_s, self._catching_up = 0.0, False
        if self._bytes > self._max_bytes or lag_s > max(self._late_s, self._patient_s):
            self._make_room(newest=True)

    def _said(self, signal: Signal) -> None:
        """Append a signal; what is left out around a loss ends at it and goes on after it."""
        if self._since_s is not None and signal.loss is not None:
            if self._since_s < signal.loss.since_s:
                self._items.append(_left_out(self._since_s, signal.loss.since_s))
            self._since_s = signal.pts_s
        self._items.append(signal)

    def _append(self, item: Arrival | _Held) -> None:
        """Append a packet, after what was left out before it."""
        if self._since_s is not None and self._since_s < _arrival(item).media_s:
            self._items.append(_left_out(self._since_s, _arrival(item).media_s))
        self._since_s = None
        self._items.append(item)
        self._came.append(self._clock())
        self._bytes += item.packet.size if isinstance(item, Arrival) else 0

    def _choose_thin(self, lag_s: float, now_s: float) -> None:
        if self._overload != "thin":
            return
        if lag_s > self._late_s / 4 and now_s - self._thinned_s > _UP_S:
            self.thin, self._thinned_s = min(THIN_MAX, self.thin * 2), now_s
        elif lag_s > _LITTLE_S:
            self._thinned_s = max(self._thinned_s, now_s - _UP_S)  # still behind: not yet time to look at more
        elif now_s - self._thinned_s > _DOWN_S:
            self.thin, self._thinned_s = max(1, self.thin // 2), now_s

    def _hold(self, arrival: Arrival) -> None:
        """In memory while there is room, else on disk, where the oldest groups give way."""
        if self._bytes + arrival.packet.size <= self._max_bytes:
            self._append(arrival)
            return
        slot = self._kept(arrival)
        if slot is None:
            self._since_s = arrival.media_s if self._since_s is None else self._since_s
            self.dropped[Cause.OVERLOAD] += 1
            return
        self._append(_Held(arrival=replace(arrival, packet=_like(arrival.packet, b"")), slot=slot))

    def _kept(self, arrival: Arrival) -> Slot | None:
        """Where on disk the packet is; None where it found no room, or what it builds on went to make some."""
        try:
            self._spill = self._spill or Spill(self._hold_bytes, self._folder)
            data = bytes(arrival.packet)
            while (slot := self._spill.keep(data)) is None and self._make_room(newest=False):
                if self._since_s is not None and not arrival.key:
                    return None
        except OSError as error:
            _log.warning("cannot hold pictures on disk (%s); they are left out", error.strerror or error)
            return None
        return slot

    def _make_room(self, *, newest: bool) -> bool:
        """Leave out what is before the newest keyframe, or before the second oldest; without one, all.

        False where there was nothing to leave out.
        """
        count = len(self._items)
        first = next((place for place, item in enumerate(self._items) if not isinstance(item, Signal)), count)
        places = range(count - 1, first, -1) if newest else range(first + 1, count)
        index = next((place for place in places if _is_key(self._items[place])), count)
        gone = [self._items.popleft() for _ in range(index)]
        told, since_s = self._leave(gone)
        if since_s is not None and self._items:
            told.append(_left_out(since_s, _arrival(self._items[0]).media_s))
        elif since_s is not None:
            self._since_s = since_s
        self._items.extendleft(reversed(told))
        return any(not isinstance(item, Signal) for item in gone)

    def _leave(self, gone: list[_Item]) -> tuple[list[Signal], float | None]:
        """Signals of what is left out, and since when the last stretch of it is."""
        told: list[Signal] = []
        since_s: float | None = None
        for item in gone:
            if not isinstance(item, Signal):
                self.dropped[Cause.OVERLOAD] += 1
                self._forget(item)
                since_s = _arrival(item).media_s if since_s is None else since_s
            elif item.loss is not None and item.loss.cause is Cause.OVERLOAD:
                since_s = item.loss.since_s if since_s is None else since_s
            else:
                if since_s is not None and item.loss is not None and since_s < item.loss.since_s:
                    told.append(_left_out(since_s, item.loss.since_s))
                since_s = since_s if item.loss is None else None
                told.append(item)
        return told, since_s

    def _forget(self, item: Arrival | _Held) -> None:
        """The packet waits no longer."""
        self._came.popleft()
        if isinstance(item, Arrival):
            self._bytes -= item.packet.size
        elif isinstance(item, _Held) and self._spill is not None:
            self._spill.drop(item.slot)

    def _loaded(self, held: _Held) -> Arrival:
        assert self._spill is not None, "closing forgets what is held"
        return replace(held.arrival, packet=_like(held.arrival.packet, self._spill.read(held.slot)))


def _arrival(item: _Item) -> Arrival:
    assert not isinstance(item, Signal)
    return item.arrival if isinstance(item, _Held) else item


def _is_key(item: _Item) -> bool:
    return not isinstance(item, Signal) and _arrival(item).key


def _left_out(since_s: float, until_s: float) -> Signal:
    loss = Loss(since_s=since_s, state=FastState.DROPPED, cause=Cause.OVERLOAD)
    return Signal(pts_s=until_s, loss=loss, over=True)


def _like(packet: "Packet[VideoStream]", data: bytes) -> "Packet[VideoStream]":
    """A packet with other bytes, and all that is known of this one."""
    new = cast("Packet[VideoStream]", Packet(data))
    new.stream = packet.stream
    new.time_base = packet.time_base
    new.pts, new.dts, new.duration = packet.pts, packet.dts, packet.duration
    new.is_keyframe = packet.is_keyframe
    for side in packet.iter_sidedata():
        new.set_sidedata(side)
    return new
