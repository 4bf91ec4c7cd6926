"""What is learned of packet sizes, and how sure a miss rate is."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from ingest.live.adaptive import ENOUGH, LARGE, OF_LAST, SizeLevel, miss_rate

QUIET = [1000 + number % 7 * 10 for number in range(100)]


def level(sizes=QUIET):
    made = SizeLevel()
    made.learn(sizes)
    return made


def test_nothing_rises_before_enough_is_known():
    made = level(QUIET[: ENOUGH - 1])
    assert not any(made.rises(10**6) for _ in range(10))
    made.learn(QUIET[:1])
    assert [made.rises(10**6) for _ in range(LARGE)] == [False] * (LARGE - 1) + [True]
    assert not made.rises(10**6), "what was told is not told again at once"


def test_one_large_packet_is_not_a_rise():
    made = level()
    often = [5000, 5000, *[1000] * (OF_LAST - 2)]
    assert not any(made.rises(size) for size in often * 10)


def test_large_packets_among_small_ones_are_a_rise():
    """B frames hardly grow."""
    made = level([4000, 900, 910] * 40)
    assert not any(made.rises(size) for size in [4100, 905, 880] * 40)
    assert any(made.rises(size) for size in [6000, 950, 950] * 3)


def test_what_is_quiet_does_not_rise():
    made = level()
    assert not any(made.rises(size) for size in QUIET * 5)


@given(st.lists(st.integers(900, 1100), min_size=60, max_size=120), st.data())
def test_a_few_large_ones_learned_by_mistake_hardly_move_the_limit(sizes, data):
    mistakes = data.draw(st.lists(st.integers(5000, 10**7), max_size=len(sizes) // 12))
    assert level(sizes + mistakes).limit <= 1100 + 6 * 1.4826 * 200


@settings(max_examples=30)
@given(st.lists(st.integers(1, 10**7), min_size=ENOUGH, max_size=120))
def test_the_limit_is_above_most_of_what_was_learned(sizes):
    limit = level(sizes).limit
    assert math.isfinite(limit)
    assert sum(size <= limit for size in sizes) >= (len(sizes) - 1) * 0.9


def wilson(missed, audited):
    """The two rates at which the normal test of `missed` is just significant: the definition, solved numerically."""
    z, rate = norm.ppf(0.975), missed / audited

    def edge(inside, outside):
        for _ in range(200):
            middle = (inside + outside) / 2
            far = abs(rate - middle) > z * math.sqrt(middle * (1 - middle) / audited)
            inside, outside = (inside, middle) if far else (middle, outside)
        return inside

    return edge(rate, 0.0), edge(rate, 1.0)


@given(st.integers(1, 5000), st.data())
def test_the_interval_is_wilsons(audited, data):
    missed = data.draw(st.integers(0, audited))
    low, rate, high = miss_rate(missed, audited)
    assert rate == missed / audited
    assert 0 <= low <= rate <= high <= 1
    if 0 < missed < audited:
        assert (low, high) == pytest.approx(wilson(missed, audited), abs=1e-6)


def test_with_nothing_audited_nothing_is_known():
    assert miss_rate(0, 0) == (0.0, 0.0, 1.0)


@pytest.mark.parametrize(("missed", "audited"), [(1, 0), (-1, 5), (6, 5)])
def test_counts_that_cannot_be_are_refused(missed, audited):
    with pytest.raises(ValueError, match="cannot have missed"):
        miss_rate(missed, audited)
