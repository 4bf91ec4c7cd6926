"""From a camera's timestamps to media time: never back, never ahead of arrival, whatever the camera's clock does.

Timestamps say how far pictures are apart, arrival says when they were. Pictures are late by the way
they came, never early, so the least delay seen over the last seconds ties the one to the other
(the minimum filter of clock recovery, as in NTP's, RFC 5905 10).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

STEP_S = 0.001  # least time between two pictures; instants are stored as milliseconds
WINDOW_S = 15.0  # the least delay is of this long at least, of twice that at most
SLEW = 0.05  # share of the time by which media time may run slow or fast while it is put right
BACK_S = 0.5  # timestamps that go back further than this were set anew
AHEAD_S = 1.0  # so were those that go this far ahead of arrival
LATE_S = 2.0  # what all pictures of a window are late by is no delay but a slow clock
TRUSTED_S = 1.0  # the camera's wall clock is used where it says that pictures came at most this late
NEAR_S = 60.0  # timestamps that are this near but for a wrap have wrapped
REORDER_S = 2.0  # longest way from decoding to showing that is believed
_WRAPS = (2**32, 2**33)  # RTP and RTMP, MPEG-TS


class Stamp(NamedTuple):
    """A packet's timestamps in ticks, where it has them, and its arrival in media time."""

    pts: int | None
    dts: int | None
    arrived_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A packet's picture in media time; `jump_s`: by how much the camera's clock jumped just before it."""

    media_s: float
    jump_s: float | None = None


class Timeline:
    """Media time of packets, in the order in which they come.

    Where pictures are shown in the order in which they come, `media_s` rises by a millisecond at
    least. Where they are not (B-frames) it follows the order in which they are shown, but for the
    moments at which a lesser delay is seen. It is never at or before `floor_s`, and after arrival
    only by the milliseconds that keep it rising.
    """

    clock_s: float | None
    _floor_s: float
    _key: int | None
    _shift_s: float  # from the camera's timestamps to stream time, which has no wraps and no jumps
    _stream_s: float | None
    _arrived_s: float | None
    _anchor_s: float  # arrival less stream time: what is used, and the least of this window and the one before
    _least_s: float
    _before_s: float
    _window_s: float
    _reorders: bool
    _told: bool  # the camera's wall clock holds for these timestamps

    def __init__(self, floor_s: float = float("-inf")) -> None:
        self.media_s = floor_s
        self._reset(Fraction(1, 90_000))

    def begin(self, time_base: Fraction, burst: Iterable[Stamp] = ()) -> None:
        """A connection begins; `burst` is what came at once, the newest of which came with the least delay."""
        self._reset(time_base)
        trial = Timeline()
        trial._reset(time_base)
        for stamp in burst:
            trial._place(stamp)
        self._anchor_s = self._before_s = min(trial._least_s, trial._before_s)
        self._reorders = trial._reorders

    def place(self, stamp: Stamp, start_s: float | None = None) -> Moment:
        """Where the packet's picture is; `start_s` is where the camera's wall clock puts timestamp 0, if it says."""
        gap_s = self._gap(stamp.arrived_s)
        shown_s, jump_s = self._place(stamp)
        if jump_s is not None:
            self._told = False
        slow_s = self._follow(self._target(stamp, shown_s, start_s), gap_s)
        media_s = self._bounded(self._anchor_s + shown_s, stamp.arrived_s)
        self.media_s = max(self.media_s, media_s)
        return Moment(media_s=media_s, jump_s=jump_s if jump_s is not None else slow_s)

    def _reset(self, time_base: Fraction) -> None:
        self._tick_s = float(time_base)
        self._floor_s = self.media_s
        self._key = self._stream_s = self._arrived_s = self.clock_s = None
        self._shift_s = 0.0
        self._anchor_s = self._least_s = self._before_s = float("inf")
        self._window_s = float("-inf")
        self._reorders, self._told = False, True

    def _gap(self, arrived_s: float) -> float:
        return 0.0 if self._arrived_s is None else max(0.0, arrived_s - self._arrived_s)

    def _place(self, stamp: Stamp) -> tuple[float, float | None]:
        """Stream time at which the picture is shown, and the jump before it."""
        jump_s = self._advance(stamp.pts if stamp.dts is None else stamp.dts, stamp.arrived_s)
        assert self._stream_s is not None
        shown_s = self._stream_s + self._ahead(stamp)
        self._observe(stamp.arrived_s - shown_s, stamp.arrived_s)
        self._arrived_s = stamp.arrived_s
        return shown_s, jump_s

    def _advance(self, key: int | None, arrived_s: float) -> float | None:
        """Move stream time to a timestamp; -> the jump that was taken out of it.

        Without a timestamp, or with the last one again, stream time goes on as arrival does.
        """
        before_s, gap_s = self._stream_s, self._gap(arrived_s)
        if before_s is None:
            self._key, self._stream_s = key, (key or 0) * self._tick_s
            return None
        if key is None or key == self._key:
            self._stream_s = before_s + min(gap_s, AHEAD_S)
            return None
        first, self._key = self._key is None, key
        stepped_s = key * self._tick_s + self._shift_s - before_s
        moved_s = gap_s if first else self._unwrapped(stepped_s)
        ahead_s = self._anchor_s + before_s + moved_s - arrived_s
        jumped = moved_s < -BACK_S or (moved_s > AHEAD_S and ahead_s > AHEAD_S)
        jump_s = self._least(moved_s) - gap_s if jumped else None
        if jumped:
            moved_s = gap_s
        self._shift_s += moved_s - stepped_s
        self._stream_s = before_s + moved_s
        return jump_s

    def _unwrapped(self, moved_s: float) -> float:
        """The same step without the wrap that may be in it."""
        least_s = self._least(moved_s)
        return least_s if abs(least_s) < NEAR_S else moved_s

    def _least(self, moved_s: float) -> float:
        """The smallest step that may have come out as this one, wrapped or not."""
        wraps_s = [ticks * self._tick_s for ticks in _WRAPS]
        return min(moved_s, *(moved_s + s for s in wraps_s), *(moved_s - s for s in wraps_s), key=abs)

    def _ahead(self, stamp: Stamp) -> float:
        """How long after it is decoded the picture is shown."""
        if stamp.pts is None or stamp.dts is None:
            return 0.0
        ahead_s = self._unwrapped((stamp.pts - stamp.dts) * self._tick_s)
        if not 0 < ahead_s <= REORDER_S:
            return 0.0
        self._reorders = True
        return ahead_s

    def _observe(self, delay_s: float, arrived_s: float) -> None:
        """Keep the least of (arrival less stream time) of this window and of the one before."""
        if not 0 <= arrived_s - self._window_s < WINDOW_S:
            # The first window of a connection keeps what its burst told.
            self._before_s = self._least_s if self._window_s != float("-inf") else self._before_s
            self._least_s, self._window_s = delay_s, arrived_s
        self._least_s = min(self._least_s, delay_s)

    def _target(self, stamp: Stamp, shown_s: float, start_s: float | None) -> float:
        """Where the anchor should be, by the least delay and the camera's wall clock."""
        least_s = min(self._least_s, self._before_s)
        if not self._told:
            self.clock_s = None
        elif start_s is not None and stamp.pts is not None:
            self.clock_s = start_s + stamp.pts * self._tick_s - (least_s + shown_s)
        clock_s = self.clock_s or 0.0
        return least_s + clock_s if -TRUSTED_S <= clock_s < 0 else least_s

    def _follow(self, target_s: float, gap_s: float) -> float | None:
        """Move the anchor to where it should be; -> the jump, where that was too far to go slowly."""
        self._anchor_s = min(self._anchor_s, self._least_s, self._before_s)  # no picture came before it was taken
        apart_s = target_s - self._anchor_s
        if apart_s > LATE_S:
            self._anchor_s = target_s
            return -apart_s
        self._anchor_s += max(-SLEW * gap_s, min(SLEW * gap_s, apart_s))
        return None

    def _bounded(self, media_s: float, arrived_s: float) -> float:
        """Not after arrival, and after what was before."""
        before_s = self._floor_s if self._reorders else self.media_s
        return max(min(media_s, arrived_s), before_s + STEP_S)
