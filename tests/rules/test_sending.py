"""Who is told of an alert, and why nobody is: silences, quiet hours, what is known, what cannot be seen, trials."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.rules.conftest import START
from vidette.alerts import AlertState, Change, Judgement, Severity, Silence
from vidette.models import EventType, Label

LEFT = EventType.OBJECT_LEFT
RULE = {"id": "r", "when": {"event": "object_left"}}
LIFE = {"storm": {"most": 0}}


def bag(w, name="bag", at_s=1.0, commit_s=None, **more):
    """A bag that is left."""
    thing = w.thing(name, start_s=at_s, **more)
    key = w.opens(LEFT, thing, at_s, "A bag was left.")
    w.commit(at_s + 1 if commit_s is None else commit_s)
    return key


def silence(w, *, minutes=60, **matchers):
    made = Silence(
        id="s1", start=START, end=START + timedelta(minutes=minutes), author="Anna", comment="roadworks", **matchers
    )
    w.store.amend(lambda _: Judgement(silences=(made,)))


def test_the_first_message_is_due_at_once_in_the_transaction_of_the_event(watch):
    w = watch(RULE, alerts=LIFE)
    bag(w)
    assert w.messages() == [("desk", 1, "raised")]
    (row,) = w.store.claim("desk", w.instant, 10)
    assert row.next_at == w.instant + timedelta(seconds=10)  # claimed now: it was due


def test_a_silence_keeps_the_alert_and_tells_nobody_until_it_ends(watch):
    w = watch(RULE, alerts=LIFE)
    silence(w, rules=("r",), minutes=1)
    bag(w)
    assert w.messages() == []
    assert w.why("not_sent") == ["silenced by Anna until Mon 2 Mar 08:01:00 UTC: “roadworks”"]
    bag(w, "other", at_s=70)
    assert w.messages() == [("desk", 1, "raised")]


@pytest.mark.parametrize(
    ("matchers", "silent"),
    [
        ({"rules": ("r",)}, True),
        ({"rules": ("q",)}, False),
        ({"rules": ("q", "r"), "streams": ("yard",)}, True),
        ({"rules": ("r",), "streams": ("lobby",)}, False),
        ({"zones": ("gate",)}, True),
        ({"zones": ("dock",)}, False),
        ({"severities": (Severity.MEDIUM,)}, True),
        ({"severities": (Severity.HIGH,)}, False),
        ({"labels": ("bag",)}, True),
        ({"labels": ("person",)}, False),
        ({"subjects": ("nothing",)}, False),
        ({}, False),
    ],
)
def test_every_matcher_of_a_silence_must_hold_by_one_of_its_values(watch, matchers, silent):
    w = watch(RULE, alerts=LIFE)
    silence(w, **matchers)
    bag(w, label=Label.BAG)
    assert (w.messages() == []) is silent


def test_who_was_told_before_a_silence_is_told_how_it_goes_on(watch):
    w = watch(RULE, alerts=LIFE)
    key = bag(w)
    silence(w, rules=("r",))
    w.ends(key, 20)
    w.commit(70)
    assert w.messages() == [("desk", 1, "raised"), ("desk", 2, "resolved")]


def test_what_was_silenced_is_not_resolved_aloud(watch):
    w = watch(RULE, alerts=LIFE)
    silence(w, rules=("r",))
    key = bag(w)
    w.ends(key, 20)
    w.commit(70)
    assert w.alert().state is AlertState.RESOLVED
    assert w.messages() == []


NIGHT = {"quiet": [{"active": {"from": "08:00", "to": "09:00"}, "below": "high", "sinks": ["phone"]}]}
SINKS = ({"id": "desk", "kind": "console"}, {"id": "phone", "kind": "console"})


def test_quiet_hours_spare_the_sinks_they_name_from_what_is_less_severe(watch):
    w = watch(RULE, alerts=NIGHT, sinks=SINKS)
    bag(w)
    assert w.messages() == [("desk", 1, "raised")]
    assert w.why("not_sent") == ["phone: quiet hours (every day 08:00-09:00 UTC) for less than high"]


def test_quiet_hours_spare_nobody_from_what_is_severe_enough_nor_when_they_are_over(watch):
    w = watch({**RULE, "severity": "high"}, alerts=NIGHT, sinks=SINKS)
    bag(w)
    assert [sink for sink, *_ in w.messages()] == ["desk", "phone"]
    late = watch(RULE, alerts=NIGHT, sinks=SINKS, now=START + timedelta(hours=1))
    bag(late)
    assert [sink for sink, *_ in late.messages()] == ["desk", "phone"]


def test_quiet_hours_are_of_the_wall_clock_not_of_the_event(watch):
    """A file of the night is watched at noon."""
    w = watch(RULE, alerts=NIGHT, sinks=SINKS, kind="file", now=datetime(2026, 3, 5, 12, tzinfo=UTC))
    bag(w)
    assert len(w.messages()) == 2


def test_a_rule_on_trial_is_judged_and_kept_and_nobody_is_told(watch):
    w = watch({**RULE, "shadow": True, "cooldown_s": 60}, alerts=LIFE)
    key = bag(w)
    bag(w, "other", at_s=10)
    assert w.messages() == []
    assert [one.shadow for one in w.alerts()] == [True, True]
    assert w.why("not_sent") == [
        "the rule is on trial (`shadow`)",
        "the last alert was sent 9 s before, the rule asks for 60 s between two",
    ]
    w.ends(key, 20)
    w.commit(70)
    assert w.messages() == []


def test_what_a_stream_that_is_blind_says_of_the_place_is_not_sent(watch):
    w = watch(RULE, {"id": "r2", "when": {"event": "view_blocked"}}, alerts=LIFE)
    w.opens(EventType.VIEW_BLOCKED, None, 1, "The view is blocked.")
    w.commit(2)
    bag(w, at_s=3)
    assert w.messages() == [("desk", 1, "raised")]  # of the camera itself
    assert w.why("not_sent") == ["yard could not see: view blocked since Mon 2 Mar 08:00:01 UTC"]


def test_what_a_stream_says_before_and_after_it_was_blind_is_sent(watch):
    w = watch(RULE, alerts=LIFE)
    bag(w, at_s=1)
    blind = w.opens(EventType.SIGNAL_LOST, None, 5, "No signal.")
    w.commit(6)
    w.ends(blind, 8)
    w.commit(9)
    bag(w, "other", at_s=10)
    assert len(w.messages()) == 2


def test_nobody_is_told_of_a_known_thing(watch):
    w = watch({"id": "r", "when": {"event": "object_entered"}}, alerts={"known": [{"name": "rex", "kind": ["dog"]}]})
    for name, attributes in (("rex", {"name": "Rex", "kind": "dog"}), ("stray", {"kind": "dog"})):
        thing = w.thing(name, label=Label.ANIMAL)
        w.attributes[thing] = attributes
        w.happens(EventType.OBJECT_ENTERED, thing, 1)
    w.commit(2)
    assert len(w.alerts()) == 2
    assert w.messages() == [("desk", 1, "raised")]
    assert w.why("not_sent") == ["it is about something known: name Rex and kind dog"]


def test_a_cooldown_counts_sent_alerts_only_and_eats_no_update(watch):
    w = watch({**RULE, "cooldown_s": 60}, alerts=LIFE)
    silence(w, subjects=("nobody",))
    first = bag(w, at_s=1)
    bag(w, "second", at_s=30)  # within the cooldown: kept
    bag(w, "third", at_s=70)  # 69 s after the one that was sent, 40 s after the one that was not
    w.ends(first, 71)
    w.commit(120)
    told = sorted((sequence, change) for _, sequence, change in w.messages())
    assert told == [(1, "raised"), (1, "raised"), (2, "resolved")]


def test_follow_ups_go_to_those_who_were_told_and_want_them(watch):
    sinks = (
        {"id": "desk", "kind": "console"},
        {"id": "high", "kind": "console", "min_severity": "high"},
        {"id": "raised", "kind": "console", "resolved": False},
    )
    w = watch(RULE, alerts=LIFE, sinks=sinks)
    key = bag(w)
    w.ends(key, 20)
    w.commit(70)
    assert sorted(w.messages()) == [("desk", 1, "raised"), ("desk", 2, "resolved"), ("raised", 1, "raised")]
    assert w.alert().change is Change.RESOLVED
