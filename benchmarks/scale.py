"""What many machines cost, on this one: `make bench-scale`, or `make bench-scale ARGS=--short` for a first look.

First memory on a Neo4j server beside the embedded one, then how much of a watch is writing to each, then workers beside one
process, one long film over several, and questions at a million events: some 40 minutes, and 15 GB of disk. Options other
than `--short` and `--keep` are those of each part: `python -m benchmarks.scale_stores --help`, and so on.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

PARTS = ("scale_stores", "scale_share", "scale_cluster", "scale_spans", "scale_million")
STORES = ("scale_stores", "scale_million")


def main() -> None:
    """Run the parts, each in a process of its own; the exit code is 1 where one failed."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("parts", nargs="*", metavar="PART", help=f"only these of {', '.join(PARTS)}")
    options.add_argument("--short", action="store_true", help="less data, shorter films")
    options.add_argument("--keep", type=Path, help="folder of stores, to use them again")
    given = options.parse_args()
    unknown = set(given.parts) - set(PARTS)
    if unknown:
        options.error(f"no part {', '.join(sorted(unknown))}; choose from {', '.join(PARTS)}")
    with tempfile.TemporaryDirectory() as temporary:
        stores = given.keep or Path(temporary)
        failed = [part for part in given.parts or PARTS if run(part, stores, short=given.short)]
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


def run(part: str, stores: Path, *, short: bool) -> int:
    """Run one; -> its exit code. `stores`: a folder of what was filled, for those who need it."""
    print(f"\n{part}\n{'=' * len(part)}", flush=True)
    command = [sys.executable, "-m", f"benchmarks.{part}", *(["--short"] if short else [])]
    command += ["--keep", str(stores)] if part in STORES else []
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    main()
