from hypothesis import given
from hypothesis import strategies as st

from app.truth import compare, nearness, overlap

TIMES = st.lists(st.floats(0, 100), max_size=8)


@given(TIMES, TIMES)
def test_everything_is_paired_missed_or_wrong_and_once(truth, found):
    done = compare(truth, found, lambda a, b: nearness(a, b, 2.0))
    assert sorted([a for a, _ in done.pairs] + list(done.missed)) == sorted(truth)
    assert sorted([b for _, b in done.pairs] + list(done.wrong)) == sorted(found)
    assert all(abs(a - b) <= 2.01 for a, b in done.pairs)
    assert not any(abs(a - b) <= 2.0 for a in done.missed for b in done.wrong)


@given(TIMES)
def test_truth_is_like_itself(times):
    done = compare(times, times, lambda a, b: nearness(a, b, 1.0))
    assert len(done.pairs) == len(times)
    assert done.said == f"{len(times)} of {len(times)} found, 0 that were not there"


def test_the_most_alike_go_together():
    assert compare([1.0, 2.0], [1.9], lambda a, b: nearness(a, b, 2.0)).pairs == ((2.0, 1.9),)


def test_one_wrong_is_said_so():
    assert compare([1.0], [1.0, 9.0], lambda a, b: nearness(a, b, 2.0)).said == "1 of 1 found, 1 that was not there"


def test_overlap():
    assert overlap((0, 10), (0, 10)) == 1.0
    assert overlap((0, 10), (5, 15)) == 0.0
    assert overlap((0, 10), (2, 10)) == 0.8
    assert overlap((0, 10), (20, 30)) == 0.0
    assert overlap((3, 3), (3, 3)) == 0.0
