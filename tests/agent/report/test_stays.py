from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.report.stays import dwell, grows, levels, occupancy
from agent.report.window import Window, buckets
from vidette.intervals import total

AT = datetime(2026, 5, 1, tzinfo=UTC)
OVER = buckets(Window(clock=False, since=AT, until=AT + timedelta(seconds=100), low_s=0, high_s=100, tz=UTC), 10.0)
STAYS = st.lists(
    st.tuples(st.integers(0, 90), st.integers(1, 10)).map(lambda pair: (pair[0], pair[0] + pair[1])), max_size=25
)


@given(STAYS)
def test_levels_say_at_every_moment_how_many_are_there(stays):
    steps = levels(stays)
    assert all(a.end_s <= b.start_s for a, b in pairwise(steps))
    for tenth in range(1000):
        at = tenth / 10 + 0.05
        there = sum(start <= at < end for start, end in stays)
        assert there == sum(step.count for step in steps if step.start_s <= at < step.end_s)


@given(STAYS)
def test_occupancy_adds_up(stays):
    full = occupancy(stays, [(0.0, 100.0)], OVER)
    spent = sum(end - start for start, end in stays)
    assert sum(mean * 10 for mean in full.mean) == pytest.approx(spent)
    assert full.busy_s == pytest.approx(total(stays))
    assert full.queued_s <= full.busy_s
    assert full.busy_s + sum(b - a for a, b in occupancy(stays, [(0.0, 100.0)], OVER, idles=99).idle) == pytest.approx(
        100
    )
    assert (full.peak.count if full.peak else 0) == max(full.most)
    assert all(mean <= most for mean, most in zip(full.mean, full.most, strict=True))


def test_only_watched_time_is_empty():
    full = occupancy([(12.0, 18.0), (14.0, 16.0)], [(0.0, 20.0), (50.0, 55.0)], OVER)
    assert full.idle == ((0.0, 12.0), (50.0, 55.0), (18.0, 20.0))
    assert full.mean[:3] == (0.0, 0.8, None)
    assert full.most[:3] == (0, 2, None)
    assert full.mean[5] == 0.0
    assert (full.watched_s, full.busy_s, full.queued_s) == (25.0, 6.0, 2.0)
    assert (full.peak.start_s, full.peak.end_s, full.peak.count) == (14.0, 16.0, 2)


@given(STAYS)
def test_dwell_is_of_the_lengths(stays):
    found = dwell(stays, 50.0)
    if not stays:
        assert found is None
        return
    lengths = sorted(end - start for start, end in stays)
    assert (found.count, found.longest_s) == (len(lengths), lengths[-1])
    assert lengths[0] <= found.median_s <= found.p90_s <= found.longest_s
    assert sum(found.halves) == len(stays)


def test_growing_takes_enough_stays_and_a_clear_difference():
    def halves(first, second, count=6):
        early = [(float(i), i + first) for i in range(count)]
        return dwell(early + [(50.0 + i, 50 + i + second) for i in range(count)], 50.0)

    assert grows(halves(10.0, 16.0))
    assert not grows(halves(10.0, 14.0))
    assert not grows(halves(16.0, 10.0))
    assert not grows(halves(0.2, 0.8))
    assert not grows(halves(10.0, 30.0, count=4))
    assert not grows(dwell([(0.0, 5.0)] * 9, 50.0))
