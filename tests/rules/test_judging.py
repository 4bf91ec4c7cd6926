"""Who is told, when not, and what is said about it."""

from datetime import timedelta

import pytest

from vidette.alerting import Alerts, Deliveries
from vidette.alerts import AlertState, Case
from vidette.models import EventType, Label

HERE, THERE = (0.2, 0.6, 0.3, 0.8), (0.7, 0.1, 0.8, 0.3)  # feet in the zone `gate`, and outside
LEFT, STOPPED, LOITERS = EventType.OBJECT_LEFT, EventType.OBJECT_STOPPED, EventType.LOITERING
ENTERED, CROSSED = EventType.ZONE_ENTERED, EventType.LINE_CROSSED


def rule(**when):
    more = {key: when.pop(key) for key in ("id", "severity", "cooldown_s", "sinks", "active") if key in when}
    return {"id": "r", "when": when, **more}


def enters(w, name, at_s, label=Label.PERSON, **more):
    return w.happens(ENTERED, w.thing(name, label), at_s, zone="gate", **more)


@pytest.mark.parametrize(
    ("when", "why"),
    [
        ({"label": "vehicle"}, "label was person, not vehicle"),
        ({"zone": ["door", "yard"]}, "zone was gate, not door or yard"),
        ({"line": "fence"}, "no line, not fence"),
        ({"caption": "Red van"}, "caption lacks red and van"),
        ({"confidence": 0.9}, "confidence was 0.80, 0.90 asked"),
    ],
)
def test_the_condition_that_failed_is_told_with_what_was_found(watch, when, why):
    w = watch(rule(event="zone_entered", **when))
    enters(w, "ann", 5, caption="Somebody entered.")
    w.commit(10)
    assert w.alerts() == []
    assert w.why("not_raised") == [why]


def test_every_condition_that_failed_is_told(watch):
    w = watch(rule(event="zone_entered", zone="door", confidence=0.9, active={"days": ["sat-sun"]}))
    enters(w, "ann", 5)
    w.commit(10)
    assert w.why("not_raised") == [
        "zone was gate, not door",
        "confidence was 0.80, 0.90 asked",
        "Mon 08:00 is outside Sat, Sun 00:00-24:00 UTC",
    ]


def test_the_conditions_that_held_are_told(watch):
    when = {"event": ["zone_entered", "zone_exited"], "label": "person", "zone": "gate", "caption": "ÉTÉ", "for_s": 0}
    w = watch(rule(**when, confidence=0.5, active={"from": "07:00", "to": "09:00", "tz": "UTC"}))
    enters(w, "ann", 5, caption="Un ete chaud.")
    (alert,) = w.commit(10)
    assert alert.why == (
        "event was zone_entered",
        "label was person",
        "caption has ete",
        "zone was gate",
        "confidence was 0.80, 0.50 asked",
        "Mon 08:00 is in every day 07:00-09:00 UTC",
    )
    assert w.why("raised") == list(alert.why)


@pytest.mark.parametrize(
    ("asked", "caption", "held"),
    [
        ("red", "A RED car", True),
        ("red", "A tired man", False),
        ("cafe", "Un café", True),
        ("Straße", "an der STRASSE", True),
        ("red car", "car, then something red", True),
        ("red car", "a red van", False),
        ("'; DROP TABLE events; --", "drop table events", True),
    ],
)
def test_caption_words(watch, asked, caption, held):
    w = watch(rule(caption=asked))
    enters(w, "ann", 5, caption=caption)
    assert bool(w.commit(10)) is held


def test_a_rule_without_event_is_told_of_only_where_something_else_held(watch):
    w = watch(rule(label="person", zone="door"))
    enters(w, "ann", 5)
    enters(w, "box", 6, Label.OBJECT)
    w.commit(10)
    assert len(w.why("not_raised")) == 1


def test_other_streams_and_types_are_not_told_of(watch):
    w = watch(rule(event="object_left"), rule(id="other", event="zone_entered", stream="roof"))
    enters(w, "ann", 5)
    w.commit(10)
    assert w.verdicts("r") == w.verdicts("other") == []
    assert {state.rule for state in w.states()} == {"r"}


def test_a_thing_is_in_the_zone_in_which_it_stands(watch):
    """The fast look names no zone of still things."""
    w = watch(rule(event="object_left", zone="gate"))
    w.opens(LEFT, w.thing("bag", box=HERE, still=True), 5, "A bag was left.")
    w.opens(LEFT, w.thing("box", box=THERE, still=True), 6)
    (alert,) = w.commit(10)
    assert alert.text == "“A bag was left” in gate on yard, Mon 2 Mar 08:00:05 UTC"
    assert w.why("not_raised") == ["no zone, not gate"]


def test_the_cooldown_keeps_but_does_not_send(watch):
    w = watch(rule(event="zone_entered", cooldown_s=60))
    for at, name in ((5, "ann"), (20, "bob"), (70, "cid"), (80, "dan")):
        enters(w, name, at)
        w.commit(at + 1)
    assert len(w.alerts()) == 4
    assert len(w.messages()) == 2
    asked = "the rule asks for 60 s between two"
    assert w.why("not_sent") == [
        f"the last alert was sent 15 s before, {asked}",
        f"the last alert was sent 10 s before, {asked}",
    ]


def test_what_was_not_sent_is_not_resolved_aloud(watch):
    w = watch(rule(event="loitering", cooldown_s=600))
    keys = [w.opens(LOITERS, w.thing(name, Label.PERSON), at) for at, name in ((5, "ann"), (20, "bob"))]
    w.commit(70)
    for key in keys:
        w.ends(key, 80)
    w.commit(130)
    assert [one.state for one in w.alerts()] == ["resolved", "resolved"]
    assert len(w.messages()) == 2


def test_old_alerts_of_live_streams_are_kept_but_not_sent(watch):
    w = watch(rule(event="zone_entered"), max_age_s=3600)
    w.now = w.stream.start + timedelta(hours=2)
    enters(w, "ann", 5)
    w.commit(10)
    assert len(w.alerts()) == 1
    assert w.messages() == []
    assert w.why("not_sent") == ["2 h old, at most 1 h is sent of a live stream"]


def test_files_send_all(watch):
    w = watch(rule(event="zone_entered"), kind="file", max_age_s=3600)
    w.now = w.stream.start + timedelta(days=200)
    enters(w, "ann", 5)
    w.commit(10)
    assert len(w.messages()) == 1


def test_who_is_told(watch):
    sinks = [
        {"id": "all", "kind": "console"},
        {"id": "high", "kind": "console", "min_severity": "high"},
        {"id": "raised", "kind": "console", "resolved": False},
        {"id": "unnamed", "kind": "console"},
    ]
    w = watch(rule(event="loitering", severity="medium", sinks=["all", "high", "raised"]), sinks=sinks)
    key = w.opens(LOITERS, w.thing("ann", Label.PERSON), 5)
    w.commit(66)
    w.ends(key, 70)
    w.commit(120)
    assert sorted(w.messages()) == [("all", 1, "raised"), ("all", 2, "resolved"), ("raised", 1, "raised")]


@pytest.mark.parametrize(
    ("sinks", "why"),
    [
        ([], "no sink is set"),
        ([{"id": "a", "kind": "console", "min_severity": "critical"}], "no sink of the rule takes severity medium"),
    ],
)
def test_without_anybody_to_tell_it_is_kept_all_the_same(watch, sinks, why):
    w = watch(rule(event="zone_entered"), sinks=sinks)
    enters(w, "ann", 5)
    w.commit(10)
    assert len(w.alerts()) == 1
    assert w.why("not_sent") == [why]


def test_deliveries_are_named_by_what_they_tell(watch):
    w = watch(rule(event="zone_entered"))
    enters(w, "ann", 5)
    (alert,) = w.commit(10)
    (delivery,) = w.store.read(Deliveries())
    assert delivery.id == f"{alert.id}_1_desk"
    assert delivery.message == alert
    assert (delivery.status, delivery.next_at, delivery.tries) == ("pending", w.instant, 0)


def test_one_thing_is_one_incident_whatever_the_rule(watch):
    w = watch(rule(event="loitering"), rule(id="s", event="object_stopped"))
    car = w.thing("car")
    w.opens(STOPPED, car, 5)
    w.opens(LOITERS, car, 5)
    a, b = w.commit(70)
    assert a.id != b.id
    assert a.incident == b.incident


def test_what_is_remembered_survives_a_restart(watch):
    w = watch(rule(event="object_left", for_s=60))
    w.opens(LEFT, w.thing("bag", still=True), 10)
    w.commit(14)
    w.rule_by(rule(event="object_left", for_s=60))  # another process
    assert len(w.commit(71)) == 1


def test_nothing_is_remembered_for_ever(watch):
    w = watch(rule(event=["object_left", "zone_entered"], for_s=0))
    keys = [
        w.opens(LEFT, w.thing(f"bag {i}", box=(0.01 * i, 0.1, 0.01 * i + 0.005, 0.2), still=True), 5) for i in range(90)
    ]
    w.commit(10)
    (full,) = w.states()
    for key in keys:
        w.ends(key, 20)
    w.commit(70)
    (empty,) = w.states()
    assert len(empty.state) < 120 < len(full.state)


def test_a_changed_rule_begins_anew_and_ends_what_the_old_one_raised(watch):
    w = watch(rule(event="object_left"))
    key = w.opens(LEFT, w.thing("bag", still=True), 10)
    w.commit(14)
    w.rule_by(rule(event="object_left", for_s=5, severity="high"))
    assert w.engine.new_rules(w.store.read, w.stream.id) == ("r",)
    w.rejudge()
    w.ends(key, 40)
    w.commit(90)
    assert w.alert().state == "resolved"
    assert w.messages() == [("desk", 1, "raised"), ("desk", 2, "resolved")]


def test_what_only_the_old_rule_asked_for_is_ended_too(watch):
    w = watch(rule(event="object_left"))
    key = w.opens(LEFT, w.thing("bag", still=True), 10)
    w.commit(14)
    w.rule_by(rule(event="fire"))
    w.ends(key, 40)
    w.commit(45)
    w.commit(90)
    assert w.alert().state == "resolved"


def test_a_rule_that_is_renamed_keeps_its_version(watch):
    w = watch(rule(event="object_left"))
    enters(w, "ann", 5)
    w.commit(6)
    (before,) = w.states()
    w.rule_by(rule(id="renamed", event="object_left"))
    w.commit(7)
    assert {state.version for state in w.states()} == {before.version}


def test_what_was_not_found_again_is_taken_back(watch):
    w = watch(rule(event="zone_entered"), kind="file")
    enters(w, "ann", 5)
    w.commit(10, final=True)
    assert w.alert().state == "open"
    w.begin(again=True)
    enters(w, "bob", 50)
    w.commit(60)
    w.commit(100, final=True)
    states = {one.text.split(" in ")[0].split(":")[0]: one.state for one in w.alerts()}
    assert states == {"Zone entered": "open", "Taken back, a closer look found none": "resolved"}


def test_what_a_person_dismissed_is_not_resolved_and_what_was_acknowledged_is(watch):
    w = watch(rule(event="loitering"))
    keys = [w.opens(LOITERS, w.thing(name, Label.PERSON), 5) for name in ("ann", "bob")]
    a, b = w.commit(66)
    said = {a.id: AlertState.DISMISSED, b.id: AlertState.ACKNOWLEDGED}
    person = _Person(w.engine, said)
    for key in keys:
        w.ends(key, 70)
    w.engine = person
    w.commit(120)
    assert {one.id: str(one.state) for one in w.alerts()} == {a.id: "open", b.id: "resolved"}


class _Person:
    """The engine, in a memory in which somebody changed alerts."""

    def __init__(self, engine, said):
        self.engine, self.said = engine, said

    def judge(self, case: Case, read):
        from dataclasses import replace

        def seen(query):
            found = read(query)
            if isinstance(query, Alerts):
                return [replace(one, state=self.said.get(one.id, one.state)) for one in found]
            return found

        return self.engine.judge(case, seen)


def test_a_stream_without_rules_costs_nothing(watch):
    w = watch(rule(event="zone_entered", stream="roof"))

    def never(query):
        raise AssertionError(query)

    case = Case(stream=w.stream, look="fast", watermark_s=1, final=False)
    assert w.engine.judge(case, never).states == ()


def test_a_state_of_another_form_is_begun_anew(watch):
    from vidette.alerts import Judgement, RuleState

    w = watch(rule(event="zone_entered"))
    w.commit(1)
    (state,) = w.states()

    class Old:
        def judge(self, case, read):
            broken = RuleState(rule="r", version=state.version, stream_id=w.stream.id, state='{"awaited": 7}')
            return Judgement(states=(broken,))

    engine, w.engine = w.engine, Old()
    w.commit(2)
    w.engine = engine
    enters(w, "ann", 5)
    assert len(w.commit(10)) == 1


def test_a_hostile_caption_is_quoted_in_one_bounded_line(watch):
    w = watch(rule(event="zone_entered"))
    enters(w, "ann", 5, caption="“Ignore the rules”\x1b[2J\nALL CLEAR\u202e " + "x" * 5000)
    (alert,) = w.commit(10)
    assert len(alert.text) < 300
    assert alert.text.startswith('“"Ignore the rules" [2J ALL CLEAR xxx')
    assert alert.text.count("“") == alert.text.count("”") == 1
    assert alert.text.isprintable()
