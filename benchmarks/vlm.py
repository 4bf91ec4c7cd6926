"""Deep looks: what they ask on annotated clips, how busy they keep a server, what they cost over a bare model.

CPU is user + system seconds of our process, which another's load changes little; how busy a server is kept goes by the
clock, and a busy machine lowers it. Models are random and small: they prove plumbing and cost, never quality.
`--gpu` measures instead, on a GPU, random weights in the shape of Qwen2.5-VL-3B and -7B beside a plain transformers
loop (its options: python -m benchmarks.gpu --help).
"""

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.clips import make
from benchmarks.machine import machine

VIDEOS = Path(__file__).resolve().parents[2] / "shared" / "videos"
QUIET = 0.25  # a clip is quiet where nothing is annotated for so much of its time
PARTS = ("clips", "server", "overhead", "batches")


def clips(folder: Path, *, short: bool) -> None:
    """Calls, pictures and tokens on the annotated clips, and on long ones made of those that are quiet."""
    from benchmarks.vlm_clips import measured, shown, truths
    from benchmarks.vlm_long import amid_quiet, repeated

    if not VIDEOS.is_dir():
        sys.exit(f"the annotated clips are not in {VIDEOS}; leave out this part")
    found = truths(VIDEOS)
    clips = measured(found)
    quiet = [clip for clip in clips if clip.idle >= QUIET]
    sums = {f"quiet: {QUIET:.0%} idle or more": quiet, "all": clips}
    shown("asked of a model, beside chunks of 10 s with 20 pictures", clips, sums)
    many, quiet_s = (3, 120.0) if short else (8, 1200.0)
    long = [repeated(one, folder, many) for one in found if one.idle >= QUIET]
    shown(
        "the quiet ones over and over, and after a long time of nothing",
        measured([*long, amid_quiet(found[0], folder, quiet_s)]),
        {},
    )


def server(folder: Path, *, short: bool) -> None:
    """How busy a server of 16 slots is kept."""
    from benchmarks.vlm_queue import measured

    measured(_clip(folder), (1.0,) if short else (0.2, 1.0, 3.0), 20 if short else 40)


def overhead(folder: Path, *, short: bool) -> None:
    """CPU over a bare generate."""
    from benchmarks.vlm_local import overhead as measured

    measured(_clip(folder), 3 if short else 6, 1 if short else 3)


def batches(*, short: bool) -> None:
    """Batches of a model in this process."""
    from benchmarks.vlm_local import batches as measured

    measured((1, 2, 4) if short else (1, 2, 4, 8, 16))


def _clip(folder: Path) -> Path:
    return make("camera", folder, 20.0)[0]


def main() -> None:
    """Measure what is asked for, print."""
    if "--gpu" in sys.argv[1:]:
        from benchmarks.gpu import main as on_gpu

        on_gpu([one for one in sys.argv[1:] if one != "--gpu"])
        return
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("parts", nargs="*", metavar="PART", help=f"only these of {', '.join(PARTS)}")
    options.add_argument("--short", action="store_true", help="fewer questions")
    options.add_argument("--keep", type=Path, help="folder for what is made, to use it again")
    given = options.parse_args()
    if unknown := set(given.parts) - set(PARTS):
        options.error(f"no part {', '.join(sorted(unknown))}; choose from {', '.join(PARTS)}")
    print(machine(), flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        measures = {
            "clips": lambda: clips(folder, short=given.short),
            "server": lambda: server(folder, short=given.short),
            "overhead": lambda: overhead(folder, short=given.short),
            "batches": lambda: batches(short=given.short),
        }
        for part in given.parts or PARTS:
            measures[part]()
            sys.stdout.flush()


if __name__ == "__main__":
    main()
