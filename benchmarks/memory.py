"""Memory at a million events: writing, filtered queries, full text, size, and how each grows (`make bench`).

A store is filled through `settle`, as a watch does it, and measured on the way: 200 queries of a kind, drawn from one
seed, warm, one at a time; p50 and p95 in ms. Writing counts the time inside `settle` alone, one transaction an
observation, by the clock and in CPU seconds. `--cpu` counts CPU seconds of queries too, for a machine that is busy
with other work. An observation is half a minute of a camera: 1 to 6 tracks of 8 points, some 9 events with a picture
each, a 20 kB carry; every fifth one is followed by a deep look.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import memory_made as made
from machine import machine

from graph.embedded import EmbeddedStore
from vidette.models import EventType
from vidette.queries import Count, CoverageIn, Events, Filter, Query, Streams, Timeline, Tracks

Clock = Callable[[], float]
MARKS = (10_000, 30_000, 100_000, 300_000, 1_000_000)
TYPES = (EventType.OBJECT_ENTERED, EventType.OBJECT_EXITED, EventType.ZONE_ENTERED, EventType.OBJECT_STOPPED)
WORDS = ("person", "red van", "entered", "dog left", "crosses yard", "umbrella", "truck dock", "white car gate")


@dataclass(slots=True)
class Mark:
    """What was measured when the store held so many events."""

    events: int
    written_s: float
    written_cpu_s: float
    bytes: int
    times_ms: dict[str, list[float]] = field(default_factory=dict)


def fill(db: Path, events: int) -> None:
    """Make a store of so many events; one of the same number is the same store."""
    for _ in filled(db, (events,)):
        pass


def filled(db: Path, marks: tuple[int, ...]) -> Iterator[tuple[EmbeddedStore, Mark]]:
    """Fill a store through `settle`; hand it out at each mark, open, with what writing took since the last one."""
    store = EmbeddedStore(db)
    for stream in made.cameras():
        store.open_stream(stream)
    waiting, written, spent, computed, before = list(marks), 0, 0.0, 0.0, 0
    for observation, added in made.observations(marks[-1]):
        began, began_cpu = time.perf_counter(), time.thread_time()
        store.settle(observation)
        spent += time.perf_counter() - began
        computed += time.thread_time() - began_cpu
        written += added
        if waiting and written >= waiting[0]:
            new = written - before
            yield store, Mark(events=written, written_s=spent / new, written_cpu_s=computed / new, bytes=size(db))
            waiting.pop(0)
            spent, computed, before = 0.0, 0.0, written
    store.close()


def size(db: Path) -> int:
    """Bytes of the file and of its log."""
    return sum(path.stat().st_size for path in (db, Path(f"{db}-wal")) if path.exists())


def questions(events: int, chance: random.Random) -> dict[str, Callable[[], Query[object]]]:
    """For each kind, how to draw a query over a store of so many events."""
    length = timedelta(seconds=events / made.CAMERAS / 9 * made.SEGMENT_S)
    names = [stream.name for stream in made.cameras()]

    def window(hours: float = 1.0) -> Filter:
        since = made.START + length * chance.random()
        return Filter(since=since, until=since + timedelta(hours=hours))

    def some() -> Filter:
        """Up to three conditions of any kind."""
        near = window(chance.choice((1, 24, 1000)))
        given: dict[str, object] = {
            "streams": (chance.choice(names),),
            "types": (chance.choice(TYPES),),
            "zones": (chance.choice(made.ZONES),),
            "labels": (chance.choice(list(made.KINDS)),),
            "since": near.since,
            "until": near.until,
            "lines": ("gate",),
        }
        kept = chance.sample(sorted(given), chance.randint(1, 3))
        return Filter(**{key: given[key] for key in kept})  # type: ignore[arg-type]  # drawn by name

    def word() -> Filter:
        return Filter(text=chance.choice(WORDS))

    def word_and() -> Filter:
        near = window(chance.choice((1, 24)))
        return Filter(text=chance.choice(WORDS), streams=(chance.choice(names),), since=near.since, until=near.until)

    return {
        "events, 1-3 filters": lambda: Events(where=some()),
        "  newest first": lambda: Events(where=some(), order="-start"),
        "events of an hour": lambda: Events(where=window()),
        "events, no filter": lambda: Events(order=chance.choice(("start", "-start"))),
        "events of a label": lambda: Events(where=Filter(labels=(chance.choice(list(made.KINDS)),)), order="-start"),
        "tracks, 1-3 filters": lambda: Tracks(where=some()),
        "count, 1-3 filters": lambda: Count(of="events", where=some()),
        "count, stream and hour": lambda: Count(of="events", where=Filter(streams=(names[3],), since=made.START)),
        "full text, ranked": lambda: Events(where=word(), order="rank"),
        "full text, newest first": lambda: Events(where=word(), order="-start"),
        "full text and filters, ranked": lambda: Events(where=word_and(), order="rank"),
        "timeline of a day": lambda: Timeline(of="events", bucket_s=3600, where=window(24)),
        "coverage of a day": lambda: CoverageIn(where=window(24)),
        "streams": Streams,
    }


def measure(store: EmbeddedStore, mark: Mark, rounds: int, slow_s: float, clock: Clock) -> None:
    """Time every kind of query; a kind stops early once it took `slow_s` in all."""
    for name, draw in questions(mark.events, random.Random(mark.events)).items():
        times: list[float] = []
        for _ in range(rounds):
            query = draw()
            began = clock()
            store.read(query)
            times.append((clock() - began) * 1000)
            if sum(times) > slow_s * 1000:
                break
        mark.times_ms[name] = sorted(times)


def told(marks: list[Mark]) -> None:
    """Print the table: a column a mark."""
    print(f"{'events':32}" + "".join(f"{mark.events:>14,}" for mark in marks))
    print(f"{'written a second':32}" + "".join(f"{1 / mark.written_s:>14,.0f}" for mark in marks))
    print(f"{'written a CPU second':32}" + "".join(f"{1 / mark.written_cpu_s:>14,.0f}" for mark in marks))
    print(f"{'bytes an event':32}" + "".join(f"{mark.bytes / mark.events:>14,.0f}" for mark in marks))
    print(f"{'p50 / p95 ms':32}")
    for name in marks[0].times_ms:
        cells = [f"{share(mark.times_ms[name], 0.5):.1f} /{share(mark.times_ms[name], 0.95):7.1f}" for mark in marks]
        print(f"{name:32}" + "".join(f"{cell:>14}" for cell in cells), flush=True)


def plotted(marks: list[Mark]) -> None:
    """Print how p95 grows with the number of events: a bar a mark, a # for each 2 ms."""
    print("\np95, # = 2 ms")
    for name in ("events, 1-3 filters", "full text, ranked", "count, 1-3 filters"):
        for mark in marks:
            p95 = share(mark.times_ms[name], 0.95)
            print(f"{name if mark is marks[0] else '':32}{mark.events:>10,} {'#' * max(1, round(p95 / 2))} {p95:.1f}")


def share(times: list[float], part: float) -> float:
    """The value that `part` of the sorted times do not exceed."""
    return times[min(len(times) - 1, int(part * len(times)))]


def main() -> None:
    """Fill, measure, print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--events", type=int, default=MARKS[-1], help="events to write in all")
    options.add_argument("--rounds", type=int, default=200, help="queries of each kind")
    options.add_argument("--slow", type=float, default=3.0, help="seconds for one kind at most")
    options.add_argument("--keep", type=Path, help="leave the store in this file")
    options.add_argument("--cpu", action="store_true", help="count CPU seconds of this thread, not those that passed")
    given = options.parse_args()
    clock = time.thread_time if given.cpu else time.perf_counter
    print(f"{machine()}\n{'CPU' if given.cpu else 'wall'} time\n", flush=True)
    wanted = (*tuple(mark for mark in MARKS if mark < given.events), given.events)
    marks: list[Mark] = []
    with tempfile.TemporaryDirectory() as folder:
        for store, mark in filled(given.keep or Path(folder) / "memory.db", wanted):
            measure(store, mark, given.rounds, given.slow, clock)
            marks.append(mark)
            with redirect_stdout(sys.stderr):
                told([mark])
    told(marks)
    plotted(marks)


if __name__ == "__main__":
    main()
