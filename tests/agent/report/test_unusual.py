import random

from hypothesis import given
from hypothesis import strategies as st

from agent.report.unusual import outliers, rare

COUNTS = st.lists(st.integers(0, 300), min_size=1, max_size=80)


@given(COUNTS, st.data())
def test_only_watched_buckets_stand_out(counts, data):
    watched = data.draw(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=len(counts), max_size=len(counts)))
    found = outliers(counts, watched)
    assert all(watched[one.index] == 1.0 and counts[one.index] == one.count != one.usual for one in found)
    assert len({one.index for one in found}) == len(found)
    assert len(found) <= len(counts) / 2  # half of them are what is usual


@given(st.integers(0, 100), st.integers(1, 60))
def test_what_is_always_so_is_not_unusual(count, length):
    assert outliers([count] * length, [1.0] * length) == []


def test_chance_is_seldom_news():
    rng = random.Random(5)
    counts = [sum(rng.random() < 0.004 for _ in range(1000)) for _ in range(500)]  # Poisson of mean 4
    assert len(outliers(counts, [1.0] * 500)) <= 5


def test_a_peak_and_a_silence_stand_out_the_farthest_first():
    counts = [10, 11, 9, 10, 40, 10, 0, 12, 10, 9, 11, 10]
    assert [(one.index, one.count, one.usual) for one in outliers(counts, [1.0] * 12)] == [(4, 40, 10), (6, 0, 10)]
    assert outliers(counts[:5], [1.0] * 5) == []


def test_hours_are_compared_with_the_same_hour():
    day = [0, 0, 30, 31]
    counts = day * 5 + [0, 30, 30, 31]
    found = outliers(counts, [1.0] * 24, [0, 1, 2, 3] * 6)
    assert [(one.index, one.count, one.usual) for one in found] == [(21, 30, 0)]
    assert outliers(day * 3, [1.0] * 12, [0, 1, 2, 3] * 3) == []


def test_kinds_are_rare_among_many():
    types = {"object_left": 1, "loitering": 2, "crowd_formed": 3}
    assert rare(types, 200) == ["object_left", "loitering"]
    assert rare(types, 29) == []
