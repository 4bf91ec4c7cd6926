"""What people say of alerts, and what follows."""

import pytest

from rules.feedback import heard
from tests.rules.test_escalation import say, told
from tests.rules.test_sending import LIFE, RULE, bag
from vidette.alerts import AlertState
from vidette.handling import FeedbackOf, Judged, Precision


@pytest.mark.parametrize(
    ("says", "state", "change", "kept"),
    [
        ("acknowledged", AlertState.ACKNOWLEDGED, "acknowledged", None),
        ("confirmed", AlertState.ACKNOWLEDGED, "acknowledged", "confirmed"),
        ("dismissed", AlertState.DISMISSED, "dismissed", "dismissed"),
    ],
)
def test_those_who_were_told_are_told_what_a_person_said(watch, says, state, change, kept):
    w = watch(RULE, alerts=LIFE)
    bag(w)
    assert say(w, says, comment="a cat")
    assert not say(w, says)  # said before
    assert (w.alert().state, w.alert().feedback) == (state, kept)
    assert told(w) == [(1, "desk", "raised"), (2, "desk", change)]
    assert w.why(says) == ["by Bob: “a cat”"]
    (note,) = w.store.read(FeedbackOf())
    assert (note.says, note.by, note.comment) == (says, "Bob", "a cat")


def test_a_person_may_think_again(watch):
    w = watch(RULE, alerts=LIFE)
    bag(w)
    for says in ("dismissed", "confirmed", "dismissed"):
        assert say(w, says)
    assert w.alert().state is AlertState.DISMISSED
    assert [change for *_, change in told(w)] == ["raised", "dismissed", "acknowledged", "dismissed"]
    assert w.store.read(Precision()) == [Judged("r", "yard", 1, 0, 1)]


def test_what_is_over_is_judged_all_the_same_and_only_a_dismissal_is_told(watch):
    w = watch(RULE, alerts=LIFE)
    key = bag(w)
    w.ends(key, 5)
    w.commit(50)
    assert not say(w, "acknowledged")
    assert say(w, "confirmed")
    assert w.alert().state is AlertState.RESOLVED
    assert len(told(w)) == 2
    assert say(w, "dismissed")
    assert [change for *_, change in told(w)] == ["raised", "resolved", "dismissed"]


def test_a_dismissed_alert_is_not_resolved_aloud_and_not_raised_again_by_the_same_occurrence(watch):
    w = watch(RULE, alerts=LIFE)
    key = bag(w)
    say(w, "dismissed")
    w.ends(key, 5)
    w.commit(20)
    bag(w, at_s=21)  # the same thing, within the lull
    w.commit(90)
    assert w.alert().state is AlertState.DISMISSED
    assert [change for *_, change in told(w)] == ["raised", "dismissed"]


def test_of_an_alert_that_is_gone_nothing_is_kept(watch):
    w = watch(RULE, alerts=LIFE)
    assert not w.store.amend(lambda read: heard("gone", "dismissed", read, by="Bob", now=w.instant))


def test_precision_counts_what_people_said_by_rule_and_stream(watch):
    w = watch(RULE, {"id": "q", "when": {"event": "object_left"}}, alerts=LIFE)
    bag(w)
    for alert in w.alerts():
        if alert.rule == "q":
            w.store.amend(lambda read, key=alert.id: heard(key, "confirmed", read, by="Bob", now=w.instant))
    assert w.store.read(Precision()) == [Judged("q", "yard", 1, 1, 0), Judged("r", "yard", 1, 0, 0)]
