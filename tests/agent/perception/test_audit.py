"""Segments are drawn by chance, but the same ones anywhere."""

from hypothesis import given
from hypothesis import strategies as st

from agent.perception.audit import drawn
from vidette.ids import segment_id

SEGMENTS = [segment_id("yard", float(at)) for at in range(20_000)]


@given(st.text(), st.floats(0, 1), st.floats(0, 1))
def test_a_larger_share_draws_all_that_a_smaller_one_does(name, a, b):
    low, high = sorted((a, b))
    assert drawn(name, high) or not drawn(name, low)
    assert drawn(name, 1.0)
    assert not drawn(name, 0.0)


def test_as_many_are_drawn_as_were_asked_for():
    for share in (0.01, 0.2):
        count = sum(drawn(one, share) for one in SEGMENTS)
        expected = share * len(SEGMENTS)
        assert abs(count - expected) < 5 * (expected * (1 - share)) ** 0.5
