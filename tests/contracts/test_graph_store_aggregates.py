"""What every GraphStore counts for reports: breakdowns, heat, stays; held to the same sums done by hand."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from statistics import median_low

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.embedded import EmbeddedStore
from tests.graph_stores import STORES
from vidette.aggregates import Breakdown, Heat, HeatCell, Visits
from vidette.errors import ConfigError
from vidette.ids import make_id, stream_id
from vidette.models import Assertion, Entity, EventType, Label, Observation, PathPoint, Role, Run, State, Track
from vidette.queries import Count, Events, Filter
from vidette.streams import Stream

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
RUN = Run(id="run", model="fast", revision="1")


@pytest.fixture(params=list(STORES))
def store(request, tmp_path):
    opened = STORES[request.param](tmp_path)
    yield opened
    opened.close()


def settle(store, name, things, said=()):
    """`things` are (start, end, label, attributes, feet); `said` are assertions (type, at, end, track, more)."""
    stream = Stream(id=stream_id(name), name=name, kind="file", uri="x", start=START, duration_s=1000)
    store.open_stream(stream)
    tracks, entities, assertions = [], [], []
    for number, (start, end, label, attributes, feet) in enumerate(things):
        id_, entity = f"{name}-{number}", f"{name}-e{number}"
        path = tuple(PathPoint(pts_s=start + i, box=(x, y - 0.01, x, y)) for i, (x, y) in enumerate(feet))
        entities.append(Entity(id=entity, stream_id=stream.id, label=label))
        tracks.append(
            Track(
                id=id_, stream_id=stream.id, label=label, start_s=start, end_s=end, confidence=0.5, path=path,
                attributes=attributes, entity_id=entity,
            )
        )  # fmt: skip
    for number, (type_, start, end, track, more) in enumerate(said):
        id_ = make_id(name, number)
        roles = (Role(role="subject", track_id=f"{name}-{track}"),) if track is not None else more.pop("roles", ())
        assertions.append(
            Assertion(
                id=id_, of=id_, stream_id=stream.id, look="fast", run_id=RUN.id, type=type_, start_s=start, end_s=end,
                confidence=0.5, caption="", roles=roles, **more,
            )
        )  # fmt: skip
    store.settle(
        Observation(
            id=f"o-{name}", stream_id=stream.id, look="fast", run=RUN, start_s=0, end_s=1000, sequence=0, watermark_s=1000,
            tracks=tuple(tracks), entities=tuple(entities), assertions=tuple(assertions), final=True,
        )
    )  # fmt: skip


LABELS = (Label.PERSON, Label.VEHICLE, Label.OBJECT)
THINGS = st.lists(
    st.tuples(
        st.integers(0, 400),
        st.one_of(st.none(), st.integers(0, 90)),
        st.sampled_from(LABELS),
        st.sampled_from(["left to right", None]),
        st.one_of(st.none(), st.integers(0, 300)),
    ),
    max_size=30,
)


@settings(max_examples=40)
@given(things=THINGS, width=st.sampled_from([1, 7, 60]), low=st.integers(0, 400), high=st.integers(0, 400))
def test_a_breakdown_is_the_sum_done_by_hand(things, width, low, high):
    store = EmbeddedStore(":memory:")
    rows = []
    for start, length, label, heading, speed in things:
        attributes = {key: value for key, value in (("heading", heading), ("speed", speed)) if value is not None}
        rows.append((float(start), None if length is None else float(start + length), label, attributes, ((0.5, 0.5),)))
    settle(store, "yard", rows)
    inside = [row for row in rows if low <= row[0] < high]
    expected = Counter((row[2].value, row[3].get("heading", ""), str(int(row[0] // width))) for row in inside)
    where = Filter(from_s=float(low), to_s=float(high))
    found = store.read(Breakdown(of="tracks", by=("label", "heading", "bucket"), bucket_s=width, where=where))
    assert {group.keys: group.count for group in found} == expected
    assert [group.count for group in found] == sorted((group.count for group in found), reverse=True)
    origin = START - timedelta(seconds=3)
    shifted = store.read(Breakdown(of="tracks", by=("bucket",), bucket_s=width, origin=origin, where=where))
    assert {g.keys[0]: g.count for g in shifted} == Counter(str(int((row[0] + 3) // width)) for row in inside)
    for value, given_ in (
        ("duration", [row[1] - row[0] for row in inside if row[1] is not None]),
        ("speed", [row[3]["speed"] for row in inside if "speed" in row[3]]),
    ):
        groups = store.read(Breakdown(of="tracks", by=(), value=value, where=where))
        assert len(groups) == (1 if inside else 0)
        for group in groups:
            assert group.keys == ()
            assert (group.count, group.valued) == (len(inside), len(given_))
            assert group.total == pytest.approx(sum(given_))
            if given_:
                assert (group.least, group.median, group.most) == (min(given_), median_low(given_), max(given_))
                assert group.p90 == sorted(given_)[-(-9 * len(given_) // 10) - 1]
    store.close()


def test_events_are_told_by_type_line_way_zone_and_the_label_of_their_subject(store):
    crossed, entered = EventType.LINE_CROSSED, EventType.ZONE_ENTERED
    settle(
        store,
        "yard",
        [(0.0, 9.0, Label.PERSON, {}, ((0.5, 0.5),)), (5.0, 9.0, Label.VEHICLE, {}, ((0.5, 0.5),))],
        [
            (crossed, 1.0, 1.0, 0, {"line": "door", "attributes": {"direction": "forward"}}),
            (crossed, 2.0, 2.0, 0, {"line": "door", "attributes": {"direction": "forward"}}),
            (crossed, 6.0, 6.0, 1, {"line": "door", "attributes": {"direction": "backward"}}),
            (entered, 7.0, 7.0, 1, {"zone": "gate"}),
            (EventType.COUNT_CHANGED, 8.0, 8.0, None, {}),
            (entered, 8.0, 8.0, 1, {"zone": "gate", "state": State.RETRACTED}),
        ],
    )
    found = store.read(Breakdown(of="events", by=("stream", "type", "line", "way", "zone", "label")))
    assert [(group.keys[1:], group.count) for group in found] == [
        (("line_crossed", "door", "forward", "", "person"), 2),
        (("count_changed", "", "", "", ""), 1),
        (("line_crossed", "door", "backward", "", "vehicle"), 1),
        (("zone_entered", "", "", "gate", "vehicle"), 1),
    ]
    assert {group.keys[0] for group in found} == {"yard"}
    assert len(store.read(Breakdown(of="events", by=("type",), limit=1))) == 1


@pytest.mark.parametrize(
    "query",
    [
        Breakdown(of="tracks", by=("line",)),
        Breakdown(of="events", by=("heading",)),
        Breakdown(of="events", by=(), value="speed"),
        Breakdown(of="events", by=("bucket",), bucket_s=0.0),
        Heat(columns=0, rows=3),
    ],
)
def test_what_cannot_be_counted_is_a_mistake(store, query):
    with pytest.raises(ConfigError):
        store.read(query)


def test_heat_counts_things_once_a_cell_and_fills_the_way_between(store):
    settle(
        store,
        "yard",
        [
            (0.0, 4.0, Label.PERSON, {}, ((0.05, 0.05), (0.95, 0.05))),
            (0.0, 4.0, Label.PERSON, {}, ((0.05, 0.05), (0.05, 0.05))),
            (50.0, 54.0, Label.VEHICLE, {}, ((1.0, 1.0),)),
        ],
    )
    found = store.read(Heat(columns=4, rows=2, where=Filter(labels=(Label.PERSON,))))
    assert found == [HeatCell(0, 0, 2), HeatCell(1, 0, 1), HeatCell(2, 0, 1), HeatCell(3, 0, 1)]
    assert store.read(Heat(columns=4, rows=2, where=Filter(from_s=40.0))) == [HeatCell(3, 1, 1)]
    assert store.read(Heat(columns=4, rows=2, where=Filter(streams=("no",)))) == []


def test_stays_in_view_and_in_zones(store):
    entered, left = EventType.ZONE_ENTERED, EventType.ZONE_EXITED
    settle(
        store,
        "yard",
        [(0.0, 90.0, Label.PERSON, {}, ((0.5, 0.5),)), (20.0, None, Label.BAG, {}, ((0.5, 0.5),))],
        [
            (entered, 10.0, 10.0, 0, {"zone": "gate"}),
            (left, 20.0, 20.0, 0, {"zone": "gate"}),
            (entered, 30.0, 30.0, 0, {"zone": "gate"}),
            (entered, 40.0, 40.0, 0, {"zone": "road"}),
            (left, 45.0, 45.0, 0, {"zone": "road"}),
            (entered, 50.0, 50.0, 1, {"zone": "gate"}),
        ],
    )
    seen = store.read(Visits())
    assert [(one.track, one.zone, one.label, one.start_s, one.end_s) for one in seen] == [
        ("yard-0", "", Label.PERSON, 0.0, 90.0),
        ("yard-1", "", Label.BAG, 20.0, None),
    ]
    assert seen[0].start == START
    assert seen[0].end == START + timedelta(seconds=90)
    inside = store.read(Visits(zones=True))
    assert [(one.track, one.zone, one.start_s, one.end_s) for one in inside] == [
        ("yard-0", "gate", 10.0, 20.0),
        ("yard-0", "gate", 30.0, 90.0),  # never seen to leave: it stays as long as it is seen
        ("yard-0", "road", 40.0, 45.0),
        ("yard-1", "gate", 50.0, None),
    ]
    assert [one.start_s for one in store.read(Visits(zones=True, where=Filter(from_s=20.0, to_s=45.0)))] == [30.0, 40.0]
    since = Filter(since=START + timedelta(seconds=46), until=START + timedelta(seconds=60))
    assert [one.start_s for one in store.read(Visits(zones=True, where=since))] == [30.0, 50.0]
    assert len(store.read(Visits(limit=1))) == 1


def test_heat_of_many_tracks_takes_some_of_them(store):
    settle(store, "yard", [(0.0, 1.0, Label.PERSON, {}, ((0.5, 0.5),)) for _ in range(30)])
    assert store.read(Heat(columns=1, rows=1)) == [HeatCell(0, 0, 30)]
    assert store.read(Heat(columns=1, rows=1, most=7)) == [HeatCell(0, 0, 7)]


def test_an_event_without_a_subject_has_the_label_of_whom_it_names_first(store):
    things = [(0.0, 90.0, label, {}, ((0.5, 0.5),)) for label in (Label.VEHICLE, Label.PERSON)]
    roles = (Role(role="taker", track_id="yard-1"), Role(role="bringer", track_id="yard-0"))
    settle(store, "yard", things, [(EventType.OBJECT_REMOVED, 10.0, 10.0, None, {"roles": roles})])
    assert [one.keys for one in store.read(Breakdown(of="events", by=("label",)))] == [("person",)]


@pytest.mark.parametrize("look", ["fast", "deep"])
def test_what_is_named_before_anything_is_known_of_it_is_found_by_what_it_is(store, look):
    stream = Stream(id=stream_id("yard"), name="yard", kind="file", uri="x", start=START, duration_s=1000)
    store.open_stream(stream)
    said = Assertion(
        id=make_id("left"), of=make_id("left") if look == "fast" else None, stream_id=stream.id, look=look, run_id=RUN.id,
        type=EventType.OBJECT_LEFT, start_s=1, end_s=1, confidence=0.5, caption="",
        roles=(Role(role="subject", entity_id="thing"),),
    )  # fmt: skip
    named = Observation(
        id="named", stream_id=stream.id, look=look, run=RUN, start_s=0, end_s=10, watermark_s=10, assertions=(said,),
        sequence=0 if look == "fast" else None,
    )  # fmt: skip
    told = Observation(
        id="told", stream_id=stream.id, look="fast", run=RUN, start_s=10, end_s=20, watermark_s=20,
        sequence=1 if look == "fast" else 0, entities=(Entity(id="thing", stream_id=stream.id, label=Label.VEHICLE),),
    )  # fmt: skip
    vehicles = Filter(labels=(Label.VEHICLE,))
    store.settle(named)
    assert store.read(Events(where=vehicles)) == []
    store.settle(told)
    assert [one.id for one in store.read(Events(where=vehicles))] == [said.id]
    assert store.read(Count(of="events", where=vehicles)) == 1
