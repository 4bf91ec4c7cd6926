"""The motion filter: constant pace is foretold, uneven times are taken as they are, states go on equally."""

from dataclasses import asdict
from math import isfinite

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import block_diag

from agent.perception.motion import Motion, associate, begin, predict, update


def box_at(pts_s, *, start=(100.0, 80.0), pace=(30.0, -10.0), size=(20.0, 50.0)):
    x, y = start[0] + pace[0] * pts_s, start[1] + pace[1] * pts_s
    return x - size[0] / 2, y - size[1] / 2, x + size[0] / 2, y + size[1] / 2


def followed(times, **way):
    motion = begin(box_at(times[0], **way), times[0])
    for pts_s in times[1:]:
        motion, index = seen(motion, [box_at(pts_s, **way)], pts_s)
        assert index == 0
    return motion


def seen(motion, boxes, pts_s):
    """The motion after one frame's boxes, and which was its own."""
    motion = predict(motion, pts_s)
    (index,) = associate([motion], boxes)
    return (motion if index is None else update(motion, boxes[index])), index


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
    ahead = predict(motion, times[-1] + ahead_s).box
    assert ahead == pytest.approx(box_at(times[-1] + ahead_s, pace=pace), abs=4 + 12 * ahead_s)


def test_a_prediction_is_less_sure_the_further_it_goes():
    motion = followed([0.2 * count for count in range(10)])
    spread = [predict(motion, 1.8 + ahead).across[0] for ahead in (0.0, 0.2, 1.0, 3.0)]
    assert spread == sorted(spread)
    assert spread[0] == pytest.approx(motion.across[0])


def test_what_is_far_off_is_not_the_same_thing():
    motion = followed([0.2 * count for count in range(10)])
    near, far = box_at(2.0), box_at(2.0, start=(400.0, 20.0))
    assert seen(motion, [far], 2.0)[1] is None
    assert seen(motion, [far, near], 2.0)[1] == 1


def test_what_is_much_larger_is_not_the_same_thing():
    motion = followed([0.2 * count for count in range(10)], size=(8.0, 10.0))
    assert seen(motion, [box_at(2.0, size=(160.0, 200.0))], 2.0)[1] is None


def test_two_are_told_apart_together_not_one_by_one():
    still = {"pace": (0.0, 0.0)}
    times = [0.2 * count for count in range(8)]
    one, two = (followed(times, start=(x, 80.0), **still) for x in (100.0, 112.0))
    boxes = [box_at(1.6, start=(111.0, 80.0), **still), box_at(1.6, start=(124.0, 80.0), **still)]
    assert associate([predict(one, 1.6), predict(two, 1.6)], boxes) == [0, 1]


def test_nothing_to_associate():
    motion = begin(box_at(0.0), 0.0)
    assert associate([], [box_at(0.0)]) == []
    assert associate([motion, motion], []) == [None, None]


@given(st.integers(1, 11))
@settings(max_examples=11)
def test_a_stored_motion_goes_on_equally(cut):
    times = [0.2 * count for count in range(12)]
    motion = followed(times[:cut])
    kept = asdict(motion)
    again = Motion(**kept)
    for pts_s in times[cut:]:
        motion, again = (seen(one, [box_at(pts_s)], pts_s)[0] for one in (motion, again))
    assert again == motion


def test_a_box_comes_back_as_it_was_measured():
    assert begin((10.0, 20.0, 40.0, 90.0), 3.0).box == pytest.approx((10, 20, 40, 90))


def test_boxes_without_extent_and_of_any_size_are_borne():
    for box in ((5.0, 5.0, 5.0, 5.0), (0.0, 0.0, 480.0, 270.0)):
        motion = begin(box, 0.0)
        assert all(map(isfinite, predict(motion, 5.0).box))


def whole(motion):
    """Mean (6) and covariance (6, 6) of a motion."""
    covariance = np.diag([0.0, 0, 0, 0, *motion.sizes])
    for at, (place, both, pace) in ((0, motion.across), (2, motion.down)):
        covariance[at : at + 2, at : at + 2] = [[place, both], [both, pace]]
    return np.array(motion.mean), covariance


@given(
    st.lists(
        st.tuples(st.floats(0.01, 3.0), *[st.floats(0, 400)] * 2, *[st.floats(2, 200)] * 2), min_size=1, max_size=8
    )
)
def test_the_filter_is_kalmans_in_matrices(steps):
    """Kalman's equations as in any textbook, on the whole state at once."""
    motion = begin((50.0, 60.0, 90.0, 160.0), 0.0)
    mean, covariance = whole(motion)
    measure, pts_s = np.eye(6)[[0, 2, 4, 5]], 0.0
    for dt, x, y, w, h in steps:
        pts_s += dt
        motion = update(predict(motion, pts_s), (x - w / 2, y - h / 2, x + w / 2, y + h / 2))
        pace = np.array([[1, dt], [0, 1]])
        carry = block_diag(pace, pace, 1, 1)
        push = 900 * np.array([[dt**3 / 3, dt**2 / 2], [dt**2 / 2, dt]])
        mean, covariance = carry @ mean, carry @ covariance @ carry.T + block_diag(push, push, 0.12 * dt, 0.12 * dt)
        noise = np.diag([(1.5 + 0.12 * w) ** 2, (1.5 + 0.12 * h) ** 2, 0.06, 0.06])
        gain = covariance @ measure.T @ np.linalg.inv(measure @ covariance @ measure.T + noise)
        mean = mean + gain @ (np.array([x, y, np.log(w), np.log(h)]) - measure @ mean)
        covariance = (np.eye(6) - gain @ measure) @ covariance
    ours = whole(motion)
    assert ours[0] == pytest.approx(mean, rel=1e-4, abs=1e-3)
    assert ours[1].ravel() == pytest.approx(covariance.ravel(), rel=1e-4, abs=1e-3)
