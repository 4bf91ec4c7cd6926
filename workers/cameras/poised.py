"""A camera that somebody else still looks at: its first picture is here, and what follows waits until it is ours."""

from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from typing import Protocol

from vidette.feeds import FeedState
from vidette.ports import Feed, Frame
from vidette.signals import Signal
from workers.cameras.messages import Alive, Go, Message, Ready

ALIVE_S = 1.0
HELD_S = 30.0
"""What came within so many seconds waits for the word; it takes the other one's leaving, and memory."""


class Arriving(Protocol):
    """Where pictures wait."""

    def patient(self, late_s: float) -> None:
        """Hold what came within so many seconds, though nobody looks yet."""

    def hurry(self) -> None:
        """Somebody looks now."""


class Poised:
    """Passes a feed on (vidette.ports.Feed), from its first picture on, once `wait` has ended.

    `go` gives the word, None when there is nothing to be looked at any more.
    """

    def __init__(
        self, feed: Feed, arriving: Arriving, told: Callable[[Message], None], go: "SimpleQueue[Go | None]"
    ) -> None:
        self._feed, self._arriving, self._told, self._go = feed, arriving, told, go
        self._items = feed.frames()
        self._first: Frame | None = None

    @property
    def since_s(self) -> float | None:
        """Media time of the first picture; None without one."""
        return self._first.pts_s if self._first is not None else None

    def wait(self) -> Go | None:
        """Until there is a picture and the word to look; without the one, the other does. None: there is none to come.

        What comes meanwhile waits where it arrives (ingest.live.waiting), and is bounded there.
        """
        self._arriving.patient(HELD_S)
        for item in self._items:
            if not isinstance(item, Signal):
                self._first = item
                self._told(Ready())
                return self._word()
            if not self._go.empty():
                break
        return self._word()

    def frames(self) -> Iterator[Frame | Signal]:
        """As the feed gives them, from the first picture on."""
        if self._first is not None:
            yield self._first
        yield from self._items

    def calm(self, calm: bool) -> None:
        """As the feed takes it."""
        self._feed.calm(calm)

    def state(self) -> FeedState:
        """As the feed is."""
        return self._feed.state()

    def close(self) -> None:
        """Let the camera go."""
        self._feed.close()

    def _word(self) -> Go | None:
        while True:
            try:
                word = self._go.get(timeout=ALIVE_S)
            except Empty:
                self._told(Alive(feed=self._feed.state()))
            else:
                self._arriving.hurry()
                return word
