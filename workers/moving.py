"""The memory of settings, to be moved as a whole: chosen as `workers.wiring` chooses the store."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from vidette.errors import StoreError
from vidette.settings import Settings
from workers.wiring import db_path, is_kept, needing_driver, reached, served

if TYPE_CHECKING:
    from graph.dump.memory import Memory


@contextmanager
def moved_memory(settings: Settings, *, into: bool = False) -> "Iterator[Memory]":
    """Memory to move from, or `into`: then it is made where there is none. Raises ConfigError, StoreError."""
    if not into and not is_kept(settings):
        raise StoreError(f"no memory at {str(db_path(settings))!r}; name the memory that is to be moved")
    memory = _on_server(settings) if served(settings) else _in_file(settings, into=into)
    try:
        yield memory
    finally:
        memory.close()


def _in_file(settings: Settings, *, into: bool) -> "Memory":
    from graph.dump.embedded import EmbeddedMemory

    return EmbeddedMemory(db_path(settings), must_write=into)


def _on_server(settings: Settings) -> "Memory":
    with needing_driver():
        from graph.dump.neo4j import Neo4jMemory
    return Neo4jMemory(**reached(settings))
