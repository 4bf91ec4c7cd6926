from dataclasses import replace

from vidette.models import EventType, Evidence, Label, State
from vidette.queries import AssertionsOf

HERE, THERE = (0.2, 0.6, 0.3, 0.8), (0.7, 0.1, 0.8, 0.3)  # feet in the zone `gate`, and outside
LEFT, STOPPED, LOITERS = EventType.OBJECT_LEFT, EventType.OBJECT_STOPPED, EventType.LOITERING
ENTERED, CROSSED = EventType.ZONE_ENTERED, EventType.LINE_CROSSED


def rule(**when):
    more = {key: when.pop(key) for key in ("severity", "cooldown_s", "sinks", "active") if key in when}
    return {"id": "r", "when": when, **more}


def test_a_thing_left_is_raised_then_resolved_when_it_is_gone(watch):
    w = watch(rule(event="object_left", severity="high"))
    bag = w.thing("bag", still=True)
    key = w.opens(LEFT, bag, 10, "A white object was left, left side.")
    (alert,) = w.commit(14)
    assert (alert.state, alert.change, alert.sequence, alert.severity) == ("open", "raised", 1, "high")
    assert (alert.at - w.stream.start).total_seconds() == 10
    assert alert.text == "“A white object was left, left side” on yard, Mon 2 Mar 08:00:10 UTC"
    assert alert.events == (key,)
    w.ends(key, 40)
    (alert,) = w.commit(45)
    assert alert.state == "open", "it may come back within the lull"
    (alert,) = w.commit(80)
    assert (alert.state, alert.change, alert.sequence) == ("resolved", "resolved", 2)
    assert alert.text.startswith("Over after 30 s: “A white object")
    assert w.messages() == [("desk", 1, "raised"), ("desk", 2, "resolved")]


def test_it_must_stay_that_long(watch):
    w = watch(rule(event="object_left", for_s=60))
    w.opens(LEFT, w.thing("bag", still=True), 10)
    assert w.commit(14) == []
    assert w.verdicts() == ["waiting"]
    assert w.why("waiting") == ["60 s asked: comes true at Mon 2 Mar 08:01:10 UTC if it is still so"]
    assert w.commit(69.9) == []
    (alert,) = w.commit(70)
    assert (alert.at - w.stream.start).total_seconds() == 70
    assert "stayed true for 60 s" in alert.why


def test_too_short_is_said(watch):
    w = watch(rule(event="object_left", for_s=60))
    key = w.opens(LEFT, w.thing("bag", still=True), 10)
    w.commit(14)
    w.ends(key, 22)
    w.commit(30)
    assert w.commit(100) == []
    assert w.why("not_raised") == ["lasted 12 s, 60 s asked"]


def test_the_end_of_a_recording_resolves_nothing(watch):
    w = watch(rule(event="object_left"), kind="file")
    key = w.opens(LEFT, w.thing("bag", still=True), 10)
    w.commit(14)
    w.ends(key, 20)
    (alert,) = w.commit(20, final=True)
    assert alert.state == "open"


def test_what_was_over_before_the_end_of_a_recording_is_resolved_with_it(watch):
    w = watch(rule(event="object_left"), kind="file")
    key = w.opens(LEFT, w.thing("bag", still=True), 10)
    w.commit(14)
    w.ends(key, 20)
    (alert,) = w.commit(25, final=True)
    assert alert.state == "resolved"


def test_instants_stay_open(watch):
    w = watch(rule(event="zone_entered", zone="gate"))
    w.happens(ENTERED, w.thing("ann", Label.PERSON), 5, zone="gate")
    w.commit(10)
    w.commit(100)
    w.commit(101, final=True)
    assert w.alert().state == "open"
    assert w.messages() == [("desk", 1, "raised")]


def test_two_people_are_two_alerts(watch):
    w = watch(rule(event="loitering", label="person"))
    for name in ("ann", "bob"):
        w.opens(LOITERS, w.thing(name, Label.PERSON), 5)
    w.commit(66)
    assert len(w.alerts()) == 2


def test_a_stop_then_loitering_is_one_alert(watch):
    w = watch(rule(event=["object_stopped", "loitering"]))
    car = w.thing("car")
    stop = w.opens(STOPPED, car, 10)
    w.commit(15)
    loiter = w.opens(LOITERS, car, 2)
    w.commit(63)
    assert w.alert().events == (stop, loiter)
    w.ends(stop, 70)
    w.commit(120)
    assert w.alert().state == "open"
    w.ends(loiter, 125)
    w.commit(165)
    assert w.messages() == [("desk", 1, "raised"), ("desk", 2, "resolved")]


def test_a_stop_that_flaps_is_one_alert_and_a_later_one_another(watch):
    w = watch(rule(event="object_stopped"))
    car = w.thing("car")
    for at in (10, 30, 55):
        key = w.opens(STOPPED, car, at)
        w.commit(at + 5)
        w.ends(key, at + 10)
    w.commit(80)
    assert len(w.alerts()) == 1
    w.opens(STOPPED, car, 100)
    w.commit(110)
    assert len(w.alerts()) == 2


def test_a_broken_track_found_at_the_same_place_is_the_same_thing(watch):
    w = watch(rule(event="object_stopped"))
    key = w.opens(STOPPED, w.thing("car", end_s=None), 10)
    w.commit(15)
    w.thing("car", end_s=30.0)
    w.ends(key, 30)
    w.commit(35)
    w.opens(STOPPED, w.thing("car again", start_s=34.0, box=(0.21, 0.61, 0.31, 0.81)), 34)
    w.commit(45)
    assert len(w.alert().events) == 2


def test_another_thing_at_another_place_is_another_alert(watch):
    w = watch(rule(event="object_stopped"))
    key = w.opens(STOPPED, w.thing("car"), 10)
    w.commit(15)
    w.ends(key, 30)
    w.opens(STOPPED, w.thing("van", start_s=34.0, box=THERE), 34)
    w.commit(45)
    assert len(w.alerts()) == 2


def test_somebody_who_takes_the_place_of_one_who_walked_off_is_another(watch):
    w = watch(rule(event="object_stopped"))
    key = w.opens(STOPPED, w.thing("ann", Label.PERSON), 10)
    w.commit(15)
    w.thing("ann", Label.PERSON, path=[(0, HERE), (30, HERE), (33, THERE)])
    w.ends(key, 30)
    w.opens(STOPPED, w.thing("bob", Label.PERSON, start_s=20, path=[(20, THERE), (34, HERE)]), 34)
    w.commit(45)
    assert len(w.alerts()) == 2


def test_a_parked_car_that_becomes_scene_is_one_alert(watch):
    w = watch(rule(event=["object_stopped", "object_left"]))
    w.opens(STOPPED, w.thing("car"), 10)
    w.commit(15)
    w.opens(LEFT, w.thing("still car", start_s=10.0, still=True), 10)
    w.commit(20)
    assert len(w.alert().events) == 2


def test_what_is_taken_back_is_resolved_and_says_so(watch):
    w = watch(rule(event="object_left"))
    key = w.opens(LEFT, w.thing("bag", still=True), 10, "A bag was left.")
    w.commit(14)
    w.ledger.retract(key)
    w.commit(18)
    alert = w.alert()
    assert (alert.state, alert.change) == ("resolved", "resolved")
    assert alert.text.startswith("Taken back, a closer look found none: “A bag was left”")
    assert w.why("resolved") == ["taken back"]


def test_what_is_taken_back_while_awaited_is_never_raised(watch):
    w = watch(rule(event="object_left", for_s=60))
    key = w.opens(LEFT, w.thing("bag", still=True), 10)
    w.commit(14)
    w.ledger.retract(key)
    w.commit(18)
    assert w.commit(200) == []
    assert w.why("not_raised") == ["taken back before it had lasted"]


def test_what_is_put_where_another_thing_was_taken_away_is_another(watch):
    w = watch(rule(event="object_left"))
    key = w.opens(LEFT, w.thing("bottle", still=True), 10)
    w.commit(15)
    w.thing("bottle", still=True, end_s=20.0)
    w.ends(key, 20)
    w.opens(LEFT, w.thing("another", still=True, start_s=30.0), 30)
    w.commit(35)
    assert len(w.alerts()) == 2


def test_what_is_found_to_have_gone_on_is_raised_once_more(watch):
    w = watch(rule(event=["object_stopped", "loitering"]))
    car = w.thing("car")
    stop = w.opens(STOPPED, car, 10, "A car stopped.")
    w.commit(15)
    w.ends(stop, 20)
    w.commit(61)
    assert w.alert().state == "resolved"
    loiter = w.opens(LOITERS, car, 2, "A car loiters.")
    w.commit(63)
    alert = w.alert()
    assert (alert.state, alert.change, alert.sequence) == ("open", "raised", 3)
    assert alert.text.startswith("“A car loiters” on yard")
    w.ends(loiter, 70)
    w.commit(111)
    assert [change for *_, change in w.messages()] == ["raised", "resolved", "raised", "resolved"]


def test_what_is_about_the_whole_picture_is_about_the_stream(watch):
    w = watch(rule(event="crowd_formed"))
    for at in (10, 40, 200):
        key = w.opens(EventType.CROWD_FORMED, None, at)
        w.commit(at + 5)
        w.ends(key, at + 10)
    w.commit(300, final=True)
    assert sorted(len(one.events) for one in w.alerts()) == [1, 2]
    assert {one.subject for one in w.alerts()} == {None}


def test_what_has_no_thing_is_about_its_place(watch):
    w = watch(rule(event="object_removed"))
    for at, box in ((10, HERE), (12, HERE), (14, THERE)):
        shown = (Evidence(kind="snapshot", sha256="a", uri="a.jpg", pts_s=at, box=box),)
        w.happens(EventType.OBJECT_REMOVED, None, at, evidence=shown, zone=f"{at}")
    w.commit(20)
    assert sorted(len(one.events) for one in w.alerts()) == [1, 2]


def test_what_is_open_at_the_end_of_a_recording_has_lasted_to_it(watch):
    w = watch(rule(event="object_left", for_s=30), kind="file")
    w.opens(LEFT, w.thing("bag", still=True), 10)
    w.opens(LEFT, w.thing("box", box=THERE, still=True), 25)
    w.commit(30)
    w.commit(45, final=True)
    assert w.alert().state == "open"
    assert w.why("not_raised") == ["lasted 20 s, 30 s asked"]


def test_what_a_closer_look_finds_late_says_how_late(watch):
    w = watch(rule(event="fire"))
    w.commit(60)
    for n in (1, 2):  # told twice: one alert
        w.look_closer(EventType.FIRE, 10, 14, number=n)
    alert = w.alert()
    assert alert.late_s == 50
    assert (alert.at - w.stream.start).total_seconds() == 10
    assert alert.state == "resolved"


def test_a_label_that_is_told_later_raises_then(watch):
    w = watch(rule(event="loitering", label="person"))
    w.opens(LOITERS, w.thing("ann"), 2)
    assert w.commit(63) == []
    assert w.why("not_raised") == ["label was object, not person"]
    w.thing("ann", Label.PERSON)
    assert len(w.commit(66)) == 1


def test_an_instant_that_is_taken_back_long_after_resolves_its_alert(watch):
    w = watch(rule(event="zone_entered"))
    key = w.happens(ENTERED, w.thing("ann", Label.PERSON), 5, zone="gate")
    w.commit(10)
    w.commit(200)
    (said,) = w.store.read(AssertionsOf(event_id=key))
    w.commit(205, more=[replace(said, id="taken back", state=State.RETRACTED)])
    assert w.alert().state == "resolved"
    assert w.alert().text.startswith("Taken back")
