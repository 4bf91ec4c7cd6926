"""Relations in time: the three groups of Allen's, and a search over many that says what a scan would."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.ask.allen import after, anchors, before, during, gap

moments = st.integers(0, 40).map(float)
spans = st.tuples(moments, moments).map(lambda pair: (min(pair), max(pair)))


@pytest.mark.parametrize(
    ("a", "b", "is_before", "is_during", "is_after"),
    [
        ((0, 1), (2, 3), True, False, False),  # before
        ((0, 2), (2, 3), True, False, False),  # meets
        ((0, 2.5), (2, 3), False, True, False),  # overlaps
        ((2, 2.5), (2, 3), False, True, False),  # starts
        ((2.3, 2.5), (2, 3), False, True, False),  # during
        ((2.5, 3), (2, 3), False, True, False),  # finishes
        ((2, 3), (2, 3), False, True, False),  # equals
        ((1, 4), (2, 3), False, True, False),  # contains
        ((3, 4), (2, 3), False, False, True),  # met by
        ((5, 6), (2, 3), False, False, True),  # after
    ],
)
def test_every_relation_is_in_its_group(a, b, is_before, is_during, is_after):
    assert (before(a, b, 0), during(a, b, 0), after(a, b, 0)) == (is_before, is_during, is_after)


def test_one_sampling_interval_is_forgiven():
    assert before((0, 2.1), (2, 3), 0.2)
    assert not before((0, 2.3), (2, 3), 0.2)
    assert during((3.1, 3.1), (2, 3), 0.2)
    assert not during((3.3, 3.3), (2, 3), 0.2)


@given(spans, spans)
def test_relations_mirror_each_other(a, b):
    assert before(a, b, 0.5) == after(b, a, 0.5)
    assert during(a, b, 0.5) == during(b, a, 0.5)
    assert gap(a, b) == gap(b, a) >= 0
    if a[0] < a[1] and b[0] < b[1]:
        assert before(a, b, 0) + during(a, b, 0) + after(a, b, 0) == 1


@given(spans, st.lists(spans, max_size=12), st.sampled_from([0.0, 0.5]), st.sampled_from([0.0, 3.0, float("inf")]))
def test_a_search_says_what_a_scan_says(a, others, tolerance, within):
    many = anchors(others)
    near = within + tolerance
    assert many.is_during(a, tolerance) == any(during(a, b, tolerance) for b in others)
    assert many.is_before(a, tolerance, within) == any(before(a, b, tolerance) and b[0] - a[1] <= near for b in others)
    assert many.is_after(a, tolerance, within) == any(after(a, b, tolerance) and a[0] - b[1] <= near for b in others)
