"""A simulated camera: the server in a process of its own, which can be killed, stopped and told to misbehave."""

import contextlib
import json
import os
import queue
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from app.simulation.doors import closed_port
from vidette.errors import SourceError

SYSTEM_PYTHON = "/usr/bin/python3"
PATIENCE_S = 60.0  # the first start on a machine scans GStreamer's plugins
PACKAGES = "gir1.2-gst-rtsp-server-1.0 python3-gi gstreamer1.0-plugins-{base,good,bad,ugly} gstreamer1.0-libav"
_SERVER = Path(__file__).with_name("server.py")
_IMPORTS = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"


def missing() -> str:
    """What this machine lacks to simulate a camera, as a sentence; empty where nothing is."""
    if not Path(SYSTEM_PYTHON).exists() or shutil.which("ffmpeg") is None:
        return "the simulation needs ffmpeg and the system's own Python (Debian: apt-get install ffmpeg python3)"
    found = subprocess.run(  # noqa: S603  a constant
        [SYSTEM_PYTHON, "-c", _IMPORTS], capture_output=True, check=False
    )
    return f"the simulation needs GStreamer; on Debian: apt-get install {PACKAGES}" if found.returncode else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What the server told: `at` is Unix time in seconds, None where it said none."""

    name: str
    told: dict[str, Any]

    @property
    def at(self) -> float:
        """When it happened."""
        return float(self.told.get("at", 0.0))


class Camera:
    """Clips served over RTSP on this machine, one path each; a context manager, started by `start` or `with`.

    It plays by the wall clock from the moment it is made, through kills and restarts, always on the same `port` (0: one that is free); with
    `once` each clip is played once from the first client on, then the stream ends. The first clip of a path is played,
    `switch` chooses another. With a `certificate` (PEM, its key in it) it speaks TLS (rtsps). Raises SourceError, which
    says what the machine lacks.
    """

    def __init__(
        self,
        clips: Sequence[Path] | dict[str, Sequence[Path]],
        *,
        username: str = "",
        password: str = "",
        digest: bool = False,
        once: bool = False,
        rtcp: bool = True,
        keyed: bool = True,
        certificate: Path | None = None,
        port: int = 0,
    ) -> None:
        self._paths = dict(clips) if isinstance(clips, dict) else {"/cam": clips}
        self._username, self._password, self._digest, self._once, self._rtcp = username, password, digest, once, rtcp
        self._certificate = certificate
        self._keyed = keyed
        self._began_s = time.time()
        self._process: subprocess.Popen[str] | None = None
        self._told: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.events: list[Event] = []
        self.port = port or closed_port()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def url(self, path: str = "/cam", *, password: str | None = None) -> str:
        """Where a path is, with the credentials it takes (or another password)."""
        given = self._password if password is None else password
        who = f"{quote(self._username, safe='')}:{quote(given, safe='')}@" if self._username else ""
        return f"{self._scheme}://{who}127.0.0.1:{self.port}{path}"

    @property
    def address(self) -> str:
        """Where the first path is, without credentials."""
        return f"{self._scheme}://127.0.0.1:{self.port}{next(iter(self._paths))}"

    @property
    def _scheme(self) -> str:
        return "rtsps" if self._certificate else "rtsp"

    @property
    def pid(self) -> int | None:
        """The server's process, None while it is not running."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the server, on the port it had before."""
        self._told = queue.SimpleQueue()
        self._process = subprocess.Popen(  # noqa: S603  a file of ours
            [SYSTEM_PYTHON, str(_SERVER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=_surroundings(),
        )
        threading.Thread(target=self._listen, args=(self._process, self._told), daemon=True).start()
        self._say(self._setup())
        self.port = int(self.wait("ready").told["port"])

    def kill(self) -> None:
        """End the server as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                with contextlib.suppress(OSError):
                    pipe.close() if pipe else None
            self._process = None

    def stop(self) -> None:
        """Freeze the server's process: connections stay, nothing comes."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let a stopped server go on; what was due meanwhile comes in a burst."""
        self._signal(signal.SIGCONT)

    def do(self, what: str, *, path: str = "", **more: object) -> Event:
        """Give the server a command, as its module describes them; -> its answer once it is done."""
        self._say({"do": what, "path": path or next(iter(self._paths)), **more})
        done = self.wait("done")
        if what == "password":
            self._password = str(more["password"])
        return done

    def wait(self, name: str, patience_s: float = PATIENCE_S) -> Event:
        """The next event of that name. Raises SourceError where it does not come."""
        deadline = time.monotonic() + patience_s
        while (left_s := deadline - time.monotonic()) > 0:
            try:
                event = self._told.get(timeout=left_s)
            except queue.Empty:
                break
            if event.name == name:
                return event
            if event.name == "over":
                break
        raise SourceError(f"the simulated camera on port {self.port} did not say {name!r}; {missing() or 'try again'}")

    def _setup(self) -> dict[str, object]:
        cameras = [
            {
                "path": path,
                "clips": [str(clip) for clip in clips],
                "began_s": self._began_s,
                "once": self._once,
                "rtcp": self._rtcp,
                "keyed": self._keyed,
            }
            for path, clips in self._paths.items()
        ]
        who = {"username": self._username, "password": self._password, "digest": self._digest}
        who["certificate"] = str(self._certificate or "")
        return {"port": self.port, **who, "cameras": cameras}

    def _say(self, line: dict[str, object]) -> None:
        pipe = self._process.stdin if self._process else None
        if pipe is None:
            raise SourceError(f"the simulated camera on port {self.port} is not running; start it first")
        with contextlib.suppress(BrokenPipeError):  # `wait` says that it has gone
            print(json.dumps(line), file=pipe, flush=True)

    def _listen(self, process: "subprocess.Popen[str]", events: "queue.SimpleQueue[Event]") -> None:
        with contextlib.suppress(ValueError, OSError):  # closed by `kill`
            for line in process.stdout or ():
                told = json.loads(line)
                event = Event(name=told["event"], told=told)
                self.events.append(event)
                events.put(event)
        events.put(Event(name="over", told={"pid": process.pid}))

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)


def _surroundings() -> dict[str, str]:
    """Ours, but nothing of a virtual environment: the server runs on the system's Python."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV", "GST_"))}


def until(condition: Callable[[], object], patience_s: float, every_s: float = 0.05) -> bool:
    """Whether the condition came true in time."""
    deadline = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(every_s)
    return True
