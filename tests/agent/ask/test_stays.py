"""How long what rows tell of lasted."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.ask.ask import ask
from agent.ask.relating import tolerance_s
from agent.ask.stays import span_of, stays
from graph.embedded import EmbeddedStore
from tests.agent.ask.world import NOW, PARIS, build
from vidette.intervals import total
from vidette.models import EventType
from vidette.moments import Moments
from vidette.queries import Filter, Streams


@pytest.fixture(scope="module")
def world():
    store = EmbeddedStore(":memory:")
    names = build(store)
    yield store, names
    store.close()


def lasted(world, type_):
    store, names = world
    reach = {row.name: row.reach_s for row in store.read(Streams())}
    rows = store.read(Moments(of="events", where=Filter(types=(type_,))))
    return {names[stay.row.id].split(".")[0]: (stay.seconds, stay.open) for stay in stays(store, rows, reach)}


def test_a_stay_in_a_zone_lasts_from_entering_to_leaving(world):
    assert lasted(world, EventType.ZONE_ENTERED) == {
        "p1": (50.0, False), "p3": (15.0, False), "p7": (240.0, False), "p10": (7170.0, True), "v4": (3480.0, False),
        "p11": (960.0, False), "p14": (1080.0, False),
    }  # fmt: skip


def test_standing_still_lasts_until_moving_off_or_going(world):
    assert lasted(world, EventType.OBJECT_STOPPED) == {
        "v1": (480.0, False), "v3": (300.0, False), "v4": (3540.0, False), "v8": (2880.0, False)
    }  # fmt: skip


def test_other_instants_last_as_their_things_were_in_view(world):
    seconds = lasted(world, EventType.OBJECT_ENTERED)
    assert (seconds["p4"], seconds["p10"]) == ((900.0, False), (7200.0, True))


def test_rows_of_one_stay_are_one(world):
    store, _ = world
    types = (EventType.ZONE_ENTERED, EventType.ZONE_EXITED, EventType.LOITERING)
    rows = store.read(Moments(of="events", where=Filter(types=types, zones=("bay",))))
    assert len(rows) == 3
    assert [stay.seconds for stay in stays(store, rows, {})] == [1080.0]


def test_the_tolerance_is_one_sampling_interval(world):
    assert tolerance_s(world[0]) == pytest.approx(0.2)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    spans=st.lists(st.tuples(st.integers(0, 50), st.integers(1, 30)), min_size=1, max_size=6), low=st.integers(0, 60)
)
def test_time_in_view_is_counted_once(make, scene, spans, low):
    one = scene("cam1", length_s=100.0)
    for start, length in spans:
        one.track(float(start), float(start + length))
    store = make(one)
    rows = store.read(Moments(of="tracks"))
    moments = {t for start, length in spans for t in range(start, start + length)}
    assert total(span_of(row, {}) for row in rows) == pytest.approx(len(moments))
    later = {t for t in moments if t >= low}
    answer = ask(f"How long were objects in view after second {low}?", store, now=NOW, tz=PARIS)
    assert answer.value == pytest.approx(len(later)) or (not later and answer.unknown) or low >= 100
