"""Less and less is asked as a bound comes near, always visibly, and nothing that was not to be asked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidette.models import Keyframe, Segment
from vidette.vision import LookRequest
from workers.deep.allowance import Allowance, Spent, Strain
from workers.deep.effort import Leave, leave_behind, leave_of, lessened, spread


def request(frames, *questions):
    shown = tuple(Keyframe(id=f"{at}", segment_id="s", pts_s=at, sha256="0" * 64, uri="u") for at in range(frames))
    segment = Segment(id="s", stream_id="cam", start_s=0, end_s=frames, keyframes=shown)
    return LookRequest(stream_id="cam", stream_name="cam", segment=segment, questions=questions)


def asked(level, frames=8, *questions):
    found, note = lessened(request(frames, *questions), Leave(level=level, reason="because"))
    return found.effort, len(found.segment.keyframes), note


def test_pictures_are_halved_to_one_then_only_the_questions_are_asked():
    fewer = "fewer pictures: because"
    assert asked(0) == ("full", 8, "")
    assert [asked(level) for level in (1, 2, 3)] == [("fewer", count, fewer) for count in (4, 2, 1)]
    assert asked(4, 8, "is it open?") == ("verdicts", 1, "because")
    assert asked(4) == ("fewer", 1, fewer)  # nothing is asked of the stream: one picture is the least
    assert asked(1, 1) == ("fewer", 1, fewer)


@pytest.mark.parametrize(
    ("share", "level"), [(0, 0), (0.49, 0), (0.5, 1), (0.74, 1), (0.75, 2), (0.875, 3), (0.9375, 4), (0.9999, 4)]
)
def test_each_half_of_what_was_left_is_a_step(share, level):
    leave = leave_of(Strain(share, "vlm.tokens_per_hour"))
    assert (leave.level, leave.none, bool(leave.reason)) == (level, False, level > 0)
    assert leave_of(Strain(1.0, "x")).none


SHARE = st.floats(0, 2, allow_nan=False)


@given(SHARE, SHARE)
def test_more_strain_never_gives_more(a, b):
    low, high = sorted((a, b))
    assert leave_of(Strain(low, "x")).level <= leave_of(Strain(high, "x")).level


@given(st.integers(0, 10**6), st.integers(1, 64))
def test_a_queue_alone_never_stops_looks(waiting, at_once):
    leave = leave_behind(waiting, at_once)
    assert not leave.none
    assert leave.level <= leave_behind(waiting + 1, at_once).level
    assert bool(leave.reason) == (leave.level > 0)


@given(st.lists(st.integers(), max_size=40), st.integers(1, 40))
def test_a_few_are_spread_over_all(items, most):
    found = spread(items, most)
    assert len(found) == min(most, len(items))
    places = iter(items)
    assert all(one in places for one in found)  # in their order


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.floats(0, 1))
def test_strain_is_of_what_is_nearest_to_its_end(tokens, gpu_s, elapsed):
    allowance = Allowance(tokens=1000, gpu_s=10.0)
    strain = allowance.strain(Spent(5, tokens, gpu_s), elapsed)
    nearest = max(tokens / 1000, gpu_s / 10)
    assert strain.share in (0.0, nearest)
    assert strain.share == nearest or nearest <= elapsed
    assert Allowance().strain(Spent(1e9, 1e9, 1e9)) == Strain()
