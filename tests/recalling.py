"""All that a memory answers, of one that `tests.filling` filled: equal for equal memories."""

from datetime import timedelta
from typing import Any

import numpy as np

from tests.filling import HOSTILE, SPACE, Store
from tests.telling import AT
from vidette import aggregates, alerting, handling, likeness, looks, moments, queries, remembering
from vidette.models import Label
from vidette.queries import Filter


def said_by(store: Store) -> dict[str, Any]:
    """Every query's answer: equal for equal memories."""
    read = store.read
    out: dict[str, Any] = {}
    every = Filter(retracted=True)
    for order in ("start", "-start", "duration", "-duration"):
        out[f"events {order}"] = read(queries.Events(where=every, order=order, limit=999))
    events = out["events start"]
    out["says"] = [[one.id for one in read(queries.AssertionsOf(event_id=event.id))] for event in events]
    out["assertions"] = [read(queries.AssertionsOf(event_id=event.id)) for event in events]
    for of in ("events", "tracks", "entities", "segments"):
        out[f"count {of}"] = read(queries.Count(of=of))
    for of in ("events", "tracks"):
        out[f"timeline {of}"] = read(queries.Timeline(of=of, bucket_s=10.0))
    for by in ("stream", "label", "zone", "line", "minute", "quarter"):
        for distinct in (False, True):
            out[f"tally {by} {distinct}"] = read(queries.Tally(of="events", by=by, distinct=distinct))
    for words in ("bag", "flames", "exit", "van waits", "yard", HOSTILE):
        found = read(queries.Events(where=Filter(text=words), order="start"))
        out[f"words {words}"] = (
            [one.id for one in found],
            [one.id for one in read(queries.Segments(where=Filter(text=words)))],
        )
    out |= {
        "tracks": read(queries.Tracks(limit=999)),
        "entities": sorted(read(queries.Entities(limit=999)), key=lambda one: one.id),
        "segments": read(queries.Segments(limit=999)),
        "texts": read(queries.Texts()),
        "coverage": read(queries.CoverageIn()),
        "streams": read(queries.Streams()),
        "runs": read(queries.Runs()),
        "feeds": read(queries.Feeds()),
        "together": read(queries.CoOccurrence()),
        "whole": _sorted(read(queries.WholeGraph(limit=9999))),
        "near anna": _sorted(read(queries.Neighbours(id="anna", hops=2))),
    }
    for stream in out["streams"]:
        out[f"stream {stream.id}"] = (
            read(queries.StreamOf(name=stream.id)),
            read(queries.LastCommit(stream_id=stream.id)),
            read(alerting.RuleStates(stream_id=stream.id)),
            read(queries.ClockReadings(stream_id=stream.id)),
            read(queries.Reached(streams=(stream.id,))),
        )
    return out | _alerted(store) | _remembered(store)


def _sorted(graph: queries.Subgraph) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    nodes = sorted((one.label, one.id, repr(sorted(one.properties.items()))) for one in graph.nodes)
    return nodes, sorted(
        (one.type, one.source, one.target, repr(sorted(one.properties.items()))) for one in graph.edges
    )


def _alerted(store: Store) -> dict[str, Any]:
    read, late = store.read, AT + timedelta(days=9)
    alerts = read(alerting.Alerts(limit=999))
    deliveries = read(alerting.Deliveries(limit=999))
    places = tuple((one.streams[0], zone) for one in alerts for zone in one.zones or ("",))
    return {
        "alerts": alerts,
        "alert counts": read(alerting.AlertCounts()),
        "deliveries": deliveries,
        "delivery counts": read(alerting.DeliveryCounts()),
        "attempts": read(alerting.Attempts(deliveries=tuple(one.id for one in deliveries))),
        "decisions": read(alerting.Decisions(limit=999)),
        "sinks": (read(alerting.SinkStates()), read(alerting.SinkTroubles())),
        "media": read(alerting.MediaHeld(addresses=())),
        "silences": read(handling.Silences()),
        "feedback": read(handling.FeedbackOf()),
        "precision": read(handling.Precision()),
        "timers": read(handling.DueTimers(now=late, rules=("bag-left", "q", "waits"))),
        "storms": read(handling.DueStorms(now=late, sinks=("ops", "desk"))),
        "next": [
            read(
                handling.NextTo(
                    alert=one.id, at=one.at, within_s=9e5, places=places, subject=one.subject, near=("yard",)
                )
            )
            for one in alerts
        ],
        "due": store.next_due(("ops", "desk", "dead")),
    }


def _remembered(store: Store) -> dict[str, Any]:
    read = store.read
    patterns = read(remembering.Patterns())
    named = [(one.rule, one.version) for one in patterns]
    return {
        "patterns": patterns,
        "heard": read(remembering.HeardOf()),
        "leaves": [read(remembering.LeafMatches(rule=rule, version=version, since=0)) for rule, version in named],
        "said": [read(remembering.SaidOfRule(rule=rule, version=version)) for rule, version in named],
        "verdicts": read(looks.Verdicts(limit=999)),
        "costs": read(looks.Costs()),
        "said of anna": read(looks.SaidOf(entity_id="anna")),
        "audits": read(looks.GateAudits()),
        "moments": [read(moments.Moments(of=of)) for of in ("events", "tracks")],
        "things": (
            read(moments.Things()),
            sorted(read(moments.Rejoined())),
            sorted(read(moments.Begun())),
            read(moments.Doers()),
        ),
        "nearest": [
            [
                (one.id, round(one.likeness, 4))
                for one in read(likeness.Nearest(run_id=SPACE.id, of=of, vector=np.ones(8, "<f4").tobytes()))
            ]
            for of in ("keyframe", "segment", "event", "entity")
        ],
        "unembedded": sorted(one.id for one in read(likeness.Unembedded(run_id="other", of="assertion", limit=99))),
        "breakdown": read(aggregates.Breakdown(of="events", by=("stream", "type"), value="duration")),
        "visits": read(aggregates.Visits(zones=True)),
        "heat": read(aggregates.Heat(columns=8, rows=8)),
        "told": read(aggregates.Told(labels=tuple(Label), kinds=("bag",))),
        "watched": read(aggregates.Watched()),
    }
