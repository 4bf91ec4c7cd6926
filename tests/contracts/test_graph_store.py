"""What every GraphStore does; a store joins by a line in `STORES` and is used through the port alone."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.graph_stores import STORES
from vidette import ids
from vidette.alerts import Case, Judgement
from vidette.errors import ConfigError, StoreError
from vidette.models import (
    Assertion,
    Coverage,
    DeepState,
    Entity,
    EventType,
    Evidence,
    FastState,
    Keyframe,
    Label,
    Observation,
    PathPoint,
    Role,
    Run,
    Segment,
    State,
    Track,
)
from vidette.ports import GraphStore, Reader
from vidette.queries import (
    AssertionsOf,
    CoOccurrence,
    Count,
    CoverageIn,
    Entities,
    Events,
    Filter,
    LastCommit,
    Neighbours,
    Query,
    Segments,
    StreamOf,
    Streams,
    Timeline,
    Tracks,
    WholeGraph,
)
from vidette.streams import Line, Stream, Zone

Open = Callable[[Path], GraphStore]

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
FAST = Run(id="run-fast", model="fast", revision="1", params={"fps": 5})
DEEP = Run(id="run-deep", model="vlm", revision="7", prompt_hash="ab")
BOX = (0.1, 0.2, 0.3, 0.4)
LOITER, FIRE, LEFT = EventType.LOITERING, EventType.FIRE, EventType.OBJECT_LEFT


def stream_of(name: str = "yard", **changes: Any) -> Stream:
    gate = Zone(id=ids.make_id("zone", name), name="gate", polygon=((0.0, 0.0), (1.0, 0.0), (1.0, 1.0)))
    door = Line(id=ids.make_id("line", name), name="door", a=(0.0, 0.5), b=(1.0, 0.5))
    given_: dict[str, Any] = {"kind": "file", "uri": f"{name}.mp4", "start": START, "zones": (gate,), "lines": (door,)}
    return Stream(id=ids.stream_id(name), name=name, **{**given_, **changes})


YARD = stream_of()


def said(id_: str, type_: EventType, start: float, end: float | None, **more: Any) -> Assertion:
    look = more.pop("look", "fast")
    given_: dict[str, Any] = {"of": id_ if look == "fast" else None, "confidence": 0.5, "caption": f"{type_} seen"}
    run = FAST if look == "fast" else DEEP
    stream = more.pop("stream_id", YARD.id)
    return Assertion(
        id=id_, stream_id=stream, look=look, run_id=run.id, type=type_, start_s=start, end_s=end, **{**given_, **more}
    )


def deep_said(id_: str, type_: EventType, start: float, end: float, **more: Any) -> Assertion:
    return said(id_, type_, start, end, look="deep", **more)


def track(id_: str, start: float, end: float | None, stream: Stream = YARD, **more: Any) -> Track:
    given_: dict[str, Any] = {"label": Label.OBJECT, "confidence": 0.6, "path": (PathPoint(pts_s=start, box=BOX),)}
    return Track(id=id_, stream_id=stream.id, start_s=start, end_s=end, **{**given_, **more})


def covered(start: float, end: float, state: FastState, deep: DeepState, reason: str = "") -> Coverage:
    return Coverage(stream_id=YARD.id, start_s=start, end_s=end, state=state, deep=deep, reason=reason)


def fast(sequence: int, **more: Any) -> Observation:
    start = sequence * 10.0
    given_: dict[str, Any] = {"stream_id": YARD.id, "start_s": start, "end_s": start + 10, "watermark_s": start + 10}
    return Observation(id=f"fast-{sequence}", look="fast", run=FAST, sequence=sequence, **{**given_, **more})


def deep(id_: str, *assertions: Assertion, **more: Any) -> Observation:
    given_: dict[str, Any] = {"stream_id": YARD.id, "run": DEEP, "start_s": 0.0, "end_s": 10.0}
    return Observation(id=id_, look="deep", assertions=assertions, **{**given_, **more})


def part(track_id: str, role: str = "subject") -> tuple[Role, ...]:
    return (Role(role=role, track_id=track_id),)


@pytest.fixture(params=list(STORES))
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[GraphStore]:
    store = STORES[request.param](tmp_path)
    yield store
    store.close()


@pytest.fixture
def store(opened: GraphStore) -> GraphStore:
    assert opened.open_stream(YARD) is None
    return opened


def event_ids(store: GraphStore, **where: Any) -> list[str]:
    return [event.id for event in store.read(Events(where=Filter(**where)))]


SHOT = Evidence(kind="snapshot", sha256="aa", uri="media/aa.jpg", pts_s=2.5, box=BOX)
FRAME = Keyframe(id="frame", segment_id="segment", pts_s=2.5, sha256="aa", uri="media/aa.jpg", text="EXIT 12")
FIRST = fast(
    0,
    tracks=(
        track("van", 2.0, None, label=Label.VEHICLE, attributes={"kind": "van", "colour": "red"}),
        track("dog", 4.0, 9.0, label=Label.ANIMAL, attributes={"kind": "dog"}),
    ),
    assertions=(
        said("stay", LOITER, 2.0, None, state=State.OPEN, zone="gate", roles=part("van"), evidence=(SHOT,)),
        said("cross", EventType.LINE_CROSSED, 5.0, 5.0, line="door", roles=part("dog"), caption="a dog crosses"),
    ),
    segments=(
        Segment(
            id="segment",
            stream_id=YARD.id,
            start_s=0,
            end_s=10,
            caption="One vehicle waits.",
            keyframes=(FRAME,),
            track_ids=("van", "dog"),
        ),
    ),
    coverage=(covered(0, 10, FastState.WATCHED, DeepState.PENDING),),
    carry=b"\x00carry\xff",
)
SECOND = fast(
    1,
    tracks=(
        track(
            "van",
            2.0,
            14.0,
            label=Label.VEHICLE,
            path=(PathPoint(pts_s=12.0, box=BOX),),
            attributes={"kind": "van", "colour": "red"},
        ),
    ),
    assertions=(
        said(
            "stay2", LOITER, 2.0, 14.0, of="stay", confidence=0.9, roles=part("van"), caption="A vehicle waited 12 s."
        ),
    ),
    coverage=(covered(10, 20, FastState.WATCHED, DeepState.GATED, "quiet"),),
    final=True,
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


# Any order and repetition of deep looks, beside fast ones in order: the same memory -------------------

TIME = st.integers(0, 24).map(lambda half: half / 2)
SUBJECT = st.sampled_from([(), (), part("van"), part("dog")])
TYPE = st.sampled_from([FIRE, LEFT])
DEEP_ROW = st.tuples(TYPE, TIME, TIME, SUBJECT)
FAST_ROW = st.tuples(TYPE, TIME, st.one_of(st.none(), TIME), SUBJECT, st.sampled_from([None, 1.0, 6.0]), st.booleans())


def looks_of(rows: list[Any]) -> list[Observation]:
    out = []
    for number, (type_, start, length, roles) in enumerate(rows):
        name = f"{'zyxwvutsrqpo'[number]}-deep"
        run = DEEP if number % 2 else replace(DEEP, id="run-other", revision="8")
        one = replace(
            deep_said(name, type_, start, start + length, roles=roles, caption=f"seen {number}"), run_id=run.id
        )
        state = list(DeepState)[number % len(DeepState)]
        row = covered(start, start + length, FastState.NOT_RUNNING, state, f"because {number}")
        out.append(deep(f"look-{number}", one, run=run, coverage=(row,)))
    return out


def fasts_of(rows: list[Any]) -> list[Observation]:
    """Each event opens in its own observation; later ones close, shrink or retract it."""
    opened, moved = [], []
    for number, (type_, start, length, roles, again, retracted) in enumerate(rows):
        end = None if length is None else start + length
        name = f"{'acegikmo'[number]}-fast"
        opened.append(said(name, type_, start, end, roles=roles))
        if again is not None:
            state = State.RETRACTED if retracted else State.CLOSED
            moved.append(said(f"{name}-2", type_, start, start + again, of=name, state=state, roles=roles))
    rows_ = [covered(0, 6, FastState.WATCHED, DeepState.PENDING), covered(6, 20, FastState.BLIND, DeepState.GATED)]
    return [
        fast(number, assertions=(one,), coverage=(rows_[number % 2],)) for number, one in enumerate([*opened, *moved])
    ]


ANY_ROWS = (st.lists(DEEP_ROW, max_size=7), st.lists(FAST_ROW, max_size=3), st.data())


@settings(max_examples=60, deadline=None)
@given(*ANY_ROWS)
def test_order_and_repetition_of_deep_looks_change_nothing(
    deep_rows: list[Any], fast_rows: list[Any], data: st.DataObject
) -> None:
    order, shuffled = in_two_orders(deep_rows, fast_rows, data)
    assert settled("embedded in memory", order) == settled("embedded in memory", shuffled)


@settings(max_examples=8, deadline=None)
@given(*ANY_ROWS)
def test_nor_does_the_store_that_keeps_it(deep_rows: list[Any], fast_rows: list[Any], data: st.DataObject) -> None:
    order, shuffled = in_two_orders(deep_rows, fast_rows, data)
    assert settled("embedded in memory", order) == settled("neo4j", shuffled)


def in_two_orders(
    deep_rows: list[Any], fast_rows: list[Any], data: st.DataObject
) -> tuple[list[Observation], list[Observation]]:
    """Fast looks in their order, then deep ones; and deep ones in any order, some again, among the fast ones."""
    looks, fasts = looks_of(deep_rows), fasts_of(fast_rows)
    shuffled = data.draw(
        st.permutations([*looks, *data.draw(st.lists(st.sampled_from(looks or fasts or [FIRST]), max_size=3))])
    )
    return [*fasts, *looks], merged(data, [one for one in shuffled if one.look == "deep"], fasts)


def merged(data: st.DataObject, looks: list[Observation], fasts: list[Observation]) -> list[Observation]:
    places = sorted(data.draw(st.lists(st.integers(0, len(looks)), min_size=len(fasts), max_size=len(fasts))))
    out = list(looks)
    for shift, (place, one) in enumerate(zip(places, fasts, strict=True)):
        out.insert(place + shift, one)
    return out


def settled(kind: str, observations: list[Observation]) -> list[object]:
    store = STORES[kind](Path())
    try:
        store.open_stream(YARD)
        for one in observations:
            store.settle(one)
        events = store.read(Events(where=Filter(retracted=True)))
        supports = {event.id: sorted(one.id for one in store.read(AssertionsOf(event_id=event.id))) for event in events}
        found = {word: event_ids(store, text=f"seen {word}", retracted=True) for word in range(7)}
        plain = [replace(event, runs=tuple(sorted(event.runs, key=lambda run: run.id))) for event in events]
        return [plain, supports, found, store.read(CoverageIn())]
    finally:
        store.close()


@pytest.mark.parametrize("kind", STORES)
def test_the_judge_is_told_that_a_deep_event_became_a_fast_one(kind: str, tmp_path: Path) -> None:
    cases: list[Case] = []

    class Listener:
        def judge(self, case: Case, read: Reader) -> Judgement:
            cases.append(case)
            held = read(Events(where=Filter(ids=tuple(event.id for event in case.events), retracted=True)))
            assert {event.id for event in held} == {event.id for event in case.events}
            return Judgement()

    store = STORES[kind](tmp_path)
    store.open_stream(YARD)
    store.settle(deep("look", deep_said("smoke", FIRE, 1, 3)), Listener())
    store.settle(fast(0, assertions=(said("flame", FIRE, 1, 4),)), Listener())
    told = [{event.id: event.state for event in case.events} for case in cases]
    assert told == [{"smoke": State.CLOSED}, {"flame": State.CLOSED, "smoke": State.RETRACTED}]
    assert event_ids(store, retracted=True) == ["flame"]
    assert store.read(Count(of="events")) == 1
    assert [one.id for one in store.read(AssertionsOf(event_id="flame"))] == ["flame", "smoke"]
    store.close()
