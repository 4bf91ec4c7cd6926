"""The motion filter: constant pace is foretold, uneven times are taken as they are, states go on equally."""

from dataclasses import asdict
from math import isfinite

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.perception.motion import Filter, Motion

FILTER = Filter()


def box_at(pts_s, *, start=(100.0, 80.0), pace=(30.0, -10.0), size=(20.0, 50.0)):
    x, y = start[0] + pace[0] * pts_s, start[1] + pace[1] * pts_s
    return x - size[0] / 2, y - size[1] / 2, x + size[0] / 2, y + size[1] / 2


def followed(times, **way):
    motion = FILTER.begin(box_at(times[0], **way), times[0])
    for pts_s in times[1:]:
        ((motion, index),) = FILTER.associate([motion], [box_at(pts_s, **way)], pts_s)
        assert index == 0
    return motion


@given(
    st.lists(st.floats(0.04, 0.6), min_size=12, max_size=20),
    st.tuples(st.floats(-60, 60), st.floats(-60, 60)),
    st.floats(0.1, 1.0),
)
@settings(max_examples=25)
def test_constant_pace_is_foretold_at_even_and_uneven_times(steps, pace, ahead_s):
    times = [sum(steps[:count]) for count in range(len(steps))]
    motion = followed(times, pace=pace)
    assert motion.velocity == pytest.approx(pace, abs=12)
    ahead = FILTER.predict(motion, times[-1] + ahead_s).box
    assert ahead == pytest.approx(box_at(times[-1] + ahead_s, pace=pace), abs=4 + 12 * ahead_s)


def test_a_prediction_is_less_sure_the_further_it_goes():
    motion = followed([0.2 * count for count in range(10)])
    spread = [FILTER.predict(motion, 1.8 + ahead).covariance[0] for ahead in (0.0, 0.2, 1.0, 3.0)]
    assert spread == sorted(spread)
    assert spread[0] == pytest.approx(motion.covariance[0])


def test_what_is_far_off_is_not_the_same_thing():
    motion = followed([0.2 * count for count in range(10)])
    near, far = box_at(2.0), box_at(2.0, start=(400.0, 20.0))
    assert FILTER.associate([motion], [far], 2.0) == [None]
    ((_, index),) = FILTER.associate([motion], [far, near], 2.0)
    assert index == 1


def test_what_is_much_larger_is_not_the_same_thing():
    motion = followed([0.2 * count for count in range(10)], size=(8.0, 10.0))
    assert FILTER.associate([motion], [box_at(2.0, size=(160.0, 200.0))], 2.0) == [None]


def test_two_are_told_apart_together_not_one_by_one():
    still = {"pace": (0.0, 0.0)}
    times = [0.2 * count for count in range(8)]
    one, two = (followed(times, start=(x, 80.0), **still) for x in (100.0, 112.0))
    seen = [box_at(1.6, start=(111.0, 80.0), **still), box_at(1.6, start=(124.0, 80.0), **still)]
    matches = FILTER.associate([one, two], seen, 1.6)
    assert [index for _, index in matches] == [0, 1]


def test_nothing_to_associate():
    motion = FILTER.begin(box_at(0.0), 0.0)
    assert FILTER.associate([], [box_at(0.0)], 0.2) == []
    assert FILTER.associate([motion, motion], [], 0.2) == [None, None]


@given(st.integers(1, 11))
@settings(max_examples=11)
def test_a_stored_motion_goes_on_equally(cut):
    times = [0.2 * count for count in range(12)]
    motion = followed(times[:cut])
    kept = asdict(motion)
    again = Motion(pts_s=kept["pts_s"], mean=tuple(kept["mean"]), covariance=tuple(kept["covariance"]))
    other = Filter()
    for pts_s in times[cut:]:
        ((motion, _),) = FILTER.associate([motion], [box_at(pts_s)], pts_s)
        ((again, _),) = other.associate([again], [box_at(pts_s)], pts_s)
    assert again == motion


def test_a_box_comes_back_as_it_was_measured():
    assert FILTER.begin((10.0, 20.0, 40.0, 90.0), 3.0).box == pytest.approx((10, 20, 40, 90))


def test_boxes_without_extent_and_of_any_size_are_borne():
    for box in ((5.0, 5.0, 5.0, 5.0), (0.0, 0.0, 480.0, 270.0)):
        motion = FILTER.begin(box, 0.0)
        assert all(map(isfinite, FILTER.predict(motion, 5.0).box))
