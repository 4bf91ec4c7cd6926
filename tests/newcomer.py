"""Somebody who follows a page word by word on a machine that has what it asks for, with processes in place of containers."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from ingest.scene import demo_scene, write
from tests.containers import PORTS
from tests.redis_server import free_port, program

ROOT = Path(__file__).resolve().parents[1]
QUESTION = "how many things entered?"
_SECONDS = 16
_PATIENCE_S = 300
_BIN = Path(sys.prefix) / "bin"
_SHIMS = {
    "docker": 'exec {python} -m tests.containers {project} {state} "$@"',
    "neo4j": 'exec {python} -m tests.neo4j_alone {state} {port} "$@"',
    "neo4j-admin": 'exec {python} -m tests.neo4j_alone {state} {port} "$@"',
    # What it would install is what is installed here already, by the same name.
    "pip": '[ "$*" = "install vidette[scale]" ]',
}


def section(page: str, title: str) -> str:
    """The text under a heading."""
    found = re.search(rf"(?ms)^## {re.escape(title)}\n(.*?)(?=^## |\Z)", page)
    assert found, title
    return found[1]


def blocks(text: str, language: str) -> list[str]:
    """What stands between ```language and ```."""
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```", text)


class Newcomer:
    """Has a fresh checkout in `project`, with a video in it, and `state` for what runs."""

    def __init__(self, folder: Path) -> None:
        self.project, self.state, self._bin = folder / "vidette", folder / "state", folder / "bin"
        self.ports = {port: str(free_port()) for port in PORTS}
        self._shells: list[subprocess.Popen[bytes]] = []
        for made in (self.project / "videos", self.state, self._bin):
            made.mkdir(parents=True)
        shutil.copytree(ROOT / "deploy", self.project / "deploy", ignore=shutil.ignore_patterns("*_password", "*_auth"))
        for name in ("docker-compose.yml", "Dockerfile"):
            shutil.copy(ROOT / name, self.project)
        write(demo_scene(), self.project / "street.mp4", seconds=_SECONDS)
        told = {"python": sys.executable, "project": self.project, "state": self.state, "port": self.ports["7687"]}
        for name, body in _SHIMS.items():
            (self._bin / name).write_text(f"#!/bin/sh\n{body.format(**told)}\n")
            (self._bin / name).chmod(0o755)

    @property
    def environ(self) -> dict[str, str]:
        """Theirs: nothing of Vidette's is set, and its programs are found."""
        base = {name: value for name, value in os.environ.items() if not name.startswith(("VIDETTE_", "XDG_"))}
        data = str(self.state / "data")
        path = f"{self._bin}:{_BIN}:{base['PATH']}:{Path(program()).parent}"
        return base | {"PATH": path, "PYTHONPATH": str(ROOT), "XDG_DATA_HOME": data, "XDG_STATE_HOME": data}

    def here(self, text: str) -> str:
        """The page's ports may be others' on this machine."""
        return re.sub(rf"\b({'|'.join(PORTS)})\b", lambda found: self.ports[found[1]], text)

    def follow(self, commands: str) -> str:
        """Type these commands into a shell; the first that fails ends it. -> what was shown."""
        log = self.state / f"shown-{len(self._shells)}"
        with log.open("wb") as out:
            shell = subprocess.Popen(
                ["bash", "-e", "-o", "pipefail", "-x", "-c", self.here(commands)],
                cwd=self.project,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._shells.append(shell)
        try:
            code = shell.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            code = None
        assert code == 0, log.read_text()[-6000:]
        return log.read_text()

    def alone(self) -> str:
        """What is answered where one process does everything."""
        memory = ["--db", str(self.state / "alone.db")]
        for words in (["watch", "street.mp4", "-q"], ["ask", QUESTION]):
            said = subprocess.run(
                [_BIN / "vidette", *words, *memory],
                cwd=self.project,
                env=self.environ,
                check=True,
                capture_output=True,
                text=True,
            )
        return said.stdout.splitlines()[0]

    def leave(self) -> None:
        """Close all windows; what was left running behind them ends too."""
        for shell in self._shells:
            with suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGTERM)
        subprocess.run([self._bin / "neo4j", "stop"], env=self.environ, check=False, timeout=60)
        redis = ["redis-cli", "-p", self.ports["6379"], "shutdown", "nosave"]
        subprocess.run(redis, capture_output=True, check=False, timeout=60)
        deadline = time.monotonic() + 20
        while any(map(_group, self._shells)) and time.monotonic() < deadline:
            time.sleep(0.05)
        for shell in self._shells:
            with suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGKILL)


def _group(shell: "subprocess.Popen[bytes]") -> bool:
    """Whether anything of what it started is left."""
    with suppress(ProcessLookupError):
        os.killpg(shell.pid, 0)
        return True
    return False
