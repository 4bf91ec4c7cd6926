"""What questions ask of every GraphStore: brief rows, moving things, runs, and counts by what rows share."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph.embedded import EmbeddedStore
from tests.agent.ask.world import LENGTH_S, Camera, build
from tests.graph_stores import STORES
from vidette.models import EventType, Label
from vidette.ports import GraphStore
from vidette.queries import Events, Filter, Runs, Streams, Tally, Tracks

ENTERED = Filter(types=(EventType.OBJECT_ENTERED,))


@pytest.fixture(params=list(STORES))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[GraphStore]:
    opened = STORES[request.param](tmp_path)
    build(opened)
    yield opened
    opened.close()


def shares(store: GraphStore, **given_: object) -> dict[str, int]:
    return {share.name: share.count for share in store.read(Tally(**given_))}


def test_brief_rows_are_the_same_rows_without_what_is_heavy(store):
    for full, brief in zip(store.read(Events()), store.read(Events(brief=True)), strict=True):
        assert (brief.id, brief.entities, brief.tracks, brief.start) == (
            full.id,
            full.entities,
            full.tracks,
            full.start,
        )
        assert (brief.evidence, brief.runs) == ((), ())
        assert full.runs
    for full, brief in zip(store.read(Tracks()), store.read(Tracks(brief=True)), strict=True):
        assert (brief.id, brief.entity, brief.end_s) == (full.id, full.entity, full.end_s)
        assert (brief.path, len(full.path)) == ((), 2)


def test_still_things_are_left_out_of_what_moves(store):
    still = {row.id for row in store.read(Tracks()) if row.attributes.get("still")}
    assert len(still) == 2
    assert {row.id for row in store.read(Tracks())} - still == {
        row.id for row in store.read(Tracks(where=Filter(moving=True)))
    }


def test_runs_say_who_spoke(store):
    assert [(run.model, run.params) for run in store.read(Runs())] == [("vidette-fast", {"sample": "5"})]


def test_coverage_reaches_as_far_as_it_speaks(store):
    assert {row.reach_s for row in store.read(Streams())} == {LENGTH_S}


def test_tallies_by_place(store):
    assert shares(store, of="tracks", by="stream", where=Filter(labels=(Label.PERSON,))) == {
        "front-door": 10,
        "loading": 2,
        "yard": 2,
    }
    crossed = Filter(types=(EventType.LINE_CROSSED,))
    assert shares(store, of="events", by="line", where=crossed) == {"door": 3, "gate": 2}
    zones = Filter(types=(EventType.ZONE_ENTERED, EventType.ZONE_EXITED))
    assert shares(store, of="events", by="zone", where=zones) == {"bay": 2, "entrance": 7, "parking": 4}
    assert shares(store, of="events", by="zone", where=zones, distinct=True) == {"bay": 1, "entrance": 4, "parking": 2}
    assert shares(store, of="tracks", by="label") == {
        "animal": 1, "bag": 1, "bicycle": 1, "package": 1, "person": 14, "vehicle": 8
    }  # fmt: skip
    assert shares(store, of="events", by="label", where=ENTERED) == {
        "animal": 1, "bicycle": 1, "person": 14, "vehicle": 8
    }  # fmt: skip
    assert shares(store, of="tracks", by="zone") == {}


@pytest.mark.parametrize(("by", "step"), [("minute", timedelta(minutes=1)), ("quarter", timedelta(minutes=15))])
def test_tallies_by_time_are_what_rows_say(store, by, step):
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    rows = store.read(Events(where=ENTERED, limit=1000))
    counted = Counter(epoch + (row.start - epoch) // step * step for row in rows)
    assert {share.start: share.count for share in store.read(Tally(of="events", by=by, where=ENTERED))} == counted


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 59), st.sampled_from([Label.PERSON, Label.VEHICLE])), max_size=12))
def test_shares_of_anything_sum_to_all(things):
    store = EmbeddedStore(":memory:")
    camera = Camera("any", ("z",), (), {})
    for minute, label in things:
        camera.thing("thing", label, f"mon 09:{minute:02d}", f"mon 10:{minute:02d}")
    camera.settle(store)
    for by in ("stream", "label", "minute", "quarter"):
        assert sum(shares(store, of="tracks", by=by).values()) == len(things)
        assert sum(shares(store, of="events", by=by, where=ENTERED, distinct=True).values()) == len(things)
    store.close()
