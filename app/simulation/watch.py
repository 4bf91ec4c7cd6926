"""`vidette watch` of simulated cameras, as a process of its own in a folder of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from app.simulation.memory import Memory
from vidette.errors import SourceError

LEAVE_S = 30.0


class Watch(Memory):
    """A watch of `streams` (entries of `streams:` in the settings) into `folder`, once started; killed on leaving the context.

    `secrets` are environment variables that the settings name. `more` is added to the settings.
    """

    def __init__(
        self,
        folder: Path,
        streams: Sequence[dict[str, Any]],
        *,
        secrets: dict[str, str] | None = None,
        more: dict[str, Any] | None = None,
    ) -> None:
        import yaml

        self.folder, self.log = folder, folder / "watch.log"
        super().__init__(folder / "memory.db", f"see {str(self.log)!r}")
        self.settings = folder / "vidette.yml"
        told = {"db": str(self.db), "live": {"buffer_mb": 8}, **(more or {}), "streams": list(streams)}
        self.settings.write_text(yaml.safe_dump(told))
        self._environment = {**os.environ, **(secrets or {})}
        self._process: subprocess.Popen[bytes] | None = None

    def __exit__(self, *_: object) -> None:
        self.kill()
        super().__exit__()

    def start(self) -> None:
        """Begin, or begin again after a kill."""
        command = [sys.executable, "-m", "app.cli", "watch", "-q", "--config", str(self.settings), "--drain", "5"]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  our own interpreter and module
                command, env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def kill(self) -> None:
        """End it as a power cut would; the cameras' processes are left to notice."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def leave(self) -> int:
        """Ask it to end, as Ctrl-C does; -> its exit code. Raises SourceError where it stays."""
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)
        try:
            return self._process.wait(LEAVE_S)
        except subprocess.TimeoutExpired:
            raise SourceError(f"the watch {self._process.pid} did not end on Ctrl-C; see {str(self.log)!r}") from None

    @property
    def pid(self) -> int:
        """The watch's process."""
        assert self._process is not None
        return self._process.pid

    def check(self) -> None:
        """Raises SourceError where it has ended by itself."""
        if self._process is not None and self._process.poll() is not None:
            said = self.log.read_text(errors="replace").strip().rpartition("\n")[2]
            raise SourceError(f"the watch ended with code {self._process.returncode}: {said or 'no word'}; see its log")


def children(pid: int) -> list[int]:
    """The processes that a process started and that still run (Linux)."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            found += [int(number) for number in task.read_text().split()]
    return found


def reader_of(pid: int, port: int) -> int | None:
    """Which child of a watch is connected to a camera on that port of this machine (Linux)."""
    inodes = _sockets(port)
    for child in children(pid):
        for link in Path(f"/proc/{child}/fd").glob("*"):
            with suppress(OSError):
                if os.readlink(link).removeprefix("socket:[").rstrip("]") in inodes:
                    return child
    return None


def _sockets(port: int) -> set[str]:
    """The inodes of connections to a port of this machine; columns as in proc(5)."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {row[9] for row in rows if row[2].endswith(f":{port:04X}")}
