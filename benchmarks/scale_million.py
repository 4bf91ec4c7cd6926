"""Questions at a million events on both stores: `python -m benchmarks.scale_million --keep FOLDER [--short]`.

The folder is that of `python -m benchmarks.scale_stores --keep FOLDER`, whose server of 100,000 events becomes ten times as large
(benchmarks/scale_grown.py); the embedded store is written, one observation after another. Some 15 minutes.
"""

import argparse
import sys
from pathlib import Path

from benchmarks.machine import machine
from benchmarks.scale_grown import grown
from benchmarks.scale_stores import EVENTS, SHORT, measure

TIMES = 10
ROUNDS = 25


def main() -> None:
    """Grow the one, write the other, ask both."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--keep", type=Path, required=True, help="folder of stores, to use them again")
    options.add_argument("--short", action="store_true", help=f"{SHORT * TIMES:,} events")
    given = options.parse_args()
    events = SHORT if given.short else EVENTS
    source, target = (given.keep / str(count) for count in (events, events * TIMES))
    if not (source / "neo4j").is_dir():
        options.error(
            f"no server of {events:,} events in {source}; run benchmarks.scale_stores --keep {given.keep} first"
        )
    print(f"{machine()}\n", flush=True)
    if not (target / "neo4j").is_dir():
        grown(source / "neo4j", target / "neo4j", TIMES)
    measure(target, events * TIMES, ROUNDS)


if __name__ == "__main__":
    sys.exit(main())
