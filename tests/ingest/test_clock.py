"""Times of packets and frames, where containers tell them badly."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.clock import CountedClock, StampedClock

MS = Fraction(1, 1000)


def stamped(broadcast: bool = False) -> StampedClock:
    return StampedClock(MS, 40, broadcast=broadcast)


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(1, 60_000)), min_size=1, max_size=50))
def test_believable_times_are_left_as_they_are(steps):
    clock, dts = stamped(), 0
    for delay, step in steps:
        at = clock.packet(dts + delay, dts, step)
        assert (at.pts, at.dts) == (dts + delay, dts)
        dts += step


@given(st.integers(2, 30), st.integers(5_000, 10**9), st.integers(0, 900))
def test_a_jump_back_is_joined_on(count, begin, second):
    clock = stamped()
    first = [clock.packet(begin + 40 * i + 80, begin + 40 * i, 40) for i in range(count)]
    again = [clock.packet(second + 40 * i + 80, second + 40 * i, 40) for i in range(count)]
    every = [at.pts for at in (*first, *again)]
    assert every == [begin + 80 + 40 * i for i in range(2 * count)]


@pytest.mark.parametrize(
    ("broadcast", "ahead_s", "joined"), [(True, 4000, True), (False, 4000, False), (False, 90_000, True)]
)
def test_too_far_ahead_is_joined_on_sooner_in_broadcast_formats(broadcast, ahead_s, joined):
    clock = stamped(broadcast)
    clock.packet(0, 0, 40)
    assert clock.packet(ahead_s * 1000, ahead_s * 1000, 40).pts == (40 if joined else ahead_s * 1000)


def test_a_gap_is_kept():
    clock = stamped(broadcast=True)
    clock.packet(0, 0, 40)
    assert clock.packet(15_000, 15_000, 40).pts == 15_000


def test_absurd_times_and_lengths_are_not_believed():
    clock = stamped()
    assert clock.packet(40, 0, 10**12).end == 80
    assert clock.packet(10**9, 40, 40).pts == 40


def test_a_missing_time_follows_the_last():
    clock = stamped()
    clock.packet(100, 100, 40)
    assert clock.packet(None, None, None).pts == 140
    assert clock.packet(None, 180, 40).pts == 180
    assert clock.frame(None, key=False) == 180


@given(st.permutations(range(8)))
def test_counted_frames_take_places_in_the_order_they_are_shown(order):
    clock = CountedClock(1, stored=False)
    for _ in order:
        clock.sent(clock.packet(None, None, None))
    assert [clock.frame(pts, key=False) for pts in order] == list(range(8))


def test_a_keyframe_sets_the_count_right_after_lost_frames():
    clock = CountedClock(1, stored=True)
    for dts in range(6):
        clock.sent(clock.packet(dts + 2, dts, 1))
    assert clock.frame(0, key=True) == 0
    assert clock.frame(4, key=True) == 4, "1, 2 and 3 gave no frame"
    assert clock.frame(5, key=False) == 5


def test_places_end_with_the_decoder_and_extra_frames_follow_on():
    clock = CountedClock(2, stored=True)
    clock.sent(clock.packet(None, 10, 2))
    clock.flushed()
    clock.sent(clock.packet(None, 20, 2))
    assert [clock.frame(None, key=False), clock.frame(None, key=False)] == [20, 22]
