"""Rules over time on several streams, of which one is ahead of another."""

from dataclasses import replace

from tests.tailgating import TAILGATING, crosses, rule, seconds
from vidette.models import EventType

ENTERED, LEFT, FIRE = EventType.ZONE_ENTERED, EventType.OBJECT_LEFT, EventType.FIRE


def test_over_two_streams_it_waits_for_the_slower_one(watch):
    when = {"all": [{"event": "object_left", "stream": "yard"}, {"not": {"event": "zone_entered", "stream": "roof"}}]}
    yard = watch(rule({**when, "within_s": 5}))
    roof = watch(rule({**when, "within_s": 5}), store=yard.store, name="roof")
    roof.now = yard.now = yard.instant
    roof.commit(10)
    yard.opens(LEFT, yard.thing("bag", still=True), 30)
    assert yard.commit(60) == []
    assert roof.commit(34) == []
    (alert,) = roof.commit(36)
    assert seconds(yard, alert) == 35


def test_a_stream_that_does_not_run_stalls_nobody(watch):
    when = {"in_order": [{"event": "zone_entered", "stream": "roof"}, {"event": "line_crossed", "stream": "yard"}]}
    yard = watch(rule({**when, "within_s": 50}))
    roof = watch(rule({**when, "within_s": 50}), store=yard.store, name="roof")
    roof.happens(ENTERED, roof.thing("ann"), 5, zone="gate")
    roof.commit(10)
    crosses(yard, "bob", 40)
    (alert,) = yard.commit(45)
    assert alert.streams == ("roof", "yard")
    assert [one.rsplit(" on ", 1)[1][:4] for one in alert.why[1:]] == ["roof", "yard"]


def test_time_alone_raises_what_waited_for_it(watch):
    """The other camera died: after 30 s the clock on the wall speaks for it."""
    when = {"count": {"event": "line_crossed"}, "at_least": 2, "within_s": 10}
    yard = watch(rule(when))
    crosses(yard, "ann", 5)
    crosses(yard, "bob", 6)
    (alert,) = yard.commit(8)
    assert alert.state == "open"
    assert not yard.tick(12)
    assert yard.tick(120)
    assert yard.alert().state == "resolved"
    assert not yard.tick(200)


def test_a_later_file_of_an_earlier_day_is_judged_too(watch):
    first = watch(rule(TAILGATING), kind="file")
    crosses(first, "ann", 5)
    crosses(first, "bob", 6)
    first.commit(60, final=True)
    second = watch(rule(TAILGATING), kind="file", store=first.store, name="before")
    second.stream = replace(second.stream, start=first.stream.start.replace(year=2020))
    second.begin()
    crosses(second, "cyd", 5)
    second.commit(30)
    crosses(second, "dan", 30)
    crosses(second, "eve", 32)
    second.commit(60, final=True)
    assert [one.streams for one in second.alerts()] == [("before",), ("yard",)]


def test_files_of_one_hour_that_are_watched_one_after_the_other(watch):
    when = {"in_order": [{"event": "zone_entered", "stream": "a"}, {"event": "line_crossed", "stream": "b"}]}
    a = watch(rule({**when, "within_s": 5}), kind="file", name="a")
    b = watch(rule({**when, "within_s": 5}), kind="file", name="b", store=a.store)
    a.happens(ENTERED, a.thing("ann"), 5, zone="gate")
    a.commit(3600, final=True)
    crosses(b, "bob", 8)
    (alert,) = b.commit(10)
    assert len(alert.events) == 2


def test_what_begins_after_what_the_slower_stream_has_told_is_not_forgotten(watch):
    when = {"absence": {"event": "fire"}, "for_s": 25}
    yard = watch(rule(when))
    roof = watch(rule(when), store=yard.store, name="roof")
    yard.commit(12)
    roof.commit(35)
    yard.now = roof.instant
    roof.look_closer(FIRE, 7, 17)
    assert yard.commit(60) == []
    (alert,) = roof.commit(60)
    assert seconds(roof, alert) == 42
