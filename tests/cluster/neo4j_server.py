"""A Neo4j server that is killed and started again on the same port and files."""

import subprocess
from pathlib import Path

from tests.cluster.program import Program
from tests.cluster.waiting import until
from tests.graph_stores import command, free_port


class Neo4j(Program):
    """Started at once, and ready."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        super().__init__("neo4j", command(str(folder / "home"), self.port), folder, stdin=subprocess.PIPE)
        self._wait(1)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"bolt://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Once more, with what it had written."""
        times = self._ready()
        super().start()
        self._wait(times + 1)

    def _ready(self) -> int:
        return self.said().splitlines().count("ready")

    def _wait(self, times: int) -> None:
        until(lambda: self._ready() >= times, "Neo4j to start", self.tail)
