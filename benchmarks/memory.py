"""Memory at a million events: writing, filtered queries, full text, size, and how each grows (`make bench`).

A store is filled through `settle`, as a watch does it, and measured on the way: 200 queries of a kind, drawn from one
seed, warm, one at a time; p50 and p95 in ms. Writing counts the time inside `settle` alone, by the clock and in CPU
seconds: one observation after another, a transaction each; then, just before each mark, the cameras in eight threads,
which share transactions; after it, an import of 5,000 captions as one observation, which stays in the store. `--cpu`
counts CPU seconds of queries too, for a machine that is busy with other work. An observation is half a minute of a camera: 1 to 6 tracks of 8 points, some 9 events with a picture
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

from benchmarks import memory_made as made
from benchmarks import memory_writers as writers
from benchmarks.machine import machine
from benchmarks.memory_writers import Written
from graph.embedded import EmbeddedStore
from vidette.models import EventType, Observation
from vidette.queries import Count, CoverageIn, Events, Filter, Query, Streams, Timeline, Tracks

Clock = Callable[[], float]
_WRITERS = {"one": "one after another", "at_once": "  eight cameras at once", "imported": "  an import, 5,000 captions"}
MARKS = (10_000, 30_000, 100_000, 300_000, 1_000_000)
TYPES = (EventType.OBJECT_ENTERED, EventType.OBJECT_EXITED, EventType.ZONE_ENTERED, EventType.OBJECT_STOPPED)
WORDS = ("person", "red van", "entered", "dog left", "crosses yard", "umbrella", "truck dock", "white car gate")


@dataclass(slots=True)
class Mark:
    """What was measured when the store held so many events."""

    events: int
    one: Written
    at_once: Written
    imported: Written
    bytes: int
    times_ms: dict[str, list[float]] = field(default_factory=dict)


def fill(db: Path, events: int) -> None:
    """Make a store of so many events, one observation after another; one of the same number is the same store."""
    for _ in filled(db, (events,), together=0):
        pass


def filled(db: Path, marks: tuple[int, ...], together: int = writers.TOGETHER) -> Iterator[tuple[EmbeddedStore, Mark]]:
    """Fill a store through `settle`; hand it out at each mark, open, with what writing took since the last one.

    `together`: so many events before each mark are written by all cameras at once.
    """
    store = EmbeddedStore(db)
    for stream in made.cameras():
        store.open_stream(stream)
    source, written = made.observations(marks[-1]), 0
    for mark in marks:
        one, last = Written(), min(together, (mark - written) // 2)
        waiting: list[tuple[Observation, int]] = []
        for observation, added in source:
            written += added
            if written <= mark - last:
                one += writers.one(store, observation, added)
            else:
                waiting.append((observation, added))
            if written >= mark:
                break
        at_once = writers.at_once(store, waiting) if waiting else Written()
        yield store, Mark(events=written, one=one, at_once=at_once, imported=Written(), bytes=size(db))
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
    print(f"{'events':32}" + "".join(f"{mark.events:>16,}" for mark in marks))
    print("written a second / a CPU second")
    for name in ("one", "at_once", "imported"):
        rates = [getattr(mark, name).rates for mark in marks]
        cells = "".join(f"{f'{rate:,.0f} /{cpu:7,.0f}':>16}" for rate, cpu in rates)
        print(f"{_WRITERS[name]:32}{cells}")
    print(f"{'bytes an event':32}" + "".join(f"{mark.bytes / mark.events:>16,.0f}" for mark in marks))
    print(f"{'p50 / p95 ms':32}")
    for name in marks[0].times_ms:
        cells = [f"{share(mark.times_ms[name], 0.5):.1f} /{share(mark.times_ms[name], 0.95):7.1f}" for mark in marks]
        print(f"{name:32}" + "".join(f"{cell:>16}" for cell in cells), flush=True)


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
            mark.imported = writers.imported(store, f"import {mark.events}")
            marks.append(mark)
            with redirect_stdout(sys.stderr):
                told([mark])
    told(marks)
    plotted(marks)


if __name__ == "__main__":
    main()
