"""Memory over a long file: a drawn minute is joined to hours without coding it again, and watched.

Resident memory is read once a second while the watch runs. Flat means that its slope over the watch's second half, as a
line fitted to it (least squares), is small beside its peak.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import psutil

from benchmarks.decode import watch
from benchmarks.machine import machine
from ingest.scene import demo_scene, write

_EVERY_S = 1.0


def long_clip(folder: Path, hours: float) -> Path:
    """The drawn scene (640x360, 10 frames a second), again and again."""
    minute, path = folder / "minute.mp4", folder / f"hours-{hours:g}.mp4"
    if not path.is_file():
        scene = demo_scene()
        write(scene, minute)
        again = round(hours * 3600 / scene.duration_s) - 1
        joined = ["-stream_loop", str(again), "-i", str(minute), "-c", "copy", str(path)]
        if subprocess.run(["ffmpeg", "-y", "-v", "error", *joined], check=False).returncode:
            sys.exit(f"ffmpeg could not write {path.name}")
    return path


def sampled(command: list[str]) -> tuple[list[tuple[float, float]], float]:
    """Run a command; -> (wall seconds, resident MB) of it, and its CPU seconds. Raises SystemExit where it fails."""
    points: list[tuple[float, float]] = []
    began = time.monotonic()
    process = psutil.Popen(command, stdout=subprocess.DEVNULL)
    cpu_s = 0.0
    while process.poll() is None:
        try:
            points.append((time.monotonic() - began, process.memory_info().rss / 2**20))
            cpu_s = sum(process.cpu_times()[:2])
        except psutil.Error:
            break  # it has just ended
        time.sleep(_EVERY_S)
    if process.wait():
        sys.exit(f"{' '.join(command[:3])}… failed")
    return points, cpu_s


def slope(points: list[tuple[float, float]], hours: float) -> float:
    """MB for each hour of video, over the second half of the watch."""
    half = points[len(points) // 2 :]
    wall, memory = np.array([at for at, _ in half]), np.array([mb for _, mb in half])
    return float(np.polyfit(wall * hours / points[-1][0], memory, 1)[0])


def main() -> None:
    """Draw, watch, print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--hours", type=float, default=2, help="length of the file")
    options.add_argument("--sample", default="1", help="frames a second to look at")
    options.add_argument("--keep", type=Path, help="folder for the file, to use it again")
    given = options.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        points, cpu_s = sampled(watch(long_clip(folder, given.hours), folder, given.sample))
    print(f"\n{given.hours:g} h of 640x360, {given.sample} frames/s: {points[-1][0]:.0f} s wall, {cpu_s:.0f} CPU s")
    print(f"peak {max(mb for _, mb in points):.0f} MB, slope {slope(points, given.hours):+.1f} MB an hour of video")
    parts = [points[round(len(points) * share / 8) : round(len(points) * (share + 1) / 8)] for share in range(8)]
    most = [max((mb for _, mb in part), default=0.0) for part in parts]
    print(f"most in each eighth: {', '.join(f'{mb:.0f}' for mb in most)} MB")
    print(f"from eighth to eighth: {', '.join(f'{b - a:+.0f}' for a, b in pairwise(most))} MB")


if __name__ == "__main__":
    main()
