"""What came from a feed and waits to be looked at: for nothing, or until a new scene's background is known."""

from collections import deque
from collections.abc import Sequence

from agent.perception.ahead import EVERY_S, PRIME_S
from agent.perception.background import Planes
from agent.perception.camera import View, is_cut
from agent.perception.sight import Sight
from vidette.signals import Signal

_DENSE_S = 0.13  # frames closer together than this are passed over while they wait: some 230 at most, 0.3 MB each


class Waiting:
    """A queue of sights and losses in the order of media time; it stands still while a background is learned.

    A loss of `lost_s` ends the learning: it must be told.
    """

    def __init__(self, lost_s: float) -> None:
        self.lost_s = lost_s
        self.learning = False
        self._items: deque[Sight | Signal] = deque()
        self._latest: Sight | None = None
        self._first: Sight | None = None
        self._kept: list[Planes] = []
        self._taken_s = self._added_s = -1e9
        self._before: View | None = None

    def add(self, item: Sight | Signal) -> None:
        """The newest; while they wait, sights let their decoded frames go."""
        if isinstance(item, Sight):
            self._added_s = item.pts_s
        self._items.append(item.wait(hold=False) if self.learning and isinstance(item, Sight) else item)
        if self.learning:
            self._learn(item)

    def next(self) -> Sight | Signal | None:
        """The oldest; None where there is none, or where all must wait."""
        if self.learning or not self._items:
            return None
        item = self._items.popleft()
        self._latest = item if isinstance(item, Sight) else self._latest
        return item

    def back(self, sights: Sequence[Sight]) -> None:
        """These were taken too early: they come first again."""
        self._items.extendleft(sight.wait(hold=False) for sight in reversed(sights))

    def dense(self, pts_s: float) -> bool:
        """Whether a frame so soon after the one before is more than may wait."""
        return self.learning and pts_s - self._added_s < _DENSE_S

    def look(self, first: Sight) -> list[Planes] | None:
        """Pictures spread over the half minute from `first` on (agent.perception.ahead.Pictures)."""
        if self._first is not first:
            self._start(first)
        if self.learning:
            return None
        kept, self._kept, self._first, self._before = self._kept, [], None, None  # 6 MB that nobody needs again
        return kept

    def hurry(self) -> None:
        """Nothing more comes, or it may not be waited for: what is there must do."""
        self.learning = False

    def _start(self, first: Sight) -> None:
        self._first, self._kept, self._before = first, [], None
        self._taken_s = -1e9
        self.learning = True
        latest = [self._latest] if self._latest is not None and self._latest is not first else []
        for item in (first, *latest, *self._items):
            if self.learning:
                self._learn(item)

    def _learn(self, item: Sight | Signal) -> None:
        assert self._first is not None
        if isinstance(item, Signal):
            self.learning = item.loss is None or item.over or item.pts_s - item.loss.since_s < self.lost_s
            return
        other = item.planes[0].shape != self._first.planes[0].shape
        cut = self._before is not None and is_cut(self._before, item.view)
        if other or cut or item.pts_s >= self._first.pts_s + PRIME_S:
            self.learning = False
            return
        self._before = item.view
        if item.pts_s - self._taken_s >= EVERY_S - 1e-6:
            self._kept.append(item.planes)
            self._taken_s = item.pts_s
