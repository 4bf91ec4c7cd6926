"""Which function answers a query: read when it is first asked, since few commands ask many kinds of them."""

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any

from graph.rows import Connection
from vidette.errors import StoreError
from vidette.queries import Query

READERS = {
    "Streams": "streams:read_streams",
    "Feeds": "feeds:read_feeds",
    "StreamOf": "streams:read_stream",
    "LastCommit": "streams:read_commit",
    "Reached": "streams:read_reached",
    "Settled": "streams:read_settled",
    "Events": "events:read_events",
    "Tracks": "tracks:read_tracks",
    "Entities": "tracks:read_entities",
    "CoverageIn": "streams:read_coverage",
    "Count": "counts:read_count",
    "Timeline": "counts:read_timeline",
    "Tally": "tally:read_tally",
    "Runs": "tally:read_runs",
    "AssertionsOf": "events:read_assertions",
    "Segments": "segments:read_segments",
    "CoOccurrence": "together:read_together",
    "Neighbours": "subgraph:read_neighbours",
    "WholeGraph": "subgraph:read_whole",
    "Alerts": "alerts:read_alerts",
    "AlertCounts": "alerts:read_alert_counts",
    "Deliveries": "alerts:read_deliveries",
    "DeliveryCounts": "alerts:read_delivery_counts",
    "MediaHeld": "alerts:read_media_held",
    "Attempts": "alerts:read_attempts",
    "Decisions": "alerts:read_decisions",
    "RuleStates": "alerts:read_rule_states",
    "SinkStates": "alerts:read_sink_states",
    "SinkTroubles": "alerts:read_sink_troubles",
    "Nearest": "likeness:read_nearest",
    "Unembedded": "likeness:read_unembedded",
    "Texts": "segments:read_texts",
    "ClockReadings": "likeness:read_clock_readings",
    "Breakdown": "aggregates:read_breakdown",
    "Heat": "aggregates:read_heat",
    "Visits": "aggregates:read_visits",
    "Watched": "watched:read_watched",
    "Told": "sorts:read_told",
    "Silences": "living:read_silences",
    "FeedbackOf": "living:read_feedback",
    "Precision": "living:read_precision",
    "DueTimers": "living:read_due_timers",
    "StormOf": "living:read_storm",
    "DueStorms": "living:read_due_storms",
    "NextTo": "living:read_next_to",
    "Costs": "looks:read_costs",
    "Verdicts": "looks:read_verdicts",
    "SaidOf": "looks:read_said",
    "GateAudits": "looks:read_audits",
    "HeardOf": "patterns:read_heard",
    "Patterns": "patterns:read_patterns",
    "LeafMatches": "patterns:read_leaf_matches",
    "LeafMatchesOf": "patterns:read_leaf_matches_of",
    "SaidOfRule": "patterns:read_said_matches",
    "Moments": "moments:read_moments",
    "Rejoined": "moments:read_rejoined",
    "Begun": "moments:read_begun",
    "Things": "subjects:read_things",
    "Doers": "subjects:read_doers",
}
"""Name of the query's class: module here and function."""


def reader_of(kind: type[Query[Any]]) -> Callable[[Connection, Any], Any]:
    """The function that answers queries of a kind. Raises StoreError where there is none."""
    if kind.__name__ not in READERS or not kind.__module__.startswith("vidette."):
        raise StoreError(f"{kind.__name__} is no query of this store")
    return _function(READERS[kind.__name__])


@cache
def _function(place: str) -> Callable[[Connection, Any], Any]:
    module, name = place.split(":")
    found: Callable[[Connection, Any], Any] = getattr(import_module(f"graph.reading.{module}"), name)
    return found
