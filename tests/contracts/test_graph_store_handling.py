"""What every GraphStore keeps of the life of alerts: silences, feedback, timers, storms, who lies next to whom."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.embedded import EmbeddedStore
from tests.graph_stores import STORES
from tests.telling import alert
from vidette.alerting import Alerts
from vidette.alerts import AlertFilter, Feedback, Held, Judgement, Severity, Silence, Storm, Timer
from vidette.handling import (
    DueStorms,
    DueTimers,
    FeedbackOf,
    Judged,
    NextTo,
    Precision,
    Silences,
    StormOf,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def at(second: float) -> datetime:
    return NOON + timedelta(seconds=second)


@pytest.fixture(params=list(STORES))
def store(request):
    with TemporaryDirectory() as folder:
        made = STORES[request.param](Path(folder))
        yield made
        made.close()


def keep(store, **judgement):
    assert store.amend(lambda _: Judgement(**judgement))


def test_silences_hold_from_their_start_until_before_their_end(store):
    first = Silence(id="a", start=at(0), end=at(60), author="Anna", severities=(Severity.LOW,))
    second = Silence(id="b", start=at(30), end=at(50), author="Bob", comment="x", rules=("r", "q"))
    keep(store, silences=(first, second))
    assert store.read(Silences()) == [second, first]
    assert [[one.id for one in store.read(Silences(at=at(second)))] for second in (-1, 0, 30, 49.999, 50, 60)] == [
        [],
        ["a"],
        ["b", "a"],
        ["b", "a"],
        ["a"],
        [],
    ]
    ended = replace(first, end=at(10))
    keep(store, silences=(ended,))
    assert store.read(Silences(ids=("a",))) == [ended]


def test_all_that_was_said_of_an_alert_is_kept_and_the_alert_says_what_counts(store):
    one, other = alert(1, feedback="dismissed"), alert(2, feedback="confirmed")
    notes = (
        Feedback(alert=one.id, says="confirmed", by="Anna", at=at(1)),
        Feedback(alert=one.id, says="dismissed", by="Bob", at=at(2), comment="a cat"),
        Feedback(alert=other.id, says="confirmed", by="Bob", at=at(2)),
    )
    keep(store, alerts=(one, other, alert(3, rule="q", streams=("yard", "road"))), feedback=notes)
    assert store.read(FeedbackOf()) == list(notes)
    assert store.read(FeedbackOf(alerts=(one.id,))) == list(notes[:2])
    assert store.read(Precision()) == [
        Judged("bag-left", "yard", 2, 1, 1),
        Judged("q", "road", 1, 0, 0),
        Judged("q", "yard", 1, 0, 0),
    ]
    assert store.read(Precision(since=one.at + timedelta(milliseconds=1))) == []
    assert store.read(Precision(until=one.at)) == []


def test_timers_are_due_once_moved_and_forgotten(store):
    keep(store, alerts=(alert(1), alert(2)))
    early = Timer(alert=alert(1).id, rule="r", kind="repeat", due_at=at(5))
    late = Timer(alert=alert(2).id, rule="r", kind="escalate", due_at=at(10))
    keep(store, timers=(late, early))
    assert store.read(DueTimers(now=at(4.9), rules=("r",))) == []
    assert store.read(DueTimers(now=at(5), rules=("r", "q"))) == [early]
    assert store.read(DueTimers(now=at(10), rules=("r",))) == [early, late]
    assert store.read(DueTimers(now=at(10), rules=("q",))) == []
    keep(store, timers=(replace(early, due_at=at(20)), replace(late, due_at=None)))
    assert store.read(DueTimers(now=at(19), rules=("r",))) == []
    assert [one.kind for one in store.read(DueTimers(now=at(20), rules=("r",)))] == ["repeat"]


def test_storms_are_due_held_and_over(store):
    calm = Storm(sink="desk", start=at(0), due_at=at(60), sent=2)
    full = Storm(sink="desk", start=at(60), due_at=at(120), sent=9, held=(Held(rule="r", stream="yard", count=3),))
    keep(store, storms=(calm, full))
    assert store.read(StormOf(sink="desk", start=at(60))) == full
    assert store.read(StormOf(sink="phone", start=at(60))) is None
    assert store.read(DueStorms(now=at(60), sinks=("desk",))) == [calm]
    assert store.read(DueStorms(now=at(0), sinks=("desk",), ending=True)) == [full]
    assert store.read(DueStorms(now=at(200), sinks=("phone",), ending=True)) == []
    keep(store, storms=(replace(calm, over=True),))
    assert store.read(DueStorms(now=at(200), sinks=("desk",))) == [full]


def test_alerts_of_an_incident_are_found(store):
    keep(store, alerts=(alert(1), alert(2, incident="other")))
    assert [one.id for one in store.read(Alerts(where=AlertFilter(incidents=("other",))))] == [alert(2).id]


PLACES = st.tuples(st.sampled_from(["yard", "road"]), st.sampled_from(["", "gate", "door"]))
TOLD = st.lists(
    st.tuples(st.integers(0, 20), PLACES, st.sampled_from([None, "anna", "bob"]), st.sampled_from(["i", "j"])),
    max_size=15,
)


@settings(max_examples=80, deadline=None)
@given(TOLD, st.integers(0, 20), PLACES, st.sampled_from([None, "anna"]), st.booleans())
def test_next_to_an_alert_are_the_nearest_of_each_place_and_of_its_subject(told, second, place, subject, near):
    store = EmbeddedStore(":memory:")
    alerts = [
        alert(n, at=at(when), streams=(stream,), zones=(zone,) if zone else None, subject=who, incident=incident)
        for n, (when, (stream, zone), who, incident) in enumerate(told)
    ]
    if alerts:
        keep(store, alerts=tuple(alerts))
    beside = ("road",) if near and place[0] == "yard" else ()
    asked = NextTo(alert="new", at=at(second), within_s=5, subject=subject, places=(place,), near=beside)
    found = {one.alert: one for one in store.read(asked)}
    asked_places = [place, *(("road", zone) for zone in ("", "gate", "door") if beside)]
    keys = [lambda one, place=place: _place(one) == place for place in asked_places]
    if subject:
        keys.append(lambda one: one.subject == subject)
    for fits in keys:
        near_by = [one for one in alerts if fits(one) and abs((one.at - at(second)).total_seconds()) <= 5]
        for side in (
            [one for one in near_by if one.at <= at(second)],
            [one for one in near_by if one.at >= at(second)],
        ):
            nearest = min((abs((one.at - at(second)).total_seconds()) for one in side), default=None)
            assert nearest is None or any(
                abs((one.at - at(second)).total_seconds()) == nearest for one in side if one.id in found
            )
    for one in found.values():
        members = [other for other in alerts if other.incident == one.incident]
        first = min(members, key=lambda other: (other.at, other.id))
        assert (one.first, one.first_at) == (first.id, first.at)
        assert any(fits(next(other for other in alerts if other.id == one.alert)) for fits in keys)
    store.close()


def _place(one):
    return one.streams[0], (one.zones or ("",))[0]


def test_what_is_on_trial_or_of_no_event_is_next_to_nothing(store):
    keep(store, alerts=(alert(1, shadow=True), alert(2, events=())))
    asked = NextTo(alert="new", at=alert(1).at, within_s=5, subject=None, places=(("yard", ""),))
    assert store.read(asked) == []
