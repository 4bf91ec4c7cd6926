"""Ranks are those of numpy, to the last bit; what lies between two of them, to rounding."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ingest.ranks import median, middle, quantile

FLOATS = st.floats(-1e6, 1e6, width=32)


@given(arrays(np.float32, st.tuples(st.integers(1, 7), st.integers(1, 7)), elements=FLOATS))
def test_median_of_floats(values):
    found = median(values)
    assert found == np.median(values)
    assert found.dtype == np.float32


@given(st.data(), st.integers(1, 33))
def test_middle_of_pictures(data, count):
    stack = data.draw(arrays(np.uint8, (count, 3, 2)))
    assert (middle(stack) == np.median(stack, axis=0).astype(np.uint8)).all()


@given(st.data(), st.integers(1, 33), st.sampled_from([0.0, 0.25, 0.5, 0.65, 1.0]))
def test_quantile_of_pictures(data, count, share):
    stack = data.draw(arrays(np.float32, (count, 3, 2), elements=FLOATS))
    found, whole = quantile(stack, share), stack.astype(np.float64)
    rounding = 1e-6 * (count * float(np.ptp(whole)) + float(np.abs(whole).max()))
    assert found.dtype == np.float32
    assert np.abs(found - np.quantile(whole, share, axis=0)).max() <= rounding


@pytest.mark.parametrize("count", range(1, 34))
def test_every_order_is_put_right(count):
    """A network that sorts every row of zeros and ones sorts everything (Knuth, 5.3.4, theorem Z)."""
    rows = np.random.default_rng(count).integers(0, 2, (count, 64, 64), np.uint8) * np.uint8(255)
    rows[:, 0, :] = np.tril(np.ones((count, 64), np.uint8)) * 255
    assert (middle(rows) == np.median(rows, axis=0).astype(np.uint8)).all()
    below = quantile(rows.astype(np.float32), 0.0)
    assert (below == rows.min(axis=0)).all()
