"""How fast a store is written: one observation after another, by eight cameras at once, and by an import.

Events a second by the clock, and a CPU second of the threads that write; making the observations is not counted.
"""

import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from benchmarks import memory_made as made
from graph.embedded import EmbeddedStore
from graph.imported import observation_of
from vidette import ids
from vidette.models import EventType, Label, Observation
from vidette.streams import Stream

WRITERS = 8
TOGETHER = 10_000
"""Events that are written at once before a mark, half of those since the last one at most."""
CAPTIONS = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """So many events took so many seconds, by the clock and of CPU time."""

    events: int = 0
    s: float = 0.0
    cpu_s: float = 0.0

    def __add__(self, other: "Written") -> "Written":
        """Both, one after the other."""
        return Written(events=self.events + other.events, s=self.s + other.s, cpu_s=self.cpu_s + other.cpu_s)

    @property
    def rates(self) -> tuple[float, float]:
        """Events a second and a CPU second."""
        return (self.events / self.s, self.events / self.cpu_s) if self.events else (0.0, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caption:
    """A line of an import."""

    start_s: float
    end_s: float
    text: str
    type: EventType | None = None
    label: Label | None = None


def one(store: EmbeddedStore, observation: Observation, events: int) -> Written:
    """Settle one observation that adds so many events."""
    began, began_cpu = time.perf_counter(), time.thread_time()
    store.settle(observation)
    return Written(events=events, s=time.perf_counter() - began, cpu_s=time.thread_time() - began_cpu)


def at_once(store: EmbeddedStore, observations: Sequence[tuple[Observation, int]]) -> Written:
    """Settle them in eight threads, those of a camera in one of them and in order."""
    cameras = {stream.id: at for at, stream in enumerate(made.cameras())}
    lanes: list[list[Observation]] = [[] for _ in range(WRITERS)]
    for observation, _ in observations:
        lanes[cameras[observation.stream_id] % WRITERS].append(observation)
    spent: list[float] = []
    threads = [threading.Thread(target=partial(_lane, store, lane, spent.append)) for lane in lanes]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(spent) < WRITERS:
        raise SystemExit("a writer failed; see above")
    events = sum(added for _, added in observations)
    return Written(events=events, s=time.perf_counter() - began, cpu_s=sum(spent))


def _lane(store: EmbeddedStore, lane: Sequence[Observation], spent: Callable[[float], None]) -> None:
    began = time.thread_time()
    for observation in lane:
        store.settle(observation)
    spent(time.thread_time() - began)


def imported(store: EmbeddedStore, name: str) -> Written:
    """Settle an import of captions, as `vidette import` does it: one observation of a stream of its own."""
    chance = random.Random(name)
    stream = Stream(
        id=ids.stream_id(name), name=name, kind="import", uri=name, start=made.START, duration_s=3.0 * CAPTIONS
    )
    captions = [
        Caption(start_s=3.0 * at, end_s=3.0 * at + 2, text=f"A {chance.choice(made.COLOURS)} lorry waits, {at}")
        for at in range(CAPTIONS)
    ]
    store.open_stream(stream)
    return one(store, observation_of(stream, captions, revision=name), CAPTIONS)
