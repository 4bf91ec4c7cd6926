"""What workers cost over one process, and how they come out of an overload: `python -m benchmarks.scale_cluster [--short]`.

Overhead: one film, watched in one process and by workers over Redis, in turns; CPU seconds of all processes, per segment, the
least of each. What a process needs to start is left out on both sides: in one process by taking off a watch that finds nothing
to do, of workers by counting from when they have done a first film, and taking off what they take at rest. Overload: see benchmarks.scale_overload.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.tables import show
from benchmarks.machine import machine
from benchmarks.scale_overload import overload
from tests.cluster.cluster import Cluster, Place, closing, said
from tests.cluster.desk import Desk
from tests.cluster.films import film
from tests.cluster.program import Program
from tests.redis_server import RedisServer
from vidette.queries import Count, Streams

GOAL_MS = 15.0
_PATIENCE_S, _IDLE_S = 1800.0, 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """CPU seconds of a watch, by whom, how many segments it had, and how long it took by the clock."""

    cpu_s: dict[str, float]
    segments: int
    wall_s: float

    @property
    def all_s(self) -> float:
        """Of everybody."""
        return sum(self.cpu_s.values())

    def each_ms(self, name: str) -> float:
        """Milliseconds a segment of one of them."""
        return self.cpu_s[name] / self.segments * 1000


def in_one_process(place: Place, watched: Path, *options: str) -> Spent:
    """Watch it; take off what a watch of it costs that finds it watched."""
    had = _segments(place)
    (cpu_s, wall_s), again = (_watch_s(place, watched, f"{watched.stem}-{number}", *options) for number in range(2))
    return Spent(cpu_s={"one process": cpu_s - again[0]}, segments=_segments(place) - had, wall_s=wall_s - again[1])


def _watch_s(place: Place, watched: Path, name: str, *options: str) -> tuple[float, float]:
    """Seconds of CPU and by the clock of the command."""
    before, began = _children_s(), time.monotonic()
    watch = place.watch(watched, name=name, options=options)
    if watch.wait(_PATIENCE_S) != 0:
        raise SystemExit(place.tell())
    return _children_s() - before, time.monotonic() - began


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _segments(place: Place) -> int:
    return place.store.read(Count(of="segments"))


@contextmanager
def cluster_in(folder: Path, **cluster: Any) -> Iterator[Cluster]:
    """A broker and a place, with these settings of `cluster`."""
    folder.mkdir()
    desk = Desk(folder)
    (folder / "redis").mkdir()
    settings = said(folder / "v.db", folder / "media", desk, cluster=cluster)
    with (
        RedisServer(folder / "redis", aof=True) as server,
        closing(Cluster(folder, settings, desk, server)) as place,
    ):
        assert isinstance(place, Cluster)
        yield place


def idle(workers: Mapping[str, Program]) -> dict[str, float]:
    """CPU seconds a second of workers that have nothing to do: what being there costs, whatever is watched."""
    before, began = {name: worker.cpu_s() for name, worker in workers.items()}, time.monotonic()
    time.sleep(_IDLE_S)
    wall_s = time.monotonic() - began
    return {name: (worker.cpu_s() - before[name]) / wall_s for name, worker in workers.items()}


def by_workers(
    place: Cluster, workers: Mapping[str, Program], rests: Mapping[str, float], watched: Path, *options: str
) -> Spent:
    """Watch it with workers who have watched something before; what they take when at rest is taken off."""
    before, began = {name: worker.cpu_s() for name, worker in workers.items()}, time.monotonic()
    had, streams, redis_s = _segments(place), len(place.store.read(Streams())), _redis_s(place)
    place.watch(watched, name=watched.stem, options=options)
    place.until(lambda: place.finished(streams + 1), "the film", _PATIENCE_S)
    wall_s = time.monotonic() - began
    spent = {name: worker.cpu_s() - before[name] - rests[name] * wall_s for name, worker in workers.items()}
    spent["redis"] = _redis_s(place) - redis_s
    return Spent(cpu_s=spent, segments=_segments(place) - had, wall_s=wall_s)


def _redis_s(place: Cluster) -> float:
    info = place.redis.info("cpu")
    return float(info["used_cpu_sys"] + info["used_cpu_user"])


def overhead(folder: Path, seconds: int, turns: int, *options: str) -> None:
    """Print what workers cost over one process: the least of so many turns of each, as others may use this machine, too."""
    first, watched = film(folder / "first.mp4", 20, 9), film(folder / "watched.mp4", seconds, 4)
    alone, shared = list[Spent](), list[Spent]()
    (folder / "one").mkdir()
    desk = Desk(folder / "one")
    settings = said(folder / "one" / "v.db", folder / "one" / "media", desk)
    with closing(Place(folder / "one", settings, desk)) as one, cluster_in(folder / "many") as many:
        workers = many.start()
        many.watch(first, name="first")
        many.until(lambda: many.finished(1), "the first film", _PATIENCE_S)
        rests = idle(workers)
        for turn in range(turns):
            copy = folder / f"turn{turn}.mp4"  # another name is another stream
            copy.hardlink_to(watched)
            alone.append(in_one_process(one, copy))
            shared.append(by_workers(many, workers, rests, copy, *options))
    print(f"at rest: {', '.join(f'{name} {spent * 1000:.1f}' for name, spent in rests.items())} ms of CPU a second")
    _tell(min(alone, key=lambda spent: spent.all_s), min(shared, key=lambda spent: spent.all_s))


def _tell(one: Spent, many: Spent) -> None:
    rows = [(name, f"{spent:.2f} s", f"{many.each_ms(name):.1f} ms") for name, spent in many.cpu_s.items()]
    rows.append(("all of them", f"{many.all_s:.2f} s", f"{many.all_s / many.segments * 1000:.1f} ms"))
    rows.append(("in one process", f"{one.all_s:.2f} s", f"{one.all_s / one.segments * 1000:.1f} ms"))
    workers_s = many.all_s - many.cpu_s["redis"] - many.cpu_s["beat"]
    over_ms = (workers_s - one.all_s) / many.segments * 1000
    show("Overhead", ("CPU of", ">in all", ">a segment"), rows, "")
    print(f"{many.segments} segments; workers over one process: {over_ms:.1f} ms a segment (goal {GOAL_MS:.0f} ms),")
    print(f"{workers_s / one.all_s:.2f} times its CPU\n")


def main() -> None:
    """Measure."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--short", action="store_true", help="minutes, not a quarter of an hour")
    given = options.parse_args()
    print(machine(), "\n")
    with tempfile.TemporaryDirectory() as folder:
        overhead(Path(folder), 120 if given.short else 600, 2 if given.short else 3)
        with cluster_in(Path(folder) / "overload") as place:
            overload(place, 15.0 if given.short else 60.0, settlers=2)


if __name__ == "__main__":
    main()
