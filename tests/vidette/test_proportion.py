import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from vidette.proportion import wilson


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_it_is_the_interval_of_the_statisticians(counted):
    hits, trials = counted
    theirs = binomtest(hits, trials).proportion_ci(method="wilson")
    assert wilson(hits, trials) == pytest.approx((theirs.low, theirs.high), abs=1e-9)
    low, high = wilson(hits, trials)
    assert 0 <= low <= hits / trials <= high <= 1


def test_where_nothing_was_tried_it_may_be_anything():
    assert wilson(0, 0) == (0.0, 1.0)


@given(st.integers(1, 1000))
def test_more_trials_say_more(trials):
    assert wilson(0, trials)[1] > wilson(0, 2 * trials)[1]


@pytest.mark.parametrize("counted", [(2, 1), (-1, 5)])
def test_what_is_no_share_is_refused(counted):
    with pytest.raises(ValueError, match="is no share"):
        wilson(*counted)
