"""One long film over several processes: `python -m benchmarks.scale_spans [--short] [--processes N] [FILE]`.

A drawn 1080p camera, or a file of yours, watched in one process, by workers where nobody helps the one that watches, and by
workers of which N - 1 decode spans ahead; in turns, after a first film by which all of them have begun. Of each: seconds by the
clock, CPU seconds of all processes and of Redis, and what that is to one process. What workers take at rest is taken off.
"""

import argparse
import shutil
import tempfile
from pathlib import Path

from app.tables import show
from benchmarks.clips import LONG, make
from benchmarks.machine import machine
from benchmarks.scale_cluster import Spent, by_workers, cluster_in, idle, in_one_process
from tests.cluster.cluster import Place, closing, said
from tests.cluster.desk import Desk
from tests.cluster.films import film

GOAL = 1.25
_PATIENCE_S = 1800.0


def measure(folder: Path, path: Path, processes: int, turns: int) -> dict[str, list[Spent]]:
    """Each way of watching, in turns."""
    first = film(folder / "first.mp4", 20, 9)
    (folder / "one").mkdir()
    desk = Desk(folder / "one")
    one = Place(folder / "one", said(folder / "one" / "v.db", folder / "one" / "media", desk), desk)
    with (
        closing(one),
        cluster_in(folder / "lone", decode_ahead=0) as lone,
        cluster_in(folder / "helped") as helped,
    ):
        ready = {}
        for name, place in (("nobody helps", lone), ("others decode ahead", helped)):
            workers = place.start("settle", "deliver") | {"ingest": place.worker("ingest", at_once=processes)}
            place.watch(first, name="first")
            place.until(lambda place=place: place.finished(1), "the first film", _PATIENCE_S)
            ready[name] = (place, workers, idle(workers))
        found: dict[str, list[Spent]] = {"one process": [], **{name: [] for name in ready}}
        for turn in range(turns):
            copy = folder / f"turn{turn}{path.suffix}"  # another name is another stream
            shutil.copyfile(path, copy)
            found["one process"].append(in_one_process(one, copy))
            for name, (place, workers, rests) in ready.items():
                found[name].append(by_workers(place, workers, rests, copy))
    return found


def tell(found: dict[str, list[Spent]]) -> None:
    """The quickest of each way, and its least CPU."""
    one_wall = min(w.wall_s for w in found["one process"])
    one_cpu = min(w.all_s for w in found["one process"])
    rows = []
    for name, watched in found.items():
        wall, cpu = min(w.wall_s for w in watched), min(w.all_s for w in watched)
        figures = f"{wall:.1f} s", f"{one_wall / wall:.2f} x", f"{cpu:.1f} s", f"{cpu / one_cpu:.2f} x"
        rows.append((name, *figures, str(watched[0].segments)))
    show("One film", ("watched", ">by the clock", ">as fast", ">CPU", ">of one process", ">segments"), rows, "")
    print(f"goal: at most {GOAL} times the CPU of one process")


def main() -> None:
    """Measure."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("file", nargs="?", type=Path, help="a film of yours, some minutes long")
    options.add_argument("--processes", type=int, default=2, help="of the worker that watches and decodes")
    options.add_argument("--short", action="store_true", help="one turn")
    given = options.parse_args()
    print(machine(), "\n")
    with tempfile.TemporaryDirectory() as folder:
        path = given.file or make(LONG, Path(folder), 60.0)[0]
        tell(measure(Path(folder), path, given.processes, 1 if given.short else 3))


if __name__ == "__main__":
    main()
