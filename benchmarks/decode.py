"""Our sampling and a whole watch beside plain ffmpeg, on this machine: `make bench`.

A 1080p25 clip is drawn twice: as cameras write (no B frames, a keyframe every 2 s) and as files are often encoded
(B frames, a keyframe every 10 s). Each method runs in a process of its own, in turns; CPU seconds are user + system of
the process and its children, and the least of the rounds is told. The ratio is ours to ffmpeg's CPU: below 1 is less.
"""

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ENCODINGS = {
    "camera-like": ["-g", "50", "-bf", "0"],
    "file-like": ["-g", "250", "-bf", "3"],
}
_SAMPLE = """
import sys
from pathlib import Path
from ingest.open import open_source
source = open_source([Path(sys.argv[1])], sample=sys.argv[2])
frames = sum(frame.planes(320)[0].shape[1] == 320 for frame in source.frames())
source.close()
assert frames, "no frames"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one run took: CPU seconds, wall seconds, peak memory in MB."""

    cpu_s: float
    wall_s: float
    peak_mb: float


def run(command: list[str]) -> Cost:
    """Run a command to its end. Raises SystemExit where it fails."""
    began = time.monotonic()
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        log.seek(0)
        if process.returncode:
            sys.exit(f"{' '.join(command[:3])}… failed: {log.read()[-500:].decode(errors='replace')}")
    return Cost(cpu_s=usage.ru_utime + usage.ru_stime, wall_s=time.monotonic() - began, peak_mb=usage.ru_maxrss / 1024)


def draw(path: Path, seconds: int, options: list[str]) -> None:
    """A noisy moving 1080p25 picture as H.264 at 4 Mbit/s."""
    source = f"testsrc2=size=1920x1080:rate=25:duration={seconds},noise=alls=6:allf=t,format=yuv420p"
    encode = ["-c:v", "libx264", "-preset", "veryfast", "-b:v", "4M", *options]
    run(["ffmpeg", "-y", "-v", "error", "-f", "lavfi", "-i", source, *encode, str(path)])


def methods(clip: Path, folder: Path) -> dict[str, list[list[str]]]:
    """For each comparison: ffmpeg's command, then ours."""
    ffmpeg = ["ffmpeg", "-v", "error", "-i", str(clip)]
    null = ["-f", "null", "-"]
    python = [sys.executable, "-c", _SAMPLE, str(clip)]
    vidette = str(Path(sys.executable).with_name("vidette"))
    watch = [vidette, "watch", str(clip), "--db", str(folder / "watch.db"), "--again", "-q"]
    return {
        "1 frame/s": [[*ffmpeg, "-vf", "fps=1", *null], [*python, "1"]],
        "5 frames/s": [[*ffmpeg, "-vf", "fps=5", *null], [*python, "5"]],
        "keyframes": [
            ["ffmpeg", "-v", "error", "-skip_frame", "nokey", "-i", str(clip), *null],
            [*python, "keyframes"],
        ],
        "whole watch, against fps=5": [[*ffmpeg, "-vf", "fps=5", *null], watch],
    }


def least(command: list[str], rounds: int) -> Cost:
    """The cheapest of some runs."""
    return min((run(command) for _ in range(rounds)), key=lambda cost: cost.cpu_s)


def machine() -> str:
    """The machine in one line."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        names = [
            line.partition(":")[2].strip() for line in info.read_text().splitlines() if line.startswith("model name")
        ]
        model = names[0] if names else model
    version = subprocess.run(["ffmpeg", "-version"], capture_output=True, text=True, check=True).stdout.split()[2]
    load = os.getloadavg()[0]
    python = platform.python_version()
    return f"{model}, {os.cpu_count()} cores, load {load:.1f}, {platform.system()} {platform.release()}, Python {python}, ffmpeg {version}"


def main() -> None:
    """Draw, measure, print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=int, default=60, help="length of the clip")
    options.add_argument("--rounds", type=int, default=3, help="runs of each method")
    given = options.parse_args()
    if shutil.which("ffmpeg") is None:
        sys.exit("ffmpeg is missing; install it to compare with it (Debian: apt-get install ffmpeg)")
    print(f"{machine()}\n{given.seconds} s of 1080p25 H.264, least CPU of {given.rounds} rounds\n")
    print(f"{'':40}{'CPU s':>8}{'wall s':>8}{'x real':>8}{'peak MB':>9}{'ratio':>7}")
    with tempfile.TemporaryDirectory() as folder:
        for name, encoding in ENCODINGS.items():
            clip = Path(folder) / f"{name}.mp4"
            draw(clip, given.seconds, encoding)
            for comparison, (theirs, ours) in methods(clip, Path(folder)).items():
                reference, cost = least(theirs, given.rounds), least(ours, given.rounds)
                told(f"{name}, {comparison}: ffmpeg", reference, given.seconds, "")
                told(f"{'':13}vidette", cost, given.seconds, f"{cost.cpu_s / reference.cpu_s:.2f}")


def told(name: str, cost: Cost, seconds: int, ratio: str) -> None:
    """Print one line of the table."""
    speed = seconds / cost.wall_s
    print(f"{name:40}{cost.cpu_s:8.2f}{cost.wall_s:8.2f}{speed:8.1f}{cost.peak_mb:9.0f}{ratio:>7}", flush=True)


if __name__ == "__main__":
    main()
