"""Small real videos, made with PyAV's own encoders; each frame says its number in its picture."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

os.environ.setdefault("SVT_LOG", "1")  # the AV1 encoder writes to stderr

BITS = 10
WIDTH, HEIGHT = 160, 120
FPS = 25
TICK = Fraction(1, 90_000)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How to make a clip. `times_s`: when each frame is shown; without it, `frames` at FPS."""

    codec: str = "libx264"
    gop: int = 10
    b_frames: int = 0
    frames: int = 100
    times_s: tuple[float, ...] = ()
    size: tuple[int, int] = (WIDTH, HEIGHT)
    pix_fmt: str = "yuv420p"
    options: dict[str, str] = field(default_factory=dict)
    container_options: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    rotation: int = 0
    pixel_aspect: Fraction | None = None
    start_s: float = 0.0
    audio_s: float = 0.0
    format: str | None = None


def bars(index: int, size: tuple[int, int] = (WIDTH, HEIGHT)) -> NDArray[np.uint8]:
    """Luma `(h, w)` of frame `index`: a bar for each of its bits, lowest on the left; the rest moves slowly."""
    width, height = size
    luma = np.full((height, width), 40, np.uint8)
    step = width // BITS
    for bit in range(BITS):
        luma[: height * 3 // 4, bit * step : (bit + 1) * step] = 200 if index >> bit & 1 else 50
    luma[height * 3 // 4 :, index % width : index % width + 12] = 180
    return luma


def read_index(luma: NDArray[np.uint8]) -> int:
    """The number that a frame's luma shows."""
    height, width = luma.shape
    step = width / BITS
    centres = [
        luma[height // 4 : height // 2, int((bit + 0.3) * step) : int((bit + 0.7) * step)] for bit in range(BITS)
    ]
    return sum(1 << bit for bit, patch in enumerate(centres) if patch.mean() > 125)


def picture(index: int, size: tuple[int, int], pix_fmt: str) -> av.VideoFrame:
    """Frame `index`, gray on neutral chroma, in any pixel format."""
    luma = bars(index, size)
    rows = np.vstack([luma, np.full((size[1] // 2, size[0]), 128, np.uint8)])
    frame = av.VideoFrame.from_ndarray(rows, format="yuv420p")
    if pix_fmt == "gray":  # swscale would widen its range, which no tag of the stream then tells
        return av.VideoFrame.from_ndarray(luma, format="gray")
    return frame if pix_fmt == "yuv420p" else frame.reformat(format=pix_fmt)


def times(recipe: Recipe) -> list[float]:
    """When each frame is shown, from the container's zero."""
    shown = recipe.times_s or [i / FPS for i in range(recipe.frames)]
    return [recipe.start_s + t for t in shown]


def make(path: Path, recipe: Recipe, pictures: Iterable[av.VideoFrame] | None = None) -> Path:
    """Write the clip."""
    shown = times(recipe)
    if pictures is None:
        pictures = (picture(i, recipe.size, recipe.pix_fmt) for i in range(len(shown)))
    opened = av.open(str(path), "w", format=recipe.format, container_options=recipe.container_options)
    with no_more_urgent(), opened as out:
        out.metadata.update(recipe.metadata)
        stream = _add_stream(out, recipe)
        sound = out.add_stream("aac", rate=8000, layout="mono") if recipe.audio_s else None
        for at_s, frame in zip(shown, pictures, strict=False):
            frame.pts, frame.time_base = round(at_s / TICK), TICK
            if not recipe.times_s:
                frame.pts, frame.time_base = round(at_s * FPS), Fraction(1, FPS)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
        if sound is not None:
            for block in silence(recipe.audio_s):
                out.mux(sound.encode(block))
            out.mux(sound.encode(None))
    return path


@contextmanager
def no_more_urgent() -> Iterator[None]:
    """Leaves this thread's scheduling as it was: SVT-AV1 makes whoever calls it real-time where it may (root), for good.

    All that such a test process begins afterwards would be real-time too, and starve whatever else the machine does.
    """
    if not hasattr(os, "sched_setscheduler"):
        yield
        return
    policy, wanted = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        yield
    finally:
        if os.sched_getscheduler(0) != policy:
            os.sched_setscheduler(0, policy, wanted)


def _add_stream(out, recipe: Recipe):
    options = {"g": str(recipe.gop), "bf": str(recipe.b_frames), **recipe.options}
    stream = out.add_stream(recipe.codec, rate=FPS, options=options)
    stream.width, stream.height = recipe.size
    stream.pix_fmt = recipe.pix_fmt
    stream.codec_context.thread_count = 1
    # Times are written as they are: frames shown unevenly need fine ticks.
    stream.codec_context.time_base = TICK if recipe.times_s else Fraction(1, FPS)
    if recipe.pixel_aspect is not None:
        stream.sample_aspect_ratio = recipe.pixel_aspect
    if recipe.rotation:
        stream.set_display_rotation(recipe.rotation)
    return stream


def silence(seconds: float) -> Iterable[av.AudioFrame]:
    """Blocks of 1024 silent samples at 8 kHz."""
    for n in range(int(seconds * 8000 / 1024)):
        block = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        block.sample_rate, block.pts, block.time_base = 8000, n * 1024, Fraction(1, 8000)
        yield block


def remux(
    source: Path,
    target: Path,
    *,
    from_s: float | None = None,
    options: dict[str, str] | None = None,
    fmt: str | None = None,
) -> Path:
    """The same packets in another container, whole or from the keyframe before `from_s`."""
    with av.open(str(source)) as inp, av.open(str(target), "w", format=fmt, container_options=options or {}) as out:
        stream = inp.streams.video[0]
        copy = out.add_stream_from_template(stream)
        shift = 0
        if from_s is not None:
            inp.seek(round(from_s / stream.time_base), stream=stream)
            shift = round(from_s / stream.time_base)
        for packet in inp.demux(stream):
            if packet.size:
                packet.pts, packet.dts = (
                    packet.pts - shift,
                    (packet.dts if packet.dts is not None else packet.pts) - shift,
                )
                packet.stream = copy
                out.mux(packet)
    return target


def spoil(source: Path, target: Path, *, share: tuple[float, float], every: int = 97, seed: int = 1) -> Path:
    """A copy with every `every`-th byte changed within `share` of the file."""
    data = bytearray(source.read_bytes())
    noise = np.random.default_rng(seed)
    for at in range(int(len(data) * share[0]), int(len(data) * share[1]), every):
        data[at] ^= int(noise.integers(1, 256))
    target.write_bytes(data)
    return target


def cut_off(source: Path, target: Path, share: float) -> Path:
    """The first `share` of a file's bytes."""
    data = source.read_bytes()
    target.write_bytes(data[: int(len(data) * share)])
    return target


def indices(frames: Sequence) -> list[int]:
    """The numbers that frames show."""
    return [read_index(frame.planes(WIDTH)[0]) for frame in frames]
