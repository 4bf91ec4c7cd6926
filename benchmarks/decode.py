"""Reading and whole watches beside plain ffmpeg, on this machine.

Each method runs in a process of its own, in turns; CPU seconds are user + system of the process and its children,
the least of the rounds is told, Python's start included. `ratio` is to the CPU of the ffmpeg command named: below 1 is
less. `h/h` is CPU seconds for an hour of video.
"""

import argparse
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.clips import CLIPS, LONG, TURMOIL, about, make
from benchmarks.cost import Cost, in_turns, run
from benchmarks.machine import machine

_READ = """
import sys
from pathlib import Path
from ingest.open import open_source
source = open_source([Path(sys.argv[1])], sample=sys.argv[2])
frames = sum(frame.planes(480)[0].shape[1] == 480 for frame in source.frames())
source.close()
assert frames, "no frames"
"""
FULL_1, FULL_5, KEYS = "ffmpeg fps=1", "ffmpeg fps=5", "ffmpeg -skip_frame nokey"
_AGAINST = {
    "read, 1 frame/s": (FULL_1,),
    "read, 5 frames/s": (FULL_5,),
    "read, keyframes": (KEYS,),
    "watch, 1 frame/s": (FULL_1,),
    "watch, 5 frames/s": (FULL_5,),
    "watch, keyframes": (FULL_5, KEYS),
}
_ALL = ["camera", LONG, *(name for name in CLIPS if name != "camera"), TURMOIL]
_MAIN = ("camera", "file", TURMOIL)
_FEW = (FULL_5, KEYS, "read, 5 frames/s", "watch, 5 frames/s", "watch, keyframes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One clip with the costs of every method."""

    name: str
    length_s: float
    costs: dict[str, Cost]


def methods(clip: Path, folder: Path) -> dict[str, list[str]]:
    """Every command that is compared."""
    null, decode = ["-f", "null", "-"], ["ffmpeg", "-v", "error", "-i", str(clip)]
    out = {
        FULL_1: [*decode, "-vf", "fps=1", *null],
        FULL_5: [*decode, "-vf", "fps=5", *null],
        KEYS: ["ffmpeg", "-v", "error", "-skip_frame", "nokey", "-i", str(clip), *null],
    }
    for name, sample in (("1 frame/s", "1"), ("5 frames/s", "5"), ("keyframes", "keyframes")):
        out[f"read, {name}"] = [sys.executable, "-c", _READ, str(clip), sample]
        out[f"watch, {name}"] = watch(clip, folder, sample)
    return out


def watch(clip: Path, folder: Path, sample: str = "5") -> list[str]:
    """A whole watch into memory of its own, everything counted."""
    database = folder / f"{clip.stem}-{sample}.db"
    program = str(Path(sys.executable).with_name("vidette"))
    return [program, "watch", str(clip), "--db", str(database), "--sample", sample, "--again", "-q"]


def measure(name: str, folder: Path, seconds: float, rounds: int) -> Measured:
    """Every method on one clip; fewer on the clips that only show that it works there, too."""
    clip, length_s = make(name, folder, seconds)
    commands = methods(clip, folder)
    if name not in _MAIN:
        commands = {method: commands[method] for method in _FEW}
    return Measured(name=name, length_s=length_s, costs=in_turns(commands, rounds))


def told(measured: Measured) -> None:
    """Print one clip's part of the table."""
    print(f"\n{measured.name}: {about(measured.name)}; {measured.length_s:.0f} s")
    print(f"{'':28}{'CPU s':>8}{'h/h':>8}{'wall s':>8}{'x real':>8}{'peak MB':>9}  ratio")
    for method, cost in measured.costs.items():
        an_hour = cost.cpu_s * 3600 / measured.length_s
        speed = measured.length_s / cost.wall_s
        ratios = [
            f"{cost.cpu_s / measured.costs[reference].cpu_s:.2f} of {reference}"
            for reference in _AGAINST.get(method, ())
            if reference in measured.costs
        ]
        line = f"{method:28}{cost.cpu_s:8.2f}{an_hour:8.0f}{cost.wall_s:8.2f}{speed:8.1f}{cost.peak_mb:9.0f}"
        print(f"{line}  {', '.join(ratios)}", flush=True)


def told_cores(folder: Path, seconds: float) -> None:
    """Print how fast one watch is on one core and on two."""
    clip, length_s = make("camera", folder, seconds)
    cores = sorted(os.sched_getaffinity(0))[:2]
    print("\none watch of the camera clip, 5 frames/s")
    for count in range(1, len(cores) + 1):
        cost = min((run(watch(clip, folder), cores[:count]) for _ in range(2)), key=lambda cost: cost.wall_s)
        print(f"  on {count} core{'s' * (count > 1)}: {length_s / cost.wall_s:.1f} x real time", flush=True)


def main() -> None:
    """Draw, measure, print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=float, default=60, help="length of the drawn scene")
    options.add_argument("--rounds", type=int, default=2, help="runs of each method")
    options.add_argument("--clips", nargs="*", default=_ALL, choices=_ALL)
    options.add_argument("--keep", type=Path, help="folder for the clips, to use them again")
    given = options.parse_args()
    print(f"{machine()}\nleast CPU of {given.rounds} rounds")
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for name in given.clips:
            told(measure(name, folder, given.seconds, given.rounds))
        told_cores(folder, given.seconds)


if __name__ == "__main__":
    main()
