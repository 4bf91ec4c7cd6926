"""A busy site in both stores."""

from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks import memory_made as made
from graph.embedded import EmbeddedStore
from graph.neo4j import Neo4jStore
from tests.graph_stores import fresh


@contextmanager
def both(events: int) -> Iterator[tuple[Neo4jStore, EmbeddedStore]]:
    """So many events on a server and in a file, until the end of the block."""
    served, plain = fresh(), EmbeddedStore(":memory:")
    for store in (served, plain):
        for stream in made.cameras():
            store.open_stream(stream)
        for observation, _ in made.observations(events):
            store.settle(observation)
    yield served, plain
    served.close()
    plain.close()
