from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.simulation.ledger import Window, claimed, dark, gaps, outside, unexplained
from vidette.models import DeepState, FastState
from vidette.rows import CoverageRow

ZERO = datetime(2026, 5, 1, tzinfo=UTC)
AT = ZERO.timestamp()


def row(start_s, end_s, state=FastState.WATCHED, reason=None):
    return CoverageRow(
        stream="door",
        start=ZERO + timedelta(seconds=start_s),
        end=ZERO + timedelta(seconds=end_s),
        start_s=start_s,
        end_s=end_s,
        state=state,
        deep=DeepState.OFF,
        reason=reason,
    )


def window(start_s, end_s, *reasons):
    return Window(start=AT + start_s, end=AT + end_s, reasons=frozenset(reasons))


LOST = row(10, 20, FastState.OFFLINE, "gone")


def test_rows_that_meet_have_no_gap():
    assert not gaps([row(0, 10), LOST, row(20, 30)])


def test_gaps_and_overlaps_are_named():
    assert gaps([row(0, 9), LOST]) == ["gap at 9.000..10.000 s"]
    assert gaps([row(0, 11), LOST]) == ["overlap at 11.000..10.000 s"]


def test_what_a_window_explains_is_explained():
    assert not unexplained([row(0, 10), LOST, row(20, 30)], [window(9, 21, "gone")])
    assert not unexplained([LOST], [window(9, 21)])


def test_another_reason_or_time_is_not_explained():
    assert unexplained([LOST], [window(9, 21, "other")]) == [(LOST, 10.0)]
    ((found, seconds),) = unexplained([LOST], [window(9, 15, "gone")])
    assert found == LOST
    assert abs(seconds - 5) < 1e-5
    assert unexplained([replace(LOST, reason=None)], [window(9, 21, "gone")])


def test_what_is_claimed_and_what_is_dark_are_all_of_a_stretch():
    rows = [row(0, 10), LOST, row(20, 30)]
    assert abs(claimed(rows, AT + 5, AT + 25) - 10) < 1e-5
    assert abs(dark(rows, AT + 5, AT + 25) - 10) < 1e-5


TIMES = st.integers(0, 50)
STRETCHES = st.lists(st.tuples(TIMES, TIMES).map(sorted).map(tuple), max_size=8)


@given(TIMES, TIMES, STRETCHES)
def test_what_is_outside_of_windows_is_counted_as_second_by_second(start, length, windows):
    end = start + length
    seconds = sum(1 for at in range(start, end) if not any(a <= at < b for a, b in windows))
    assert outside(start, end, windows) == seconds
