"""Clips for cameras: an empty street with a sensor's noise, one where everything moves, one where somebody passes."""

import subprocess
import sys
from pathlib import Path

import cv2

from app.simulation.clips import Encoding, encoded
from benchmarks.clips import FPS, SIZE, TURMOIL, make
from ingest.scene import Actor, Knot, Scene, demo_scene, write
from ingest.scene_figures import Look
from ingest.scene_paint import Place
from vidette.models import Label

PASS_EVERY_S = 8.0
_SETTLED_S = 6.0
_4M = ("-b:v", "4M", "-maxrate", "4M", "-bufsize", "8M")


def quiet(folder: Path, seconds: float) -> Path:
    """1080p25, 4 Mbit/s, a keyframe every 2 s: nothing moves but noise."""
    path, still = folder / f"quiet-{seconds:.0f}.mp4", folder / "street.png"
    if not path.is_file():
        scene = demo_scene()
        empty = Scene(actors=(), bag_at=scene.bag_at, bag_s=(1e9, 1e9), light=((0.0, 1.0),), duration_s=1.0)
        cv2.imwrite(str(still), cv2.cvtColor(empty.drawn(0.0, SIZE), cv2.COLOR_RGB2BGR))
        noisy = folder / f"noisy-{seconds:.0f}.mp4"
        ffmpeg = ["ffmpeg", "-y", "-v", "error", "-loop", "1", "-framerate", str(FPS), "-t", str(seconds + _SETTLED_S)]
        filters = ["-vf", "noise=alls=6:allf=t,format=yuv420p", "-c:v", "libx264", "-preset", "ultrafast", "-qp", "12"]
        if subprocess.run([*ffmpeg, "-i", str(still), *filters, str(noisy)], check=False).returncode:
            sys.exit("ffmpeg could not make the quiet clip; it needs libx264")
        whole = encoded(noisy, folder / "quiet-whole.mp4", Encoding(options=_4M))
        # Its first seconds are of another quality, which a camera that goes on would not send at each turn.
        cut = ["ffmpeg", "-y", "-v", "error", "-ss", str(_SETTLED_S), "-i", str(whole), "-c", "copy", str(path)]
        if subprocess.run(cut, check=False).returncode:
            sys.exit("ffmpeg could not cut the quiet clip")
        noisy.unlink()
        whole.unlink()
    return path


def busy(folder: Path, seconds: float) -> Path:
    """1080p25, 4 Mbit/s, a keyframe every 2 s: everything moves."""
    clip, _ = make(TURMOIL, folder, seconds)
    return clip


def passers(folder: Path, turns: int) -> Path:
    """640x360, 10 frames a second, a keyframe every 2 s: somebody crosses every `PASS_EVERY_S`."""
    path, drawn = folder / f"passers-{turns}.mp4", folder / f"passers-{turns}.drawn.mp4"
    if not path.is_file():
        write(_passing(turns), drawn)
        encoded(drawn, path, Encoding(fps=10))
    return path


def _passing(turns: int) -> Scene:
    actors = []
    for turn in range(turns):
        at_s, ways = turn * PASS_EVERY_S + 2.0, (-0.1, 1.1)
        begin, end = ways if turn % 2 else ways[::-1]
        knots = (Knot(at_s=at_s, x=begin, y=0.85), Knot(at_s=at_s + 4.0, x=end, y=0.85))
        actors.append(Actor(name=f"passer {turn}", label=Label.PERSON, knots=knots, look=Look()))
    bag = Place(x=0.5, y=0.9)
    length_s = turns * PASS_EVERY_S
    return Scene(actors=tuple(actors), bag_at=bag, bag_s=(1e9, 1e9), light=((0.0, 1.0),), duration_s=length_s)
