"""A soak: cameras that are broken at random for minutes, while memory, open files and threads are counted."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import NamedTuple

import numpy as np
import psutil

from app.simulation.camera import Camera
from app.simulation.faults import FAULTS, PASSWORD, USERNAME, Fault, Victim
from app.simulation.ledger import Window, gaps, unexplained
from app.simulation.watch import Watch, children
from vidette.feeds import CAUSES, Cause
from vidette.rows import CoverageRow

EVERY_S, APART_S = 5.0, 7.0
_LASTS = ("killed", "stalled", "silent", "not-found", "password", "loss", "size")
_AT_ONCE = ("ended", "dropped", "jump")
_WARM = 0.25  # the first quarter is warming up
_GRACE_S = 8.0
_RING = {"live": {"buffer_mb": 4}}  # full, packets of small pictures and all, within the first quarter of half an hour


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """How much there was of everything at one moment, in the watch and all its processes; `parent_mb` is its own PSS."""

    at_s: float
    pss_mb: float
    parent_mb: float
    rss_mb: float
    fds: int
    threads: int
    processes: int


class Struck(NamedTuple):
    """A fault from its strike to its mending, in Unix time."""

    fault: str
    start: float
    end: float


@dataclass(slots=True, kw_only=True)
class Soak:
    """Points over time, what was struck on each camera, what the ledger did not explain."""

    points: list[Point] = field(default_factory=list)
    struck: dict[str, list[Struck]] = field(default_factory=dict)
    windows: dict[str, list[Window]] = field(default_factory=dict)
    unexplained: list[str] = field(default_factory=list)

    def growth(self, of: Callable[[Point], float]) -> float:
        """By which share it grew over the watch after warming up: a line fitted to it (least squares)."""
        warm = [point for point in self.points if point.at_s >= self.points[-1].at_s * _WARM]
        at, values = np.array([one.at_s for one in warm]), np.array([of(one) for one in warm])
        slope, _ = np.polyfit(at, values, 1)
        return float(slope * (at[-1] - at[0]) / values.mean())

    def eighths(self, of: Callable[[Point], float]) -> list[float]:
        """The mean of it over each eighth of the watch."""
        return [float(part.mean()) for part in np.array_split([of(point) for point in self.points], 8)]

    @property
    def faults(self) -> dict[str, int]:
        """How often each fault was struck."""
        return dict(Counter(one.fault for strikes in self.struck.values() for one in strikes))


def soak(clips: tuple[Path, ...], folder: Path, cameras: int, minutes: float) -> Soak:
    """Watch so many cameras for so long; a fault befalls one of them every few seconds."""
    result, chance = Soak(), Random(7)
    faults = {fault.name: fault for fault in FAULTS}
    with ExitStack() as stack:
        victims = _victims(stack, clips, folder, cameras)
        watch = victims[0].watch
        watch.start()
        watch.ready([one.name for one in victims], 240.0)
        began = time.time()
        for one in victims:
            result.windows[one.name] = [Window(start=0.0, end=began)]
            result.struck[one.name] = []
        broken: dict[str, tuple[Victim, Fault, float, float]] = {}
        next_s = 0.0
        while (at_s := time.time() - began) < minutes * 60:
            watch.check()
            _mend(result, broken, time.time())
            if at_s >= next_s and at_s < minutes * 60 - 90:
                well = [one for one in victims if one.name not in broken]
                _strike(broken, chance.choice(well), faults[chance.choice((*_LASTS, *_AT_ONCE))])
                next_s = at_s + APART_S
            result.points.append(_point(watch.pid, at_s))
            time.sleep(EVERY_S)
        _mend(result, broken, float("inf"))
        time.sleep(60)
        watch.leave()
        for one in victims:
            rows = watch.coverage(one.name)
            result.unexplained += [f"{one.name}: {said}" for said in gaps(rows)]
            for row, seconds in unexplained(rows, result.windows[one.name]):
                result.unexplained.append(f"{one.name}: {_said(row, seconds, result.struck[one.name])}")
    return result


def _victims(stack: ExitStack, clips: tuple[Path, ...], folder: Path, cameras: int) -> list[Victim]:
    ours = [stack.enter_context(Camera(clips, username=USERNAME, password=PASSWORD)) for _ in range(cameras)]
    streams = [
        {"name": f"camera {number}", "source": camera.address, "username": USERNAME, "password": "${SOAK_CAMERA}"}
        for number, camera in enumerate(ours)
    ]
    watch = stack.enter_context(Watch(folder, streams, secrets={"SOAK_CAMERA": PASSWORD}, more=_RING))
    found = [Victim(name=f"camera {number}", camera=camera, watch=watch) for number, camera in enumerate(ours)]
    for one in found:
        stack.enter_context(one.doors)
    return found


def _said(row: CoverageRow, seconds: float, strikes: Sequence[Struck]) -> str:
    """An unexplained stretch, with the faults just before it began and just after."""
    at = row.start.timestamp()
    before = [f"{at - one.end:.1f} s after {one.fault} was mended" for one in strikes if one.start <= at][-1:]
    after = [f"{one.start - at:.1f} s before {one.fault}" for one in strikes if one.start > at][:1]
    lasts_s = (row.end - row.start).total_seconds()
    said = f"{row.state} at {row.start:%H:%M:%S} for {lasts_s:.1f} s, {seconds:.1f} of them unexplained: {row.reason}"
    return "; ".join([said, *before, *after])


def _strike(broken: dict[str, tuple[Victim, Fault, float, float]], victim: Victim, fault: Fault) -> None:
    struck = time.time()
    fault.strike(victim)
    lasts_s = fault.holds_s if fault.name in _LASTS else 1.0
    broken[victim.name] = (victim, fault, struck, struck + lasts_s)


def _mend(result: Soak, broken: dict[str, tuple[Victim, Fault, float, float]], now: float) -> None:
    """Mend what is due, and say what it may explain: the reasons of the fault, from its strike until it is over."""
    for name, (victim, fault, struck, until) in list(broken.items()):
        if now >= until:
            fault.mend(victim)
            mended, reasons = time.time(), frozenset(CAUSES[cause] for cause in (*fault.causes, Cause.BACKLOG))
            result.windows[name].append(Window(start=struck - 1.0, end=mended + _GRACE_S, reasons=reasons))
            result.struck[name].append(Struck(fault.name, struck, mended))
            del broken[name]


def _point(pid: int, at_s: float) -> Point:
    pss = rss = parent = 0.0
    fds = threads = count = 0
    for one in (pid, *children(pid)):
        try:
            process = psutil.Process(one)
            memory = process.memory_full_info()
            pss, rss = pss + memory.pss / 2**20, rss + memory.rss / 2**20
            parent = parent or pss
            fds, threads, count = fds + process.num_fds(), threads + process.num_threads(), count + 1
        except psutil.Error:
            continue  # it has just ended
    return Point(at_s=at_s, pss_mb=pss, parent_mb=parent, rss_mb=rss, fds=fds, threads=threads, processes=count)
