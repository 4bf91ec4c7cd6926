"""Rules over time, through the real store: what is raised, when, of what, and what becomes of it."""

import re
from dataclasses import replace
from datetime import UTC
from pathlib import Path

import pytest
import yaml

from rules.rule import rule_of
from tests.tailgating import TAILGATING, crosses, rule, seconds
from vidette.models import EventType, FastState, Label, State
from vidette.queries import AssertionsOf
from vidette.rule_settings import RuleSettings

CROSSED, ENTERED, LEFT = EventType.LINE_CROSSED, EventType.ZONE_ENTERED, EventType.OBJECT_LEFT
LOITERS, STOPPED = EventType.LOITERING, EventType.OBJECT_STOPPED


def test_one_after_the_other_within_the_time(watch):
    w = watch(rule(TAILGATING))
    first, second = crosses(w, "ann", 5), crosses(w, "bob", 7)
    crosses(w, "cyd", 20)
    w.commit(30)
    alert = w.alert()
    assert alert.events == (first, second)
    assert seconds(w, alert) == 7
    assert alert.text == (
        "Line crossed at door, then Line crossed at door, within 3 s, on yard, Mon 2 Mar 08:00:07 UTC"
    )
    assert alert.why == (
        "line crossed at door, then line crossed at door, within 3 s",
        "Line crossed at door on yard, Mon 2 Mar 08:00:05 UTC",
        "Line crossed at door on yard, Mon 2 Mar 08:00:07 UTC",
    )
    assert w.messages() == [("desk", 1, "raised")]


def test_it_is_the_same_in_two_observations_and_told_once(watch):
    w = watch(rule(TAILGATING))
    crosses(w, "ann", 5)
    assert w.commit(6) == []
    crosses(w, "bob", 7)
    w.commit(8)
    for at in (10, 20, 100, 200):
        w.commit(at)
    assert w.messages() == [("desk", 1, "raised")]
    assert w.alert().state == "open"


def test_what_comes_late_is_put_where_it_belongs(watch):
    w = watch(rule({"in_order": [{"event": "fire"}, {"event": "line_crossed"}], "within_s": 10}))
    crosses(w, "ann", 15)
    assert w.commit(60) == []
    w.look_closer(EventType.FIRE, 10, 14)
    alert = w.alert()
    assert seconds(w, alert) == 15
    assert len(alert.events) == 2
    assert alert.late_s == 45


def test_what_is_taken_back_takes_its_alert_back(watch):
    w = watch(rule(TAILGATING))
    crosses(w, "ann", 5)
    second = crosses(w, "bob", 7)
    w.commit(10)
    w.commit(500)
    (said,) = w.store.read(AssertionsOf(event_id=second))
    w.commit(505, more=[replace(said, id="taken back", state=State.RETRACTED)])
    assert w.alert().state == "resolved"
    assert w.alert().text.startswith("Taken back, what is known now says otherwise: Line crossed")
    assert w.messages() == [("desk", 1, "raised"), ("desk", 2, "resolved")]


def test_one_thing_is_asked_for(watch):
    when = {"in_order": [{"event": "zone_entered"}, {"event": "line_crossed"}], "within_s": 60, "same": "thing"}
    w = watch(rule(when))
    w.happens(ENTERED, w.thing("ann"), 5, zone="gate")
    crosses(w, "bob", 10)
    assert w.commit(20) == []
    crosses(w, "ann", 30)
    w.commit(40)
    assert seconds(w, w.alert()) == 30
    assert w.alert().subject is not None


def test_all_at_one_time_and_over_when_the_first_is(watch):
    w = watch(rule({"all": [{"event": "object_left"}, {"event": "loitering"}]}))
    bag = w.opens(LEFT, w.thing("bag", still=True), 10)
    assert w.commit(20) == []
    ann = w.opens(LOITERS, w.thing("ann", Label.PERSON), 30)
    (alert,) = w.commit(35)
    assert set(alert.events) == {bag, ann}
    assert seconds(w, alert) == 30
    w.ends(ann, 50)
    w.commit(55)
    assert w.alert().state == "open"
    w.commit(95)
    assert w.alert().state == "resolved"
    assert w.alert().text.startswith("Over after 20 s: ")


def test_something_must_not_be_there(watch):
    w = watch(rule({"all": [{"event": "object_left"}, {"not": {"event": "zone_entered"}}], "within_s": 10}))
    w.opens(LEFT, w.thing("bag", still=True), 30)
    w.happens(ENTERED, w.thing("ann"), 36, zone="gate")
    w.commit(35)
    w.commit(60)
    assert w.alerts() == []
    w.opens(LEFT, w.thing("box", still=True, box=(0.7, 0.1, 0.8, 0.3)), 80)
    assert w.commit(89) == [], "somebody may yet come"
    (alert,) = w.commit(90)
    assert seconds(w, alert) == 90


def test_what_must_not_be_there_and_is_found_late_takes_the_alert_back(watch):
    w = watch(rule({"all": [{"event": "object_left"}, {"not": {"event": "fire"}}], "within_s": 10}))
    w.opens(LEFT, w.thing("bag", still=True), 30)
    (alert,) = w.commit(50)
    w.look_closer(EventType.FIRE, 35, 37)
    assert w.alert().id == alert.id
    assert w.alert().state == "resolved"


def test_so_many_within_the_time(watch):
    w = watch(rule({"count": {"event": "line_crossed"}, "at_least": 3, "within_s": 60}))
    keys = [crosses(w, f"p{at}", at) for at in (10, 30, 65)]
    w.commit(66)
    assert w.alert().events == tuple(keys)
    assert seconds(w, w.alert()) == 65
    assert w.alert().text.startswith("3: at least 3 within 60 s of: line crossed, on yard")
    w.commit(120)
    w.commit(200)
    assert w.alert().state == "resolved"
    assert w.alert().text.startswith("Over after 5 s"), "the first is out of the minute at 70"


def test_so_many_at_one_time_for_so_long(watch):
    w = watch(rule({"count": {"event": "loitering", "label": "person"}, "at_least": 2, "for_s": 10}))
    for name, at in (("ann", 5), ("bob", 20)):
        w.opens(LOITERS, w.thing(name, Label.PERSON), at)
    assert w.commit(29) == []
    (alert,) = w.commit(30)
    assert seconds(w, alert) == 30
    assert len(alert.events) == 2


def test_nothing_for_so_long_and_over_when_it_comes(watch):
    w = watch(rule({"absence": {"event": "zone_entered", "zone": "gate"}, "for_s": 60}))
    w.happens(ENTERED, w.thing("ann"), 5, zone="gate")
    w.commit(10)
    w.commit(64)
    assert w.alerts() == []
    (alert,) = w.commit(66)
    assert seconds(w, alert) == 65
    assert alert.text == "No zone entered in gate for 60 s on yard, Mon 2 Mar 08:01:05 UTC"
    assert alert.streams == ("yard",)
    assert alert.events == ()
    w.commit(300)
    w.happens(ENTERED, w.thing("bob"), 310, zone="gate")
    w.commit(315)
    w.commit(351)
    assert w.alert().state == "resolved"
    assert w.alert().text.startswith("Over after 4 min: No zone entered")
    (_, again) = w.commit(375)
    assert seconds(w, again) == 370


def test_a_late_fact_refutes_an_absence(watch):
    w = watch(rule({"absence": {"event": "fire"}, "for_s": 60}))
    w.commit(30)
    (alert,) = w.commit(61)
    w.look_closer(EventType.FIRE, 40, 42)
    assert w.alert().id == alert.id
    assert w.alert().state == "resolved"
    assert w.alert().text.startswith("Taken back")


def test_absence_is_not_claimed_where_nobody_looked(watch):
    w = watch(rule({"absence": {"event": "zone_entered"}, "for_s": 60}))
    w.commit(30)
    w.commit(80, state=FastState.BLIND)
    w.commit(139)
    assert w.alerts() == []
    (alert,) = w.commit(141)
    assert seconds(w, alert) == 140


def test_hours_in_which_it_is_expected(watch):
    between = {"from": "08:01", "to": "08:02", "tz": "UTC"}
    w = watch(rule({"absence": {"event": "zone_entered"}, "between": between}))
    w.happens(ENTERED, w.thing("ann"), 50, zone="gate")
    w.commit(60)
    w.commit(119)
    assert w.alerts() == []
    (alert,) = w.commit(121)
    assert seconds(w, alert) == 120
    w.commit(1000)
    assert w.alert().state == "open"


def test_hours_in_which_the_rule_holds(watch):
    w = watch(rule(TAILGATING, active={"from": "09:00", "to": "10:00", "tz": "UTC"}))
    crosses(w, "ann", 5)
    crosses(w, "bob", 6)
    assert w.commit(10) == []
    assert w.why("not_raised") == ["Mon 08:00 is outside every day 09:00-10:00 UTC"]


def test_a_rule_that_is_new_judges_what_is_stored(watch):
    w = watch()
    crosses(w, "ann", 5)
    crosses(w, "bob", 6)
    w.commit(10)
    w.rule_by(rule(TAILGATING))
    assert w.engine.new_rules(w.store.read, w.stream.id) == ("r",)
    (alert,) = w.rejudge()
    assert w.engine.new_rules(w.store.read, w.stream.id) == ()
    assert w.rejudge() == [alert]
    assert seconds(w, alert) == 6


def test_a_stream_that_is_watched_again_tells_nothing_twice(watch):
    w = watch(rule(TAILGATING), kind="file")
    for _ in range(2):
        crosses(w, "ann", 5)
        crosses(w, "bob", 6)
        w.commit(10)
        w.commit(60, final=True)
        assert w.messages() == [("desk", 1, "raised")]
        assert w.alert().state == "open"
        w.begin(again=True)


def test_any_of_several_is_one_alert_of_one_thing(watch):
    w = watch(rule({"any": [{"event": "object_stopped"}, {"event": "loitering"}]}))
    car = w.thing("car")
    stop = w.opens(STOPPED, car, 10)
    w.commit(20)
    loiter = w.opens(LOITERS, car, 12)
    w.commit(73)
    assert w.alert().events == (stop, loiter)
    w.ends(stop, 80)
    w.ends(loiter, 80)
    w.commit(130)
    assert w.messages() == [("desk", 1, "raised"), ("desk", 2, "resolved")]


def test_what_happens_to_cameras_and_to_the_machine_is_judged_like_all_else(watch):
    lost = {"event": ["signal_lost", "view_blocked"]}
    w = watch({"id": "camera", "when": lost}, {"id": "machine", "when": {"event": "storage_low", "stream": "system"}})
    system = watch(store=w.store, name="system")
    system.engine = w.engine
    blocked = w.opens(EventType.VIEW_BLOCKED, None, 5)
    w.commit(10)
    system.happens(EventType.STORAGE_LOW, None, 12)
    system.commit(15)
    assert {one.rule: (one.streams, one.events[:1] == (blocked,)) for one in w.alerts()} == {
        "camera": (("yard",), True),
        "machine": (("system",), False),
    }


def test_a_camera_that_is_moved_and_then_loses_its_signal(watch):
    sabotage = {"in_order": [{"event": "camera_moved"}, {"event": "signal_lost"}], "within_s": 60, "same": "stream"}
    w = watch(rule(sabotage))
    other = watch(store=w.store, name="hall")
    other.engine = w.engine
    w.happens(EventType.CAMERA_MOVED, None, 5, 6)
    other.opens(EventType.SIGNAL_LOST, None, 10)
    for one in (w, other, w, other):
        one.commit(one.watermark_s + 15)
    assert w.alerts() == []
    w.opens(EventType.SIGNAL_LOST, None, 40)
    w.commit(45)
    assert (w.alert().streams, len(w.alert().events)) == (("yard",), 2)


@pytest.mark.parametrize(("state", "raised"), [(FastState.OFFLINE, True), (FastState.NOT_RUNNING, False)])
def test_that_a_signal_does_not_come_back_is_told_while_there_is_none(watch, state, raised):
    back = {"event": "signal_restored"}
    w = watch(rule({"all": [{"event": "signal_lost"}, {"not": back}], "within_s": 60}))
    w.commit(60)
    w.opens(EventType.SIGNAL_LOST, None, 60)
    w.commit(100, state=state)
    assert w.alerts() == []
    w.commit(130, state=state)
    assert [seconds(w, one) for one in w.alerts()] == ([120] if raised else [])


def test_that_nobody_comes_is_not_said_while_there_is_no_signal(watch):
    w = watch(rule({"absence": {"event": ["zone_entered", "signal_restored"]}, "for_s": 60}))
    w.commit(10)
    w.commit(300, state=FastState.OFFLINE)
    assert w.alerts() == []
    w.commit(370)
    assert len(w.alerts()) == 1


def test_a_signal_that_does_not_come_back_though_the_machine_is_well(watch):
    """Of the machine nothing was ever told: it has no stream yet."""
    w = watch(rule({"all": [{"event": "signal_lost", "for_s": 60}, {"not": {"event": "host_offline"}}]}))
    lost = w.opens(EventType.SIGNAL_LOST, None, 10)
    w.commit(50)
    assert w.alerts() == []
    w.commit(90)
    assert w.alert().events == (lost,)
    w.ends(lost, 100)
    w.commit(200)
    assert w.alert().state == "resolved"


def test_the_examples_of_the_page_are_rules():
    page = (Path(__file__).parents[2] / "docs" / "rules.md").read_text(encoding="utf-8")
    said = [yaml.safe_load(block).get("rules", []) for block in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)]
    ids = [rule_of(RuleSettings.model_validate(one), UTC).id for rules in said for one in rules]
    assert {"tailgating", "dock-idle", "no-delivery", "left-alone"} <= set(ids)
