"""Clips as cameras send them: H.264 or H.265, short groups of pictures, no B frames."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from vidette.errors import ConfigError, SourceError

_H264 = ("-c:v", "libx264", "-preset", "veryfast", "-sc_threshold", "0")
_H265 = ("-c:v", "libx265", "-preset", "ultrafast", "-tag:v", "hvc1")
_QUIET = "log-level=none:bframes=0:scenecut=0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """How a camera encodes: a keyframe every `gop_s` seconds; `width` 0 keeps the size; `length_s` 0 keeps it whole."""

    codec: str = "h264"
    width: int = 0
    fps: int = 25
    gop_s: float = 2.0
    length_s: float = 0.0
    options: tuple[str, ...] = ()


def encoded(clip: Path, path: Path, encoding: Encoding) -> Path:
    """`clip` as a camera would send it, written to `path` (MP4) unless it is there.

    Raises ConfigError where ffmpeg is missing, SourceError where it cannot read the clip.
    """
    if path.is_file():
        return path
    if shutil.which("ffmpeg") is None:
        raise ConfigError("ffmpeg is missing, which makes the clips; install it (Debian: apt-get install ffmpeg)")
    part = path.with_name(f"part-{path.name}")
    command = ["ffmpeg", "-nostdin", "-y", "-v", "error", "-i", f"file:{clip}", *_options(encoding), f"file:{part}"]
    done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603  `file:` keeps a name from being an option or a URL
    if done.returncode:
        part.unlink(missing_ok=True)
        said = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise SourceError(f"cannot make a camera's clip of {str(clip)!r}: {said or 'ffmpeg failed'}; give a video file")
    part.replace(path)
    return path


def _options(encoding: Encoding) -> list[str]:
    gop = max(1, round(encoding.gop_s * encoding.fps))
    scale = f"scale={encoding.width}:-2," if encoding.width else ""
    length = ["-t", str(encoding.length_s)] if encoding.length_s else []
    coding = [*_H265, "-x265-params", f"{_QUIET}:keyint={gop}"] if encoding.codec == "h265" else list(_H264)
    filters = ["-vf", f"{scale}fps={encoding.fps},format=yuv420p", "-an", "-g", str(gop), "-bf", "0"]
    return [*length, *coding, *filters, *encoding.options]
