"""Between those who watch and memory, in one process: a queue that loses, repeats and turns round, and a clock."""

from collections import deque
from datetime import UTC, datetime
from pathlib import Path

from graph.embedded import EmbeddedStore
from tests.workers.watches.test_spool import YARD
from vidette import codec
from vidette.cluster_settings import ClusterSettings
from vidette.errors import StoreError
from vidette.models import Commit
from vidette.queries import LastCommit, Reach, Reached
from vidette.streams import Stream
from workers.jobs import Settle
from workers.watches.emitters import Emitters
from workers.watches.emitting import AGAIN_S

STREAM = Stream(id=YARD, name="yard", kind="live", uri="rtsp://x", start=datetime(2026, 3, 1, tzinfo=UTC))
AWAY = StoreError("the queue is away", retryable=True)


class Way:
    """Between emitters and memory: a queue in memory, a clock, and what is wrong with them just now."""

    def __init__(self, folder: Path, *, window: int = 4, mb: int = 1) -> None:
        self.now, self.sent, self.queue = 1000.0, list[int](), deque[Settle]()
        self.away = self.deaf = False
        self.store = EmbeddedStore(":memory:")
        self.store.open_stream(STREAM)
        self.folder, self.settings = folder, ClusterSettings(window=window, spool_mb=mb)
        self.oldest_s = -1.0
        self.emitters = self.process()

    def process(self) -> Emitters:
        """Another process that knows only what is on disk."""
        self.emitters = Emitters(
            self, self.send, spool=self.folder, settings=self.settings, queued=lambda age_s: age_s <= self.oldest_s,
            clock=lambda: self.now,
        )  # fmt: skip
        return self.emitters

    def read(self, query):
        if self.deaf:
            raise StoreError("memory is away", retryable=True)
        return self.store.read(query)

    def send(self, job: Settle) -> None:
        if self.away:
            raise AWAY
        self.sent.append(job.observation.sequence)
        self.queue.append(codec.decode(Settle, codec.encode(job)))

    def settle(self, job: Settle) -> None:
        """As a worker does: what comes too early goes back, behind all others."""
        try:
            self.store.settle(job.observation)
        except StoreError as error:
            assert error.retryable
            self.queue.append(job)

    def drain(self) -> None:
        for _ in range(len(self.queue)):
            self.settle(self.queue.popleft())

    def commit(self) -> Commit | None:
        return self.store.read(LastCommit(stream_id=YARD))

    def befall(self, fate: str) -> None:
        """What happens to what is on its way."""
        self.away = fate == "away" or (self.away and fate != "back")
        self.deaf = fate == "deaf" or (self.deaf and fate != "hears")
        self.now += AGAIN_S * (fate == "wait")
        if fate == "drain":
            self.drain()
        elif fate == "turn":
            self.queue.reverse()
        elif self.queue and fate in ("one", "lose"):
            lost = self.queue.popleft()
            if fate == "one":
                self.settle(lost)
        elif self.queue and fate == "repeat":
            self.queue.append(self.queue[0])

    def later(self, seconds: float = 0.2) -> None:
        self.now += seconds
        self.emitters.step()

    def reach(self) -> Reach:
        return self.store.read(Reached(streams=(YARD,)))[YARD]

    def watched(self, first=lambda: None):
        emitter = self.emitters.open(YARD, first)
        emitter.begin(self.store.take(YARD))
        return emitter
