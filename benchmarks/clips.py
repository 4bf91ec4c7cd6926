"""Clips to measure on: a drawn camera scene with a sensor's noise in several encodings, and one where everything moves."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import cv2

from ingest.scene import Scene, demo_scene

SIZE, FPS = (1920, 1080), 25
_NOISE = "noise=alls=6:allf=t,format=yuv420p"
_X264 = ["-c:v", "libx264", "-preset", "veryfast", "-sc_threshold", "0"]
_CAMERA = [*_X264, "-b:v", "4M", "-g", "50", "-bf", "0"]
_FILE = [*_X264, "-b:v", "4M", "-g", "250", "-bf", "3"]
# Half of each two seconds every frame, of the other half every third.
_UNEVEN = r"select='lt(mod(n\,50)\,25)+not(mod(n\,3))'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """How a clip is made of the drawn scene; `part` is how much of its length is taken."""

    about: str
    suffix: str
    encode: tuple[str, ...]
    filters: str = _NOISE
    part: float = 1.0


CLIPS = {
    "camera": Clip(about="H.264, 4 Mbit/s, keyframe every 2 s, no B frames", suffix=".mp4", encode=(*_CAMERA,)),
    "file": Clip(about="H.264, 4 Mbit/s, keyframe every 10 s, 3 B frames", suffix=".mp4", encode=(*_FILE,)),
    "h265": Clip(
        about="H.265, 3 Mbit/s, B frames",
        suffix=".mp4",
        encode=("-c:v", "libx265", "-preset", "ultrafast", "-b:v", "3M", "-x265-params", "log-level=none:keyint=50"),
    ),
    "uneven": Clip(
        about="H.264, variable rate",
        suffix=".mkv",
        encode=(*_CAMERA, "-fps_mode", "vfr"),
        filters=f"{_UNEVEN},{_NOISE}",
    ),
    "4k": Clip(
        about="3840x2160 H.264, 12 Mbit/s",
        suffix=".mp4",
        encode=(*_CAMERA, "-b:v", "12M"),
        filters=f"scale=3840:2160,{_NOISE}",
        part=0.5,
    ),
}
LONG, LONG_TIMES = "long", 5
TURMOIL = "turmoil"
TURMOIL_ABOUT = "everything moves: ffmpeg's testsrc2 with noise, H.264, 4 Mbit/s"


def about(name: str) -> str:
    """What the clip is."""
    if name == LONG:
        return f"the camera clip {LONG_TIMES} times over"
    return TURMOIL_ABOUT if name == TURMOIL else CLIPS[name].about


def make(name: str, folder: Path, seconds: float) -> tuple[Path, float]:
    """The clip in the folder, and its length in seconds; drawn unless it is there."""
    if name == TURMOIL:
        path = folder / f"{name}-{seconds:.0f}.mp4"
        source = f"testsrc2=size={SIZE[0]}x{SIZE[1]}:rate={FPS}:duration={seconds},{_NOISE}"
        _encode(["-f", "lavfi", "-i", source, *_CAMERA], path)
        return path, seconds
    if name == LONG:
        once, _ = make("camera", folder, seconds)
        path = folder / f"{name}-{seconds:.0f}.mp4"
        _encode(["-stream_loop", str(LONG_TIMES - 1), "-i", str(once), "-c", "copy"], path)
        return path, seconds * LONG_TIMES
    clip = CLIPS[name]
    length_s = seconds * clip.part
    path = folder / f"{name}-{length_s:.0f}{clip.suffix}"
    if not path.is_file():
        drawn = _drawn(folder, seconds)
        _encode(["-t", str(length_s), "-i", str(drawn), "-vf", clip.filters, *clip.encode], path)
    return path, length_s


def _drawn(folder: Path, seconds: float) -> Path:
    """The scene without noise, nearly lossless; over again where it is shorter than wanted."""
    path = folder / f"drawn-{seconds:.0f}.mp4"
    if not path.is_file():
        part = path.with_suffix(".part.mp4")
        raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{SIZE[0]}x{SIZE[1]}", "-r", str(FPS), "-i", "-"]
        encode = ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "12", "-pix_fmt", "yuv420p", str(part)]
        with subprocess.Popen(["ffmpeg", "-y", "-v", "error", *raw, *encode], stdin=subprocess.PIPE) as ffmpeg:
            assert ffmpeg.stdin is not None
            scene = demo_scene()
            for number in range(round(seconds * FPS)):
                ffmpeg.stdin.write(_picture(scene, number / FPS % scene.duration_s))
            ffmpeg.stdin.close()
        _kept(ffmpeg.returncode, part, path)
    return path


def _picture(scene: Scene, t: float) -> bytes:
    return cv2.convertScaleAbs(scene.drawn(t, SIZE), alpha=scene.gain(t)).tobytes()


def _encode(options: list[str], path: Path) -> None:
    if path.is_file():
        return
    part = path.with_suffix(f".part{path.suffix}")
    done = subprocess.run(["ffmpeg", "-y", "-v", "error", *options, str(part)], check=False)
    _kept(done.returncode, part, path)


def _kept(code: int, part: Path, path: Path) -> None:
    if code:
        part.unlink(missing_ok=True)
        sys.exit(f"ffmpeg could not write {path.name}; it needs libx264 and libx265")
    part.replace(path)
