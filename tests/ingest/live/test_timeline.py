"""A camera that takes pictures at true times, stamps them with its own clock, and sends them with a delay."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.live.timeline import AHEAD_S, LATE_S, STEP_S, WINDOW_S, Stamp, Timeline

HZ = 90_000
TICK = Fraction(1, HZ)
ROUND_S = 2 / HZ + 1e-9

delays = st.lists(st.floats(0, 0.4), min_size=2, max_size=80)
starts = st.integers(0, 2**33)


def stamps(delays_s, *, fps=25.0, start=0, jump=None, begin_s=100.0):
    """(true time, stamp) of each picture; `jump` = (index, seconds) sets the camera's clock."""
    arrived_s, found = begin_s, []
    for index, delay_s in enumerate(delays_s):
        true_s = begin_s + index / fps
        arrived_s = max(arrived_s, true_s + delay_s)  # what is sent in order comes in order
        pts = start + round(index / fps * HZ)
        if jump is not None and index >= jump[0]:
            pts += round(jump[1] * HZ)
        found.append((true_s, Stamp(pts, None, arrived_s)))
    return found


def run(given_stamps, *, timeline=None, burst=1):
    timeline = timeline or Timeline()
    timeline.begin(TICK, given_stamps[:burst])
    return [timeline.place(stamp) for stamp in given_stamps]


def rises(moments):
    return all(b.media_s - a.media_s >= STEP_S - 1e-9 for a, b in pairwise(moments))


@given(delays, starts, st.integers(0, 80))
def test_between_when_it_was_taken_and_when_it_came(delays_s, start, burst):
    sent = stamps(delays_s, start=start)
    moments = run([stamp for _, stamp in sent], burst=burst)
    assert rises(moments)
    for count, ((true_s, stamp), moment) in enumerate(zip(sent, moments, strict=True)):
        assert moment.jump_s is None
        assert true_s - ROUND_S <= moment.media_s <= stamp.arrived_s + count * STEP_S + ROUND_S


@given(delays, starts)
def test_knowing_the_burst_pictures_are_as_far_apart_as_they_were_taken(delays_s, start):
    sent = [stamp for _, stamp in stamps(delays_s, start=start)]
    moments = run(sent, burst=len(sent))
    assert moments[-1].media_s - moments[0].media_s == pytest.approx((len(sent) - 1) / 25, abs=ROUND_S)


@given(delays, st.sampled_from([32, 33]), st.integers(0, 80 * 3600))
def test_wraps_change_nothing(delays_s, bits, before):
    sent = [stamp for _, stamp in stamps(delays_s, start=2**bits - before)]
    wrapped = [stamp._replace(pts=stamp.pts % 2**bits) for stamp in sent]
    expected, got = run(sent), run(wrapped)
    assert [m.jump_s for m in got] == [None] * len(sent)
    assert [m.media_s for m in got] == pytest.approx([m.media_s for m in expected], abs=1e-5)


@given(
    delays,
    st.integers(1, 79),
    st.one_of(st.floats(AHEAD_S + 1, 40_000), st.floats(-40_000, -1.5)).filter(lambda s: abs(s) < 20_000),
)
def test_a_clock_that_is_set_is_told_and_taken_out(delays_s, index, jump_s):
    sent = stamps(delays_s, jump=(index, jump_s))
    moments = run([stamp for _, stamp in sent])
    assert rises(moments)
    told = [m.jump_s for m in moments if m.jump_s is not None]
    assert len(told) == (index < len(sent))
    for at_s in told:
        assert at_s == pytest.approx(jump_s, abs=0.5)
    for (true_s, stamp), moment in zip(sent, moments, strict=True):
        assert true_s - 0.4 - ROUND_S <= moment.media_s <= stamp.arrived_s + 0.1


@settings(max_examples=20)  # an hour each
@given(st.floats(-300e-6, 300e-6), st.sampled_from([1.0, 0.5]))
def test_slow_drift_is_followed_without_a_jump(drift, fps):
    timeline, last_s = Timeline(), 0.0
    timeline.begin(TICK)
    for index in range(4000):
        true_s = 100 + index / fps
        moment = timeline.place(Stamp(round(index / fps * (1 + drift) * HZ), None, true_s + 0.05))
        assert moment.jump_s is None
        assert moment.media_s > last_s
        assert -0.03 <= moment.media_s - true_s <= 0.05 + 1e-6
        last_s = moment.media_s


@settings(max_examples=30)
@given(st.floats(0.3, 0.8))
def test_a_clock_far_too_slow_is_put_right_and_told(rate):
    sent = [Stamp(round(index / 25 * rate * HZ), None, 100 + index / 25) for index in range(25 * 60)]
    moments = run(sent)
    assert rises(moments)
    assert any(moment.jump_s is not None for moment in moments)
    latest_s = 2 * WINDOW_S * (1 - rate) + LATE_S + 1
    assert all(s.arrived_s - m.media_s <= latest_s for s, m in zip(sent, moments, strict=True))


@given(st.lists(st.booleans(), min_size=1, max_size=60), st.booleans())
def test_missing_and_repeated_timestamps(missing, repeat):
    sent, last = [], None
    for index, is_missing in enumerate(missing):
        pts = (last if repeat else None) if is_missing else 3600 * index
        sent.append(Stamp(pts, None, 100 + index / 25))
        last = pts
    moments = run(sent)
    assert rises(moments)
    for stamp, moment in zip(sent, moments, strict=True):
        assert moment.jump_s is None
        assert moment.media_s == pytest.approx(stamp.arrived_s, abs=0.05)


def test_none_at_all_is_arrival():
    sent = [Stamp(None, None, 100 + index) for index in range(50)]
    assert [m.media_s for m in run(sent)] == pytest.approx([s.arrived_s for s in sent])


def test_a_frozen_timestamp_is_arrival():
    sent = [Stamp(5, 5, 100 + index / 10) for index in range(3000)]
    assert [m.media_s for m in run(sent)] == pytest.approx([s.arrived_s for s in sent])


@given(st.floats(1.0, 25.0))
def test_a_backlog_is_late_and_then_at_now(stall_s):
    sent = [Stamp(3600 * i, None, 100 + i / 25) for i in range(50)]
    resumed_s = 102 + stall_s
    late = range(50, 50 + int(stall_s * 25) + 50)
    sent += [Stamp(3600 * i, None, max(resumed_s, 100 + i / 25)) for i in late]
    moments = run(sent)
    assert [m.jump_s for m in moments] == [None] * len(sent)
    assert [m.media_s for m in moments] == pytest.approx([100 + i / 25 for i in range(len(sent))], abs=0.01)


@given(st.floats(0.5, 20.0))
def test_pictures_that_a_camera_keeps_for_those_who_join_lie_before_now(kept_s):
    count = int(kept_s * 25)
    burst = [Stamp(3600 * i, None, 100.0 + i * 1e-6) for i in range(count)]
    live = [Stamp(3600 * i, None, 100.0 + (i - count + 1) / 25) for i in range(count, count + 25)]
    moments = run(burst + live, burst=count)
    assert moments[count - 1].media_s == pytest.approx(100, abs=0.01)
    assert moments[0].media_s == pytest.approx(100 - (count - 1) / 25, abs=0.01)


@given(st.floats(0.5, 20.0), st.data())
def test_however_little_was_known_of_the_burst_what_comes_then_is_at_now(kept_s, data):
    """A busy machine takes a burst in pieces: a loss must not seem to begin before the last picture came."""
    count = int(kept_s * 25)
    known = data.draw(st.integers(1, count))
    burst = [Stamp(3600 * i, None, 100.0 + i * 1e-6) for i in range(count)]
    live = [Stamp(3600 * i, None, 100.0 + (i - count + 1) / 25) for i in range(count, count + 50)]
    moments = run(burst + live, burst=known)
    assert moments[-1].media_s == pytest.approx(live[-1].arrived_s, abs=0.01)
    assert all(m.media_s <= 100 + STEP_S * count + 0.01 for m in moments[:count])


@given(delays, delays, st.floats(-3, 3), st.integers(1, 80))
def test_never_back_over_a_reconnect(first, second, apart_s, burst):
    timeline = Timeline()
    sent = [stamp for _, stamp in stamps(first)]
    before = run(sent, timeline=timeline)
    again = [stamp for _, stamp in stamps(second, start=77, begin_s=sent[-1].arrived_s + apart_s)]
    after = run(again, timeline=timeline, burst=burst)
    assert rises(before + after)


@given(st.lists(st.floats(-3, 3), min_size=1, max_size=50))
def test_never_back_when_this_machines_clock_is_set(steps_s):
    timeline, now_s, moments = Timeline(), 100.0, []
    timeline.begin(TICK)
    for index, step_s in enumerate(steps_s):
        now_s += step_s
        moments.append(timeline.place(Stamp(3600 * index, None, now_s)))
    assert rises(moments)


@given(st.integers(1, 4), st.integers(10, 60), st.lists(st.floats(0, 0.3), min_size=60, max_size=60))
def test_pictures_shown_in_another_order_keep_their_distance(b_frames, count, delays_s):
    order, place = [], 0
    while len(order) < count:  # I, then P before the B-frames that are shown before it
        order += [place, *range(place - b_frames, place)] if place else [0]
        place += b_frames + 1
    sent, arrived_s = [], 0.0
    for index, (shown, delay_s) in enumerate(zip(order, delays_s, strict=False)):
        arrived_s = max(arrived_s, 100 + index / 25 + delay_s)
        sent.append(Stamp(3600 * (shown + b_frames), 3600 * index, arrived_s))
    media = {s.pts: m.media_s for s, m in zip(sent, run(sent, burst=len(sent)), strict=True)}
    for a, b in pairwise(sorted(media)):
        assert media[b] - media[a] == pytest.approx((b - a) / HZ, abs=0.005)


@given(st.floats(-0.9, -0.01), delays)
def test_the_cameras_clock_is_used_where_it_is_right(ahead_s, delays_s):
    """Its pictures say when they were taken: so long before the first of them came."""
    timeline = Timeline()
    sent = [stamp for _, stamp in stamps([*delays_s, *[0.0] * 800])]
    timeline.begin(TICK, sent[:1])
    moments = [timeline.place(stamp, 100 + ahead_s) for stamp in sent]
    assert rises(moments)
    assert moments[-1].media_s - 100 == pytest.approx(len(sent[1:]) / 25 + ahead_s, abs=0.01)
    assert timeline.clock_s == pytest.approx(ahead_s, abs=0.01)


@given(st.one_of(st.floats(-1e6, -1.1), st.floats(0.01, 1e6)))
def test_a_camera_whose_clock_is_wrong_is_told_and_not_believed(ahead_s):
    timeline = Timeline()
    sent = [stamp for _, stamp in stamps([0.05] * 100)]
    timeline.begin(TICK, sent[:1])
    moments = [timeline.place(stamp, 100.05 + ahead_s) for stamp in sent]
    assert timeline.clock_s == pytest.approx(ahead_s, abs=0.001)
    assert [m.media_s for m in moments] == pytest.approx([s.arrived_s for s in sent], abs=0.001)


def test_after_a_jump_the_wall_clock_of_the_old_timestamps_says_nothing():
    timeline = Timeline()
    sent = [stamp for _, stamp in stamps([0.0] * 40, jump=(20, 500.0))]
    timeline.begin(TICK, sent[:1])
    for stamp in sent:
        timeline.place(stamp, 100.0)
    assert timeline.clock_s is None


@given(
    st.lists(
        st.tuples(
            st.one_of(st.none(), st.integers(-(2**40), 2**40)),
            st.one_of(st.none(), st.integers(-(2**40), 2**40)),
            st.floats(0, 30),
        ),
        max_size=60,
    )
)
def test_whatever_comes_time_goes_on_and_stays_near_arrival(items):
    timeline, now_s, last_s = Timeline(), 0.0, float("-inf")
    timeline.begin(TICK)
    for count, (pts, dts, gap_s) in enumerate(items):
        now_s += gap_s
        moment = timeline.place(Stamp(pts, dts, now_s))
        assert moment.media_s <= now_s + count * STEP_S + 1e-6
        assert timeline.media_s >= last_s
        last_s = timeline.media_s
