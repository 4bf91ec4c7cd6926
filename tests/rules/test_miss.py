"""Why rules over time did not come true: what was missed, when that is settled, and how much of it is kept."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph.embedded import EmbeddedStore
from rules.known import Known
from rules.miss import misses
from rules.pattern import Weighing
from rules.tree import Count, InOrder, Leaf
from vidette.alerting import Decisions
from vidette.alerts import Verdict
from vidette.matches import Match
from vidette.models import EventType, Label

CROSSED, ENTERED, LEFT = EventType.LINE_CROSSED, EventType.ZONE_ENTERED, EventType.OBJECT_LEFT
LOITERS = EventType.LOITERING
TAILGATING = {"in_order": [{"event": "line_crossed", "line": "door"}] * 2, "within_s": 3}
AT_5 = "Mon 2 Mar 08:00:05 UTC"


def rule(when, **more):
    return {"id": "r", "when": when, **more}


def crosses(w, name, at_s):
    return w.happens(CROSSED, w.thing(name, Label.PERSON, start_s=at_s), at_s, line="door")


def missed(w):
    """(event, seconds at which it was settled) of what was nearly raised."""
    found = [one for one in w.store.read(Decisions(rules=("r",), limit=1000)) if one.verdict is Verdict.NOT_RAISED]
    return [(one.event, (one.at - w.stream.start).total_seconds()) for one in found]


def test_nobody_followed_in_time(watch):
    w = watch(rule(TAILGATING))
    ann = crosses(w, "ann", 5)
    w.commit(8)
    assert w.why("not_raised") == [], "somebody may yet come"
    w.commit(9.5)
    assert w.why("not_raised") == [f"line crossed at door, {AT_5}, but no other line crossed at door within 3 s"]
    assert missed(w) == [(ann, 8.001)]
    (kept,) = w.store.read(Decisions(events=(ann,), limit=10))
    assert (kept.stream, kept.alert) == ("yard", None)


def test_nothing_was_missed_where_it_came_true(watch):
    w = watch(rule(TAILGATING))
    crosses(w, "ann", 5)
    crosses(w, "bob", 7)
    for at in (8, 10, 20, 100):
        w.commit(at)
    assert len(w.alerts()) == 1
    assert missed(w) == []


def test_the_first_of_each_minute_is_kept(watch):
    w = watch(rule(TAILGATING))
    keys = [crosses(w, f"p{at}", at) for at in range(5, 300, 10)]
    w.commit(400)
    assert missed(w) == [(keys[i], 5 + 10 * i + 3.001) for i in (0, 6, 12, 18, 24)]


def test_it_is_said_at_the_end_of_a_file_and_once(watch):
    w = watch(rule(TAILGATING), kind="file")
    for _ in range(2):
        ann = crosses(w, "ann", 5)
        w.commit(6)
        w.commit(7, final=True)
        assert missed(w) == [(ann, 8.001)]
        w.begin(again=True)


def test_a_rule_that_is_new_says_it_of_what_is_stored(watch):
    w = watch(rule({"event": "fire"}))
    ann = crosses(w, "ann", 5)
    w.commit(60)
    w.rule_by(rule(TAILGATING))
    w.rejudge()
    assert missed(w) == [(ann, 8.001)]


def test_a_rule_that_is_new_does_not_say_what_streams_lacked_that_it_has_not_judged_yet(watch):
    when = {"in_order": [{"event": "line_crossed", "stream": "yard"}, {"event": "line_crossed", "stream": "roof"}]}
    w = watch(rule({"event": "fire"}))
    roof = watch(store=w.store, name="roof")
    crosses(w, "ann", 5)
    crosses(roof, "bob", 7)
    for one in (w, roof):
        one.commit(60)
        one.rule_by(rule({**when, "within_s": 10}))
    w.rejudge()
    assert missed(w) == []
    roof.rejudge()
    assert len(w.alerts()) == 1
    cyd = crosses(w, "cyd", 70)
    for one in (w, roof):
        one.commit(90)
        one.commit(100)
    assert missed(w) == [(cyd, 80.001)]


def test_one_thing_that_does_not_go_on(watch):
    when = {"in_order": [{"event": "zone_entered"}, {"event": "line_crossed"}], "within_s": 60, "same": "thing"}
    w = watch(rule(when))
    w.happens(ENTERED, w.thing("ann"), 5, zone="gate")
    crosses(w, "bob", 10)
    w.commit(70)
    assert w.why("not_raised") == [f"zone entered, {AT_5}, but no line crossed of the same thing within 60 s"]


def test_the_part_of_an_order_that_is_lacking_is_named(watch):
    parts = [{"event": "zone_entered"}, {"event": "line_crossed"}, {"event": "object_left"}]
    w = watch(rule({"in_order": parts, "within_s": 20}))
    w.happens(ENTERED, w.thing("ann"), 5, zone="gate")
    crosses(w, "ann", 10)
    w.commit(60)
    assert w.why("not_raised") == [f"zone entered, {AT_5}, but no object left within 20 s"]


def test_so_many_and_no_more(watch):
    w = watch(rule({"count": {"event": "line_crossed"}, "at_least": 3, "within_s": 30}))
    ann = crosses(w, "ann", 5)
    crosses(w, "bob", 20)
    w.commit(34)
    assert missed(w) == []
    w.commit(36)
    assert missed(w) == [(ann, 35)]
    assert w.why("not_raised") == [f"line crossed, {AT_5}, but at most 2 of 3 within 30 s"]


def test_so_many_that_were_enough_lack_nothing(watch):
    w = watch(rule({"count": {"event": "line_crossed"}, "at_least": 3, "within_s": 30}))
    for at in (5, 10, 20):
        crosses(w, f"p{at}", at)
    for at in (25, 50, 100, 200):
        w.commit(at)
    assert len(w.alerts()) == 1
    assert missed(w) == []


def test_one_too_few_at_one_time(watch):
    w = watch(rule({"count": {"event": "loitering"}, "at_least": 2}))
    ann = w.opens(LOITERS, w.thing("ann", Label.PERSON), 5)
    w.commit(20)
    assert missed(w) == []
    w.ends(ann, 25)
    w.commit(40)
    assert w.why("not_raised") == [f"loitering, {AT_5}, but at most 1 of 2 at one time"]
    assert missed(w) == [(ann, 25.001)]


def test_a_rate_that_fell_short(watch):
    w = watch(rule({"rate": {"event": "line_crossed"}, "per_s": 60, "at_least": 6, "within_s": 30}))
    crosses(w, "ann", 5)
    w.commit(40)
    assert w.why("not_raised") == [f"line crossed, {AT_5}, but at most 1 of 3 within 30 s"]


def test_one_part_was_alone(watch):
    w = watch(rule({"all": [{"event": "object_left"}, {"event": "loitering"}], "within_s": 10}))
    bag = w.opens(LEFT, w.thing("bag", still=True), 5)
    w.commit(60)
    assert missed(w) == [], "it is still there"
    w.ends(bag, 70)
    w.commit(90)
    assert missed(w) == [(bag, 80.001)]
    assert w.why("not_raised") == [f"object left, {AT_5}, but no loitering within 10 s"]


def test_something_was_there_that_must_not_be(watch):
    w = watch(rule({"all": [{"event": "object_left"}, {"not": {"event": "zone_entered"}}], "within_s": 10}))
    bag = w.opens(LEFT, w.thing("bag", still=True), 5)
    w.happens(ENTERED, w.thing("ann"), 12, zone="gate")
    w.commit(14)
    assert missed(w) == []
    w.commit(30)
    assert missed(w) == [(bag, 15.001)]
    assert w.why("not_raised") == [f"object left, {AT_5}, but there was zone entered within 10 s"]


def test_all_of_it_together_lacks_nothing(watch):
    w = watch(rule({"all": [{"event": "object_left"}, {"event": "loitering"}]}))
    bag = w.opens(LEFT, w.thing("bag", still=True), 5)
    ann = w.opens(LOITERS, w.thing("ann", Label.PERSON), 3000)
    w.commit(3001)
    w.ends(ann, 3020)
    w.commit(3100)
    w.ends(bag, 9000)
    w.commit(9001)
    w.commit(9100)
    assert len(w.alerts()) == 1
    assert missed(w) == [], "what was beside it is found again, however long ago"


def test_out_of_its_hours_a_rule_misses_nothing(watch):
    w = watch(rule(TAILGATING, active={"from": "09:00", "to": "10:00", "tz": "UTC"}))
    crosses(w, "ann", 5)
    w.commit(60)
    assert missed(w) == []


def test_what_comes_late_and_makes_it_whole_is_raised_all_the_same(watch):
    w = watch(rule({"in_order": [{"event": "line_crossed"}, {"event": "fire"}], "within_s": 10}))
    ann = crosses(w, "ann", 5)
    w.commit(60)
    assert missed(w) == [(ann, 15.001)]
    w.look_closer(EventType.FIRE, 10, 14)
    assert len(w.alerts()) == 1
    assert sorted(w.verdicts()) == ["not_raised", "raised"]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    at=st.lists(st.integers(0, 240), unique=True, max_size=25).map(sorted),
    cuts=st.lists(st.integers(1, 299), unique=True, max_size=12).map(sorted),
    when=st.sampled_from(
        [
            TAILGATING,
            {"count": {"event": "line_crossed"}, "at_least": 3, "within_s": 20},
            {"in_order": [{"event": "line_crossed", "line": "door"}] * 3, "within_s": 20},
        ]
    ),
)
def test_however_a_watch_is_cut_the_same_is_said(watch_of, at, cuts, when):
    def said(moments):
        w = watch_of(rule(when))
        left = list(at)
        for moment in (*moments, 300):
            while left and left[0] < moment:
                crosses(w, f"p{left[0]}", left[0])
                left.pop(0)
            w.commit(moment)
        w.commit(400, final=True)
        out = sorted(missed(w)), w.why("not_raised")
        w.store.close()
        return out

    whole, why = said(())
    assert said(cuts) == (whole, why)
    assert len({int(settled // 60) for _, settled in whole}) == len(whole)


@pytest.fixture
def watch_of(watch):
    """Makes watches in a memory of their own."""
    return lambda *rules: watch(*rules, store=EmbeddedStore(":memory:"))


STARTS = st.lists(st.integers(0, 60), max_size=12).map(sorted)
EVER = Known(runs=((0, 2**40),))


def weighing_of(*starts):
    given = {
        number: [Match(id=f"{number} {i:02}", start=at * 1000, end=at * 1000) for i, at in enumerate(some)]
        for number, some in enumerate(starts)
    }
    return Weighing(given, lambda _leaves, _looked: EVER)


@given(STARTS, STARTS, st.integers(0, 20))
def test_an_order_is_missed_where_nothing_follows(first, then, within):
    node = InOrder(parts=(Leaf(number=0), Leaf(number=1)), within_s=float(within))
    found = [(one.first.start // 1000, one.at) for one in misses(node, weighing_of(first, then))]
    lonely = [a for a in first if not any(a <= b <= a + within for b in then)]
    assert found == [(a, (a + within) * 1000 + 1) for a in lonely]


@given(STARTS, st.integers(1, 5), st.integers(1, 20))
def test_a_count_falls_short_only_where_no_window_holds_enough(at, least, within):
    node = Count(part=Leaf(number=0), at_least=float(least), at_most=None, within_s=float(within))
    found = [one.first.start // 1000 for one in misses(node, weighing_of(at))]
    windows = [[a for a in at if end - within < a <= end] for end in at]
    enough = {a for window in windows if len(window) >= least for a in window}
    assert enough.isdisjoint(found)
    assert found == sorted(set(found))
    told = [[a for a in at if one <= a < one + within] for one in found]
    for one in set(at) - enough:
        around = [window for window in windows if one in window]
        assert any(one in window for window in told) or any(enough.intersection(window) for window in around)
