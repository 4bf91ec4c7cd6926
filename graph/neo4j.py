"""The graph store on a Neo4j server (5.26 or later, Community will do): constraints, full text, one transaction an observation."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from graph.cypher import opening, saying, schema, writing
from graph.cypher.driver import Server, Transaction
from graph.cypher.reading.counts import read_count, read_runs, read_tally, read_timeline
from graph.cypher.reading.events import read_assertions, read_events
from graph.cypher.reading.segments import read_segments, read_texts
from graph.cypher.reading.streams import (
    read_commit,
    read_coverage,
    read_feeds,
    read_settled,
    read_stream,
    read_streams,
)
from graph.cypher.reading.subgraph import read_neighbours, read_whole
from graph.cypher.reading.together import read_together
from graph.cypher.reading.tracks import read_entities, read_tracks
from vidette import queries
from vidette.errors import StoreError
from vidette.models import Commit, Observation, Stream
from vidette.ports import Judge, Reader
from vidette.queries import Query

R = TypeVar("R")

_READERS: dict[type[Query[Any]], Callable[[Transaction, Any], Any]] = {
    queries.Streams: read_streams,
    queries.Feeds: read_feeds,
    queries.StreamOf: read_stream,
    queries.LastCommit: read_commit,
    queries.Settled: read_settled,
    queries.Events: read_events,
    queries.Tracks: read_tracks,
    queries.Entities: read_entities,
    queries.CoverageIn: read_coverage,
    queries.Count: read_count,
    queries.Timeline: read_timeline,
    queries.Tally: read_tally,
    queries.Runs: read_runs,
    queries.AssertionsOf: read_assertions,
    queries.Segments: read_segments,
    queries.Texts: read_texts,
    queries.CoOccurrence: read_together,
    queries.Neighbours: read_neighbours,
    queries.WholeGraph: read_whole,
}


class Neo4jStore:
    """GraphStore and Outbox on a Neo4j database. Every method raises StoreError where the server fails."""

    def __init__(self, uri: str, user: str = "", password: str = "", *, database: str = "neo4j") -> None:
        self._server = Server(uri, user, password, database=database)
        schema.migrate(self._server)

    def open_stream(self, stream: Stream, *, again: bool = False) -> Commit | None:
        """Register the stream or refresh its row; -> its last commit. `again` begins a new watch of it."""
        return self._server.write(lambda transaction: opening.open_stream(transaction, stream, again=again))

    def settle(self, observation: Observation, judge: Judge | None = None) -> bool:
        """Write an observation and what follows, all or nothing; False if it had been settled before."""
        return self._server.write(lambda transaction: _settle(transaction, observation, judge))

    def read(self, query: Query[R]) -> R:
        """Answer a typed query."""
        return self._server.read(lambda transaction: _reader(transaction)(query))

    def close(self) -> None:
        """Let the server go."""
        self._server.close()


def _settle(transaction: Transaction, observation: Observation, judge: Judge | None) -> bool:
    scene = writing.settle(transaction, observation)
    if scene is None:
        return False
    saying.sweep(transaction, scene.changed)
    return True


def _reader(transaction: Transaction) -> Reader:
    """Answers typed queries in this transaction."""

    def read(query: Query[R]) -> R:
        reader = _READERS.get(type(query))
        if reader is None:
            raise StoreError(f"{type(query).__name__} is no query of this store")
        return cast("R", reader(transaction, query))

    return read
