"""A feed as its process holds it: each step shows the supervisor that it is looked at; clips are cut beside it."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from queue import Empty, SimpleQueue

from vidette.feeds import Cause, FeedState
from vidette.models import FastState
from vidette.ports import Feed, Frame
from vidette.signals import Loss, Signal
from workers.cameras.keeping import ClipOrder, Keeper
from workers.cameras.messages import Alive, Kept, Message

ALIVE_S = 1.0
_GONE = (FastState.STALLED, FastState.OFFLINE)


class Watched:
    """Passes a feed on (vidette.ports.Feed).

    `gap` is told first, as time that was left out. While `network` is true, losses are the network's.
    """

    def __init__(
        self,
        feed: Feed,
        keeper: Keeper,
        told: Callable[[Message], None],
        now: Callable[[], float],
        *,
        gap: Loss | None = None,
        network: bool = False,
    ) -> None:
        self._feed, self._keeper, self._told, self._now, self._gap = feed, keeper, told, now, gap
        self.network = network
        self.orders: SimpleQueue[ClipOrder] = SimpleQueue()
        self._loss: Loss | None = None
        self._told_at = float("-inf")

    def frames(self) -> Iterator[Frame | Signal]:
        """As the feed gives them."""
        if self._gap is not None:
            yield Signal(pts_s=max(self._now(), self._gap.since_s), loss=self._gap, over=True)
        for item in self._feed.frames():
            self._notice(item)
            yield self._named(item)

    def calm(self, calm: bool) -> None:
        """As the feed takes it."""
        self._feed.calm(calm)

    def state(self) -> FeedState:
        """As the feed is."""
        return self._feed.state()

    def close(self) -> None:
        """Let the camera go."""
        self._feed.close()

    def _notice(self, item: Frame | Signal) -> None:
        """Tell that the look goes on, at once where a loss begins or ends; see to clips now and then."""
        loss, now = self._loss_of(item), time.monotonic()
        if (loss is None) != (self._loss is None) or now - self._told_at >= ALIVE_S:
            self._told(Alive(feed=self._feed.state(), loss=loss))
            self._told_at = now
            self._clips()
        self._loss = loss

    def _clips(self) -> None:
        try:
            while True:
                self._keeper.order(self.orders.get_nowait())
        except Empty:
            for clip in self._keeper.tick(self._now()):
                self._told(Kept(clip=clip))

    def _loss_of(self, item: Frame | Signal) -> Loss | None:
        """The loss that goes on; what was left out on purpose is none."""
        if not isinstance(item, Signal):
            return None
        if item.over:
            return self._loss
        return item.loss if item.loss is not None and item.loss.state in _GONE else None

    def _named(self, item: Frame | Signal) -> Frame | Signal:
        if not self.network or not isinstance(item, Signal) or item.loss is None or item.loss.state not in _GONE:
            return item
        return replace(item, loss=replace(item.loss, cause=Cause.NETWORK))
