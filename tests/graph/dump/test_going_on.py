"""A watch under rules goes on after its memory was moved as if it had not been."""

from dataclasses import replace

import pytest

from graph.dump import carrying
from graph.embedded import EmbeddedStore
from tests.filling import HOSTILE, fast, watch_under
from tests.recalling import said_by
from vidette.models import EventType, Label

RULES = (
    {"id": "waits", "when": {"event": "loitering", "zone": HOSTILE, "for_s": 5}},
    {"id": "then", "when": {"in_order": [{"event": "zone_entered"}, {"event": "loitering"}], "within_s": 60}},
    {"id": "nobody", "when": {"absence": {"event": "zone_entered"}, "for_s": 100}},
    {"id": "many", "when": {"count": {"event": "loitering"}, "at_least": 1, "for_s": 10}},
)


def first_half(watch):
    """A van came, and waits; one rule has come true, the others are on their way."""
    thing = watch.thing("van", Label.VEHICLE)
    watch.happens(EventType.ZONE_ENTERED, thing, 2.0, zone="gate")
    waits = watch.opens(EventType.LOITERING, thing, 4.0, caption="a van waits", zone=HOSTILE)
    watch.commit(8.0)
    watch.answers("Is it a van?", 0.0, 20.0)
    watch.look_closer(EventType.FIRE, 5.0, 7.0)
    return waits


def second_half(watch, waits):
    """It leaves; somebody comes again, much later; the film is over."""
    watch.ends(waits, 30.0)
    watch.commit(40.0)
    watch.look_closer(EventType.FIRE, 6.0, 9.0, 1)
    watch.commit(120.0)
    watch.happens(EventType.ZONE_ENTERED, watch.thing("other", Label.PERSON), 125.0, zone="gate")
    watch.happens(EventType.LOITERING, watch.thing("other", Label.PERSON), 126.0, end_s=128.0)
    watch.commit(130.0, final=True)
    watch.tick(10_000.0, ending=True)


@pytest.mark.parametrize(("given", "wanted"), [("one", "other"), ("one", "neo4j"), ("neo4j", "other")])
def test_half_a_watch_here_and_half_there_is_a_whole_one(places, given, wanted):
    whole = watch_under(EmbeddedStore(":memory:"), *RULES)
    second_half(whole, first_half(whole))
    first, second = places(given), places(wanted)
    moved = watch_under(first.store(), *RULES)
    waits = first_half(moved)
    carrying.migrate(first.memory(), second.memory())
    moved.store = second.store()
    moved.store.open_stream(moved.stream)
    second_half(moved, waits)
    answers, expected = said_by(moved.store), said_by(whole.store)
    assert {alert.rule for alert in expected["alerts"]} == {"waits", "then", "nobody", "many"}
    assert {name: answers[name] for name in expected} == expected
    whole.store.close()


@pytest.mark.parametrize("wanted", ["other", "neo4j"])
def test_fences_and_numbers_of_watches_hold_after_a_move(places, full, wanted):
    """An observation of who watched before is stale there too; a late one is refused; the next one settles."""
    first, second = places("first"), places(wanted)
    first.path = full
    carrying.migrate(first.memory(), second.memory())
    store = second.store()
    following = fast(3, 90.0, 95.0)
    assert store.settle(replace(following, fence=2)) is False
    assert store.settle(fast(2, 60.0, 90.0)) is False
    assert store.settle(replace(following, fence=3)) is True
    assert store.take(following.stream_id) == 4
