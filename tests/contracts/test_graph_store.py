"""What every GraphStore does; a store joins by a line in `STORES` and is used through the port alone."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.yard import (
    BOX,
    DEEP,
    FAST,
    FIRE,
    FIRST,
    FRAME,
    LEFT,
    LOITER,
    SECOND,
    SHOT,
    START,
    YARD,
    covered,
    deep,
    deep_said,
    event_ids,
    fast,
    part,
    said,
    stream_of,
    track,
)
from vidette import ids
from vidette.errors import StoreError
from vidette.models import DeepState, Entity, EventType, FastState, Label, Observation, PathPoint, State
from vidette.ports import GraphStore
from vidette.queries import (
    AssertionsOf,
    Count,
    CoverageIn,
    Entities,
    Events,
    Filter,
    LastCommit,
    Query,
    Segments,
    StreamOf,
    Streams,
    Tracks,
    WholeGraph,
)


class TestStreams:
    def test_a_stream_comes_back_as_it_was_configured(self, store: GraphStore) -> None:
        assert store.read(StreamOf(name="yard")) == YARD
        assert store.read(StreamOf(name=YARD.id)) == YARD
        assert store.read(StreamOf(name="nowhere")) is None

    def test_rows_say_how_far_it_was_watched(self, store: GraphStore) -> None:
        assert store.read(Streams())[0].state == "watching"
        store.settle(FIRST)
        store.settle(SECOND)
        (row,) = store.read(Streams(names=("yard",)))
        assert (row.state, row.watched_s, row.events, row.tracks) == ("ended", 20.0, 2, 2)
        assert store.read(Streams(names=("nowhere",))) == []

    def test_an_imported_stream_says_so(self, store: GraphStore) -> None:
        store.open_stream(stream_of("tape", kind="import"))
        assert {row.name: row.state for row in store.read(Streams())} == {"tape": "imported", "yard": "watching"}

    def test_a_better_start_moves_every_instant_and_no_id(self, store: GraphStore) -> None:
        store.settle(FIRST)
        before = store.read(Events()), store.read(Tracks()), store.read(CoverageIn()), store.read(Segments())
        store.open_stream(replace(YARD, start=START + timedelta(hours=1), start_from="option"))
        after = store.read(Events()), store.read(Tracks()), store.read(CoverageIn()), store.read(Segments())
        for old_rows, new_rows in zip(before, after, strict=True):
            assert [row.start + timedelta(hours=1) for row in old_rows] == [row.start for row in new_rows]
            assert [row.start_s for row in old_rows] == [row.start_s for row in new_rows]

    def test_one_name_is_one_stream(self, store: GraphStore) -> None:
        with pytest.raises(StoreError, match="ids are made of names"):
            store.open_stream(replace(YARD, id="other"))


class TestSettling:
    def test_the_last_commit_is_where_a_watch_goes_on(self, store: GraphStore) -> None:
        assert store.settle(FIRST)
        commit = store.open_stream(YARD)
        assert commit is not None
        assert commit == store.read(LastCommit(stream_id=YARD.id))
        assert (commit.sequence, commit.watermark_s, commit.carry, commit.final) == (0, 10.0, b"\x00carry\xff", False)

    def test_what_was_settled_is_not_settled_twice(self, store: GraphStore) -> None:
        look = deep("look", deep_said("flames", FIRE, 1, 3))
        assert [store.settle(one) for one in (FIRST, look, FIRST, look, SECOND, FIRST)] == [
            True,
            True,
            False,
            False,
            True,
            False,
        ]
        assert store.read(Count(of="events")) == 3

    def test_fast_observations_settle_in_order(self, store: GraphStore) -> None:
        with pytest.raises(StoreError, match="before 0") as caught:
            store.settle(SECOND)
        assert caught.value.retryable
        assert store.read(Count(of="events")) == 0

    def test_a_stream_is_opened_first(self, opened: GraphStore) -> None:
        with pytest.raises(StoreError, match="open_stream"):
            opened.settle(FIRST)

    @pytest.mark.parametrize(
        "wrong",
        [
            fast(0, tracks=(track("t", 0, 1, stream_of("street")),)),
            fast(0, assertions=(deep_said("d", FIRE, 0, 1),)),
            deep("look", deep_said("d", FIRE, 0, 1, of="another")),
            replace(fast(0), sequence=None),
            fast(0, coverage=(covered(0, float("inf"), FastState.WATCHED, DeepState.OFF),)),
            fast(0, assertions=(said("nan", FIRE, float("nan"), None),)),
            fast(0, assertions=(said("half", FIRE, 0, 1, caption="\ud800"),)),
        ],
    )
    def test_nothing_of_a_refused_observation_stays(self, store: GraphStore, wrong: Observation) -> None:
        good = said("good", LOITER, 1, 2)
        first = replace(wrong, assertions=(good, *wrong.assertions)) if wrong.look == "fast" else wrong
        with pytest.raises(StoreError):
            store.settle(first)
        assert store.read(Events()) == []
        assert store.read(LastCommit(stream_id=YARD.id)) is None

    def test_later_assertions_move_their_event(self, store: GraphStore) -> None:
        store.settle(FIRST)
        (event,) = store.read(Events(where=Filter(types=(LOITER,))))
        assert (event.state, event.end, event.end_s) == (State.OPEN, None, None)
        store.settle(SECOND)
        (event,) = store.read(Events(where=Filter(types=(LOITER,))))
        assert (event.id, event.start_s, event.end_s) == ("stay", 2.0, 14.0)
        assert (event.state, event.confidence, event.caption) == (State.CLOSED, 0.9, "A vehicle waited 12 s.")
        assert (event.start, event.end) == (YARD.at(2), YARD.at(14))
        assert (event.zone, event.evidence, event.tracks, event.runs) == ("gate", (SHOT,), ("van",), (FAST,))
        (thing,) = event.entities
        assert (thing.id, thing.label, thing.role) == (ids.entity_id("van"), Label.VEHICLE, "subject")

    def test_assertions_are_kept_as_they_were_said(self, store: GraphStore) -> None:
        store.settle(FIRST)
        store.settle(SECOND)
        assert store.read(AssertionsOf(event_id="stay")) == [FIRST.assertions[0], SECOND.assertions[0]]

    def test_a_retracted_event_is_hidden_unless_asked_for(self, store: GraphStore) -> None:
        store.settle(FIRST)
        store.settle(fast(1, assertions=(said("no", LOITER, 2, 3, of="stay", state=State.RETRACTED),)))
        assert event_ids(store) == ["cross"]
        assert event_ids(store, retracted=True) == ["stay", "cross"]

    def test_a_path_grows_and_is_corrected(self, store: GraphStore) -> None:
        store.settle(FIRST)
        store.settle(SECOND)
        van = store.read(Tracks(where=Filter(ids=("van",))))[0]
        assert ([point.pts_s for point in van.path], van.end_s, van.entity) == ([2.0, 12.0], 14.0, ids.entity_id("van"))
        path = tuple(PathPoint(pts_s=at, box=BOX) for at in (2.0, 3.0, 13.0))
        store.settle(fast(2, tracks=(track("van", 2.0, 13.0, path=path),)))
        assert store.read(Tracks(where=Filter(ids=("van",))))[0].path == path


class TestDeepLooks:
    def test_one_supports_the_event_it_overlaps_most(self, store: GraphStore) -> None:
        store.settle(fast(0, assertions=(said("a", FIRE, 0, 4), said("b", FIRE, 5, 20))))
        store.settle(deep("look", deep_said("d", FIRE, 3, 10)))
        assert event_ids(store) == ["a", "b"]
        assert [one.id for one in store.read(AssertionsOf(event_id="b"))] == ["d", "b"]
        event = store.read(Events(where=Filter(ids=("b",))))[0]
        assert (event.start_s, event.end_s, event.runs) == (5.0, 20.0, (FAST, DEEP))

    def test_of_equal_overlaps_the_smallest_id_wins(self, store: GraphStore) -> None:
        store.settle(fast(0, assertions=(said("b", FIRE, 0, 4), said("a", FIRE, 6, 10))))
        store.settle(deep("look", deep_said("d", FIRE, 2, 8)))
        assert [one.id for one in store.read(AssertionsOf(event_id="a"))] == ["d", "a"]

    def test_a_known_subject_goes_to_its_own_event(self, store: GraphStore) -> None:
        mine, other = said("mine", FIRE, 0, 2, roles=part("van")), said("other", FIRE, 0, 9, roles=part("dog"))
        store.settle(fast(0, assertions=(mine, other)))
        store.settle(
            deep("look", deep_said("d", FIRE, 0, 9, roles=part("van")), deep_said("e", FIRE, 0, 9, roles=part("cat")))
        )
        assert [one.id for one in store.read(AssertionsOf(event_id="mine"))] == ["mine", "d"]
        assert event_ids(store) == ["e", "mine", "other"]

    def test_a_near_miss_of_one_sampling_interval_still_supports(self, store: GraphStore) -> None:
        store.settle(fast(0, assertions=(said("left", LEFT, 5.0, 5.0),)))
        store.settle(deep("look", deep_said("near", LEFT, 5.4, 8), deep_said("far", LEFT, 5.6, 8)))
        assert event_ids(store) == ["left", "far"]

    def test_where_none_overlaps_it_is_an_event_of_its_own(self, store: GraphStore) -> None:
        store.settle(deep("look", deep_said("d", FIRE, 3, 10, caption="flames at the pump", evidence=(SHOT,))))
        (event,) = store.read(Events())
        assert (event.id, event.start_s, event.end_s, event.caption) == ("d", 3.0, 10.0, "flames at the pump")
        assert (event.state, event.runs, event.evidence) == (State.CLOSED, (DEEP,), (SHOT,))

    def test_the_first_by_media_time_names_the_event_and_none_stretches_it(self, store: GraphStore) -> None:
        store.settle(deep("one", deep_said("b", FIRE, 5, 9)))
        store.settle(deep("two", deep_said("a", FIRE, 3, 6)))
        (event,) = store.read(Events())
        assert (event.id, event.start_s, event.end_s) == ("a", 3.0, 6.0)

    def test_none_joins_two_events(self, store: GraphStore) -> None:
        for name, start, end in (("a", 0, 4), ("c", 6, 10), ("b", 3, 7.5)):
            store.settle(deep(name, deep_said(name, FIRE, start, end)))
        assert event_ids(store) == ["a", "c"]
        assert [one.id for one in store.read(AssertionsOf(event_id="c"))] == ["b", "c"]

    def test_a_fast_event_that_settles_later_takes_over(self, store: GraphStore) -> None:
        store.settle(deep("look", deep_said("d", LOITER, 3, 10, caption="a red lorry idles")))
        assert event_ids(store) == ["d"]
        store.settle(FIRST)
        assert event_ids(store) == ["stay", "cross"]
        assert event_ids(store, text="lorry") == ["stay"]

    def test_a_fast_event_that_shrinks_or_is_retracted_lets_go(self, store: GraphStore) -> None:
        store.settle(FIRST)
        store.settle(deep("look", deep_said("d", LOITER, 30, 40)))
        assert "d" not in event_ids(store)
        store.settle(SECOND)
        assert event_ids(store) == ["stay", "cross", "d"]

    def test_one_that_names_itself_is_its_own_event(self, store: GraphStore) -> None:
        rows = [deep_said(name, EventType.OTHER, 0, 5, of=name, caption=name) for name in ("a", "b")]
        store.settle(deep("import", *rows))
        assert event_ids(store) == ["a", "b"]

    def test_words_of_a_deep_look_name_the_entity_of_a_track(self, store: GraphStore) -> None:
        store.settle(FIRST)
        lorry = Entity(
            id=ids.entity_id("van"),
            stream_id=YARD.id,
            label=Label.VEHICLE,
            description="a lorry",
            attributes={"kind": "lorry"},
        )
        store.settle(deep("look", entities=(lorry,)))
        store.settle(SECOND)
        (row,) = store.read(Entities(where=Filter(kinds=("lorry",))))
        assert (row.id, row.attributes["description"], row.attributes["colour"]) == (lorry.id, "a lorry", "red")

    def test_a_deep_caption_of_a_segment_wins(self, store: GraphStore) -> None:
        better = replace(FIRST.segments[0], caption="A red van idles.", keyframes=(), track_ids=())
        store.settle(deep("early", segments=(better,)))
        store.settle(FIRST)
        (segment,) = store.read(Segments())
        assert (segment.caption, segment.keyframes) == ("A red van idles.", (FRAME,))


class TestCoverage:
    def test_a_deep_look_moves_only_what_deep_says(self, store: GraphStore) -> None:
        store.settle(FIRST)
        store.settle(deep("look", coverage=(covered(2, 6, FastState.NOT_RUNNING, DeepState.EXAMINED),)))
        rows = [(row.start_s, row.end_s, row.state, row.deep) for row in store.read(CoverageIn())]
        watched = FastState.WATCHED
        assert rows == [
            (0, 2, watched, DeepState.PENDING),
            (2, 6, watched, DeepState.EXAMINED),
            (6, 10, watched, DeepState.PENDING),
        ]

    def test_it_is_clipped_to_the_window(self, store: GraphStore) -> None:
        store.settle(FIRST)
        store.settle(SECOND)
        where = Filter(streams=("yard",), since=YARD.at(4), to_s=12)
        rows = store.read(CoverageIn(where=where))
        assert [(row.start_s, row.end_s, row.reason) for row in rows] == [(4, 10, None), (10, 12, "quiet")]
        assert (rows[0].start, rows[-1].end) == (YARD.at(4), YARD.at(12))
        assert store.read(CoverageIn(where=Filter(from_s=20))) == []

    def test_equal_neighbours_are_joined(self, store: GraphStore) -> None:
        for sequence in range(4):
            row = covered(sequence * 10, sequence * 10 + 10, FastState.WATCHED, DeepState.GATED)
            store.settle(fast(sequence, coverage=(row,)))
        assert [(row.start_s, row.end_s) for row in store.read(CoverageIn())] == [(0, 40)]

    def test_rows_that_overlap_in_one_observation_are_settled_one_after_another(self, store: GraphStore) -> None:
        rows = covered(0, 10, FastState.WATCHED, DeepState.GATED), covered(4, 6, FastState.BLIND, DeepState.OFF)
        store.settle(fast(0, coverage=(*rows, covered(7, 7, FastState.FAILED, DeepState.OFF))))
        found = [(row.start_s, row.end_s, row.state) for row in store.read(CoverageIn())]
        assert found == [(0, 4, FastState.WATCHED), (4, 6, FastState.BLIND), (6, 10, FastState.WATCHED)]


def everything(store: GraphStore) -> list[object]:
    asked: list[Query[Any]] = [
        Events(),
        Tracks(),
        CoverageIn(),
        Segments(),
        Entities(),
        Streams(),
        WholeGraph(),
        LastCommit(stream_id=YARD.id),
    ]
    return [store.read(query) for query in asked]


class TestAgain:
    def test_what_the_fast_look_said_is_taken_back_and_flips_back(self, store: GraphStore) -> None:
        look = deep(
            "look",
            deep_said("d", LOITER, 3, 8),
            deep_said("f", FIRE, 3, 8),
            segments=(replace(FIRST.segments[0], caption="Deep words."),),
            coverage=(covered(0, 10, FastState.NOT_RUNNING, DeepState.EXAMINED),),
        )
        for one in (FIRST, look, SECOND):
            store.settle(one)
        before = everything(store)
        assert store.open_stream(YARD, again=True) is None
        assert event_ids(store) == ["d", "f"]
        assert [event.state for event in store.read(Events(where=Filter(ids=("stay",), retracted=True)))] == [
            State.RETRACTED
        ]
        assert (store.read(Tracks()), store.read(Segments()), store.read(Entities())) == ([], [], [])
        assert [row.state for row in store.read(CoverageIn())] == [FastState.NOT_RUNNING]
        assert not store.settle(look)
        assert store.settle(FIRST)
        assert store.settle(SECOND)
        assert everything(store) == before

    def test_an_event_that_is_not_seen_again_stays_retracted(self, store: GraphStore) -> None:
        store.settle(FIRST)
        store.open_stream(YARD, again=True)
        store.settle(replace(FIRST, assertions=FIRST.assertions[:1]))
        assert event_ids(store) == ["stay"]
        assert event_ids(store, retracted=True) == ["stay", "cross"]
