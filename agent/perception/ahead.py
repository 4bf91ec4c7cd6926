"""Frames in order, some of them read before they are looked at: decoded once, waiting as small pictures."""

from collections import deque
from collections.abc import Iterator
from typing import Protocol

from agent.perception.background import Planes
from agent.perception.camera import View, is_cut
from agent.perception.decoded import Reading
from agent.perception.sight import Sight

PRIME_S = 30.0  # how far a new scene is looked ahead for its empty background
EVERY_S = 1.0  # of it, this often a picture is taken
_HELD_PX = 84_000_000  # of waiting frames, that may stay decoded: some 125 MB; of the others a JPEG is made at once
_MOST = 160  # frames that wait, about 0.3 MB each; a denser sampling reads the rest of the half minute twice


class Pictures(Protocol):
    """Where the pictures come from by which a new scene's empty background is found."""

    def look(self, first: Sight) -> list[Planes] | None:
        """Pictures spread over the half minute from `first` on, or up to the scene's end; None: ask again later."""


class Ahead:
    """One reading of [start_s, end_s); `before_s` is the last frame looked at before.

    `again` reads what lies beyond, or what was too much to wait: a second time.
    """

    def __init__(self, reading: Reading, start_s: float, end_s: float | None, before_s: float, again: Reading) -> None:
        self._reading, self._again = reading(start_s, end_s, before_s), again
        self._end_s = end_s
        self._waiting: deque[Sight] = deque()
        self._latest: Sight | None = None

    def __iter__(self) -> Iterator[Sight]:
        """Every frame, in order, once."""
        while True:
            sight = self._waiting.popleft() if self._waiting else next(self._reading, None)
            if sight is None:
                return
            self._latest = sight
            yield sight

    def look(self, first: Sight) -> list[Planes]:
        """Pictures spread over the half minute from `first` on, up to the next cut or change of size.

        `first` is the frame taken last, or the one before it. Frames read for this wait their turn.
        """
        kept, taken, before = [], -1e9, None
        for planes, view, pts_s in self._coming(first):
            if planes[0].shape != first.planes[0].shape or (before is not None and is_cut(before, view)):
                break
            before = view
            if pts_s - taken >= EVERY_S - 1e-6:
                kept.append(planes)
                taken = pts_s
        return kept

    def _coming(self, first: Sight) -> Iterator[tuple[Planes, View, float]]:
        until_s, last_s = first.pts_s + PRIME_S, first.pts_s
        for sight in self._kept(first):
            if sight.pts_s >= until_s:
                return
            last_s = sight.pts_s
            yield sight.planes, sight.view, sight.pts_s
        full = len(self._waiting) >= _MOST
        if full or (self._end_s is not None and last_s < self._end_s < until_s and self._end_s - last_s < 1.0):
            for sight in self._again(last_s + 1e-4, until_s, last_s):
                yield sight.planes, sight.view, sight.pts_s

    def _kept(self, first: Sight) -> Iterator[Sight]:
        """`first` and what follows; what is read for it waits."""
        yield first
        if self._latest is not None and self._latest is not first:
            yield self._latest
        yield from tuple(self._waiting)
        held = sum(sight.pixels for sight in self._waiting)
        while len(self._waiting) < _MOST and (sight := next(self._reading, None)) is not None:
            self._waiting.append(sight.wait(hold=held + sight.size[0] * sight.size[1] <= _HELD_PX))
            held += sight.pixels
            yield sight
