"""Where the time of a watch goes, by step: CPU of each step of one clip, in process.

The steps are wrapped from outside, so that a watch in production pays nothing for it. A step's CPU is its own on the
thread it runs on, without the steps inside it; what else the process spends on other threads is reading and decoding.

    python -m benchmarks.steps CLIP [--sample 5]
"""

import argparse
import importlib
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import wraps
from pathlib import Path
from typing import Any

# Step: where the functions that do it are looked up.
STEPS = {
    "small pictures": ("ingest.frame:DecodedFrame.planes",),
    "large pictures": ("agent.perception.sight:Sight.jpeg", "agent.perception.sight:Sight.rgb"),
    "snapshots": ("agent.perception.views:Views.snapshot", "agent.perception.views:Views.picture"),
    "camera": (
        "agent.perception.sight:view",
        "agent.perception.camera:Camera.check",
        "agent.perception.fast:is_cut",
        "agent.perception.ahead:is_cut",
    ),
    "background": (
        "agent.perception.background:Background.__init__",
        "agent.perception.background:Background.compare",
        "agent.perception.background:Background.learn",
    ),
    "gate": ("ingest.gate:Gate.read",),
    "regions": ("agent.perception.scene:components", "agent.perception.scene:things"),
    "tracking": ("agent.perception.tracking:Tracker.expected", "agent.perception.tracking:Tracker.step"),
    "people": ("agent.perception.scene:personlike", "agent.perception.sight:Sight.grey"),
    "still things": ("agent.perception.still:Stillness.note", "agent.perception.still:Stillness.judge"),
    "keyframes": ("agent.perception.shots:Shots.offer", "agent.perception.shots:Shots.close"),
    "carry": ("agent.perception.fast:FastLook._carry",),
    "settling": ("graph.embedded:EmbeddedStore.settle",),
}
READING = "reading, here"
DECODING = "reading and decoding, other threads"
REST = "the rest of the look"


class Clock(threading.local):
    """CPU seconds by step, of each thread for itself; a step inside another counts for itself only."""

    def __init__(self, spent: dict[str, float], calls: Counter[str]) -> None:
        self.spent, self.calls = spent, calls
        self._within = [REST]
        self._since = time.thread_time()

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """What runs inside counts for `name`."""
        self._charge()
        self._within.append(name)
        self.calls[name] += 1
        try:
            yield
        finally:
            self._charge()
            self._within.pop()

    def _charge(self) -> None:
        now = time.thread_time()
        self.spent[self._within[-1]] += now - self._since
        self._since = now


def timed(clock: Clock, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, its time told to the clock."""

    @wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        with clock.step(name):
            return function(*args, **kwargs)

    return wrapped


def read_timed(clock: Clock, frames: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
    """A source's `frames`, each step of it told to the clock."""

    @wraps(frames)
    def wrapped(*args: Any, **kwargs: Any) -> Iterator[Any]:
        reading = frames(*args, **kwargs)
        with closing(reading):  # type: ignore[type-var]  # a generator
            while True:
                with clock.step(READING):
                    frame = next(reading, None)
                if frame is None:
                    return
                yield frame

    return wrapped


def wrap(clock: Clock) -> None:
    """Put the clock round every step of this process."""
    for name, places in STEPS.items():
        for place in places:
            owner, attribute = _found(place)
            setattr(owner, attribute, timed(clock, name, getattr(owner, attribute)))
    source, _ = _found("ingest.reader:FileSource.frames")
    source.frames = read_timed(clock, source.frames)


def _found(place: str) -> tuple[Any, str]:
    module, _, path = place.partition(":")
    *owners, attribute = path.split(".")
    owner: Any = importlib.import_module(module)
    for name in owners:
        owner = getattr(owner, name)
    return owner, attribute


def watch(clip: Path, sample: str, folder: Path) -> tuple[Clock, float]:
    """Watch a clip with the clock on; -> the clock, seconds of media watched. Raises SystemExit where it fails."""
    from ingest.sources import expand
    from vidette.settings import Settings
    from workers.inline import watch_sources
    from workers.wiring import pipeline_of

    clock = Clock(defaultdict(float), Counter())
    wrap(clock)
    pipeline = pipeline_of(Settings(db=str(folder / "steps.db"), sample=sample))
    began = time.process_time()
    with closing(pipeline), clock.step(REST):
        (outcome,) = watch_sources(pipeline, expand([str(clip)]).specs)
    if outcome.status == "failed":
        sys.exit(f"watching {str(clip)!r} failed: {outcome.error}")
    clock.spent[DECODING] = time.process_time() - began - sum(clock.spent.values())
    return clock, outcome.watched_s


def table(clock: Clock, watched_s: float) -> str:
    """CPU by step, the dearest first; `ms` of a frame looked at."""
    frames, whole = clock.calls["gate"] or 1, sum(clock.spent.values()) or 1.0
    lines = [f"{'':38}{'CPU s':>8}{'share':>8}{'ms/frame':>10}{'calls':>8}"]
    for name, spent in sorted(clock.spent.items(), key=lambda item: -item[1]):
        lines.append(f"{name:38}{spent:8.2f}{spent / whole:8.0%}{1000 * spent / frames:10.2f}{clock.calls[name]:8}")
    return "\n".join([*lines, f"{'all, ' + format(watched_s, '.0f') + ' s of media':38}{whole:8.2f}"])


def main() -> None:
    """Watch the clip, print the table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("clip", type=Path)
    options.add_argument("--sample", default="5", help="as of `vidette watch`")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(table(*watch(given.clip, given.sample, Path(folder))))


if __name__ == "__main__":
    main()
