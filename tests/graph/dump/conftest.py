"""Memories of either store to move between, one of which holds something of everything."""

import neo4j
import pytest

from graph.dump.embedded import EmbeddedMemory
from graph.dump.neo4j import Neo4jMemory
from graph.embedded import EmbeddedStore
from graph.neo4j import Neo4jStore
from tests.filling import fill
from tests.graph_stores import address, fresh
from tests.recalling import said_by


class Place:
    """Where a memory is: opened as a store, to watch into, or as a memory, to be moved. All that was opened is closed."""

    def __init__(self, path=None):
        self.path, self._opened = path, []

    def store(self):
        self._opened.append(EmbeddedStore(self.path) if self.path else Neo4jStore(address()))
        return self._opened[-1]

    def memory(self):
        self._opened.append(EmbeddedMemory(self.path, must_write=True) if self.path else Neo4jMemory(address()))
        return self._opened[-1]

    def close(self):
        while self._opened:
            self._opened.pop().close()


@pytest.fixture
def places(tmp_path):
    """Makes places: a file of that name, or the server's one database, emptied."""
    made = []

    def place(name):
        if name == "neo4j":
            emptied = fresh()
            made.append(Place())
            made[-1]._opened.append(emptied)
            return made[-1]
        made.append(Place(tmp_path / f"{name}.db"))
        return made[-1]

    yield place
    for one in made:
        if one.path is None:
            with neo4j.GraphDatabase.driver(address()) as driver, driver.session() as session:
                session.run("MATCH (v:Vidette) REMOVE v.moving, v.moved_json").consume()
        one.close()


@pytest.fixture(scope="session")
def full(tmp_path_factory):
    """A file of memory that holds something of everything; nobody writes to it."""
    path = tmp_path_factory.mktemp("full") / "full.db"
    store = EmbeddedStore(path)
    fill(store)
    store.close()
    return path


@pytest.fixture(scope="session")
def told(full):
    """What that memory answers."""
    store = EmbeddedStore(full)
    out = said_by(store)
    store.close()
    return out
