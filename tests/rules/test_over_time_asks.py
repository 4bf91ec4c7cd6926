"""Rules over time that ask a model, through the real store."""

from tests.tailgating import crosses, rule, seconds
from vidette.models import EventType, Label

LOITERS = EventType.LOITERING
SMOKING = "Is someone smoking near the pump?"


def test_a_yes_to_a_question_is_one_alert_as_long_as_it_is_said(watch):
    w = watch(rule({"ask": SMOKING, "confidence": 0.6}))
    w.commit(50)
    for at in (0, 15):
        w.answers(SMOKING, at, at + 15)
    alert = w.alert()
    assert alert.text == f"“{SMOKING}” answered yes on yard, Mon 2 Mar 08:00:00 UTC"
    assert alert.why == (
        f"“{SMOKING}” answered yes",
        f"“{SMOKING}” was answered yes, 90% sure on yard, Mon 2 Mar 08:00:00 UTC",
    )
    assert [one.pts_s for one in alert.evidence] == [1]
    assert alert.events == ()
    assert w.messages() == [("desk", 1, "raised")]
    w.commit(90)
    assert w.alert().text.startswith("Over after 30 s: ")


def test_no_and_unknown_and_unsure_raise_nothing_and_say_why_not(watch):
    w = watch(rule({"ask": SMOKING, "confidence": 0.6}))
    w.commit(60)
    w.answers(SMOKING, 0, 15, "no")
    w.answers(SMOKING, 15, 30, "unknown", 0.3)
    w.answers(SMOKING, 30, 45, "yes", 0.4)
    w.answers("Is the gate open?", 45, 60)
    assert w.alerts() == []
    assert sorted(w.why("not_raised")) == [
        f"“{SMOKING}” was answered no, 90% sure",
        f"“{SMOKING}” was answered unknown, 30% sure",
        f"“{SMOKING}” was answered yes, 40% sure, 60% asked",
    ]


def test_a_yes_that_lasts_over_segments(watch):
    w = watch(rule({"ask": SMOKING, "for_s": 20}))
    w.commit(60)
    w.answers(SMOKING, 0, 15)
    assert w.alerts() == []
    w.answers(SMOKING, 15, 30)
    assert seconds(w, w.alert()) == 20


def test_a_question_and_an_event(watch):
    w = watch(rule({"all": [{"ask": SMOKING}, {"event": "loitering"}]}))
    w.opens(LOITERS, w.thing("ann", Label.PERSON), 5)
    w.commit(66)
    w.answers(SMOKING, 15, 30)
    assert seconds(w, w.alert()) == 15
    assert len(w.alert().events) == 1


def test_each_alert_of_a_rule_that_is_new_shows_the_answers_that_it_stands_on(watch):
    w = watch(rule({"event": "fire"}))
    for at, answer in ((0, "yes"), (30, "no"), (100, "yes"), (115, "yes"), (200, "unknown")):
        w.commit(at + 15)
        w.answers(SMOKING, at, at + 15, answer)
    w.rule_by(rule({"ask": SMOKING}))
    first, later = w.rejudge()
    assert [one.pts_s for one in first.evidence] == [1]
    assert first.why[1:] == (f"“{SMOKING}” was answered yes, 90% sure on yard, Mon 2 Mar 08:00:00 UTC",)
    assert [one.pts_s for one in later.evidence] == [116, 101]
    assert len(later.why) == 3
    assert len(w.why("not_raised")) == 2
    told = w.messages()
    assert w.rejudge() == [first, later]
    assert w.messages() == told


def test_an_answer_that_came_before_the_event_is_shown_too(watch):
    w = watch(rule({"in_order": [{"ask": SMOKING}, {"event": "line_crossed"}], "within_s": 60}))
    w.commit(20)
    w.answers(SMOKING, 0, 15)
    w.answers("Is the gate open?", 0, 14)
    crosses(w, "ann", 30)
    w.commit(40)
    alert = w.alert()
    assert [one.pts_s for one in alert.evidence] == [1]
    assert f"“{SMOKING}” was answered yes, 90% sure on yard, Mon 2 Mar 08:00:00 UTC" in alert.why
