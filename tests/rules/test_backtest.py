"""What a back-test finds is what the engine found while it was watched, and nothing is written."""

from datetime import UTC, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules.backtest import backtest, extent
from vidette.alerting import Alerts, Decisions, Deliveries, RuleStates
from vidette.alerts import Change
from vidette.models import EventType, Label
from vidette.rule_settings import RuleSettings

START_S = 0.0
STEP_S = 5.0
KINDS = (EventType.OBJECT_ENTERED, EventType.OBJECT_STOPPED, EventType.LOITERING, EventType.ZONE_ENTERED)
RULES = (
    {"id": "stopped", "when": {"event": "object_stopped", "for_s": 20}},
    {"id": "person", "when": {"label": "person", "event": ["object_entered", "loitering"]}, "cooldown_s": 40},
    {"id": "red", "when": {"caption": "red"}},
    {"id": "gate", "when": {"event": "zone_entered", "zone": "gate"}, "severity": "high"},
    {"id": "hours", "when": {"event": "object_entered"}, "active": {"from": "08:00", "to": "08:02", "tz": "UTC"}},
)


def rules_from(*said):
    return [RuleSettings.model_validate(one) for one in said]


def found(rules, watched, **more):
    return list(backtest(rules_from(*rules), watched.store.read, tz=UTC, **more))


def told(alerts):
    """Alerts without what depends on when they were noticed."""
    return sorted(
        (one.rule, one.id, one.at, one.streams, one.subject, tuple(sorted(one.events)), one.why) for one in alerts
    )


def states(alerts):
    """How each alert stands at the end of all."""
    return {one.id: one.state for one in alerts}


@st.composite
def happenings(draw):
    count = draw(st.integers(1, 14))
    return [
        (
            draw(st.sampled_from(KINDS)),
            draw(st.integers(0, 3)),
            draw(st.integers(0, 1400)) / 10,
            draw(st.none() | st.integers(0, 900).map(lambda tenths: tenths / 10)),
            draw(st.sampled_from(["", "a red car", "a dog"])),
        )
        for _ in range(count)
    ]


def play(watched, happened, end_s=200.0):
    """Tell it as a watch does: what began and ended in each step."""
    for number in range(4):
        watched.thing(
            f"t{number}", Label.PERSON if number % 2 else Label.OBJECT, box=(0.2 * number, 0.1, 0.2 * number + 0.1, 0.3)
        )
    events = []
    for kind, number, start_s, length_s, caption in happened:
        instant = kind in (EventType.OBJECT_ENTERED, EventType.ZONE_ENTERED)
        events.append(
            [
                kind,
                list(watched.tracks)[number],
                start_s,
                start_s if instant else None if length_s is None else start_s + length_s,
                caption,
                None,
            ]
        )
    at_s = 0.0
    while at_s < end_s:
        at_s += STEP_S
        for one in events:
            kind, track, start_s, stop_s, caption, _ = one
            zone = "gate" if kind is EventType.ZONE_ENTERED else None
            if at_s - STEP_S <= start_s < at_s:
                if stop_s == start_s:
                    watched.happens(kind, track, start_s, stop_s, caption, zone=zone)
                else:
                    one[5] = watched.opens(kind, track, start_s, caption)
            if one[5] and stop_s is not None and at_s - STEP_S <= stop_s < at_s:
                watched.ends(one[5], stop_s)
        watched.commit(at_s, final=at_s >= end_s)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(happened=happenings())
def test_finds_what_the_engine_found_while_it_was_watched(watch, happened):
    watched = watch(*RULES)
    play(watched, happened)
    alerts = [one.alert for one in found(RULES, watched)]
    assert told(alerts) == told(watched.alerts())
    assert states(alerts) == states(watched.alerts())


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(happened=happenings())
def test_tells_whom_the_watch_told(watch, happened):
    watched = watch(*RULES)
    play(watched, happened)
    sent = {one.message.id for one in watched.store.read(Deliveries(limit=1000)) if one.message.change is Change.RAISED}
    assert {one.alert.id for one in found(RULES, watched) if one.told} == sent


def test_writes_nothing(watch):
    watched = watch()
    play(watched, [(EventType.OBJECT_STOPPED, 1, 3.0, 60.0, "")])
    assert len(found(RULES, watched)) == 1
    for query in (Alerts(), Decisions(), Deliveries(), RuleStates(stream_id=watched.stream.id)):
        assert watched.store.read(query) == []


def test_a_window_counts_only_what_came_true_in_it(watch):
    watched = watch()
    play(watched, [(EventType.OBJECT_STOPPED, number, 30.0 * number, 28.0, "") for number in range(4)])
    every = found(RULES[:1], watched)
    assert [one.alert.at for one in every] == [watched.stream.at(20.0 + 30 * number) for number in range(4)]
    cut = found(RULES[:1], watched, since=watched.stream.at(50.0), until=watched.stream.at(110.0))
    assert told(one.alert for one in cut) == told(one.alert for one in every[1:3])


def test_what_began_before_the_window_is_known(watch):
    watched = watch()
    play(watched, [(EventType.OBJECT_STOPPED, 1, 10.0, 170.0, "")])
    since = watched.stream.at(25.0)
    assert [one.alert.at for one in found(RULES[:1], watched, since=since)] == [watched.stream.at(30.0)]


def test_what_was_taken_back_is_left_out(watch):
    watched = watch()
    play(watched, [(EventType.OBJECT_STOPPED, 1, 10.0, 60.0, "")])
    watched.begin(again=True)
    assert found(RULES, watched) == []


def test_streams_are_played_together_and_can_be_chosen(watch):
    one = watch(name="yard")
    two = watch(name="gate cam", store=one.store)
    for watched in (one, two):
        play(watched, [(EventType.OBJECT_STOPPED, 1, 10.0, 60.0, "")])
    assert sorted(firing.alert.streams for firing in found(RULES, one)) == [("gate cam",), ("yard",)]
    assert [firing.alert.streams for firing in found(RULES, one, streams=("yard",))] == [("yard",)]
    assert extent(one.store.read)[2] == 2


def test_nothing_stored_is_nothing_found(watch):
    watched = watch()
    assert found(RULES, watched) == []


@pytest.mark.parametrize("page", [1, 2, 3])
def test_pages_of_any_length_hold_every_event_once(watch, monkeypatch, page):
    watched = watch()
    play(
        watched,
        [(EventType.OBJECT_ENTERED, number % 4, 20.0, 0.0, f"red {number}") for number in range(3)]
        + [(EventType.OBJECT_STOPPED, 2, 60.0 + number, 1.0, "red") for number in range(5)],
    )
    whole = told(one.alert for one in found(RULES, watched))
    monkeypatch.setattr("rules.backtest._PAGE", page)
    assert told(one.alert for one in found(RULES, watched)) == whole


def test_alerts_are_shed_while_it_plays(watch, monkeypatch):
    """Long history needs no more memory: alerts go out before the end, the same ones."""
    watched = watch()
    play(watched, [(EventType.OBJECT_STOPPED, number % 3, 40.0 * number, 30.0, "red") for number in range(4)])
    whole = told(one.alert for one in found(RULES, watched))
    monkeypatch.setattr("rules.backtest.STEP_S", 5.0)
    monkeypatch.setattr("rules.backtest._SHED_S", 10.0)
    assert told(one.alert for one in found(RULES, watched)) == whole
    assert len(whole) > 4


def test_the_window_may_lie_where_nothing_is(watch):
    watched = watch()
    play(watched, [(EventType.OBJECT_STOPPED, 1, 10.0, 60.0, "")])
    after = watched.stream.at(0.0) + timedelta(days=3)
    assert found(RULES, watched, since=after, until=after + timedelta(days=1)) == []


def test_a_rule_on_trial_is_counted_as_if_it_were_none(watch):
    watched = watch()
    play(watched, [(EventType.OBJECT_STOPPED, 1, 10.0, 60.0, "")])
    assert [one.told for one in found([{**RULES[0], "shadow": True, "sinks": ["ops"]}], watched)] == [True]
