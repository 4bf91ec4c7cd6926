"""Moments of every GraphStore: the same rows as events and tracks, whatever is asked and however they are found."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.embedded import EmbeddedStore
from graph.reading import moments, spread
from tests.agent.ask.world import build
from tests.contracts.test_graph_store_aggregates import RUN, START, settle
from tests.graph_stores import STORES
from vidette.ids import stream_id
from vidette.intervals import union
from vidette.models import Assertion, EventType, Label, Observation, Role, Track
from vidette.moments import Begun, Doers, Moment, Moments, Rejoined, Things
from vidette.queries import Events, Filter, Tracks
from vidette.rows import EventRow, TrackRow
from vidette.streams import Stream


def of_event(row: EventRow) -> Moment:
    """The same by the whole row."""
    subjects = [one for one in row.entities if one.role == "subject"]
    meant = subjects or [one for one in row.entities if one.role not in ("bringer", "taker")]
    return Moment(
        row.id, row.stream, row.start.timestamp(), None if row.end is None else row.end.timestamp(), row.start_s, row.type,
        row.zone, row.line, row.tracks, meant[0].id if meant else row.id, tuple(one.label for one in meant),
        meant[0].attributes.get("kind") if meant else None,
    )  # fmt: skip


def of_track(row: TrackRow) -> Moment:
    """The same by the whole row."""
    until = None if row.end is None else row.end.timestamp()
    return Moment(
        row.id, row.stream, row.start.timestamp(), until, row.start_s, tracks=(row.id,), thing=row.entity,
        labels=(row.label,), kind=row.attributes.get("kind"),
    )  # fmt: skip


def by_rows(store: Any, query: Moments) -> list[Moment]:
    """The plain reference: whole rows, made narrow."""
    asked = {"where": query.where, "limit": query.limit, "order": query.order, "brief": True}
    if query.of == "tracks":
        return [of_track(row) for row in store.read(Tracks(**asked))]
    return [of_event(row) for row in store.read(Events(**asked))]


@pytest.fixture(params=list(STORES))
def store(request, tmp_path):
    opened = STORES[request.param](tmp_path)
    yield opened
    opened.close()


@pytest.mark.parametrize("few", [0, 2_000])
@pytest.mark.parametrize("of", ["events", "tracks"])
def test_moments_of_several_days_and_cameras_are_its_rows(store, monkeypatch, of, few):
    build(store)
    monkeypatch.setattr(moments, "_FEW", few)
    asked = Moments(of=of, where=Filter(retracted=True), limit=1000)
    assert store.read(asked) == by_rows(store, asked)
    assert len(store.read(asked)) > 20


def test_times_come_back_as_they_are_told(store):
    build(store)
    rows = [*store.read(Events(limit=1000)), *store.read(Tracks(limit=1000))]
    told = [*store.read(Moments(of="events")), *store.read(Moments(of="tracks"))]
    assert [(one.start, one.end, one.start_s, one.end_s) for one in told] == [
        (row.start, row.end, row.start_s, row.end_s) for row in rows
    ]


def test_without_things_only_what_they_are_about_is_missing(store):
    build(store)
    bare = store.read(Moments(of="events", things=False))
    assert bare == [
        one._replace(tracks=(), thing=one.id, labels=(), kind=None) for one in store.read(Moments(of="events"))
    ]


THINGS = st.lists(
    st.tuples(st.integers(0, 300), st.one_of(st.none(), st.integers(0, 200)), st.sampled_from(list(Label)[:3]),
              st.sampled_from(["van", "dog", None]), st.booleans()),
    max_size=15,
)  # fmt: skip
SAID = st.lists(
    st.tuples(
        st.sampled_from([EventType.OBJECT_STOPPED, EventType.ZONE_ENTERED, EventType.OBJECT_LEFT]), st.integers(0, 300),
        st.integers(0, 100), st.one_of(st.none(), st.integers(0, 14)), st.sampled_from(["dock", None]),
    ),
    max_size=15,
)  # fmt: skip
AT = st.one_of(st.none(), st.integers(-50, 400))
FILTERS = st.fixed_dictionaries(
    {}, optional={
        "streams": st.lists(st.sampled_from(["a", "b", "none"]), max_size=2).map(tuple),
        "labels": st.lists(st.sampled_from(list(Label)[:4]), max_size=2).map(tuple),
        "kinds": st.just(("van",)), "types": st.just((EventType.OBJECT_STOPPED,)), "zones": st.just(("dock",)),
        "since": AT.map(lambda s: None if s is None else START + timedelta(seconds=s)),
        "until": AT.map(lambda s: None if s is None else START + timedelta(seconds=s)),
        "from_s": AT, "to_s": AT, "starts_inside": st.booleans(), "moving": st.booleans(),
    },
)  # fmt: skip


def filled(things, said):
    store = EmbeddedStore(":memory:")
    for name, some in (("a", things), ("b", things[::2])):
        seen = [
            (start, None if length is None else start + length, label, {"kind": kind, "still": still}, ())
            for start, length, label, kind, still in some
        ]
        told = [
            (type_, at, at + length, track if track is not None and track < len(some) else None, {"zone": zone})
            for type_, at, length, track, zone in said
        ]
        settle(store, name, seen, told)
    return store


@settings(max_examples=50, deadline=None)
@given(
    things=THINGS, said=SAID, asked=FILTERS, of=st.sampled_from(["events", "tracks"]),
    order=st.sampled_from(["start", "-start", "duration", "-duration"]), limit=st.sampled_from([1, 3, 5_000]),
)  # fmt: skip
def test_moments_are_the_rows_that_they_stand_for(things, said, asked, of, order, limit):
    store = filled(things, said)
    query = Moments(of=of, where=Filter(**asked), order=order, limit=limit)
    assert store.read(query) == by_rows(store, query)
    store.close()


SPANS = st.lists(st.tuples(st.integers(-50, 400), st.integers(0, 60)), max_size=6)


@settings(max_examples=30, deadline=None)
@given(
    things=THINGS, said=SAID, asked=FILTERS, spans=SPANS, of=st.sampled_from(["events", "tracks"]), begins=st.booleans(),
    order=st.sampled_from(["start", "-start"]), limit=st.sampled_from([2, 5_000]), many=st.sampled_from([None, False, True]),
)  # fmt: skip
def test_many_stretches_are_asked_at_once(things, said, asked, spans, of, begins, order, limit, many):
    store = filled(things, said)
    zero = START.timestamp()
    apart = tuple((zero + low, zero + high) for low, high in union((low, low + width) for low, width in spans))
    query = Moments(of=of, where=Filter(**asked), order=order, limit=limit, spans=apart, begins=begins)
    every = store.read(Moments(of=of, where=Filter(**asked), order=order))
    met = [one for one in every if any(meets(one, span, begins) for span in apart)]
    with pytest.MonkeyPatch.context() as patch:
        if many is not None:
            patch.setattr(spread, "_many", lambda *_: many)
        assert store.read(query) == met[:limit]
    store.close()


def meets(one: Moment, span: tuple[float, float], begins: bool) -> bool:
    inside = span[0] <= one.since < span[1]
    return inside or (not begins and one.since < span[1] and (one.until is None or one.until > span[0]))


@settings(max_examples=30, deadline=None)
@given(things=THINGS, said=SAID, asked=FILTERS, also=st.lists(FILTERS, max_size=2))
def test_things_are_those_of_the_rows(things, said, asked, also):
    store = filled(things, said)
    rows = store.read(Moments(of="events", where=Filter(**asked)))
    assert sorted(store.read(Begun(where=Filter(**asked)))) == sorted(row.since for row in rows)
    those = {row.thing for row in rows}
    assert store.read(Things(where=Filter(**asked))) == len(those)
    others = [replace(Filter(**one), labels=(), kinds=()) for one in also]
    for other in others:
        those &= {row.thing for row in store.read(Moments(of="events", where=other)) if row.thing != row.id}
    assert store.read(Things(where=Filter(**asked), also=tuple(others))) == len(those)
    assert store.read(Rejoined()) == ()
    did = {row.thing for row in rows}
    for where in (Filter(), *(replace(Filter(**one), types=(), zones=()) for one in also)):
        tracks = store.read(Moments(of="tracks", where=where))
        doers = Doers(where=where, did=Filter(**asked))
        assert store.read(doers) == sum(track.thing in did for track in tracks)
    store.close()


def test_who_else_takes_part_is_not_counted(store):
    stream = build_parts(store)
    (row,) = store.read(Moments(of="events", where=Filter(streams=(stream,))))
    (whole,) = store.read(Events(where=Filter(streams=(stream,))))
    assert len(whole.entities) == 3
    assert (row.thing, len(row.tracks), row) == (whole.entities[1].id, 3, of_event(whole))
    assert store.read(Things(where=Filter(streams=(stream,)))) == 1


def build_parts(store):
    """A bag, put down by one person while another stood there; a deep look that says nothing of who it was."""
    settle(store, "a", [(0, 9, Label.PERSON, {}, ()), (1, 9, Label.BAG, {}, ()), (0, 9, Label.PERSON, {}, ())])
    stream = stream_id("a")
    roles = tuple(Role(role=role, track_id=f"a-{n}") for n, role in enumerate(("bringer", "subject", "subject")))
    first = Assertion(
        id="x", of="x", stream_id=stream, look="fast", run_id=RUN.id, type=EventType.OBJECT_LEFT, start_s=1, end_s=9,
        confidence=0.5, caption="", roles=roles,
    )  # fmt: skip
    deep = replace(first, id="y", of=None, look="deep", roles=())
    for number, said in enumerate((first, deep)):
        store.settle(
            Observation(
                id=f"o{number}", stream_id=stream, look=said.look, run=RUN, start_s=0, end_s=1000,
                sequence=1 if said.look == "fast" else None, watermark_s=1000, assertions=(said,),
            )
        )  # fmt: skip
    return stream


def test_tracks_of_some_things(store):
    build(store)
    tracks = store.read(Moments(of="tracks"))
    some = tuple(one.thing for one in tracks[::3])
    assert store.read(Moments(of="tracks", about=some)) == tracks[::3]
    assert store.read(Moments(of="tracks", about=())) == []
    assert store.read(Moments(of="tracks", about=("nobody",))) == []


@settings(max_examples=40, deadline=None)
@given(seen=st.lists(st.tuples(st.integers(0, 6), st.integers(0, 3)), max_size=14), size=st.integers(1, 4))
def test_things_that_came_back_are_those_with_several_tracks(seen, size):
    """A track is told again and again, sometimes as another thing: it stays what it was first."""
    store = EmbeddedStore(":memory:")
    stream = Stream(id=stream_id("a"), name="a", kind="file", uri="a.mp4", start=START)
    store.open_stream(stream)
    for sequence, at in enumerate(range(0, len(seen), size)):
        tracks = tuple(
            Track(
                id=f"t{track}", stream_id=stream.id, label=Label.PERSON, start_s=0, end_s=9, confidence=1, path=(),
                entity_id=f"n{thing}",
            )
            for track, thing in seen[at : at + size]
        )  # fmt: skip
        store.settle(
            Observation(
                id=f"o{sequence}", stream_id=stream.id, look="fast", run=RUN, start_s=0, end_s=9, sequence=sequence,
                tracks=tracks,
            )
        )  # fmt: skip
    counted = Counter(one.thing for one in store.read(Moments(of="tracks")))
    assert sorted(store.read(Rejoined())) == sorted(thing for thing, tracks in counted.items() if tracks > 1)
    store.close()
