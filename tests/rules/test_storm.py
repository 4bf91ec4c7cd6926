"""Storms: a sink is told of so many, and of how many more there were."""

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules.storm import RULE
from tests.rules.conftest import START
from tests.rules.test_sending import bag
from vidette.alerting import Alerts, Deliveries
from vidette.alerts import AlertState, Severity
from vidette.handling import DueStorms
from vidette.models import EventType

LEFT = {"id": "r", "when": {"event": "object_left"}}
STORM = {"storm": {"most": 2, "window_s": 60}}


def bags(w, *at_s):
    for n, at in enumerate(at_s):
        bag(w, f"bag {n}", at_s=at, box=(0.05 * n, 0.1, 0.05 * n + 0.04, 0.2))


def summaries(w):
    return [one for one in w.store.read(Deliveries(limit=1000)) if one.message.rule == RULE]


def sent(w):
    return len([one for one in w.store.read(Deliveries(limit=1000)) if one.message.rule != RULE])


def test_what_is_beyond_is_kept_and_told_in_one_summary_at_the_end(watch):
    w = watch(LEFT, alerts=STORM)
    bags(w, 1, 2, 3, 4, 5)
    assert (sent(w), len(w.alerts())) == (2, 5)
    assert w.why("not_sent") == ["desk: it was told of 2 in 60 s already (storm)"] * 3
    w.tick(60)
    assert summaries(w) == []
    w.tick(65)
    (row,) = summaries(w)
    assert row.message.text == (
        "3 more alerts from Mon 2 Mar 08:00:00 UTC to Mon 2 Mar 08:01:00 UTC, kept and not sent: 3 of r on yard"
    )
    assert (row.message.severity, row.message.state) == (Severity.MEDIUM, AlertState.RESOLVED)
    w.tick(1000)
    assert len(summaries(w)) == 1
    assert w.store.read(DueStorms(now=START + timedelta(days=9), sinks=("desk",))) == []


def test_the_next_window_begins_anew(watch):
    w = watch(LEFT, alerts=STORM)
    bags(w, 1, 2, 3, 61, 62, 63)
    assert sent(w) == 4


def test_critical_ones_are_always_told_and_count_for_nobody_else(watch):
    w = watch({**LEFT, "severity": "critical"}, {"id": "q", "when": {"event": "loitering"}}, alerts=STORM)
    bags(w, 1, 2, 3, 4)
    assert sent(w) == 4


def test_a_file_is_told_everything(watch, tmp_path):
    sinks = ({"id": "desk", "kind": "console"}, {"id": "log", "kind": "jsonl", "path": str(tmp_path / "a")})
    w = watch(LEFT, alerts=STORM, sinks=sinks)
    bags(w, 1, 2, 3, 4)
    assert Counter(sink for sink, *_ in w.messages()) == {"desk": 2, "log": 4}


def test_what_a_storm_held_back_is_not_resolved_aloud_and_what_was_told_is(watch):
    w = watch(LEFT, alerts={"storm": {"most": 1, "window_s": 60}})
    first = bag(w, "first", at_s=1)
    second = bag(w, "second", at_s=2, box=(0.7, 0.7, 0.8, 0.8))
    w.ends(first, 5)
    w.ends(second, 5)
    w.commit(50)
    assert sorted(change for *_, change in w.messages()) == ["raised", "resolved"]


def test_a_file_that_is_watched_faster_than_it_lasted_has_the_windows_of_its_own_time(watch):
    w = watch(LEFT, alerts=STORM, kind="file", now=START + timedelta(days=30))
    bags(w, 1, 2, 3, 61, 62, 63)
    assert sent(w) == 4
    w.tick(ending=True)
    assert sorted(one.message.text.split(" from")[0] for one in summaries(w)) == ["1 more alert", "1 more alert"]


def test_after_a_summary_late_ones_are_held_and_summed_up_again(watch):
    w = watch(LEFT, alerts=STORM, kind="file", now=START + timedelta(days=30))
    bags(w, 1, 2, 3)
    w.tick(ending=True)
    bag(w, "late", at_s=4, box=(0.9, 0.9, 0.95, 0.95))
    assert sent(w) == 2
    w.tick(ending=True)
    assert len(summaries(w)) == len({one.message.id for one in summaries(w)}) == 2


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(1, 240), st.sampled_from(["a", "b", "c"])), min_size=1, max_size=25, unique=True),
    st.integers(1, 4),
)
def test_in_any_order_each_window_tells_the_first_few_and_counts_the_rest(watch, story, most):
    """Against counting by hand; the order of arrival is that of the list, not of time."""
    rules = [
        {"id": "a", "when": {"event": "line_crossed", "line": "a"}, "severity": "low"},
        {"id": "b", "when": {"event": "line_crossed", "line": "b"}, "severity": "high"},
        {"id": "c", "when": {"event": "line_crossed", "line": "c"}, "severity": "critical"},
    ]
    w = watch(*rules, alerts={"storm": {"most": most, "window_s": 60}}, kind="file", now=START + timedelta(days=9))
    for n, (at_s, line) in enumerate(story):
        w.happens(EventType.LINE_CROSSED, w.thing(f"thing {n}"), float(at_s), line=line)
    w.commit(300, final=True)
    w.tick(ending=True)
    bounded = Counter(at_s // 60 for at_s, line in story if line != "c")
    critical = sum(line == "c" for _, line in story)
    assert sent(w) == critical + sum(min(most, count) for count in bounded.values())
    told = summaries(w)
    held = {window: count - most for window, count in bounded.items() if count > most}
    assert {(one.message.at - START) / timedelta(minutes=1): _count(one.message.text) for one in told} == held
    assert all(one.message.severity is not Severity.CRITICAL for one in told)
    assert len([one for one in w.store.read(Alerts(limit=1000)) if one.rule != RULE]) == len(story)


def _count(text):
    assert sum(int(part.split(" of ")[0]) for part in text.split(": ", 1)[1].split(", ")) == int(text.split(" ")[0])
    return int(text.split(" ")[0])


@pytest.mark.parametrize("most", [0, 100])
def test_without_a_bound_or_below_it_nothing_is_held(watch, most):
    w = watch(LEFT, alerts={"storm": {"most": most, "window_s": 60}})
    bags(w, *range(1, 12))
    assert sent(w) == 11
