"""Everything at once: a watch, a camera a fault, then what befalls all of them; and the scores."""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from mmap import ACCESS_READ, mmap
from pathlib import Path
from threading import Event
from urllib.parse import quote

from app.simulation.camera import Camera, until
from app.simulation.clips import Encoding, encoded
from app.simulation.faults import COMMIT_S, PASSWORD, USERNAME, Fault, Victim
from app.simulation.ledger import Window
from app.simulation.memory import START_S, Memory
from app.simulation.trial import PATIENCE_S, Score, Trial
from app.simulation.watch import Watch, children
from vidette.feeds import CAUSES
from vidette.models import EventType
from vidette.rows import EventRow
from vidette.settings import StreamSettings

SYSTEM = "system"
_SECRET = "SIMULATED_CAMERA"  # noqa: S105  the name of a variable
_ALONE_S, _AMONG_S = 7.0, 2.0  # between strikes: three lost in 5 s are told as one, unless they are few among many
_NETWORK_S = 12.0
_LIGHT = {"sample": "2", "fast": {"people": False}}  # many cameras on a small machine: what matters here is time


def clips_of(clip: Path, folder: Path) -> tuple[Path, ...]:
    """A clip as a small camera sends it: as it is, smaller, and in H.265."""
    kinds = {
        "h264": Encoding(width=320, fps=10),
        "small": Encoding(width=160, fps=10),
        "h265": Encoding(width=320, fps=10, codec="h265"),
    }
    return tuple(encoded(clip, folder / f"{name}.mp4", encoding) for name, encoding in kinds.items())


class Stage:
    """Cameras that show `clips`, one a fault; `tell` is called with what is done, line by line.

    A camera is watched under the name of its fault, with `prefix` before it.
    """

    def __init__(
        self, clips: Sequence[Path], faults: Sequence[Fault], *, tell: Callable[[str], None], prefix: str = ""
    ) -> None:
        self.clips, self.tell = clips, tell
        self.faults = {f"{prefix}{fault.name}": fault for fault in faults}
        self.trials: list[Trial] = []
        self.windows: list[Window] = []
        self.stop = Event()

    def run(self, folder: Path, whole: Sequence[str] = ()) -> list[Score]:
        """Strike every fault, then those of the whole, before a watch of our own into `folder`.

        Raises SourceError where the set-up does not work.
        """
        cameras = self._cameras({})
        with _watch_of(folder, cameras) as watch, self._played(cameras, watch):
            watch.start()
            self._strike(watch)
            found = self._whole(watch, whole)
            secrets = _secrets(_written(folder), watch)
            left = _left(watch.leave())
            return [*self._scores(watch), *found, secrets, left, self._doubled(watch)]

    def join(self, watch: Memory, ports: Mapping[str, int]) -> list[Score]:
        """Strike every fault before a watch that runs already, and has our cameras at these ports of this machine.

        Raises SourceError where it does not watch them.
        """
        began = time.time()
        with self._played(self._cameras(ports), watch):
            self._strike(watch)
            files = watch.db.parent.glob(f"{watch.db.name}*")
            return [*self._scores(watch), _secrets(filter(Path.is_file, files), watch), self._doubled(watch, began)]

    def _cameras(self, ports: Mapping[str, int]) -> dict[str, Camera]:
        return {
            name: Camera(self.clips, username=USERNAME, password=PASSWORD, port=ports.get(name, 0))
            for name in self.faults
        }

    @contextmanager
    def _played(self, cameras: Mapping[str, Camera], watch: Memory) -> Iterator[None]:
        """The cameras run; those are broken already that are to be before the watch begins."""
        with ExitStack() as stack:
            for name, fault in self.faults.items():
                victim = Victim(name=name, camera=stack.enter_context(cameras[name]), watch=watch)
                self.trials.append(Trial(fault, victim, self.stop))
                stack.enter_context(victim.doors)
                if fault.first:
                    self.trials[-1].strike()
            yield

    def _strike(self, watch: Memory) -> None:
        self.tell(f"{len(self.trials)} cameras, one watch into {str(watch.db)!r}")
        with ThreadPoolExecutor(len(self.trials)) as beside:
            try:
                early = [beside.submit(one.run, 0.0) for one in self.trials if one.fault.first]
                later = [one for one in self.trials if not one.fault.first]
                self._ready(watch, later)
                apart_s = _AMONG_S if len(self.trials) >= 10 else _ALONE_S
                for future in [*early, *(beside.submit(one.run, at * apart_s) for at, one in enumerate(later))]:
                    future.result()
            finally:
                self.stop.set()  # where one failed or Ctrl-C came, none of the others goes on

    def _ready(self, watch: Memory, trials: Sequence[Trial]) -> None:
        watch.ready([trial.victim.name for trial in trials])
        for trial in trials:
            trial.ready()
        self.tell("all are watched; the faults begin")

    def _scores(self, watch: Memory) -> list[Score]:
        return [trial.score(watch.coverage(trial.victim.name), self.windows) for trial in self.trials]

    def _whole(self, watch: Watch, whole: Sequence[str]) -> list[Score]:
        names, found = list(self.faults), []
        if "network" in whole:
            self.tell("every camera hangs")
            found.append(self._network(watch, names))
        if "restart" in whole:
            self.tell("the watch is killed and started again")
            found.append(self._restart(watch, names))
        return found

    def _network(self, watch: Watch, names: Sequence[str]) -> Score:
        """Stop every camera at once: one event of the system, not one a camera."""
        struck = time.time()
        for trial in self.trials:
            trial.victim.camera.stop()
        told_s = None
        if until(lambda: watch.events(SYSTEM, EventType.HOST_OFFLINE), PATIENCE_S, 0.1):
            told_s = time.time() - struck
        time.sleep(max(0.0, _NETWORK_S - (time.time() - struck)))
        mended = time.time()
        for trial in self.trials:
            trial.victim.camera.go_on()
        back = until(lambda: watch.all_watching(names, mended + 0.5), PATIENCE_S, 0.2)
        recovered_s = time.time() - mended
        reasons = frozenset(CAUSES.values())
        self.windows.append(Window(start=struck - 1, end=time.time() + COMMIT_S, reasons=reasons))
        events = watch.events(SYSTEM, EventType.HOST_OFFLINE)
        own = [name for name in names if _lost_since(watch.events(name, EventType.SIGNAL_LOST), struck)]
        problems = [] if events else ["host_offline was not told"]
        problems += [] if back else ["not all cameras are watched again"]
        if len(own) > len(names) // 4:  # so many may be told before it can be suspected
            problems.append(f"signal_lost was told of {len(own)} cameras, too")
        return Score(
            fault="network",
            about="every camera hangs at once",
            said=events[0].caption if events else "",
            told_s=told_s,
            start_s=events[0].start.timestamp() - struck if events else None,
            recovered_s=recovered_s if back else None,
            problems=tuple(problems),
        )

    def _restart(self, watch: Watch, names: Sequence[str]) -> Score:
        """Kill the watch: its processes end, and the time until the next one looks is said to be not watched."""
        readers, struck = children(watch.pid), time.time()
        watch.kill()
        orphans = not until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in readers), 10.0)
        watch.start()
        mended = time.time()
        back = until(lambda: watch.all_watching(names, mended), START_S, 0.2)
        recovered_s, problems, said = time.time() - mended, [], ""
        if orphans:
            problems.append("processes of cameras live on")
        if not back:
            problems.append("not all cameras are watched again")
        for name in names:
            absent = [row for row in watch.coverage(name) if row.state == "not_running"]
            said = said or next((f"coverage: {row.state}" for row in absent), "")
            if len(absent) != 1 or not struck - COMMIT_S <= absent[0].start.timestamp() <= struck + 0.5:
                problems.append(f"{name!r} has {len(absent)} stretches of not_running, or another begin")
            if _lost_since(watch.events(name, EventType.SIGNAL_LOST), struck - COMMIT_S):
                problems.append(f"signal_lost was told of {name!r}, which was there")
        self.windows.append(Window(start=struck - COMMIT_S, end=time.time()))
        return Score(
            fault="restart",
            about="the watch itself is killed (kill -9) and started again",
            said=said,
            recovered_s=recovered_s if back else None,
            honest=not problems,
            problems=tuple(problems),
        )

    def _doubled(self, watch: Memory, since: float = 0.0) -> Score:
        """No two events of one type at one moment, no two losses at once, from `since` (Unix time) on."""
        problems = []
        for name in self.faults:
            rows = [row for row in watch.events(name) if row.start.timestamp() >= since]
            seen = [(row.type, row.start_s, row.tracks) for row in rows]
            lost = [row for row in rows if row.type is EventType.SIGNAL_LOST]
            twice = len(seen) != len(set(seen)) or any(
                a.end_s is None or b.start_s < a.end_s for a, b in pairwise(lost)
            )
            problems += [f"{name!r} has an event twice"] if twice else []
        return Score(fault="doubled", about="events that are told twice", said="", problems=tuple(problems))


def _secrets(written: Iterable[Path], watch: Memory) -> Score:
    """Look for the cameras' password wherever others may read: in what was written, and in the process list."""
    needles = [one.encode() for one in (PASSWORD, quote(PASSWORD, safe=""))]
    found = [str(path) for path in written if _holds(path, needles)]
    for pid in (watch.pid, *children(watch.pid)):
        said = Path(f"/proc/{pid}/cmdline").read_bytes()
        found += [f"the command line of process {pid}"] if any(one in said for one in needles) else []
    return Score(
        fault="secrets",
        about="the cameras' password in memory, pictures, logs or the process list",
        said="found nowhere" if not found else "",
        problems=tuple(f"it is in {place}" for place in found),
    )


def _holds(path: Path, needles: Sequence[bytes]) -> bool:
    """Whether a file, of any size, holds one of these."""
    with path.open("rb") as file:
        if not os.fstat(file.fileno()).st_size:
            return False
        with mmap(file.fileno(), 0, access=ACCESS_READ) as text:
            return any(text.find(one) >= 0 for one in needles)


def _watch_of(folder: Path, cameras: Mapping[str, Camera]) -> Watch:
    streams = [
        {"name": name, "source": camera.address, "username": USERNAME, "password": f"${{{_SECRET}}}"}
        for name, camera in cameras.items()
    ]
    for stream in streams:
        StreamSettings.model_validate(stream)
    return Watch(folder, streams, secrets={_SECRET: PASSWORD}, more=_LIGHT)


def _written(folder: Path) -> Iterator[Path]:
    """What the watch has written."""
    return (path for path in folder.rglob("*") if path.is_file())


def _lost_since(events: Sequence[EventRow], struck: float) -> bool:
    return any(event.start.timestamp() > struck - 1 for event in events)


def _left(code: int) -> Score:
    problem = () if code == 0 else (f"exit code {code}",)
    return Score(fault="ctrl-c", about="the watch is asked to end", said=f"exit code {code}", problems=problem)
