"""What a camera costs: CPU and memory of the process that watches it, beside ffmpeg reading the same stream."""

import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from app.simulation.camera import Camera, until
from app.simulation.watch import Watch, reader_of

CALM_S = 90.0


@dataclass(slots=True, kw_only=True)
class Meter:
    """CPU of one process from the first look at it to the last, and its memory."""

    name: str
    pid: int
    cpu_s: float = 0.0
    began: float = 0.0

    def begin(self) -> None:
        """Count from now on."""
        self.cpu_s, self.began = _cpu_s(self.pid), time.monotonic()

    @property
    def percent(self) -> float:
        """Of one core, from `begin` until now."""
        return 100 * (_cpu_s(self.pid) - self.cpu_s) / (time.monotonic() - self.began)

    def memory(self) -> tuple[float, float]:
        """(proportional, resident) set size in MB."""
        memory = psutil.Process(self.pid).memory_full_info()
        return memory.pss / 2**20, memory.rss / 2**20


def _cpu_s(pid: int) -> float:
    with suppress(psutil.Error):
        times = psutil.Process(pid).cpu_times()
        return float(times.user + times.system)
    return 0.0


def measured(folder: Path, clips: dict[str, Path], seconds: float) -> list[tuple[str, ...]]:
    """Rows (stream, what reads it, CPU %, streams a core, PSS, RSS): all of them read side by side for so long."""
    with ExitStack() as stack:
        kinds = [(name, clip, idle) for name, clip in clips.items() for idle in ("keyframes", "full")]
        cameras = {f"{name}, idle: {idle}": stack.enter_context(Camera([clip])) for name, clip, idle in kinds}
        streams: list[dict[str, object]] = [
            {"name": name, "source": camera.address, "idle": name.rpartition(" ")[2]}
            for name, camera in cameras.items()
        ]
        watch = stack.enter_context(Watch(folder, streams))
        watch.start()
        watch.ready(list(cameras), 180.0)
        meters = [Meter(name=f"{name}|vidette", pid=_reader(watch, camera)) for name, camera in cameras.items()]
        meters += [Meter(name="all|vidette, parent process", pid=watch.pid)]
        for name in clips:
            for what, options in {"-c copy": ["-c", "copy"], "full decode": []}.items():
                process = _ffmpeg(cameras[f"{name}, idle: full"].address, options)
                stack.callback(process.kill)
                meters.append(Meter(name=f"{name}|ffmpeg {what}", pid=process.pid))
        if not until(lambda: _idle(watch, "quiet, idle: keyframes"), CALM_S, 1.0):
            print("the quiet camera did not become idle: this machine is too busy to say what one costs")
        for meter in meters:
            meter.begin()
        time.sleep(seconds)
        return [_row(meter) for meter in meters]


def _idle(watch: Watch, stream: str) -> bool:
    return any(row.stream == stream and row.feed.state == "idle" for row in watch.feeds())


def _reader(watch: Watch, camera: Camera) -> int:
    pid = reader_of(watch.pid, camera.port)
    if pid is None:
        sys.exit(f"no process of the watch reads the camera on port {camera.port}; see {watch.log}")
    return pid


def _ffmpeg(address: str, options: list[str]) -> "subprocess.Popen[bytes]":
    command = ["ffmpeg", "-nostdin", "-v", "quiet", "-rtsp_transport", "tcp", "-threads", "1", "-i", address]
    return subprocess.Popen([*command, *options, "-f", "null", "-"], stdin=subprocess.DEVNULL)


def _row(meter: Meter) -> tuple[str, ...]:
    stream, _, what = meter.name.partition("|")
    pss, rss = meter.memory()
    percent = meter.percent
    a_core = f"{100 / percent:.0f}" if percent else "-"
    return stream, what, f"{percent:.1f} %", a_core, f"{pss:.0f} MB", f"{rss:.0f} MB"
