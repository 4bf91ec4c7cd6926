"""Media time of packets and frames, in ticks of the stream's time base, where files tell it badly."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

JOIN_BACK_S = 1
JOIN_AHEAD_S = 86_400
JOIN_AHEAD_BROADCAST_S = 3600
MAX_SHOWN_S = 3600
MAX_REORDER_S = 60


@dataclass(frozen=True, slots=True)
class Stamp:
    """When a packet is decoded, and its picture shown and gone, in ticks."""

    dts: int
    pts: int
    end: int


class Clock(Protocol):
    """Gives packets their times, and shown frames theirs."""

    def packet(self, pts: int | None, dts: int | None, duration: int | None) -> Stamp:
        """Time of the next packet in the order they are stored."""

    def sent(self, stamp: Stamp) -> None:
        """The packet went into the decoder."""

    def frame(self, pts: int | None, *, key: bool) -> int:
        """Time of the next frame in the order they are shown; `pts` is that of its packet."""

    def flushed(self) -> None:
        """The decoder was emptied."""


class StampedClock:
    """Believes the container's times; joins on where they jump back, or farther ahead than can be meant."""

    def __init__(self, time_base: Fraction, frame_ticks: int, *, broadcast: bool) -> None:
        self._back = int(JOIN_BACK_S / time_base)
        self._ahead = int((JOIN_AHEAD_BROADCAST_S if broadcast else JOIN_AHEAD_S) / time_base)
        self._step = frame_ticks
        self._longest = int(MAX_SHOWN_S / time_base)
        self._reorder = int(MAX_REORDER_S / time_base)
        self._shift = 0
        self._next_dts: int | None = None
        self._last_pts = 0

    def packet(self, pts: int | None, dts: int | None, duration: int | None) -> Stamp:
        """The container's time, shifted so that it goes on after a jump; a missing one follows the last."""
        length = duration if duration and 0 < duration <= self._longest else self._step
        if dts is not None:
            if self._next_dts is not None and self._jumped(dts + self._shift - self._next_dts):
                self._shift = self._next_dts - dts
            self._next_dts = dts + self._shift + length
        if pts is not None and dts is not None and abs(pts - dts) > self._reorder:
            pts = None  # damaged: no picture waits that long
        shown = pts if pts is not None else dts
        self._last_pts = self._last_pts + self._step if shown is None else shown + self._shift
        return Stamp(self._last_pts if dts is None else dts + self._shift, self._last_pts, self._last_pts + length)

    def _jumped(self, by: int) -> bool:
        return by < -self._back or by > self._ahead

    def sent(self, stamp: Stamp) -> None:
        """Nothing to remember: frames carry their packet's time."""

    def frame(self, pts: int | None, *, key: bool) -> int:
        """The time its packet had."""
        return self._last_pts if pts is None else pts

    def flushed(self) -> None:
        """Nothing to forget."""


class CountedClock:
    """For files that store no time of showing (AVI, raw streams): frames are shown one tick after another.

    Frames come out in the order they are shown, so each takes the earliest place that a packet left
    free. A keyframe sets the count right after frames were lost: whatever is stored before it has
    been shown, and so have those stored after it that came out before it.
    """

    def __init__(self, frame_ticks: int, *, stored: bool) -> None:
        self._step = frame_ticks
        self._stored = stored
        self._count = 0
        self._places: list[int] = []
        self._shown: list[int] = []
        self._next = 0
        self._last = -frame_ticks

    def packet(self, pts: int | None, dts: int | None, duration: int | None) -> Stamp:
        """The packet's place in the file (AVI: its chunk number)."""
        at = dts if self._stored and dts is not None else self._count
        self._count = at + self._step
        return Stamp(at, at, at + self._step)

    def sent(self, stamp: Stamp) -> None:
        """Its place is free for a frame."""
        self._places.append(stamp.dts)

    def frame(self, pts: int | None, *, key: bool) -> int:
        """The earliest free place."""
        if key and pts is not None:
            self._places = [place for place in self._places if place >= pts]
            self._shown = [place for place in self._shown if place > pts]
            self._next = len(self._shown)
        if pts is not None:
            self._shown.append(pts)
        free = self._next < len(self._places)
        self._last = self._places[self._next] if free else self._last + self._step
        self._next += free
        return self._last

    def flushed(self) -> None:
        """Frames that never came leave no place behind."""
        self._places, self._shown, self._next = [], [], 0
