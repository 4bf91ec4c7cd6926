"""Both stores are one memory: whatever is settled, every question of every kind has the same rows on both.

VIDETTE_EXAMPLES says how many stories are told; a few where nothing is said.
"""

import os
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph import neo4j as served
from graph.embedded import EmbeddedStore
from tests.graph_stores import fresh
from tests.random_memory import (
    DEEP,
    FAST,
    KINDS,
    LATER,
    LINES,
    QUESTIONS,
    RULES,
    SPACE,
    START,
    STEP_S,
    TYPES,
    ZONES,
    Story,
    story,
    tell,
)
from vidette import aggregates, alerting, handling, likeness, looks, moments, queries, remembering
from vidette.alerts import AlertFilter, DeliveryFilter, DeliveryStatus, Severity
from vidette.models import Label
from vidette.ports import GraphStore
from vidette.queries import Filter, Query

EXAMPLES = int(os.environ.get("VIDETTE_EXAMPLES", "4"))
MANY = 10_000
SEARCHED = ("van", "gate dog", "running", "exit", "nothing")
UNORDERED = (looks.Verdicts, likeness.Unembedded, remembering.LeafMatchesOf, moments.Begun)
"""What is promised in no order, or in an order of its own."""


def some(chance: Random, told: Story) -> Filter:
    """Up to three conditions of any kind."""
    low = chance.uniform(-10, 40)
    since = START + timedelta(seconds=low)
    tracks = [track.id for one in told.observations for track in one.tracks] or ["none"]
    given_: dict[str, Any] = {
        "streams": (chance.choice(told.streams).name,),
        "types": tuple(chance.sample(TYPES, 2)),
        "labels": (chance.choice(list(Label)[:5]),),
        "kinds": (chance.choice([kind for kind in KINDS if kind]),),
        "zones": (chance.choice(ZONES),),
        "lines": LINES,
        "tracks": tuple(chance.sample(tracks, 1)),
        "since": since,
        "until": since + timedelta(seconds=chance.uniform(1, 30)),
        "from_s": low,
        "to_s": low + chance.uniform(1, 30),
        "starts_inside": True,
        "text": chance.choice(SEARCHED),
        "any_word": True,
        "min_confidence": 0.5,
        "moving": True,
        "retracted": True,
        "ids": tuple(chance.sample(tracks, 1)),
    }
    return Filter(**{name: given_[name] for name in chance.sample(sorted(given_), chance.randint(0, 3))})


def questions(chance: Random, told: Story, store: GraphStore) -> list[Query[Any]]:
    """A question of every kind, with a filter of its own."""

    def where(**more: Any) -> Filter:
        return replace(some(chance, told), **more)

    def limit() -> int:
        return chance.choice((1, 3, MANY))

    order = chance.choice(("start", "-start", "duration", "-duration"))
    of = chance.choice(("events", "tracks"))
    stream = chance.choice(told.streams)
    events = [row.id for row in store.read(queries.Events(limit=MANY, where=Filter(retracted=True)))]
    alerts = store.read(alerting.Alerts(limit=MANY))
    things = [row.id for row in store.read(queries.Entities(limit=MANY))] or ["none"]
    segments = [row.id for row in store.read(queries.Segments(limit=MANY))]
    one_event = chance.choice(events or ["none"])
    low = START.timestamp() + chance.uniform(0, 30)
    spans = chance.choice((None, ((low, low + 5), (low + 8, low + 20))))
    leaves = tuple(chance.sample(events, min(3, len(events))))
    versions = {one.rule: one.version for one in store.read(remembering.Patterns())}
    patterns = [remembering.LeafMatches(rule=rule, version=version, since=0) for rule, version in versions.items()]
    patterns += [remembering.SaidOfRule(rule=rule, version=version) for rule, version in versions.items()]
    storms = store.read(handling.DueStorms(now=LATER + timedelta(days=2), sinks=("desk",)))
    asked: list[Query[Any]] = [
        queries.Streams(),
        queries.Streams(names=(stream.name,)),
        queries.Feeds(),
        queries.StreamOf(name=chance.choice((stream.id, stream.name, "none"))),
        queries.LastCommit(stream_id=stream.id),
        queries.Reached(streams=(stream.id, "none")),
        queries.Settled(ids=tuple(one.id for one in told.observations[:3])),
        queries.Events(where=where(), limit=limit(), order=order),
        queries.Events(where=where(), limit=limit(), brief=True),
        queries.Events(where=where(), limit=limit(), order="-start"),
        queries.Tracks(where=where(), limit=limit(), order=order),
        queries.Tracks(where=where(), limit=limit(), brief=True),
        queries.Entities(where=where(), limit=limit()),
        queries.Segments(where=where(), limit=limit(), order=order),
        queries.CoverageIn(where=where()),
        *(queries.Count(of=kind, where=where()) for kind in ("events", "tracks", "entities", "segments")),
        queries.Timeline(of=of, bucket_s=chance.choice((5, 60)), where=where()),
        *(
            queries.Tally(of=kind, by=by, where=where(), distinct=chance.random() < 0.5)
            for kind in ("events", "tracks")
            for by in ("stream", "zone", "line", "label", "minute", "quarter")
        ),
        queries.Runs(),
        queries.AssertionsOf(event_id=one_event),
        queries.CoOccurrence(where=where()),
        *(queries.Neighbours(id=id_, hops=hops, limit=MANY) for id_ in (one_event, chance.choice(things), stream.id) for hops in (1, 2)),
        queries.WholeGraph(where=where(), limit=MANY),
        alerting.Alerts(limit=limit(), newest=chance.random() < 0.5),
        alerting.Alerts(where=AlertFilter(streams=(chance.choice((stream.name, stream.id)),), severities=(Severity.HIGH,))),
        alerting.Alerts(where=AlertFilter(events=(one_event,), rules=("enters", "then"))),
        alerting.Alerts(where=AlertFilter(since=START + timedelta(seconds=10), until=START + timedelta(seconds=30))),
        alerting.AlertCounts(),
        alerting.DeliveryCounts(),
        alerting.MediaHeld(),
        alerting.MediaHeld(addresses=(f"{1:064x}",)),
        alerting.Deliveries(limit=limit()),
        alerting.Deliveries(where=DeliveryFilter(statuses=(DeliveryStatus.PENDING,), sinks=("desk",))),
        alerting.Attempts(deliveries=tuple(one.id for one in store.read(alerting.Deliveries(limit=MANY)))),
        alerting.Decisions(events=(one_event,)),
        alerting.Decisions(rules=("enters", "nobody"), limit=MANY),
        alerting.Decisions(alerts=tuple(one.id for one in alerts[:2])),
        alerting.RuleStates(stream_id=stream.id),
        alerting.SinkStates(),
        alerting.SinkTroubles(),
        *(likeness.Nearest(of=kind, run_id=SPACE.id, vector=vector(chance), where=where(), limit=MANY) for kind in ("keyframe", "segment", "event", "entity")),
        *(likeness.Unembedded(of=kind, run_id=chance.choice((SPACE.id, "none")), limit=MANY) for kind in ("keyframe", "segment", "assertion", "entity")),
        queries.Texts(where=where()),
        queries.ClockReadings(stream_id=stream.id),
        aggregates.Breakdown(of="events", by=tuple(chance.sample(("stream", "type", "label", "zone", "line", "way", "bucket"), 2)), value=chance.choice((None, "duration")), bucket_s=7, where=where()),
        aggregates.Breakdown(of="events", by=("label",), where=where()),
        aggregates.Breakdown(of="tracks", by=tuple(chance.sample(("stream", "label", "heading", "bucket"), 2)), value=chance.choice((None, "duration", "speed")), bucket_s=7, origin=START, where=where()),
        aggregates.Heat(columns=4, rows=3, where=where()),
        aggregates.Visits(zones=chance.random() < 0.5, where=where()),
        aggregates.Watched(where=where()),
        aggregates.Told(labels=(Label.PERSON,), kinds=("van",)),
        handling.Silences(),
        handling.FeedbackOf(),
        handling.Precision(),
        handling.DueTimers(now=LATER + timedelta(days=1), rules=("waits", "enters")),
        handling.DueStorms(now=LATER + timedelta(days=2), sinks=("desk",)),
        *(handling.StormOf(sink="desk", start=one.start) for one in storms[:1]),
        *(
            handling.NextTo(alert=one.id, at=one.at, within_s=30, subject=one.subject, places=tuple((name, zone) for name in one.streams for zone in ("", *ZONES)), near=tuple(other.name for other in told.streams))
            for one in alerts[:2]
        ),
        looks.Costs(where=where(), bucket_s=20),
        looks.Costs(run=DEEP[0].id),
        looks.Verdicts(where=where(), question=chance.choice(("", "dog", QUESTIONS[0]))),
        looks.Verdicts(answers=("yes",)),
        looks.SaidOf(entity_id=chance.choice(things)),
        looks.GateAudits(where=where()),
        remembering.HeardOf(),
        remembering.Patterns(),
        remembering.Patterns(rules=("then",), due=int(1000 * (START.timestamp() + 1000))),
        remembering.LeafMatchesOf(ids=leaves),
        *patterns,
        moments.Moments(of="events", where=where(), limit=limit(), order=order, spans=spans, begins=chance.random() < 0.5),
        moments.Moments(of="tracks", where=where(), limit=limit(), spans=spans, about=chance.choice((None, tuple(things[:2])))),
        moments.Rejoined(),
        moments.Begun(where=where()),
        moments.Things(where=where(), also=chance.choice(((), (where(),)))),
        moments.Doers(where=where(), did=where()),
    ]  # fmt: skip
    named = (queries.Events(where=Filter(ids=(one_event,))), queries.Segments(where=Filter(ids=tuple(segments[:2]))))
    return [*asked, *named]


def vector(chance: Random) -> bytes:
    return np.array([chance.uniform(-1, 1) for _ in range(4)], "<f4").tobytes()


def rows_of(store: GraphStore, query: Query[Any]) -> Any:
    """What it answers, in an order of its own where none is promised."""
    found = store.read(query)
    if isinstance(query, likeness.Nearest):
        return sorted((round(near.likeness, 5), near.id, near.segment_id) for near in found)
    if isinstance(query, queries.Neighbours | queries.WholeGraph):
        nodes = sorted((one.label, one.id, sorted(one.properties.items())) for one in found.nodes)
        return nodes, sorted((one.type, one.source, one.target, sorted(one.properties.items())) for one in found.edges)
    if isinstance(query, aggregates.Watched):
        return [replace(one, watched_s=round(one.watched_s, 3), examined_s=round(one.examined_s, 3)) for one in found]
    if isinstance(query, aggregates.Breakdown):
        return [replace(one, total=round(one.total, 6)) for one in found]
    return sorted(found, key=repr) if isinstance(query, UNORDERED) else found


def test_every_kind_of_question_is_asked():
    told = story(1, 2)
    store = EmbeddedStore(":memory:")
    tell(store, told)
    kinds = {type(query) for seed in range(20) for query in questions(Random(seed), told, store)}
    store.close()
    assert served._READERS.keys() - kinds == {handling.StormOf} - kinds


@settings(max_examples=EXAMPLES)
@given(seed=st.integers(0, 2**32), size=st.integers(1, 4))
def test_whatever_is_settled_is_the_same_memory(seed: int, size: int) -> None:
    told = story(seed, size)
    plain, server = EmbeddedStore(":memory:"), fresh()
    try:
        for store in (plain, server):
            tell(store, told)
        for query in questions(Random(seed), told, plain):
            assert rows_of(server, query) == rows_of(plain, query), query
    finally:
        for store in (plain, server):
            store.close()


@settings(max_examples=max(2, EXAMPLES // 3))
@given(seed=st.integers(0, 2**32))
def test_so_is_what_is_watched_again(seed: int) -> None:
    told = story(seed, 2)
    plain, server = EmbeddedStore(":memory:"), fresh()
    try:
        for store in (plain, server):
            tell(store, told)
            for stream in told.streams:
                store.open_stream(replace(stream, start=stream.start + timedelta(seconds=7)), again=True)
            for observation in told.observations:
                if observation.look == "fast" and observation.sequence == 0:
                    store.settle(observation)
        for query in questions(Random(seed), told, plain):
            assert rows_of(server, query) == rows_of(plain, query), query
    finally:
        for store in (plain, server):
            store.close()


@pytest.mark.parametrize("run", [FAST, *DEEP])
def test_a_story_is_told_by_these(run):
    told = [story(seed, 3) for seed in range(30)]
    assert any(one.run == run for each in told for one in each.observations)
    assert STEP_S > 0
    assert RULES
