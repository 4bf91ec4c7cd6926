"""docker-compose.yml with processes in place of containers: its commands, settings, secrets, volumes and health checks as they stand.

A container's paths are folders of this machine, its hosts and ports ours; all else is taken from the file. As a program it
stands in for `docker compose`: `python -m tests.containers PROJECT STATE up -d | run --rm SERVICE … | down`.
"""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from tests.dockerfile import Dockerfile
from tests.neo4j_image import neo4j_command
from tests.redis_server import free_port

ROOT = Path(__file__).resolve().parents[1]
PORTS = ("6379", "7687", "7474", "9464")
HOSTS = ("redis", "neo4j", "beat")
_TOLD = re.compile(r"\$(?:(\$)|\{(\w+)(?::-([^}]*))?\})")


def told(value: Any, environ: dict[str, str]) -> Any:
    """What the compose file says once `${NAME:-default}` is filled in, and `$$` is `$`."""
    if isinstance(value, dict):
        return {key: told(inner, environ) for key, inner in value.items()}
    if isinstance(value, list):
        return [told(inner, environ) for inner in value]
    if isinstance(value, str):
        return _TOLD.sub(lambda found: found[1] or environ.get(found[2]) or found[3] or "", value)
    return value


def built(services: dict[str, Any]) -> set[str]:
    """Images that are made here, not fetched."""
    return {one["image"] for one in services.values() if "build" in one}


@dataclass(kw_only=True)
class Compose:
    """One project: its files, and what its containers keep (`state`)."""

    project: Path
    state: Path
    environ: dict[str, str] = field(default_factory=dict)

    @cached_property
    def said(self) -> dict[str, Any]:
        """The file, filled in."""
        return told(yaml.safe_load((self.project / "docker-compose.yml").read_text()), self.environ)

    @cached_property
    def ports(self) -> dict[str, str]:
        """Ours for each of theirs; the same for as long as the state is kept."""
        file = self.state / "ports.json"
        if not file.exists():
            self.state.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps({port: str(free_port()) for port in PORTS}))
        return json.loads(file.read_text())

    def service(self, name: str) -> "Service":
        """One of its services."""
        return Service(name=name, compose=self, said=self.said["services"][name])

    def names(self, *profiles: str) -> list[str]:
        """Services that are up by themselves, and those of the profiles; who is waited for comes first."""
        every = self.said["services"]
        chosen = [name for name, one in every.items() if not one.get("profiles") or {*one["profiles"]} & {*profiles}]
        return sorted(chosen, key=lambda name: bool(every[name].get("depends_on")))

    def up(self, *names: str, patience_s: float = 120) -> None:
        """Start these, or all; those that others wait for are healthy before those begin."""
        for one in map(self.service, names or self.names()):
            if _alive(one.pid):
                continue
            for needed in one.said.get("depends_on", {}):
                self.service(needed).wait_healthy(patience_s)
            one.start()

    def down(self) -> dict[str, int]:
        """End all that were started, those that others wait for last; their exit codes."""
        begun = [self.service(name) for name in reversed(self.names("gpu", "server", "command"))]
        begun = [one for one in begun if one.pid]
        for one in begun:
            if one.said.get("depends_on"):
                one.terminate()
        return {one.name: one.stop() for one in begun}


@dataclass(kw_only=True)
class Service:
    """A service as a process."""

    name: str
    compose: Compose
    said: dict[str, Any]

    @property
    def root(self) -> Path:
        """What its `/` is here, as far as anything is mounted there."""
        return self.compose.state / "roots" / self.name

    @property
    def ours(self) -> bool:
        """Whether its image is built here, by whichever service."""
        return self.said["image"] in built(self.compose.said["services"])

    @cached_property
    def image(self) -> Dockerfile:
        """What its image is made by."""
        return Dockerfile.read(self.compose.project / "Dockerfile")

    def mounts(self) -> Iterator[tuple[str, Path]]:
        """Where in the container, and what of this machine lies there."""
        for one in self.said.get("volumes", []):
            source, target = one.split(":")[:2]
            folder = self.compose.project if source.startswith((".", "/")) else self.compose.state / "volumes"
            yield target, folder / source
        for one in self.said.get("tmpfs", []):
            yield one.split(":")[0], self.compose.state / "tmpfs" / self.name / one.split(":")[0].strip("/")
        for name in self.said.get("secrets", []):
            yield f"/run/secrets/{name}", self.compose.project / self.compose.said["secrets"][name]["file"]

    def here(self, text: str) -> str:
        """The text with this machine's paths, hosts and ports; in one pass, so that nothing is replaced twice."""
        targets = sorted(dict(self.mounts()), key=len, reverse=True)
        paths = {target: f"{self.root}{target}" for target in targets}
        if self.ours:
            paths |= {"/opt/vidette": sys.prefix, self.image.workdir: f"{self.root}{self.image.workdir}"}
            paths["/var/lib"] = f"{self.root}/var/lib"
        words = "|".join(re.escape(path) for path in sorted(paths, key=len, reverse=True))
        hosts, ports = "|".join(HOSTS), "|".join(PORTS)
        every = re.compile(rf"(?<![\w.])(?:(?P<path>{words})(?![\w-])|(?P<host>{hosts})(?=:\d)|(?P<port>{ports})\b)")

        def put(found: re.Match[str]) -> str:
            if found["path"]:
                return paths[found["path"]]
            return "127.0.0.1" if found["host"] else self.compose.ports[found["port"]]

        return every.sub(put, text)

    def mount(self) -> None:
        """Make what it finds at its paths; a folder of settings says what holds here."""
        for target, source in sorted(self.mounts()):
            place = Path(f"{self.root}{target}")
            place.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir() and any(source.glob("*.yml")):
                place.mkdir(exist_ok=True)
                for file in source.glob("*.yml"):
                    (place / file.name).write_text(self.here(file.read_text()))
                continue
            if not source.exists():
                source.mkdir(parents=True)
            if place.is_dir() and not place.is_symlink():  # a parent that was made for an inner mount
                continue
            place.unlink(missing_ok=True)
            place.symlink_to(source)

    def argv(self, *arguments: str) -> list[str]:
        """Its command line here; `arguments` in place of its command."""
        if self.said["image"].startswith("neo4j:"):
            return neo4j_command(self)
        command = list(arguments) or self.said.get("command") or (self.image.command if self.ours else [])
        return [self.here(word) for word in [*(self.image.entrypoint if self.ours else []), *command]]

    @property
    def environment(self) -> dict[str, str]:
        """Its variables: those of its image and of the file, over what any process here needs."""
        base = {name: value for name, value in os.environ.items() if not name.startswith(("VIDETTE_", "XDG_"))}
        image = self.image.environment if self.ours else {}
        said = {**image, **{key: str(value) for key, value in self.said.get("environment", {}).items()}}
        return base | {key: self.here(value.replace("$PATH", base["PATH"])) for key, value in said.items()}

    @property
    def folder(self) -> Path:
        """Where it runs."""
        return Path(f"{self.root}{self.image.workdir if self.ours else ''}")

    def start(self) -> None:
        """Begin it, with its output in a log."""
        self.mount()
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                self.argv(),
                env=self.environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        _PROCESSES[process.pid] = process
        (self.root / "pid").write_text(str(process.pid))

    def run(self, *arguments: str, **options: Any) -> "subprocess.CompletedProcess[str]":
        """A command in a container of its own, to its end."""
        self.mount()
        given = {"env": self.environment, "cwd": self.folder, "text": True, "timeout": 300, **options}
        return subprocess.run(self.argv(*arguments), check=False, **given)

    @property
    def log(self) -> Path:
        """What it said."""
        self.root.mkdir(parents=True, exist_ok=True)
        return self.root / "log"

    @property
    def pid(self) -> int:
        """Its process; 0 where it was not started or has been ended."""
        file = self.root / "pid"
        return int(file.read_text()) if file.exists() else 0

    @property
    def health(self) -> list[str]:
        """The command line of its health check here; empty where it has none."""
        kind, *words = self.said.get("healthcheck", {}).get("test", [""])
        return ["sh", "-c", self.here(words[0])] if kind == "CMD-SHELL" else [self.here(word) for word in words]

    def healthy(self) -> bool:
        """Whether its health check passes, within its own time."""
        with (self.root / "health").open("wb") as said:
            try:
                found = subprocess.run(
                    self.health,
                    env=self.environment,
                    cwd=self.folder,
                    stdin=subprocess.DEVNULL,
                    stdout=said,
                    stderr=subprocess.STDOUT,
                    timeout=60,  # a busy machine's, not the file's
                    check=False,
                )
            except subprocess.TimeoutExpired:
                return False
        return found.returncode == 0

    def wait_healthy(self, patience_s: float = 120) -> None:
        """Wait until its health check passes."""
        deadline = time.monotonic() + patience_s
        while not self.healthy():
            assert _alive(self.pid), f"{self.name} ended: {self.said_last()}"
            assert time.monotonic() < deadline, f"{self.name} is not healthy: {self.said_last()}"
            time.sleep(1)  # a check is a process of its own

    def said_last(self) -> str:
        """The end of its log, and of its last health check."""
        files = [self.root / "log", self.root / "health"]
        return shlex.join(self.argv()) + "\n" + "\n".join(one.read_text()[-3000:] for one in files if one.exists())

    def terminate(self) -> None:
        """Ask it to end, as `docker stop` does: once, and its first process alone."""
        asked = self.root / "asked"
        if not asked.exists() and _alive(self.pid):
            asked.touch()
            os.kill(self.pid, signal.SIGTERM)

    def stop(self) -> int:
        """End it within its own time; -> its exit code, -9 where that was too short."""
        pid, deadline = self.pid, time.monotonic() + _seconds(self.said.get("stop_grace_period", "10s"))
        self.terminate()
        while _alive(pid) and time.monotonic() < deadline:
            time.sleep(0.05)
        left = _group(pid)
        if left:
            os.killpg(pid, signal.SIGKILL)
        for name in ("pid", "asked"):
            (self.root / name).unlink(missing_ok=True)
        process = _PROCESSES.pop(pid, None)
        code = process.wait() if process else 0
        return -signal.SIGKILL if left else code


_PROCESSES: dict[int, "subprocess.Popen[bytes]"] = {}


def _alive(pid: int) -> bool:
    if not pid:
        return False
    process = _PROCESSES.get(pid)
    if process is not None:
        return process.poll() is None
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def _group(pid: int) -> list[int]:
    """Processes of its session that are still there, zombies apart."""
    left = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, session = status.read_text().rpartition(")")[2].split()[:4]
        except OSError:
            continue
        if int(session) == pid and state != "Z":
            left.append(int(status.parent.name))
    return left


def _seconds(text: str) -> float:
    found = re.fullmatch(r"(?:(\d+)m)?(?:(\d+)s)?", text)
    assert found, text
    return 60 * int(found[1] or 0) + int(found[2] or 0)


def main(args: list[str]) -> int:
    """Stand in for `docker compose …`."""
    project, state, *words = args
    compose = Compose(project=Path(project), state=Path(state), environ=dict(os.environ))
    assert words[0] == "compose", words
    words, profiles = words[1:], []
    while words[0] == "--profile":
        profiles.append(words[1])
        words = words[2:]
    match words:
        case ["up", "-d", *names]:
            compose.up(*(names or compose.names(*profiles)))
        case ["run", "--rm", name, *arguments]:
            return compose.service(name).run(*arguments).returncode
        case ["down"]:
            compose.down()
        case _:
            raise SystemExit(f"no such command here: docker compose {shlex.join(words)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
