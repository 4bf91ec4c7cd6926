"""What every GraphStore finds: by every condition, in every order, whatever the words are."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.yard import FIRE, FIRST, LOITER, SECOND, START, YARD, event_ids, fast, part, said, stream_of, track
from vidette import ids
from vidette.errors import ConfigError
from vidette.models import EventType, Label, Segment
from vidette.ports import GraphStore
from vidette.queries import (
    CoOccurrence,
    Count,
    Entities,
    Events,
    Filter,
    Neighbours,
    Segments,
    Timeline,
    Tracks,
    WholeGraph,
)


class TestQueries:
    @pytest.fixture
    def full(self, store: GraphStore) -> GraphStore:
        street = stream_of("street", start=START + timedelta(minutes=1))
        store.open_stream(street)
        for one in (FIRST, SECOND):
            store.settle(one)
        cat = track("cat", 1.0, 3.0, street, label=Label.ANIMAL, attributes={"kind": "cat"})
        run = said(
            "run", EventType.RUNNING, 1, 3, stream_id=street.id, roles=part("cat"), confidence=0.2, caption="a cat runs"
        )
        store.settle(fast(0, stream_id=street.id, tracks=(cat,), assertions=(run,)))
        return store

    @pytest.mark.parametrize(
        ("where", "events", "tracks", "entities", "segments"),
        [
            ({}, ["stay", "cross", "run"], 3, 3, 1),
            ({"streams": ("yard",)}, ["stay", "cross"], 2, 2, 1),
            ({"streams": (YARD.id, "street")}, ["stay", "cross", "run"], 3, 3, 1),
            ({"streams": ("x' OR 1=1 --",)}, [], 0, 0, 0),
            ({"types": (LOITER, EventType.RUNNING)}, ["stay", "run"], 2, 2, 1),
            ({"types": (FIRE,)}, [], 0, 0, 0),
            ({"labels": (Label.ANIMAL,)}, ["cross", "run"], 2, 2, 1),
            ({"labels": (Label.ANIMAL,), "streams": ("street",)}, ["run"], 1, 1, 0),
            ({"kinds": ("van", "cat")}, ["stay", "run"], 2, 2, 1),
            ({"zones": ("gate",)}, ["stay"], 1, 1, 1),
            ({"lines": ("door",)}, ["cross"], 1, 1, 1),
            ({"tracks": ("dog",)}, ["cross"], 1, 1, 1),
            ({"text": "dogs crossing"}, ["cross"], 1, 1, 0),
            ({"text": "dogs cats"}, [], 0, 0, 0),
            ({"text": "dogs cats", "any_word": True}, ["cross", "run"], 2, 2, 0),
            ({"text": "?!"}, [], 0, 0, 0),
            ({"from_s": 6.0}, ["stay"], 2, 2, 1),
            ({"to_s": 2.0}, ["run"], 1, 1, 1),
            ({"from_s": 5.0, "to_s": 5.5}, ["stay", "cross"], 2, 2, 1),
            ({"from_s": 1.0, "to_s": 5.0, "starts_inside": True}, ["stay", "run"], 3, 3, 0),
            ({"since": START + timedelta(seconds=30)}, ["run"], 1, 1, 0),
            ({"until": START + timedelta(seconds=3)}, ["stay"], 1, 1, 1),
            ({"since": START + timedelta(seconds=3), "until": START + timedelta(seconds=5)}, ["stay"], 2, 2, 1),
            ({"min_confidence": 0.5}, ["stay", "cross"], 3, 3, 1),
            ({"ids": ("run",)}, ["run"], 0, 0, 0),
        ],
    )
    def test_every_condition(
        self, full: GraphStore, where: dict[str, Any], events: list[str], tracks: int, entities: int, segments: int
    ) -> None:
        asked = Filter(**where)
        assert event_ids(full, **where) == events
        counts = {of: full.read(Count(of=of, where=asked)) for of in ("events", "tracks", "entities", "segments")}
        assert counts == {"events": len(events), "tracks": tracks, "entities": entities, "segments": segments}
        assert len(full.read(Tracks(where=asked))) == tracks
        assert len(full.read(Entities(where=asked))) == entities
        assert len(full.read(Segments(where=asked))) == segments

    def test_order_and_limit(self, full: GraphStore) -> None:
        def ordered(order: Any, **more: Any) -> list[str]:
            return [event.id for event in full.read(Events(order=order, **more))]

        assert ordered("-start") == ["run", "cross", "stay"]
        assert ordered("duration") == ["cross", "run", "stay"]
        assert ordered("-duration", limit=2) == ["stay", "run"]
        assert [one.id for one in full.read(Tracks(order="-duration"))] == ["van", "dog", "cat"]

    def test_rank_puts_the_best_match_first(self, store: GraphStore) -> None:
        captions = {"a": "a man walks to a bench and a dog follows him", "b": "dog and dog", "c": "a bus"}
        store.settle(fast(0, assertions=tuple(said(key, LOITER, 1, 2, caption=text) for key, text in captions.items())))
        where = Filter(text="dog bench", any_word=True)
        assert [event.id for event in store.read(Events(where=where, order="rank"))] == ["a", "b"]
        assert [event.id for event in store.read(Events(where=Filter(text="dog"), order="rank"))] == ["b", "a"]

    def test_text_on_a_keyframe_finds_its_segment(self, full: GraphStore) -> None:
        assert [row.id for row in full.read(Segments(where=Filter(text="exit 12"), order="rank"))] == ["segment"]

    def test_a_timeline_counts_starts(self, full: GraphStore) -> None:
        buckets = full.read(Timeline(of="events", bucket_s=5, where=Filter(streams=("yard",))))
        assert [(bucket.start_s, bucket.start, bucket.count) for bucket in buckets] == [
            (0.0, YARD.at(0), 1),
            (5.0, YARD.at(5), 1),
        ]
        both = full.read(Timeline(of="tracks", bucket_s=60))
        assert [(bucket.start, bucket.count) for bucket in both] == [(START, 2), (START + timedelta(minutes=1), 1)]
        with pytest.raises(ConfigError):
            full.read(Timeline(of="events", bucket_s=0))

    def test_who_was_there_together(self, full: GraphStore) -> None:
        (pair,) = full.read(CoOccurrence())
        assert {pair.a, pair.b} == {ids.entity_id("van"), ids.entity_id("dog")}
        assert pair.seconds == 5.0

    def test_neighbours_by_hops(self, full: GraphStore) -> None:
        near = full.read(Neighbours(id="van"))
        assert {node.id for node in near.nodes} >= {"van", ids.entity_id("van"), "stay", "segment"}
        assert "cross" not in {node.id for node in near.nodes}
        assert "cross" in {node.id for node in full.read(Neighbours(id="van", hops=3)).nodes}
        assert len(full.read(Neighbours(id="van", hops=3, limit=3)).nodes) == 3
        assert full.read(Neighbours(id="nothing")).nodes == ()

    def test_the_whole_graph_names_its_relations(self, full: GraphStore) -> None:
        graph = full.read(WholeGraph(where=Filter(streams=("yard",))))
        label = {node.id: node.label for node in graph.nodes}
        triples = {(label[edge.source], edge.type, label[edge.target]) for edge in graph.edges}
        assert triples == {
            ("Zone", "ON", "Stream"),
            ("Segment", "OF", "Stream"),
            ("Keyframe", "IN", "Segment"),
            ("Track", "IN", "Segment"),
            ("Track", "IS", "Entity"),
            ("Track", "BY", "Run"),
            ("Track", "TAKES_PART", "Event"),
            ("Event", "ON", "Stream"),
            ("Event", "IN_ZONE", "Zone"),
            ("Event", "SHOWN_IN", "Keyframe"),
            ("Assertion", "SAYS", "Event"),
            ("Assertion", "BY", "Run"),
        }
        assert "run" not in label
        assert full.read(WholeGraph(limit=2)).nodes != ()

    def test_segments_follow_each_other(self, store: GraphStore) -> None:
        cut = [Segment(id=f"s{at}", stream_id=YARD.id, start_s=at, end_s=at + 5) for at in (0, 5, 12)]
        store.settle(fast(0, segments=tuple(cut)))
        near = store.read(Neighbours(id="s5"))
        assert {(edge.source, edge.target) for edge in near.edges if edge.type == "NEXT"} == {
            ("s0", "s5"),
            ("s5", "s12"),
        }


HOSTILE = st.text(max_size=40) | st.sampled_from(
    ['"', 'a" OR "b', "NEAR(a b)", "words : x", "a*", "'; DROP TABLE events; --", "^a", "\0"]
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=HOSTILE, any_word=st.booleans())
def test_no_text_is_query_syntax(store: GraphStore, text: str, any_word: bool) -> None:
    store.settle(FIRST)
    for order in ("start", "rank"):
        found = store.read(Events(where=Filter(text=text, any_word=any_word), order=order))
        assert len(found) <= 2
    store.read(Segments(where=Filter(text=text, any_word=any_word), order="rank"))
