"""Alerts that nobody acknowledges: told louder, told again, for as long as they are open."""

from datetime import timedelta

import pytest

from rules.feedback import heard
from tests.rules.conftest import START
from tests.rules.test_sending import LIFE, bag, silence
from vidette.alerts import AlertState, Severity
from vidette.handling import DueTimers

RULE = {"id": "r", "when": {"event": "object_left"}, "escalate_s": 60}
SINKS = ({"id": "desk", "kind": "console"}, {"id": "chief", "kind": "console"})


def say(w, says, by="Bob", comment=""):
    key, now = w.alert().id, START + timedelta(seconds=9)
    return w.store.amend(lambda read: heard(key, says, read, by=by, now=now, comment=comment))


def told(w):
    return sorted((sequence, sink, change) for sink, sequence, change in w.messages())


def test_an_alert_that_nobody_acknowledges_is_told_louder_once(watch):
    w = watch({**RULE, "sinks": ["desk"], "escalate_to": ["chief"]}, alerts=LIFE, sinks=SINKS, now=START)
    bag(w)
    assert not w.tick(59)
    assert w.tick(60)
    assert told(w) == [(1, "desk", "raised"), (2, "chief", "escalated"), (2, "desk", "escalated")]
    alert = w.alert()
    assert (alert.severity, alert.state, alert.escalated_at) == (
        Severity.HIGH,
        AlertState.OPEN,
        START + timedelta(seconds=60),
    )
    assert w.why("escalated") == ["nobody acknowledged it for 60 s", "high now", "told desk, chief"]
    assert not w.tick(1000)


def test_those_to_whom_it_was_escalated_are_told_how_it_goes_on(watch):
    w = watch({**RULE, "sinks": ["desk"], "escalate_to": ["chief"]}, alerts=LIFE, sinks=SINKS, now=START)
    key = bag(w)
    w.tick(60)
    w.ends(key, 70)
    w.commit(120)
    assert told(w)[-2:] == [(3, "chief", "resolved"), (3, "desk", "resolved")]


@pytest.mark.parametrize("says", ["acknowledged", "confirmed", "dismissed"])
def test_who_was_heard_is_not_told_louder(watch, says):
    w = watch({**RULE, "repeat_s": 30}, alerts=LIFE, now=START)
    bag(w)
    assert say(w, says)
    w.tick(1000)
    assert len(told(w)) == 2
    assert not w.tick(2000)  # it is forgotten


def test_what_is_over_is_not_told_louder(watch):
    w = watch(RULE, alerts=LIFE, now=START)
    key = bag(w)
    w.ends(key, 5)
    w.commit(50)
    assert w.alert().state is AlertState.RESOLVED
    w.tick(1000)
    assert [change for *_, change in told(w)] == ["raised", "resolved"]
    assert w.store.read(DueTimers(now=START + timedelta(days=1), rules=("r",))) == []


def test_an_open_alert_is_told_again_and_again_and_no_more_often_than_asked(watch):
    w = watch({"id": "r", "when": {"event": "object_left"}, "repeat_s": 30}, alerts=LIFE, now=START)
    bag(w)
    assert [w.tick(at) for at in (29, 30, 31, 59, 60, 200)] == [False, True, False, False, True, True]
    assert [change for *_, change in told(w)] == ["raised", "repeated", "repeated", "repeated"]
    assert w.why("repeated") == ["still open after 3 min", "told desk"]


def test_what_was_not_sent_is_not_told_louder(watch):
    w = watch(RULE, alerts=LIFE, now=START)
    silence(w, rules=("r",), minutes=1)
    bag(w)
    assert not w.tick(1000)
    assert told(w) == []


def test_a_silence_holds_an_escalation_until_it_ends(watch):
    w = watch(RULE, alerts=LIFE, now=START)
    bag(w)
    silence(w, rules=("r",), minutes=2)
    assert w.tick(60)
    assert w.why("not_escalated") == ["silenced by Anna until Mon 2 Mar 08:02:00 UTC: “roadworks”"]
    assert len(told(w)) == 1
    assert w.tick(120)
    assert [change for *_, change in told(w)] == ["raised", "escalated"]


def test_quiet_hours_let_through_what_became_severe_enough(watch):
    quiet = {"quiet": [{"active": {"from": "08:01", "to": "09:00"}, "below": "high"}]}
    w = watch(RULE, {"id": "r2", "when": {"event": "loitering"}}, alerts=quiet, now=START)
    bag(w)
    w.tick(60)
    assert [change for *_, change in told(w)] == ["raised", "escalated"]


def test_timers_survive_a_restart_and_leave_other_rules_alone(watch):
    w = watch(RULE, alerts=LIFE, now=START)
    bag(w)
    w.rule_by({"id": "other", "when": {"event": "loitering"}, "escalate_s": 1})
    assert not w.tick(100)
    w.rule_by(RULE)
    assert w.tick(100)
    assert len(told(w)) == 2


def test_an_escalation_stops_at_critical(watch):
    w = watch({**RULE, "severity": "critical"}, alerts=LIFE, now=START)
    bag(w)
    w.tick(60)
    assert w.alert().severity is Severity.CRITICAL
    assert len(told(w)) == 2
