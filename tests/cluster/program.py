"""A program of ours in a process group of its own, with its log."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
VIDETTE = (sys.executable, "-m", "app.cli")
_PATIENCE_S = 60.0
_TAIL = 2500


class Program:
    """Started at once; `kill` leaves nobody of its group."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        folder: Path,
        environment: Mapping[str, str] | None = None,
        stdin: int = subprocess.DEVNULL,
    ) -> None:
        self.name, self.log, self._stdin = name, folder / f"{name}.log", stdin
        self._command, self._environment = list(command), {**os.environ, **(environment or {})}
        self.process = self._started()

    def _started(self) -> "subprocess.Popen[bytes]":
        with self.log.open("ab") as log:
            return subprocess.Popen(
                self._command,
                cwd=ROOT,
                env=self._environment,
                stdin=self._stdin,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def alive(self) -> bool:
        """Whether its first process runs."""
        return self.process.poll() is None

    def start(self) -> None:
        """Once more, as somebody who minds it would; its log goes on."""
        self.kill()
        self.process = self._started()

    def kill(self) -> None:
        """SIGKILL to the whole group; of those that left it the kernel is to see to it."""
        below = self.below()
        if self.alive:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(_PATIENCE_S)
        psutil.wait_procs(below, _PATIENCE_S)
        if self.process.stdin is not None:
            self.process.stdin.close()

    def stop(self) -> int:
        """SIGTERM to its first process; -> its exit code."""
        self.process.terminate()
        return self.process.wait(_PATIENCE_S)

    def wait(self, patience_s: float) -> int:
        """Its exit code."""
        return self.process.wait(patience_s)

    def below(self) -> list[psutil.Process]:
        """The processes that it started, and they."""
        try:
            return psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    def cpu_s(self) -> float:
        """CPU seconds of all of its processes so far, those that ended and were waited for too."""
        try:
            alive = [psutil.Process(self.process.pid), *self.below()]
            return sum(sum(one.cpu_times()[:4]) for one in alive)
        except psutil.NoSuchProcess:
            return 0.0

    def said(self) -> str:
        """All of its log."""
        return self.log.read_text(errors="replace")

    def tail(self) -> str:
        """The end of its log, with its name."""
        state = "runs" if self.alive else f"ended with {self.process.returncode}"
        return f"--- {self.name} ({state})\n{self.said()[-_TAIL:]}"
