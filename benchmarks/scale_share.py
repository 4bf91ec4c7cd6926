"""How much of a watch is writing to memory: `python -m benchmarks.scale_share [--short] [--rounds N] [FILE…]`.

A drawn street, or files of yours, each watched whole into the embedded store and into a Neo4j server: the first time (a server
that has just begun plans every statement), then, once the store has taken the observations of a busy site for a while, in turns
with and without writing, since what is looked at meanwhile does not wait for it. Of each: seconds by the clock, CPU seconds here and in the server, and what `settle` took. The share by the clock
is what the quickest watch took longer than the quickest that wrote nothing.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil

from benchmarks import memory_made as made
from benchmarks.clips import make
from benchmarks.machine import machine
from benchmarks.scale_stores import cpu_s, server
from ingest.sources import SourceSpec, expand
from vidette.models import Observation
from vidette.settings import Settings
from workers.inline import InlineRunner
from workers.wiring import Pipeline, pipeline_of

USED = 10_000
"""Events of the busy site."""


class Timed:
    """A store that says how long it took to settle, or that does not settle at all."""

    def __init__(self, store: Any, *, writes: bool) -> None:
        self._store, self._writes = store, writes
        self.wall_s, self.cpu_s, self.settled = 0.0, 0.0, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def settle(self, observation: Observation, judge: Any = None) -> bool:
        """As the store does."""
        self.settled += 1
        if not self._writes:
            return True
        began, cpu = time.perf_counter(), time.thread_time()
        settled: bool = self._store.settle(observation, judge)
        self.wall_s += time.perf_counter() - began
        self.cpu_s += time.thread_time() - cpu
        return settled


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One watch."""

    wall_s: float
    writing_s: float
    ours_s: float
    writing_cpu_s: float
    server_s: float
    observations: int
    events: int

    def told(self) -> str:
        """Its figures in one line."""
        all_cpu = self.ours_s + self.server_s
        return (
            f"{self.wall_s:6.1f} s, {self.writing_s:5.2f} of them settling   CPU {self.ours_s:6.1f} s here"
            f" + {self.server_s:5.1f} s in the server, settling {(self.writing_cpu_s + self.server_s) / all_cpu:5.1%} of it"
            f"   {self.observations} observations, {self.events} events"
        )


def watched(
    pipeline: Pipeline, spec: SourceSpec, process: psutil.Process | None = None, *, writes: bool = True
) -> Share:
    """Watch a file whole."""
    timed = Timed(pipeline.store, writes=writes)
    before, ours, began = cpu_s(process), _ours(), time.perf_counter()
    (outcome,) = InlineRunner(replace(pipeline, store=timed)).watch([spec], again=True)
    if outcome.error:
        raise SystemExit(f"{spec.name}: {outcome.error}")
    return Share(
        wall_s=time.perf_counter() - began,
        writing_s=timed.wall_s,
        ours_s=_ours() - ours,
        writing_cpu_s=timed.cpu_s,
        server_s=cpu_s(process) - before,
        observations=timed.settled,
        events=outcome.events,
    )


def _ours() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


@contextmanager
def stores(folder: Path) -> Iterator[Iterator[tuple[str, Pipeline, psutil.Process | None]]]:
    """Both, one after the other."""
    with server(folder / "neo4j") as (address, process):

        def each() -> Iterator[tuple[str, Pipeline, psutil.Process | None]]:
            for name, db, of in (("embedded", str(folder / "v.db"), None), ("neo4j", address, process)):
                pipeline = pipeline_of(Settings(db=db, media=str(folder / "media")))
                with closing(pipeline):
                    yield name, pipeline, of

        yield each()


def used(store: Any) -> None:
    """Have a store take what a site saw: a server compiles what it does often, and is as quick as it gets after some minutes."""
    for stream in made.cameras():
        store.open_stream(stream)
    for observation, _ in made.observations(USED):
        store.settle(observation)


def measured(name: str, pipeline: Pipeline, file: Path, process: psutil.Process | None, rounds: int) -> None:
    """Watch a file again and again, with writing and without, and say what the writing took."""
    (spec,) = expand([str(file)]).specs
    label = f"{name:9} {file.name[:28]:28}"
    print(f"{label} first    {watched(pipeline, spec, process).told()}", flush=True)
    used(pipeline.store)
    walls: dict[bool, list[float]] = {True: [], False: []}
    for at in range(2 * rounds):
        writes = at % 2 == 0
        share = watched(pipeline, spec, process, writes=writes)
        walls[writes].append(share.wall_s)
        print(f"{label} {'writing' if writes else 'without':8} {share.told()}", flush=True)
    longer = min(walls[True]) - min(walls[False])
    print(f"{label} writing makes it {longer:+.2f} s longer: {longer / min(walls[True]):.1%}\n", flush=True)


def main() -> None:
    """Watch, measure, print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument(
        "files", nargs="*", type=Path, metavar="FILE", help="files of yours, in place of a drawn street"
    )
    options.add_argument("--rounds", type=int, default=4, help="watches of each file with writing, and as many without")
    options.add_argument("--short", action="store_true", help="a street of 30 s, not of 2 min")
    given = options.parse_args()
    print(f"{machine()}\n", flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        files = given.files or [make("camera", folder, 30 if given.short else 120)[0]]
        with stores(folder) as each:
            for name, pipeline, process in each:
                for file in files:
                    measured(name, pipeline, file, process, given.rounds)


if __name__ == "__main__":
    main()
