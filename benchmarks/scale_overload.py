"""Twice as many observations as the settle workers take, for a while; then half as many: how late memory is, and for how long.

Observations of 20 cameras (benchmarks.memory_made) go the way of a worker's: numbered and fenced, through spool and window.
"""

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby

from app.tables import show
from benchmarks.memory_made import cameras, observations
from tests.cluster.cluster import Cluster
from vidette.models import Observation
from vidette.queries import Reached
from workers.queue.sending import Sending
from workers.shared.broker import Broker
from workers.watches.emitters import Emitters
from workers.watches.emitting import Emitter

_EVENTS = 1_000_000  # more than are ever asked for
_CALM_S = 1.0
_TICK_S = 0.02
_ROW_S = 5.0
_PATIENCE_S = 600.0


@dataclass(frozen=True, slots=True)
class Moment:
    """How it was: seconds since it began, observations put a second, seconds that memory is late, how many wait."""

    at_s: float
    rate: float
    late_s: float
    waiting: int


@dataclass(slots=True)
class Load:
    """Puts observations at a rate, and knows which of them are not settled yet."""

    place: Cluster
    emitters: Emitters
    made: Iterator[Observation]
    put: int = 0
    unsettled: dict[str, deque[tuple[int, float]]] = field(default_factory=dict)
    moments: list[Moment] = field(default_factory=list)
    open: dict[str, Emitter] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for stream in cameras():
            self.place.store.open_stream(stream)
            self.open[stream.id] = self.emitters.open(stream.id)
            self.open[stream.id].begin(self.place.store.take(stream.id))
            self.unsettled[stream.id] = deque()

    def one(self) -> None:
        """Put the next."""
        observation = next(self.made)
        assert observation.sequence is not None
        self.open[observation.stream_id].put(observation)
        self.unsettled[observation.stream_id].append((observation.sequence, time.monotonic()))
        self.put += 1

    def learn(self) -> float:
        """Forget what is settled; -> how many seconds the oldest of what is not has waited."""
        for stream_id, reach in self.place.store.read(Reached(streams=tuple(self.unsettled))).items():
            waits = self.unsettled[stream_id]
            while waits and waits[0][0] <= reach.sequence:
                waits.popleft()
        now = time.monotonic()
        return max((now - waits[0][1] for waits in self.unsettled.values() if waits), default=0.0)

    @property
    def waiting(self) -> int:
        """How many are not settled."""
        return sum(map(len, self.unsettled.values()))

    def run(self, rate: float, seconds: float, began: float, *, until_calm: bool = False) -> None:
        """Put so many a second for so long, or until memory is not late any more."""
        start, done, told = time.monotonic(), 0, time.monotonic()
        while (now := time.monotonic()) - start < seconds:
            while done < (now - start) * rate:
                self.one()
                done += 1
            if now - told >= _CALM_S:
                told = now
                self.moments.append(Moment(now - began, rate, self.learn(), self.waiting))
                if until_calm and self.moments[-1].late_s < _CALM_S:
                    return
            time.sleep(_TICK_S)


@contextmanager
def emitting(place: Cluster) -> Iterator[Emitters]:
    """As those of a worker."""
    broker = Broker(place.server.url)
    spool = place.folder / "spool-of-load"
    emitters = Emitters(place.store, Sending(place.settings, broker), spool=spool, settings=place.settings.cluster)
    emitters.start()
    try:
        yield emitters
    finally:
        emitters.stop()
        broker.close()


def overload(place: Cluster, seconds: float, settlers: int) -> None:
    """Print how late memory was."""
    worker = place.worker("settle", at_once=settlers)
    made = (one for one, _ in observations(_EVENTS) if one.look == "fast")
    with emitting(place) as emitters:
        load = Load(place, emitters, made)
        rate = _most(load)
        cpu_s, put, began = worker.cpu_s(), load.put, time.monotonic()
        load.run(2 * rate, seconds, began)
        over_s = time.monotonic() - began
        load.run(rate / 2, _PATIENCE_S, began, until_calm=True)
        back_s = time.monotonic() - began - over_s
    each_ms = (worker.cpu_s() - cpu_s) / (load.put - put) * 1000
    rows = [max(some, key=lambda one: one.late_s) for _, some in groupby(load.moments, lambda one: one.at_s // _ROW_S)]
    shown = [(f"{one.at_s:.0f} s", f"{one.rate:.0f}", f"{one.late_s:.1f} s", f"{one.waiting}") for one in rows]
    show("Overload", (">after", ">put a second", ">memory late", ">waiting"), shown, "")
    print(
        f"{settlers} processes settle {rate:.0f} observations a second ({each_ms:.1f} ms CPU each, all of the worker);"
    )
    print(f"{over_s:.0f} s of twice as many: late {max(one.late_s for one in load.moments):.1f} s at most,")
    print(f"on time again {back_s:.0f} s after (half as many were put meanwhile; {2 * over_s:.0f} s by arithmetic)\n")


def _most(load: Load, many: int = 600) -> float:
    """Observations a second that are settled when there are always some: the later two thirds of so many."""
    for _ in range(many):
        load.one()
    marks: list[tuple[float, int]] = []
    deadline = time.monotonic() + _PATIENCE_S
    while load.waiting and time.monotonic() < deadline:
        load.learn()
        marks.append((time.monotonic(), many - load.waiting))
        threading.Event().wait(_TICK_S)
    first = next(mark for mark in marks if mark[1] >= many / 3)
    return (marks[-1][1] - first[1]) / (marks[-1][0] - first[0])
