"""Every bench after the other: `make bench`, or `make bench ARGS=--short` for a first look."""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.clips import make

_NAMES = ("decode", "steps", "footprint", "peer", "memory", "questions")  # as a reader would ask


def options_of(folder: Path, *, short: bool) -> dict[str, list[str]]:
    """What each bench is told; clips are drawn once, into the folder."""
    seconds = "20" if short else "60"
    keep = ["--keep", str(folder)]
    return {
        "decode": [*keep, "--seconds", seconds, "--rounds", "1" if short else "2"],
        "steps": [str(make("camera", folder, float(seconds))[0])],
        "footprint": [*keep, "--hours", "0.25" if short else "2"],
        "peer": [*keep, "--seconds", seconds],
        "memory": ["--events", "30000"] if short else [],
        "questions": ["--limit", "20"] if short else [],
    }


def run(name: str, options: list[str]) -> int:
    """Run one bench in a process of its own; -> its exit code."""
    print(f"\n{name}\n{'=' * len(name)}", flush=True)
    here = Path(__file__).parent
    environment = {**os.environ, "PYTHONPATH": str(here.parent)}
    return subprocess.run([sys.executable, here / f"{name}.py", *options], env=environment, check=False).returncode


def main() -> None:
    """Run those that are asked for; the exit code is 1 where one failed."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("benches", nargs="*", metavar="BENCH", help=f"only these of {', '.join(_NAMES)}")
    options.add_argument("--short", action="store_true", help="shorter clips, fewer rounds")
    options.add_argument("--keep", type=Path, help="folder for what is drawn, to use it again")
    given = options.parse_args()
    unknown = set(given.benches) - set(_NAMES)
    if unknown:
        options.error(f"no bench {', '.join(sorted(unknown))}; choose from {', '.join(_NAMES)}")
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        told = options_of(folder, short=given.short)
        failed = [name for name in given.benches or _NAMES if run(name, told[name])]
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
