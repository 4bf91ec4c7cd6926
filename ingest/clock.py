"""Media time of packets and frames, in ticks of the stream's time base, where files tell it badly."""

from collections import deque
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

JOIN_BACK_S = 1
JOIN_AHEAD_S = 3600


@dataclass(frozen=True, slots=True)
class Stamp:
    """When a packet is decoded and its picture shown, in ticks."""

    dts: int
    pts: int


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
    """Believes the container's times; joins on where they jump back (or, in broadcast formats, far ahead)."""

    def __init__(self, time_base: Fraction, frame_ticks: int, *, broadcast: bool) -> None:
        self._back = int(JOIN_BACK_S / time_base)
        self._ahead = int(JOIN_AHEAD_S / time_base) if broadcast else None
        self._step = frame_ticks
        self._shift = 0
        self._next_dts: int | None = None
        self._last_pts = 0

    def packet(self, pts: int | None, dts: int | None, duration: int | None) -> Stamp:
        """The container's time, shifted so that it goes on after a jump; a missing one follows the last."""
        if dts is not None:
            if self._next_dts is not None and self._jumped(dts + self._shift - self._next_dts):
                self._shift = self._next_dts - dts
            self._next_dts = dts + self._shift + (duration or self._step)
        shown = pts if pts is not None else dts
        self._last_pts = self._last_pts + self._step if shown is None else shown + self._shift
        return Stamp(self._last_pts if dts is None else dts + self._shift, self._last_pts)

    def _jumped(self, by: int) -> bool:
        return by < -self._back or (self._ahead is not None and by > self._ahead)

    def sent(self, stamp: Stamp) -> None:
        """Nothing to remember: frames carry their packet's time."""

    def frame(self, pts: int | None, *, key: bool) -> int:
        """The time its packet had."""
        return self._last_pts if pts is None else pts

    def flushed(self) -> None:
        """Nothing to forget."""


class CountedClock:
    """For files that store no time of showing (AVI, raw streams): frames are shown one tick after another.

    Frames come out in the order they are shown, so the n-th frame takes the n-th packet's place.
    Where frames were lost, a keyframe's own place sets it right: all before it has been shown.
    """

    def __init__(self, frame_ticks: int, *, stored: bool) -> None:
        self._step = frame_ticks
        self._stored = stored
        self._count = 0
        self._waiting: deque[int] = deque()
        self._last = -frame_ticks

    def packet(self, pts: int | None, dts: int | None, duration: int | None) -> Stamp:
        """The packet's place in the file (AVI: its chunk number)."""
        at = dts if self._stored and dts is not None else self._count
        self._count = at + self._step
        return Stamp(at, at)

    def sent(self, stamp: Stamp) -> None:
        """Its place is free for a frame."""
        self._waiting.append(stamp.dts)

    def frame(self, pts: int | None, *, key: bool) -> int:
        """The earliest free place."""
        while key and pts is not None and self._waiting and self._waiting[0] < pts:
            self._waiting.popleft()
        self._last = self._waiting.popleft() if self._waiting else self._last + self._step
        return self._last

    def flushed(self) -> None:
        """Frames that never came leave no place behind."""
        self._waiting.clear()
