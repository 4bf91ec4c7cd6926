from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.report.window import BARS, Window, buckets, on_clock, window_of
from vidette.queries import Filter
from vidette.rows import StreamRow

PARIS = ZoneInfo("Europe/Paris")
AT = datetime(2026, 5, 1, 12, tzinfo=UTC)


def row(name="yard", start=AT, length_s=60.0, kind="file"):
    return StreamRow(
        id=name, name=name, kind=kind, uri="x", start=start, start_from="option", watched_s=length_s, events=0, tracks=0,
        state="ended", duration_s=length_s,
    )  # fmt: skip


def media(low, high):
    return Window(clock=False, since=AT, until=AT + timedelta(seconds=high), low_s=low, high_s=high, tz=UTC)


WINDOWS = st.one_of(
    st.builds(
        lambda start, length: on_clock(AT + timedelta(seconds=start), AT + timedelta(seconds=start + length), PARIS),
        st.integers(0, 10**7),
        st.floats(0.5, 4e7),
    ),
    st.builds(lambda low, length: media(low, low + length), st.floats(0, 5000), st.floats(0.5, 50_000)),
)


@given(WINDOWS)
def test_buckets_tile_the_window(window):
    over = buckets(window)
    assert 1 <= over.count <= BARS + 1
    spans = [over.span(index) for index in range(over.count)]
    assert spans[0][0] == pytest.approx(window.low_s, abs=1e-6)
    assert spans[-1][1] == pytest.approx(window.high_s, abs=1e-6)
    assert all(a[1] == pytest.approx(b[0]) for a, b in pairwise(spans))
    assert len(over.starts()) == over.count
    ticks = over.ticks()
    assert all(0 <= index < over.count for index, _ in ticks)
    assert len(ticks) <= 9


@given(WINDOWS, st.lists(st.tuples(st.floats(-100, 5e7), st.floats(0, 1e6)), max_size=6))
def test_seconds_in_buckets_are_those_in_the_window(window, raw):
    over = buckets(window)
    spans = [(low, low + length) for low, length in raw]
    inside = sum(max(0.0, min(high, window.high_s) - max(low, window.low_s)) for low, high in spans)
    assert sum(over.seconds(spans)) == pytest.approx(inside, abs=1e-3)


@given(WINDOWS, st.floats(0, 1))
def test_a_moment_is_in_the_bucket_that_the_database_says(window, share):
    over = buckets(window)
    seconds = window.low_s + share * window.length_s * 0.999
    key = (seconds - over.low_s) // over.step_s if window.clock else seconds // over.step_s
    index = over.number(str(int(key)))
    assert index is not None
    low, high = over.span(index)
    assert low - 1e-6 <= seconds <= high + 1e-6
    assert index in over.touched(seconds, seconds + 1e-3)


def test_buckets_begin_at_round_local_times():
    window = on_clock(AT + timedelta(minutes=17), AT + timedelta(hours=30), PARIS)
    over = buckets(window, 3600.0)
    assert over.said(0) == "Fri 01 May 14:00 to 15:00"
    assert over.name == "1 h"
    assert [label for _, label in buckets(window).ticks()][:2] == ["18:00", "00:00"]


@pytest.mark.parametrize(
    ("asked", "clock", "ends"),
    [
        (Filter(), False, (0.0, 90.0)),
        (Filter(from_s=10.0), False, (10.0, 90.0)),
        (Filter(from_s=10.0, to_s=20.0), False, (10.0, 20.0)),
        (Filter(since=AT + timedelta(seconds=5)), True, (0.0, 100.0 - 5.0)),
        (Filter(until=AT + timedelta(seconds=50)), True, (0.0, 50.0)),
    ],
)
def test_the_window_is_what_is_asked_cut_to_the_footage(asked, clock, ends):
    window = window_of([row(), row("late", AT + timedelta(seconds=10), 90.0)], asked, UTC)
    assert window is not None
    assert (window.clock, (window.low_s, window.high_s)) == (clock, ends)
    at = AT + timedelta(seconds=30)
    assert 0 < window.place(at, 30.0) < 1 or window.low_s >= 10


@pytest.mark.parametrize(
    "asked", [Filter(from_s=90.0), Filter(since=AT + timedelta(days=1)), Filter(until=AT), Filter(from_s=5.0, to_s=5.0)]
)
def test_no_footage_is_no_window(asked):
    assert window_of([row()], asked, UTC) is None
    assert window_of([], asked, UTC) is None
    assert window_of([row(length_s=0.0)], Filter(), UTC) is None


def test_the_newest_day_is_a_local_one():
    streams = [row(kind="live", length_s=86_400 * 3.0)]
    window = window_of(streams, Filter(), PARIS, newest_day=True)
    assert window.since.astimezone(PARIS) == datetime(2026, 5, 4, tzinfo=PARIS)
    assert window.until == AT + timedelta(days=3)
    assert window_of(streams, Filter(), PARIS).since == AT


def test_words_say_where_and_when():
    window = on_clock(AT, AT + timedelta(hours=2), PARIS)
    assert window.words() == "Fri 01 May 2026, 14:00 to 16:00 (CEST)"
    assert window.said(AT, 0.0) == "14:00:00"
    assert on_clock(AT, AT + timedelta(days=2), PARIS).said(AT, 0.0, exact=False) == "Fri 01 May 14:00"
    assert media(0.0, 90.0).words() == "0:00 to 1:30 of the footage"
    assert on_clock(AT, AT, UTC) is None
