"""A real Redis while tests need it: one of the process, or one of their own that they kill, start again and pause."""

import atexit
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path

import pytest
import redis

PATIENCE_S = 30.0
_PORTS = range(20_000, 32_000)  # below those that the kernel gives to connections: a killed server finds its own free


def program() -> str:
    """Where redis-server is; skips where it is not, unless everything is to run."""
    found = shutil.which("redis-server", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if found is None:
        if os.environ.get("VIDETTE_REQUIRE_ALL") == "1":
            pytest.fail("redis-server is not installed (Debian: apt-get install redis-server)")
        pytest.skip("redis-server is not installed (Debian: apt-get install redis-server)")
    return found


def free_port() -> int:
    while True:
        port = random.choice(_PORTS)
        with socket.socket() as one, suppress(OSError):
            one.bind(("127.0.0.1", port))
            return port


class RedisServer:
    """Context manager: a server on loopback. With `aof` it knows after a `kill` and `start` what it was told before.

    `arguments` are further ones of redis-server, `conf` lines of its file of settings.
    """

    def __init__(self, folder: Path, *arguments: str, aof: bool = False, port: int = 0, conf: str = "") -> None:
        self.folder, self.aof, self.port = folder, aof, port or free_port()
        self._arguments, self._conf = arguments, conf
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """On the port and folder that it had; returns when it answers."""
        assert self._process is None, "it runs already"
        kept = ("--appendonly", "yes", "--appendfsync", "everysec") if self.aof else ("--appendonly", "no")
        places = ("--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.folder))
        log = ("--logfile", str(self.folder / "redis.log"))
        (self.folder / "redis.conf").write_text(self._conf)
        command = [program(), str(self.folder / "redis.conf"), *places, "--save", "", *kept, *log, *self._arguments]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + PATIENCE_S
        while not self._answers():
            assert self._process.poll() is None, (self.folder / "redis.log").read_text()
            assert time.monotonic() < deadline, "redis-server did not answer"
            time.sleep(0.01)

    def kill(self) -> None:
        """As when its machine fails: SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(PATIENCE_S)
            self._process = None

    def pause(self) -> None:
        """It keeps its connections and says nothing any more."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def wipe(self) -> None:
        """It forgets everything."""
        with redis.Redis(port=self.port) as client:
            client.flushall()

    def __enter__(self) -> "RedisServer":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def _answers(self) -> bool:
        """That it takes connections and has read what it kept; who may log in is its own business."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as one:
                one.settimeout(1)
                one.sendall(b"PING\r\n")
                return one.recv(64).startswith((b"+PONG", b"-NOAUTH"))
        except OSError:
            return False


@lru_cache(maxsize=1)
def shared() -> RedisServer:
    """The server of this process, without a memory of its own; it ends with the tests."""
    folder = tempfile.TemporaryDirectory(prefix="vidette-redis-")
    server = RedisServer(Path(folder.name))
    server.start()
    atexit.register(folder.cleanup)
    atexit.register(server.kill)
    return server


@contextmanager
def emptied() -> Iterator[RedisServer]:
    """The server of this process, with nothing in it."""
    server = shared()
    server.wipe()
    yield server
