"""The embedded graph store: one SQLite file, read and written by any number of threads and processes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

from graph import opening, writing
from graph.connection import Database
from graph.reading.counts import read_count, read_timeline
from graph.reading.events import read_assertions, read_events
from graph.reading.segments import read_segments
from graph.reading.streams import read_commit, read_coverage, read_settled, read_stream, read_streams
from graph.reading.subgraph import read_neighbours, read_whole
from graph.reading.tally import read_runs, read_tally
from graph.reading.together import read_together
from graph.reading.tracks import read_entities, read_tracks
from graph.rows import Connection
from vidette import queries
from vidette.errors import StoreError
from vidette.models import Commit, Observation, Stream
from vidette.queries import Query

R = TypeVar("R")

_READERS: dict[type[Query[Any]], Callable[[Connection, Any], Any]] = {
    queries.Streams: read_streams,
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
    queries.CoOccurrence: read_together,
    queries.Neighbours: read_neighbours,
    queries.WholeGraph: read_whole,
}


class EmbeddedStore:
    """GraphStore in one SQLite file (or `:memory:`). Every method raises StoreError where the file fails.

    A file that may not be written is opened all the same unless `must_write`; it can then be read.
    """

    def __init__(self, path: Path | str, *, must_write: bool = True) -> None:
        self._database = Database(path if str(path) == ":memory:" else Path(path), must_write=must_write)

    def open_stream(self, stream: Stream, *, again: bool = False) -> Commit | None:
        """Register the stream or refresh its row; -> its last commit. `again` begins a new watch of it."""
        with self._database.write() as connection:
            return opening.open_stream(connection, stream, again=again)

    def settle(self, observation: Observation) -> bool:
        """Write an observation and what follows, in one transaction; False if it had been settled before."""
        with self._database.write() as connection:
            return writing.settle(connection, observation)

    def read(self, query: Query[R]) -> R:
        """Answer a typed query from one snapshot."""
        reader = _READERS.get(type(query))
        if reader is None:
            raise StoreError(f"{type(query).__name__} is no query of this store")
        with self._database.read() as connection:
            return cast("R", reader(connection, query))

    def close(self) -> None:
        """Close the file."""
        self._database.close()
