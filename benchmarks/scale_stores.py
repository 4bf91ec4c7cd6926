"""Memory on a Neo4j server beside the embedded one, on the same data: `python -m benchmarks.scale_stores [--short]`.

Written: observations of a busy site (benchmarks/memory_made.py) through `settle`, one after another and by eight cameras
at once: events a second, p50 and p95 of a commit, CPU seconds of this process and of the server. The limit: the same
events and what says them as bare nodes and relations, by one UNWIND statement for so many, with the same indexes. Read:
p50 and p95 of questions (benchmarks/memory.py) at each size. `--keep` is a folder where stores that were filled are found again.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import neo4j
import psutil

from benchmarks import memory_made as made
from benchmarks.machine import machine
from benchmarks.memory import questions, share, size
from benchmarks.memory_writers import at_once
from graph.embedded import EmbeddedStore
from graph.neo4j import Neo4jStore
from tests.graph_stores import command, free_port, started
from vidette.models import Observation
from vidette.queries import Count

TOGETHER = 5_000
BATCH = 1_000
ROUNDS = 40
EVENTS = 100_000
SHORT = 2_000
_BARE = (
    "MATCH (s:Stream {id: $stream}) UNWIND $rows AS r CREATE (e:Event) SET e = r.event CREATE (a:Assertion) SET a = r.said"
    " CREATE (a)-[:SAYS]->(e) CREATE (e)-[:ON]->(s)"
)
_GONE = (
    "MATCH (e:Event) WHERE e.id STARTS WITH 'bare ' MATCH (a:Assertion)-[:SAYS]->(e)"
    f" CALL (e, a) {{ DETACH DELETE e, a }} IN TRANSACTIONS OF {BATCH} ROWS"
)
_SETTINGS = "server.memory.pagecache.size=1g\ndb.tx_log.rotation.retention_policy=keep_none\n"


@dataclass(slots=True)
class Written:
    """What writing took: milliseconds of each commit, and CPU seconds of both sides."""

    events: int = 0
    commits_ms: list[float] = field(default_factory=list)
    ours_s: float = 0.0
    server_s: float = 0.0

    def told(self) -> str:
        """Its figures in one line."""
        spent, sorted_ms = sum(self.commits_ms) / 1000, sorted(self.commits_ms)
        return (
            f"{self.events / spent:8,.0f} events/s   p50 {share(sorted_ms, 0.5):6.1f} ms   p95 {share(sorted_ms, 0.95):6.1f} ms"
            f"   {self.ours_s / self.events * 1000:6.2f} CPU ms an event here, {self.server_s / self.events * 1000:6.2f} in the server"
        )


@contextmanager
def server(home: Path) -> Iterator[tuple[str, psutil.Process]]:
    """A Neo4j in this folder, with memory as a small server has it: its address and process."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "neo4j.conf").write_text(_SETTINGS)
    port = free_port()
    said = command(str(home), port, str(home / "neo4j.conf"))
    usual = ["-Xmx2g" if one.startswith("-Xmx") else one for one in said if "TieredStop" not in one]
    process = started(usual)
    try:
        yield f"bolt://127.0.0.1:{port}", psutil.Process(process.pid)
    finally:
        process.stdin.close()  # type: ignore[union-attr]  it is a pipe
        process.wait(120)


def cpu_s(process: psutil.Process | None) -> float:
    """CPU seconds of a process so far."""
    if process is None:
        return 0.0
    spent = process.cpu_times()
    return float(spent.user + spent.system)


def fill(store: Any, process: psutil.Process | None, events: int) -> tuple[Written, Any]:
    """Settle so many events one after another, then some more by eight cameras at once."""
    for stream in made.cameras():
        store.open_stream(stream)
    written, waiting = Written(), []
    before, ours = cpu_s(process), 0.0
    for observation, added in made.observations(events + min(TOGETHER, events // 4)):
        if written.events < events:
            began, began_cpu = time.perf_counter(), time.thread_time()
            store.settle(observation)
            written.commits_ms.append((time.perf_counter() - began) * 1000)
            ours += time.thread_time() - began_cpu
            written.events += added
        else:
            waiting.append((observation, added))
    written.ours_s, written.server_s = ours, cpu_s(process) - before
    return written, at_once(store, waiting)


def bare(address: str, events: int) -> float:
    """Events a second of nodes without anything derived, as one statement for so many."""
    rows: dict[str, list[dict[str, Any]]] = {}
    count = 0
    for observation, _ in made.observations(events):
        for said in observation.assertions:
            rows.setdefault(observation.stream_id, []).append(
                _row(observation, said.id, str(said.type), said.start_s, said.caption)
            )
            count += 1
    with neo4j.GraphDatabase.driver(address) as driver, driver.session() as session:
        began = time.perf_counter()
        for stream, given in rows.items():
            for at in range(0, len(given), BATCH):
                session.execute_write(
                    lambda t, s=stream, g=given[at : at + BATCH]: t.run(_BARE, stream=s, rows=g).consume()
                )
        spent = time.perf_counter() - began
        session.run(_GONE).consume()
        return count / spent


def _row(observation: Observation, id_: str, type_: str, start_s: float, caption: str) -> dict[str, Any]:
    same = {
        "id": f"bare {id_}",
        "stream_id": observation.stream_id,
        "type": type_,
        "start_pts": start_s,
        "end_pts": start_s,
    }
    start = round(made.START.timestamp() * 1000 + start_s * 1000)
    same |= {"start": start, "end": start, "confidence": 0.5, "caption": caption}
    return {
        "event": {**same, "state": "closed", "words": caption.lower(), "labels": ["person"]},
        "said": {**same, "look": "fast"},
    }


def asked(stores: dict[str, Any], events: int, rounds: int) -> None:
    """Time every kind of question on each store, and say so."""
    print(f"\nquestions at {events:,} events, p50 / p95 ms" + "".join(f"{name:>20}" for name in stores))
    kinds = list(questions(events, random.Random(1)))
    for kind in kinds:
        cells = []
        for store in stores.values():
            draw, times = questions(events, random.Random(events))[kind], []
            store.read(draw())
            for _ in range(rounds):
                query = draw()
                began = time.perf_counter()
                store.read(query)
                times.append((time.perf_counter() - began) * 1000)
                if sum(times) > 10_000:
                    break
            cells.append(f"{share(sorted(times), 0.5):.1f} /{share(sorted(times), 0.95):8.1f}")
        print(f"{kind:40}" + "".join(f"{cell:>20}" for cell in cells), flush=True)


def main() -> None:
    """Fill both, measure, print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--events", type=int, default=EVENTS, help="events to write one after another")
    options.add_argument("--rounds", type=int, default=ROUNDS, help="questions of each kind")
    options.add_argument("--keep", type=Path, help="folder of stores, to use them again")
    options.add_argument("--short", action="store_true", help=f"{SHORT:,} events")
    given = options.parse_args()
    events = SHORT if given.short else given.events
    print(f"{machine()}\n", flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        measure(folder / str(events), events, given.rounds)


def measure(folder: Path, events: int, rounds: int) -> None:
    """Everything at one size."""
    folder.mkdir(parents=True, exist_ok=True)
    embedded = EmbeddedStore(folder / "memory.db")
    with server(folder / "neo4j") as (address, process):
        served = Neo4jStore(address)
        for name, store, of in (("embedded", embedded, None), ("neo4j", served, process)):
            held = store.read(Count(of="events"))
            if held >= events:
                print(f"{name:10} holds {held:,} events")
                continue
            written, together = fill(store, of, events)
            print(f"{name:10} {written.told()}   eight at once {together.rates[0]:,.0f} events/s", flush=True)
        asked({"embedded": embedded, "neo4j": served}, events, rounds)
        print(f"\nembedded: {size(folder / 'memory.db') / events:,.0f} bytes an event on disk", flush=True)
        disk = int(
            subprocess.run(
                ["du", "-sb", str(folder / "neo4j" / "data" / "databases")], capture_output=True, text=True, check=True
            ).stdout.split()[0]
        )
        print(
            f"neo4j: {disk / events:,.0f} bytes an event on disk, {process.memory_info().rss / 2**20:,.0f} MB of memory; this process {psutil.Process(os.getpid()).memory_info().rss / 2**20:,.0f} MB"
        )
        print(f"the limit: {bare(address, min(events, 20_000)):,.0f} events/s as bare nodes by UNWIND", flush=True)
        served.close()
    embedded.close()


if __name__ == "__main__":
    sys.exit(main())
