"""The graph store on a Neo4j server (5.26 or later, Community will do): constraints, full text, one transaction an observation."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar, Unpack, cast

from graph.cypher import judging, moving, opening, outbox, placing, schema, writing
from graph.cypher.driver import How, Server, Transaction
from graph.cypher.reading.aggregates import read_breakdown, read_heat, read_told, read_visits, read_watched
from graph.cypher.reading.alerts import (
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
from graph.cypher.reading.counts import read_count, read_runs, read_tally, read_timeline
from graph.cypher.reading.events import read_assertions, read_events
from graph.cypher.reading.likeness import read_clock_readings, read_nearest, read_unembedded
from graph.cypher.reading.living import (
    read_due_storms,
    read_due_timers,
    read_feedback,
    read_next_to,
    read_precision,
    read_silences,
    read_storm,
)
from graph.cypher.reading.looks import read_audits, read_costs, read_said, read_verdicts
from graph.cypher.reading.moments import read_begun, read_doers, read_moments, read_rejoined, read_things
from graph.cypher.reading.patterns import (
    read_heard,
    read_leaf_matches,
    read_leaf_matches_of,
    read_patterns,
    read_said_matches,
)
from graph.cypher.reading.segments import read_segments, read_texts
from graph.cypher.reading.streams import (
    read_commit,
    read_coverage,
    read_feeds,
    read_reached,
    read_settled,
    read_stream,
    read_streams,
)
from graph.cypher.reading.subgraph import read_neighbours, read_whole
from graph.cypher.reading.together import read_together
from graph.cypher.reading.tracks import read_entities, read_tracks
from graph.moving import refuse_half
from vidette import aggregates, alerting, handling, likeness, looks, moments, queries, remembering
from vidette.alerts import Attempt, Delivery, DeliveryFilter, Judgement
from vidette.errors import StoreError
from vidette.models import Commit, Observation
from vidette.ports import Judge, Reader
from vidette.queries import Query
from vidette.streams import Stream

R = TypeVar("R")

_READERS: dict[type[Query[Any]], Callable[[Transaction, Any], Any]] = {
    queries.Streams: read_streams,
    queries.Feeds: read_feeds,
    queries.StreamOf: read_stream,
    queries.LastCommit: read_commit,
    queries.Reached: read_reached,
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
    alerting.Alerts: read_alerts,
    alerting.AlertCounts: read_alert_counts,
    alerting.Deliveries: read_deliveries,
    alerting.DeliveryCounts: read_delivery_counts,
    alerting.MediaHeld: read_media_held,
    alerting.Attempts: read_attempts,
    alerting.Decisions: read_decisions,
    alerting.RuleStates: read_rule_states,
    alerting.SinkStates: read_sink_states,
    alerting.SinkTroubles: read_sink_troubles,
    likeness.Nearest: read_nearest,
    likeness.Unembedded: read_unembedded,
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


class Neo4jStore:
    """GraphStore and Outbox on a Neo4j database. Every method raises StoreError where the server fails."""

    def __init__(self, uri: str, user: str = "", password: str = "", **how: Unpack[How]) -> None:
        self._server = Server(uri, user, password, **how)
        try:
            with self._server.faults():
                schema.migrate(self._server)
                refuse_half(self._server.read(moving.moved))
        except StoreError:
            self._server.close()
            raise

    def open_stream(self, stream: Stream, *, again: bool = False) -> Commit | None:
        """Register the stream or refresh its row; -> its last commit. `again` begins a new watch of it."""
        return self._server.write(lambda transaction: opening.open_stream(transaction, stream, again=again))

    def settle(self, observation: Observation, judge: Judge | None = None) -> bool:
        """Write an observation and what follows, all or nothing; False if it had been settled before."""
        return self._server.write(lambda transaction: _settle(transaction, observation, judge))

    def take(self, stream_id: str) -> int:
        """Raise the stream's fence by one; -> the new one. What has a lower one settles no more."""
        return self._server.write(lambda transaction: opening.take(transaction, stream_id))

    def rejudge(self, stream_id: str, judge: Judge) -> None:
        """Put every stored event of a stream to the judge, as one case."""
        self._server.write(lambda transaction: judging.judge_all(transaction, stream_id, judge, _reader(transaction)))

    def amend(self, decide: Callable[[Reader], Judgement]) -> bool:
        """Write what `decide` makes of what it reads, in one transaction; False where that is nothing."""
        return self._server.write(lambda transaction: _amend(transaction, decide))

    def read(self, query: Query[R]) -> R:
        """Answer a typed query."""
        return self._server.read(lambda transaction: _reader(transaction)(query))

    def claim(self, sink: str, now: datetime, lease_s: float, limit: int = 16) -> list[Delivery]:
        """Due deliveries to a sink, longest due first; no other process gets them for `lease_s`."""
        return self._server.write(lambda transaction: outbox.claim(transaction, sink, now, lease_s, limit))

    def record(self, attempt: Attempt) -> None:
        """Write how a try ended, and what the delivery is from now on; the same attempt twice is one."""
        self._server.write(lambda transaction: outbox.record(transaction, attempt))

    def next_due(self, sinks: Sequence[str]) -> datetime | None:
        """When the next delivery to one of these sinks is due (or its lease ends); None: nothing waits."""
        return self._server.read(lambda transaction: outbox.next_due(transaction, sinks))

    def replay(self, where: DeliveryFilter, now: datetime) -> int:
        """Make dead or delivered ones due again; -> how many."""
        return self._server.write(lambda transaction: outbox.replay(transaction, where, now))

    def disable(self, sink: str, address: str, now: datetime, reason: str) -> None:
        """A sink takes no more: its pending deliveries are dead."""
        self._server.write(lambda transaction: outbox.disable(transaction, sink, address, now, reason))

    def enable(self, sink: str) -> None:
        """The sink takes deliveries again."""
        self._server.write(lambda transaction: outbox.enable(transaction, sink))

    def close(self) -> None:
        """Let the server go."""
        self._server.close()


def _settle(transaction: Transaction, observation: Observation, judge: Judge | None) -> bool:
    scene = writing.settle(transaction, observation)
    if scene is None:
        return False
    if judge is not None:
        judging.judge_changed(scene, judge, _reader(transaction))
    placing.sweep(transaction, scene.moved)
    return True


def _amend(transaction: Transaction, decide: Callable[[Reader], Judgement]) -> bool:
    judging.take_turn(transaction)
    judgement = decide(_reader(transaction))
    judging.write(transaction, judgement)
    return judgement != Judgement()


def _reader(transaction: Transaction) -> Reader:
    """Answers typed queries in this transaction."""

    def read(query: Query[R]) -> R:
        reader = _READERS.get(type(query))
        if reader is None:
            raise StoreError(f"{type(query).__name__} is no query of this store")
        return cast("R", reader(transaction, query))

    return read
