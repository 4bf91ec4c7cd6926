"""Cameras: cost beside ffmpeg, memory, delays, and (when asked for) a soak with faults.

Real RTSP servers on this machine serve clips that were encoded before, by copy. CPU is counted in CPU seconds of each
process over the same minute, so what else runs on the machine changes little; delays are of the wall clock, and a busy
machine lengthens them. The cameras' servers take CPU of the same cores.
"""

import argparse
import signal
import sys
import tempfile
import time
from pathlib import Path

from app.simulation.camera import missing
from app.simulation.stage import clips_of
from app.tables import show
from benchmarks import live_clips
from benchmarks.live_cost import measured
from benchmarks.live_delays import alerts_received, faults_told, first_pictures, said
from benchmarks.live_soak import soak
from benchmarks.machine import machine
from ingest.scene import demo_scene, write

PARTS = ("cost", "first", "faults", "alerts")


def cost(folder: Path, *, short: bool) -> None:
    """CPU and memory a stream, quiet and busy."""
    # Where a clip begins anew the picture jumps, which no quiet camera's does: seldom enough to be measured between.
    still = live_clips.quiet(folder, 90.0 if short else 180.0)
    clips = {"quiet": still, "busy": live_clips.busy(folder, 12.0 if short else 30.0)}
    rows = measured(_new(folder, "cost"), clips, 30.0 if short else 120.0)
    columns = ("1080p25, 4 Mbit/s", "read by", ">CPU of a core", ">streams a core", ">PSS", ">RSS")
    show("cost of a stream", columns, rows, "nothing measured")


def first(folder: Path, *, short: bool) -> None:
    """Time to the first picture."""
    clip = live_clips.quiet(folder, 12.0 if short else 30.0)
    for keyed, what in ((True, "sends a keyframe to who joins"), (False, "does not, and its next one has to come")):
        found = first_pictures(clip, 8 if short else 40, keyed=keyed)
        print(f"first picture of 1080p25, keyframe every 2 s, of a camera that {what}: {said(found)}")


def faults(folder: Path, *, short: bool) -> None:
    """Time from a fault to its event."""
    told, back = faults_told(_small(folder)[0], _new(folder, "faults"), 3, 2 if short else 8)
    print(f"camera killed, until signal_lost is in memory (said after 3 s without a picture): {said(told)}")
    print(f"camera back, until it is watched in memory: {said(back)}")


def alerts(folder: Path, *, short: bool) -> None:
    """Time from a picture to its webhook."""
    clip = live_clips.passers(folder, 6)
    for idle in ("full", "keyframes"):
        at, raised, delays = alerts_received(clip, _new(folder, f"alerts-{idle}"), 3, 60.0 if short else 240.0, idle)
        print(f"alert at 5 frames a second, idle: {idle}: first frame that shows the thing to webhook: {said(at)}")
        print(f"  of that, raised to webhook: {said(raised)}; from a picture's time to its look: {said(delays)}")
        print("  the rest is the look's: a thing is believed once it has moved far enough into view")


def soaked(folder: Path, cameras: int, minutes: float) -> bool:
    """The soak; -> whether memory, files and threads stayed and the ledger explains everything."""
    result = soak(_small(folder), _new(folder, "soak"), cameras, minutes)
    last = result.points[-1]
    growth = {
        "PSS": result.growth(lambda point: point.pss_mb),
        "RSS": result.growth(lambda point: point.rss_mb),
        "open files": result.growth(lambda point: point.fds),
        "threads": result.growth(lambda point: point.threads),
    }
    print(f"soak: {cameras} cameras, {minutes:g} minutes; faults: {result.faults}")
    print(
        f"at the end {last.pss_mb:.0f} MB PSS, {last.rss_mb:.0f} MB RSS, {last.fds} open files, {last.threads} threads,"
        f" {last.processes} processes; growth after the first quarter: "
        + ", ".join(f"{name} {share:+.1%}" for name, share in growth.items())
    )
    for what, of in {
        "PSS": lambda point: point.pss_mb,
        "that of the watch itself": lambda point: point.parent_mb,
    }.items():
        print(f"MB {what}, mean of each eighth: " + ", ".join(f"{mb:.0f}" for mb in result.eighths(of)))
    print(f"unexplained in the ledger: {len(result.unexplained)}", *result.unexplained, sep="\n  ")
    return growth["PSS"] < 0.02 and growth["open files"] < 0.02 and not result.unexplained


def _small(folder: Path) -> tuple[Path, ...]:
    scene = folder / "scene.mp4"
    if not scene.is_file():
        write(demo_scene(), scene)
    return clips_of(scene, folder)


def _new(folder: Path, name: str) -> Path:
    path = folder / f"{name}-{time.time():.0f}"
    path.mkdir()
    return path


def main() -> None:
    """Measure what is asked for, print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("parts", nargs="*", metavar="PART", help=f"only these of {', '.join(PARTS)}")
    options.add_argument("--short", action="store_true", help="minutes instead of an hour")
    options.add_argument("--soak", type=float, default=0.0, metavar="MINUTES", help="then a soak of so many minutes")
    options.add_argument("--cameras", type=int, default=8, help="cameras of the soak")
    options.add_argument("--keep", type=Path, help="folder for what is made, to use it again")
    given = options.parse_args()
    if unknown := set(given.parts) - set(PARTS):
        options.error(f"no part {', '.join(sorted(unknown))}; choose from {', '.join(PARTS)}")
    if lacking := missing():
        sys.exit(lacking)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # nothing of ours is left running
    print(machine(), flush=True)
    measures = {"cost": cost, "first": first, "faults": faults, "alerts": alerts}
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        parts = given.parts or (() if given.soak else PARTS)
        for part in parts:
            measures[part](folder, short=given.short)
            sys.stdout.flush()
        if given.soak and not soaked(folder, given.cameras, given.soak):
            sys.exit("the soak failed")


if __name__ == "__main__":
    main()
