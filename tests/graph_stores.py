"""The stores that contract suites run on. Neo4j is a real server: its address is VIDETTE_TEST_NEO4J (`make neo4j` starts one)."""

import fcntl
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import neo4j
import pytest

from graph.embedded import EmbeddedStore
from graph.neo4j import Neo4jStore

ADDRESS = os.environ.get("VIDETTE_TEST_NEO4J", "")
_LOCK = Path(tempfile.gettempdir()) / "vidette-test-neo4j.lock"
_WIPE = "MATCH (n) WHERE NOT n:Vidette CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 10000 ROWS"


class FreshNeo4j(Neo4jStore):
    """An empty database of the test server, which no other test uses before it is closed."""

    def __init__(self) -> None:
        if not ADDRESS:
            pytest.skip("VIDETTE_TEST_NEO4J names no server")
        self._held: IO[str] | None = _LOCK.open("w")
        fcntl.flock(self._held, fcntl.LOCK_EX)
        try:
            with neo4j.GraphDatabase.driver(ADDRESS) as driver, driver.session() as session:
                session.run(_WIPE).consume()
            super().__init__(ADDRESS)
        except BaseException:
            self._held.close()
            raise

    def close(self) -> None:
        """Let the next test have it."""
        super().close()
        if self._held:
            self._held.close()
            self._held = None


STORES: dict[str, Callable[[Path], Any]] = {
    "embedded on disk": lambda folder: EmbeddedStore(folder / "vidette.db"),
    "embedded in memory": lambda _: EmbeddedStore(":memory:"),
    "neo4j": lambda _: FreshNeo4j(),
}
