"""Beside DVR-Scan (Breakthrough's motion finder for recordings), in the same run on the same clips.

Both are asked when something moved: DVR-Scan's motion events without its padding, and the stretches that Vidette's
coverage says were worth a closer look. `found` is how many of the true happenings lie at least half in what was
marked; `idle marked` is how much of the time in which nothing happens was marked. DVR-Scan runs as it comes, and once
more on a quarter of the size and a fifth of the frames, as Vidette does. It is installed into an environment of its own.

Truth: the annotated clips of `--videos` (NAME.events.json beside each) and the drawn scene. Where annotations are exact,
idle is what lies more than a second from all that happens.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.clips import make
from benchmarks.cost import Cost, in_turns
from benchmarks.decode import watch
from benchmarks.machine import machine
from ingest.scene import demo_scene

_DVR_SCAN = "dvr-scan==1.8.2.1"
# What it needs, with an OpenCV that asks for no window system.
_NEEDS = (
    "opencv-contrib-python-headless<5",
    "numpy<3",
    "pillow",
    "platformdirs",
    "scenedetect<0.7",
    "screeninfo",
    "tqdm",
)
_NOTHING = ("empty_", "scene_segment")
_NEAR_S = 1.0
_TIME = re.compile(r"(\d+):(\d\d):(\d\d\.\d+)")
Span = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """A clip: when something happens, and when surely nothing does."""

    clip: Path
    length_s: float
    busy: tuple[Span, ...]
    idle: tuple[Span, ...]


def joined(spans: Iterable[Span]) -> list[Span]:
    """The union of spans, in time order."""
    out: list[Span] = []
    for start, end in sorted(spans):
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], max(out[-1][1], end))
        else:
            out.append((start, end))
    return out


def gaps(spans: Iterable[Span], length_s: float) -> list[Span]:
    """What of [0, length_s) lies further than a second from all spans."""
    near = joined((start - _NEAR_S, end + _NEAR_S) for start, end in spans)
    edges = [0.0, *(edge for span in near for edge in span), length_s]
    return [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if b > a]


def shared(spans: Iterable[Span], marked: Sequence[Span]) -> float:
    """Seconds of the spans that are marked."""
    return sum(max(0.0, min(b, d) - max(a, c)) for a, b in spans for c, d in joined(marked))


def annotated(folder: Path) -> list[Truth]:
    """The annotated clips of a folder, cut-together ones left out."""
    out = []
    for path in sorted(folder.glob("*.events.json")):
        said = json.loads(path.read_text())
        busy = [(e["start_s"], e["end_s"]) for e in said["events"] if not e["type"].startswith(_NOTHING)]
        if not said["derived"]:
            idle = [] if said["approximate"] else gaps(busy, said["duration_s"])
            clip = folder / said["video"]
            out.append(Truth(clip=clip, length_s=said["duration_s"], busy=tuple(busy), idle=tuple(idle)))
    return out


def drawn(folder: Path, seconds: float) -> Truth:
    """The drawn scene at 1080p: people and a car are busy time; a cloud's shadow is not."""
    clip, length_s = make("camera", folder, seconds)
    scene = demo_scene()
    busy = [(t.start_s, t.end_s) for t in scene.tracks() if t.end_s <= length_s and t.label != "bag"]
    return Truth(clip=clip, length_s=length_s, busy=tuple(busy), idle=tuple(gaps(busy, length_s)))


def install(folder: Path) -> str:
    """DVR-Scan in a virtual environment of its own; -> its program. Raises SystemExit."""
    program = folder / "dvr-scan" / "bin" / "dvr-scan"
    if not program.is_file():
        venv.create(folder / "dvr-scan", with_pip=True)
        pip = [str(folder / "dvr-scan" / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-deps", _DVR_SCAN]
        for command in ([*pip[:-2], *_NEEDS], pip):
            if subprocess.run(command, check=False).returncode:
                sys.exit("DVR-Scan could not be installed; this comparison needs a package index")
    return str(program)


def commands(truth: Truth, program: str, folder: Path) -> dict[str, list[str]]:
    """Each program's command for a clip."""
    peer = [program, "--ignore-user-config", "-i", str(truth.clip), "-so", "-q", "-tb", "0s", "-tp", "0s"]
    return {
        "Vidette": watch(truth.clip, folder),
        "Vidette, keyframes": watch(truth.clip, folder, "keyframes"),
        "DVR-Scan": peer,
        "DVR-Scan -df 4 -fs 4": [*peer, "-df", "4", "-fs", "4"],
    }


def marked(name: str, cost: Cost, command: list[str]) -> list[Span]:
    """The stretches of time a program marked."""
    if name.startswith("DVR-Scan"):
        times = [int(h) * 3600 + int(m) * 60 + float(s) for h, m, s in _TIME.findall(cost.said)]
        return list(zip(times[::2], times[1::2], strict=True))
    database = command[command.index("--db") + 1]
    rows = subprocess.run(
        [command[0], "coverage", "--db", database, "--limit", "1000000", "--json"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found = [json.loads(row) for row in rows.splitlines()]
    return [(row["start_s"], row["end_s"]) for row in found if row["deep"] == "examined"]


@dataclass(slots=True, kw_only=True)
class Score:
    """Sums over clips."""

    cpu_s: float = 0.0
    length_s: float = 0.0
    found: int = 0
    true: int = 0
    idle_marked_s: float = 0.0
    idle_s: float = 0.0

    def add(self, truth: Truth, cost: Cost, spans: Sequence[Span]) -> None:
        """Count a clip in."""
        self.cpu_s += cost.cpu_s
        self.length_s += truth.length_s
        self.found += sum(shared([span], spans) >= 0.5 * (span[1] - span[0]) for span in truth.busy)
        self.true += len(truth.busy)
        self.idle_marked_s += shared(truth.idle, spans)
        self.idle_s += sum(end - start for start, end in truth.idle)

    def told(self, name: str) -> str:
        """One line of the table."""
        idle = f"{self.idle_marked_s:5.1f} of {self.idle_s:5.1f} s" if self.idle_s else "no idle time"
        an_hour = self.cpu_s * 3600 / self.length_s
        return f"  {name:24}{self.cpu_s:8.2f}{an_hour:9.0f}{self.found:8} of {self.true:<4}{idle:>18}"


def compare(title: str, truths: Sequence[Truth], program: str, folder: Path, rounds: int) -> None:
    """Print one table: every program over some clips."""
    scores: dict[str, Score] = {}
    for truth in truths:
        each = commands(truth, program, folder)
        for name, cost in in_turns(each, rounds).items():
            scores.setdefault(name, Score()).add(truth, cost, marked(name, cost, each[name]))
    print(f"\n{title}, {sum(truth.length_s for truth in truths):.0f} s")
    print(f"  {'':24}{'CPU s':>8}{'CPU s/h':>9}{'found':>11}{'idle marked':>22}")
    for name, score in scores.items():
        print(score.told(name), flush=True)


def main() -> None:
    """Install, run, print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--videos", type=Path, default=Path("../shared/videos"), help="folder of annotated clips")
    options.add_argument("--seconds", type=float, default=60, help="length of the drawn scene")
    options.add_argument("--rounds", type=int, default=1, help="runs of each program")
    options.add_argument("--keep", type=Path, help="folder for clips and DVR-Scan, to use them again")
    given = options.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        program = install(folder)
        compare("drawn scene, 1080p25", [drawn(folder, given.seconds)], program, folder, given.rounds)
        clips = annotated(given.videos)
        if clips:
            compare(f"{len(clips)} annotated clips, 320x240 to 1280x720", clips, program, folder, given.rounds)


if __name__ == "__main__":
    main()
