"""Assignment: as good as SciPy's on any costs, and nobody is paired beyond the bound."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from agent.perception.assignment import assign

MISS = 4.0


def total(costs, pairs):
    return sum(MISS if column is None else costs[row, column] for row, column in enumerate(pairs))


def best(costs):
    """SciPy's least total, each row free to go without."""
    rows = len(costs)
    alone = np.where(np.eye(rows, dtype=bool), MISS, 1e9)
    padded = np.hstack([np.where(costs < MISS, costs, 1e9), alone])
    return padded[linear_sum_assignment(padded)].sum()


@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 2**32 - 1), st.sampled_from([2.0, 6.0, 40.0]))
def test_the_total_is_the_least(rows, columns, seed, spread):
    costs = np.random.default_rng(seed).uniform(0, spread, (rows, columns))
    pairs = assign(costs, MISS)
    used = [column for column in pairs if column is not None]
    assert len(pairs) == rows
    assert len(used) == len(set(used))
    assert all(costs[row, column] < MISS for row, column in enumerate(pairs) if column is not None)
    assert total(costs, pairs) == pytest.approx(best(costs))


@given(st.integers(1, 8), st.integers(1, 8), st.integers(0, 2**32 - 1))
def test_equal_costs_are_borne(rows, columns, seed):
    costs = np.random.default_rng(seed).integers(0, 6, (rows, columns)).astype(float)
    assert total(costs, assign(costs, MISS)) == pytest.approx(best(costs))


def test_two_that_want_one_column_are_told_apart_together():
    assert assign(np.array([[1.0, 1.5], [1.1, 9.0]]), MISS) == [1, 0]


def test_who_is_too_far_goes_without():
    assert assign(np.array([[5.0, 4.0], [np.inf, 0.5]]), MISS) == [None, 1]


def test_five_hundred_in_a_row():
    costs = np.abs(np.arange(500)[:, None] - np.arange(500)[None] - 0.4)
    assert assign(costs, MISS) == list(range(500))
