"""Slices tile the time, whatever is busy when: none overlaps another, none is longer than it may be."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.segments import Segmenter, Slice
from vidette.models import DeepState

STEP = 0.2


def cut(busy: list[bool], max_s: float, idle_s: float) -> list[Slice]:
    segmenter, slices = Segmenter(max_s=max_s, idle_s=idle_s), []
    for number, one in enumerate(busy):
        if number % 7 == 3:  # a watch that goes on from its carry
            segmenter = Segmenter(**segmenter.state())
        slices += segmenter.step(number * STEP, busy=one)
        assert segmenter.decided_s(number * STEP) >= (segmenter.start_s or 0.0)
    return slices + segmenter.cut(len(busy) * STEP)


@given(st.lists(st.booleans(), min_size=1, max_size=120), st.sampled_from([1.0, 3.0]), st.sampled_from([0.5, 2.0]))
def test_slices_tile_the_time(busy: list[bool], max_s: float, idle_s: float) -> None:
    slices = cut(busy, max_s, idle_s)
    assert slices[0].start_s == 0
    assert slices[-1].end_s == len(busy) * STEP
    assert all(before.end_s == after.start_s for before, after in pairwise(slices))
    assert all(one.end_s > one.start_s for one in slices)
    active = [one for one in slices if one.deep is DeepState.EXAMINED]
    assert all(one.end_s - one.start_s <= max_s + 3 * STEP for one in active)
    for number, one in enumerate(busy):
        if one:
            assert any(piece.start_s <= number * STEP < piece.end_s for piece in active)


@pytest.mark.parametrize("quiet", [4, 9])
def test_a_slice_that_is_cut_off_while_it_calms_down_is_not_told_again(quiet: int) -> None:
    busy: list[Any] = [True] * 5 + [False] * quiet
    slices = cut(busy, max_s=1.0, idle_s=0.5)
    assert [(one.start_s, one.deep) for one in slices][:2] == [(0.0, DeepState.EXAMINED), (1.0, slices[1].deep)]
