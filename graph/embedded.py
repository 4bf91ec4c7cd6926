"""The embedded graph store: one SQLite file, read and written by any number of threads and processes."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar, cast

from graph import judging, opening, outbox, saying, words, writing
from graph.connection import Database
from graph.group import Group
from graph.reading.aggregates import read_breakdown, read_heat, read_visits
from graph.reading.alerts import (
    read_alert_counts,
    read_alerts,
    read_attempts,
    read_decisions,
    read_deliveries,
    read_delivery_counts,
    read_media_held,
    read_rule_states,
    read_sink_states,
    read_sink_troubles,
)
from graph.reading.counts import read_count, read_timeline
from graph.reading.events import read_assertions, read_events
from graph.reading.feeds import read_feeds
from graph.reading.likeness import read_clock_readings, read_nearest, read_unembedded
from graph.reading.living import (
    read_due_storms,
    read_due_timers,
    read_feedback,
    read_next_to,
    read_precision,
    read_silences,
    read_storm,
)
from graph.reading.looks import read_audits, read_costs, read_said, read_verdicts
from graph.reading.moments import read_begun, read_moments, read_rejoined
from graph.reading.patterns import (
    read_heard,
    read_leaf_matches,
    read_leaf_matches_of,
    read_patterns,
    read_said_matches,
)
from graph.reading.segments import read_segments, read_texts
from graph.reading.sorts import read_told
from graph.reading.streams import read_commit, read_coverage, read_settled, read_stream, read_streams
from graph.reading.subgraph import read_neighbours, read_whole
from graph.reading.subjects import read_doers, read_things
from graph.reading.tally import read_runs, read_tally
from graph.reading.together import read_together
from graph.reading.tracks import read_entities, read_tracks
from graph.reading.watched import read_watched
from graph.rows import Connection
from vidette import aggregates, handling, looks, moments, queries, remembering
from vidette.alerts import Attempt, Delivery, DeliveryFilter, Judgement
from vidette.errors import StoreError
from vidette.models import Commit, Observation, Stream
from vidette.ports import Judge, Reader
from vidette.queries import Query

R = TypeVar("R")

_READERS: dict[type[Query[Any]], Callable[[Connection, Any], Any]] = {
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
    queries.CoOccurrence: read_together,
    queries.Neighbours: read_neighbours,
    queries.WholeGraph: read_whole,
    queries.Alerts: read_alerts,
    queries.AlertCounts: read_alert_counts,
    queries.Deliveries: read_deliveries,
    queries.DeliveryCounts: read_delivery_counts,
    queries.MediaHeld: read_media_held,
    queries.Attempts: read_attempts,
    queries.Decisions: read_decisions,
    queries.RuleStates: read_rule_states,
    queries.SinkStates: read_sink_states,
    queries.SinkTroubles: read_sink_troubles,
    queries.Nearest: read_nearest,
    queries.Unembedded: read_unembedded,
    queries.Texts: read_texts,
    queries.ClockReadings: read_clock_readings,
    aggregates.Breakdown: read_breakdown,
    aggregates.Heat: read_heat,
    aggregates.Visits: read_visits,
    aggregates.Watched: read_watched,
    aggregates.Told: read_told,
    handling.Silences: read_silences,
    handling.FeedbackOf: read_feedback,
    handling.Precision: read_precision,
    handling.DueTimers: read_due_timers,
    handling.StormOf: read_storm,
    handling.DueStorms: read_due_storms,
    handling.NextTo: read_next_to,
    looks.Costs: read_costs,
    looks.Verdicts: read_verdicts,
    looks.SaidOf: read_said,
    looks.GateAudits: read_audits,
    remembering.HeardOf: read_heard,
    remembering.Patterns: read_patterns,
    remembering.LeafMatches: read_leaf_matches,
    remembering.LeafMatchesOf: read_leaf_matches_of,
    remembering.SaidOfRule: read_said_matches,
    moments.Moments: read_moments,
    moments.Rejoined: read_rejoined,
    moments.Begun: read_begun,
    moments.Things: read_things,
    moments.Doers: read_doers,
}


class EmbeddedStore:
    """GraphStore and Outbox in one SQLite file (or `:memory:`). Every method raises StoreError where the file fails.

    A file that may not be written is opened all the same unless `must_write`; it can then be read.
    """

    def __init__(self, path: Path | str, *, must_write: bool = True) -> None:
        self._database = Database(path if str(path) == ":memory:" else Path(path), must_write=must_write)
        self._group = Group(self._database, words.index)

    def open_stream(self, stream: Stream, *, again: bool = False) -> Commit | None:
        """Register the stream or refresh its row; -> its last commit. `again` begins a new watch of it."""
        return self._group.write(lambda connection: opening.open_stream(connection, stream, again=again))

    def settle(self, observation: Observation, judge: Judge | None = None) -> bool:
        """Write an observation and what follows, all or nothing; False if it had been settled before.

        It shares a transaction with what other threads settle at that moment; the judge may be called in theirs.
        """
        return self._group.write(lambda connection: _settle(connection, observation, judge))

    def rejudge(self, stream_id: str, judge: Judge) -> None:
        """Put every stored event of a stream to the judge, as one case."""
        self._group.write(lambda connection: judging.judge_all(connection, stream_id, judge, _inside(connection)))

    def amend(self, decide: Callable[[Reader], Judgement]) -> bool:
        """Write what `decide` makes of what it reads, in one transaction; False where that is nothing."""
        return self._group.write(lambda connection: _amend(connection, decide))

    def read(self, query: Query[R]) -> R:
        """Answer a typed query from one snapshot."""
        with self._database.read() as connection:
            return _reader(connection)(query)

    def claim(self, sink: str, now: datetime, lease_s: float, limit: int = 16) -> list[Delivery]:
        """Due deliveries to a sink, longest due first; no other process gets them for `lease_s`."""
        return self._group.write(lambda connection: outbox.claim(connection, sink, now, lease_s, limit))

    def record(self, attempt: Attempt) -> None:
        """Write how a try ended, and what the delivery is from now on; the same attempt twice is one."""
        self._group.write(lambda connection: outbox.record(connection, attempt))

    def next_due(self, sinks: Sequence[str]) -> datetime | None:
        """When the next delivery to one of these sinks is due (or its lease ends); None: nothing waits."""
        with self._database.read() as connection:
            return outbox.next_due(connection, sinks)

    def replay(self, where: DeliveryFilter, now: datetime) -> int:
        """Make dead or delivered ones due again; -> how many."""
        return self._group.write(lambda connection: outbox.replay(connection, where, now))

    def disable(self, sink: str, address: str, now: datetime, reason: str) -> None:
        """A sink takes no more: its pending deliveries are dead."""
        self._group.write(lambda connection: outbox.disable(connection, sink, address, now, reason))

    def enable(self, sink: str) -> None:
        """The sink takes deliveries again."""
        self._group.write(lambda connection: outbox.enable(connection, sink))

    def close(self) -> None:
        """Close the file."""
        self._database.close()


def _settle(connection: Connection, observation: Observation, judge: Judge | None) -> bool:
    scene = writing.settle(connection, observation)
    if scene is None:
        return False
    if judge is not None:
        judging.judge_changed(connection, observation, scene.changed, judge, _inside(connection))
    saying.sweep(connection, scene.moved)
    return True


def _amend(connection: Connection, decide: Callable[[Reader], Judgement]) -> bool:
    judgement = decide(_inside(connection))
    judging.write(connection, judgement)
    return judgement != Judgement()


def _inside(connection: Connection) -> Reader:
    """Answers typed queries in a transaction that writes: what it wrote is found by its words, too."""
    answer = _reader(connection)

    def read(query: Query[R]) -> R:
        if words.asked(query):
            words.index(connection)
        return answer(query)

    return read


def _reader(connection: Connection) -> Reader:
    """Answers typed queries in this transaction."""

    def read(query: Query[R]) -> R:
        reader = _READERS.get(type(query))
        if reader is None:
            raise StoreError(f"{type(query).__name__} is no query of this store")
        return cast("R", reader(connection, query))

    return read
