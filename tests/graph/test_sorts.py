"""Tracks are counted by what they are, whatever is written in what order."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from graph.embedded import EmbeddedStore
from vidette import ids
from vidette.aggregates import Telling, Told
from vidette.models import Entity, Label, Observation, PathPoint, Run, Track
from vidette.queries import Count, Filter, Tally, Tracks
from vidette.streams import Stream

START = datetime(2026, 1, 1, tzinfo=UTC)
FAST, DEEP = Run(id="fast", model="fast", revision="1"), Run(id="deep", model="vlm", revision="1")
YARD = Stream(id=ids.stream_id("yard"), name="yard", kind="file", uri="x.mp4", start=START)
COUNTED = (
    "SELECT t.stream_id, n.label, coalesce(n.kind, '') AS kind,"
    " coalesce(json_extract(t.attributes_json, '$.still'), 0) = 0 AS moving, t.start / 900000 AS quarter, count(*) AS count"
    " FROM tracks t JOIN identities i ON i.track_seq = t.seq JOIN entities n ON n.seq = i.entity_seq WHERE t.present"
    " GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5"
)
KEPT = "SELECT * FROM sorts WHERE count != 0 ORDER BY 1, 2, 3, 4, 5"
LABELS = (Label.OBJECT, Label.PERSON, Label.VEHICLE)


def track(number: int, label: Label, start: float, **attributes: object) -> Track:
    path = (PathPoint(pts_s=start, box=(0.1, 0.1, 0.2, 0.2)),)
    return Track(
        id=f"t{number}", stream_id=YARD.id, label=label, start_s=start, end_s=start + 5, confidence=0.9, path=path,
        attributes=dict(attributes), entity_id=f"e{number}",
    )  # fmt: skip


def fast(sequence: int, *tracks: Track) -> Observation:
    return Observation(
        id=f"fast {sequence} {[one.id for one in tracks]}", stream_id=YARD.id, look="fast", run=FAST, start_s=0.0,
        end_s=9.0, sequence=sequence, tracks=tracks,
    )  # fmt: skip


def deep(number: int, entity: Entity) -> Observation:
    return Observation(
        id=f"deep {number}", stream_id=YARD.id, look="deep", run=DEEP, start_s=0.0, end_s=9.0, entities=(entity,)
    )


seen = st.builds(
    track,
    st.integers(0, 3),
    st.sampled_from(LABELS),
    st.sampled_from([0.0, 1000.0, 2000.0]),
    still=st.booleans(),
    kind=st.sampled_from(["car", "van", ""]),
)
told = st.builds(
    lambda number, label, kind: Entity(id=f"e{number}", stream_id=YARD.id, label=label, attributes={"kind": kind}),
    st.integers(0, 3),
    st.sampled_from(LABELS),
    st.sampled_from(["car", "bus"]),
)
step = st.one_of(st.lists(seen, max_size=3), told, st.sampled_from(["again", "earlier"]))


@settings(max_examples=60, deadline=None)
@given(steps=st.lists(step, max_size=8))
def test_what_is_kept_is_what_is_there(steps):
    store = EmbeddedStore(":memory:")
    stream, sequence = YARD, 0
    store.open_stream(stream)
    for number, one in enumerate(steps):
        match one:
            case "again":
                store.open_stream(stream, again=True)
                sequence = 0
            case "earlier":
                stream = replace(stream, start=stream.start - timedelta(seconds=700))
                store.open_stream(stream)
            case Entity():
                store.settle(deep(number, one))
            case _:
                store.settle(fast(sequence, *{t.id: t for t in one}.values()))
                sequence += 1
        with store._database.read() as connection:
            assert [*map(tuple, connection.execute(KEPT))] == [*map(tuple, connection.execute(COUNTED))]
    store.close()


def test_counts_and_groups_by_them_are_those_of_the_rows():
    store = EmbeddedStore(":memory:")
    store.open_stream(YARD)
    kinds = ("car", "van")
    store.settle(fast(0, *(track(n, LABELS[n % 3], 300.0 * n, kind=kinds[n % 2], still=n % 5 == 0) for n in range(30))))
    for where in (
        Filter(),
        Filter(moving=True),
        Filter(labels=(Label.PERSON,), kinds=("van",)),
        Filter(streams=("yard",), labels=(Label.VEHICLE, Label.OBJECT), moving=True),
        Filter(streams=("elsewhere",)),
        Filter(labels=(Label.BAG,)),
    ):
        rows = store.read(Tracks(where=where, limit=100))
        many = len(rows)
        assert store.read(Count(of="tracks", where=where)) == many
        for by in ("stream", "label", "quarter"):
            assert sum(share.count for share in store.read(Tally(of="tracks", by=by, where=where))) == many
        quarters = {share.start for share in store.read(Tally(of="tracks", by="quarter", where=where))}
        assert quarters == {
            START + timedelta(minutes=15 * ((row.start - START) // timedelta(minutes=15))) for row in rows
        }
    store.close()


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(seen, max_size=4, unique_by=lambda one: one.id),
    since=st.none() | st.sampled_from([0, 3, 900, 1800]),
    until=st.none() | st.sampled_from([0, 2, 900, 1002, 2700]),
    inside=st.booleans(),
)
def test_a_window_from_quarter_to_quarter_or_not(rows, since, until, inside):
    store = EmbeddedStore(":memory:")
    store.open_stream(YARD)
    store.settle(fast(0, *rows))
    low, high = (None if at is None else START + timedelta(seconds=at) for at in (since, until))
    where = Filter(since=low, until=high, starts_inside=inside, moving=True)
    assert store.read(Count(of="tracks", where=where)) == len(store.read(Tracks(where=where)))
    by = store.read(Tally(of="tracks", by="quarter", where=where))
    assert sum(share.count for share in by) == len(store.read(Tracks(where=where)))
    store.close()


def test_what_is_told_of_things():
    store = EmbeddedStore(":memory:")
    store.open_stream(YARD)
    assert store.read(Told(labels=(Label.PERSON,), kinds=("man",))) == Telling(False, False, False)
    store.settle(fast(0, track(0, Label.PERSON, 0.0), track(1, Label.VEHICLE, 0.0, kind="car")))
    assert store.read(Told(labels=(Label.PERSON,), kinds=("man",))) == Telling(True, False, False)
    assert store.read(Told(labels=(Label.VEHICLE,), kinds=("van",))) == Telling(True, False, True)
    assert store.read(Told(labels=(Label.VEHICLE,), kinds=("car",))) == Telling(True, True, True)
    store.settle(deep(1, Entity(id="x", stream_id=YARD.id, label=Label.ANIMAL, attributes={"kind": "cat"})))
    assert store.read(Told(labels=(Label.ANIMAL,), kinds=("dog",))) == Telling(True, False, True)
    store.close()
