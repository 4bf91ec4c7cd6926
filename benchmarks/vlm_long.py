"""Long clips made of annotated ones: one over and over, and one amid a long time in which nothing happens."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from benchmarks.vlm_clips import Truth

_MARGIN_S = 0.3
_SHARP = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-g", "50", "-an")


def repeated(truth: Truth, folder: Path, times: int) -> Truth:
    """The clip so many times, one after the other."""
    video = _joined(folder, f"{truth.video.stem}_x{times}", [_sharp(folder, truth)] * times)
    once_s = _seconds(video) / times
    events = tuple((start + turn * once_s, end + turn * once_s) for turn in range(times) for start, end in truth.events)
    return Truth(video=video, seconds=once_s * times, events=events)


def amid_quiet(truth: Truth, folder: Path, quiet_s: float) -> Truth:
    """The clip after so long a time in which nothing happens: its own longest such time, over and over."""
    start_s, end_s = _longest_idle(truth)
    times = max(1, round(quiet_s / (end_s - start_s)))
    idle = _sharp(folder, truth, start_s, end_s)
    video = _joined(folder, f"{truth.video.stem}_amid_quiet", [*[idle] * times, _sharp(folder, truth)])
    before_s = _seconds(video) - truth.seconds
    events = tuple((start + before_s, end + before_s) for start, end in truth.events)
    return Truth(video=video, seconds=before_s + truth.seconds, events=events)


def _longest_idle(truth: Truth) -> tuple[float, float]:
    """The longest time without an event, less a margin."""
    at, gaps = 0.0, []
    for start, end in sorted(truth.events):
        gaps.append((at, start))
        at = max(at, end)
    gaps.append((at, truth.seconds))
    start, end = max(gaps, key=lambda gap: gap[1] - gap[0])
    return start + _MARGIN_S, end - _MARGIN_S


def _sharp(folder: Path, truth: Truth, start_s: float = 0.0, end_s: float = 1e6) -> Path:
    """A stretch of the clip, encoded so that it may be joined to others."""
    video = folder / f"{truth.video.stem}_{start_s:.0f}_{min(end_s, truth.seconds):.0f}.mkv"
    _ffmpeg("-ss", str(start_s), "-to", str(end_s), "-i", str(truth.video), *_SHARP, str(video))
    return video


def _joined(folder: Path, name: str, parts: Sequence[Path]) -> Path:
    listed, video = folder / f"{name}.txt", folder / f"{name}.mkv"
    listed.write_text("".join(f"file '{one.name}'\n" for one in parts))
    _ffmpeg("-f", "concat", "-i", str(listed), "-c", "copy", str(video))
    return video


def _seconds(video: Path) -> float:
    command = ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", str(video)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _ffmpeg(*options: str) -> None:
    subprocess.run(["ffmpeg", "-y", "-v", "error", *options], check=True)
