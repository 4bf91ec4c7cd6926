"""The stores that contract suites run on; of Neo4j a real server, which is started where `make test` has put one.

VIDETTE_TEST_NEO4J names another, which must hold nothing that anybody wants to keep.
"""

import atexit
import fcntl
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

import neo4j
import pytest

from graph.embedded import EmbeddedStore
from graph.neo4j import Neo4jStore

SHARED = os.environ.get("VIDETTE_TEST_NEO4J", "")
_HERE = Path(__file__).parent / "neo4j"
_JARS = Path(__file__).parents[1] / ".venv" / "neo4j"
_PATIENCE_S = 120.0
_OPENED = ("java.nio", "java.io", "sun.nio.ch", "java.util.concurrent")
_WIPE = "MATCH (n) WHERE NOT n:Vidette CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 10000 ROWS"


@lru_cache(maxsize=1)
def address() -> str:
    """Where the server of this process listens; it is started for the first who asks, and ends with the tests."""
    if SHARED:
        return SHARED
    home = tempfile.TemporaryDirectory(prefix="vidette-neo4j-")
    port = free_port()
    server = started(command(home.name, port))
    atexit.register(_end, server, home)
    return f"bolt://127.0.0.1:{port}"


def started(commanded: list[str]) -> "subprocess.Popen[bytes]":
    """A server that answers by now; whoever starts it ends it."""
    server = subprocess.Popen(commanded, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if not _ready(server):
        pytest.fail("Neo4j did not start; java says why in its folder of logs")
    return server


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def command(home: str, port: int, *more: str) -> list[str]:
    """What starts a server in this folder, which ends with its stdin; skips where there is none to start.

    `more`: a file of settings, then the password of `neo4j`.
    """
    if not list(_JARS.glob("neo4j-[0-9]*.jar")) or shutil.which("java") is None:
        pytest.skip("no Neo4j here: `make test` fetches it where there is Maven (Debian: apt-get install maven)")
    opened = [f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in _OPENED]
    return [
        "java",
        "-Xmx768m",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        *opened,
        "-cp",
        f"{_JARS}/*",
        str(_HERE / "Neo4jServer.java"),
        home,
        str(port),
        *more,
    ]


def _ready(server: "subprocess.Popen[bytes]") -> bool:
    assert server.stdout is not None
    patience = threading.Timer(_PATIENCE_S, server.kill)
    patience.start()
    ready = any(line.strip() == b"ready" for line in server.stdout)
    patience.cancel()
    return ready


def _end(server: "subprocess.Popen[bytes]", home: "tempfile.TemporaryDirectory[str]") -> None:
    server.kill()  # nothing in it is to be kept
    server.communicate()
    home.cleanup()


class Fresh(Neo4jStore):
    """A memory that was emptied; of a server that several processes test with, theirs in turn until it is closed."""

    turn: IO[str] | None = None
    opened = 0

    def __init__(self) -> None:
        super().__init__(address())
        Fresh.opened += 1

    def close(self) -> None:
        """Let the server go, and the next process have it."""
        super().close()
        Fresh.opened -= 1
        if not Fresh.opened and Fresh.turn:
            Fresh.turn.close()
            Fresh.turn = None


def fresh() -> Neo4jStore:
    """An empty memory on the server; the next call empties it again."""
    if SHARED and Fresh.turn is None:
        Fresh.turn = (Path(tempfile.gettempdir()) / "vidette-test-neo4j.turn").open("w")
        fcntl.flock(Fresh.turn, fcntl.LOCK_EX)
    with neo4j.GraphDatabase.driver(address()) as driver, driver.session() as session:
        session.run(_WIPE).consume()
    return Fresh()


STORES: dict[str, Callable[[Path], Any]] = {
    "embedded on disk": lambda folder: EmbeddedStore(folder / "vidette.db"),
    "embedded in memory": lambda _: EmbeddedStore(":memory:"),
    "neo4j": lambda _: fresh(),
}


if __name__ == "__main__":  # a server for many processes: its address on stdout, until stdin ends
    print(address(), flush=True)
    sys.stdin.read()
