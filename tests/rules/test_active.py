from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.active import Active, days_in_words, minutes

PARIS, LORD_HOWE = ZoneInfo("Europe/Paris"), ZoneInfo("Australia/Lord_Howe")  # an hour, and half an hour of DST
# Monday to Tuesday a week later, over each change of the clock there is in these zones and over a year's end
WEEKS = [
    (PARIS, datetime(2026, 3, 26, tzinfo=UTC)),
    (PARIS, datetime(2026, 10, 22, tzinfo=UTC)),
    (PARIS, datetime(2026, 12, 28, tzinfo=UTC)),
    (LORD_HOWE, datetime(2026, 4, 2, tzinfo=UTC)),
    (LORD_HOWE, datetime(2026, 10, 1, tzinfo=UTC)),
]


def wall(day: date, minute: int) -> datetime:
    return datetime(day.year, day.month, day.day) + timedelta(minutes=minute)


def by_hand(active: Active, at: datetime) -> bool:
    """Day by day: the wall clock is between the begin of a day that is meant and the end that follows it."""
    clock = at.astimezone(active.tz).replace(tzinfo=None)
    for back in (0, 1):
        day = clock.date() - timedelta(days=back)
        end = active.end if active.end >= active.begin else active.end + 1440
        if day.weekday() in active.days and wall(day, active.begin) <= clock < wall(day, end):
            return True
    return False


@given(
    st.frozensets(st.integers(0, 6), min_size=1),
    st.integers(0, 1440),
    st.integers(0, 1440),
    st.sampled_from(WEEKS),
    st.integers(0, 59),
)
def test_minute_by_minute(days, begin, end, week, second):
    tz, start = week
    active = Active(days=days, begin=begin, end=end, tz=tz)
    for minute in range(second % 7, 8 * 1440, 7):
        at = start + timedelta(minutes=minute, seconds=second)
        assert active.holds(at) == by_hand(active, at), at


def test_hours_over_midnight_belong_to_the_day_on_which_they_begin():
    night = Active(days=frozenset({4}), begin=22 * 60, end=6 * 60, tz=PARIS)  # Friday
    assert night.holds(datetime(2026, 3, 6, 23, tzinfo=PARIS))
    assert night.holds(datetime(2026, 3, 7, 5, 59, tzinfo=PARIS))
    assert not night.holds(datetime(2026, 3, 7, 6, tzinfo=PARIS))
    assert not night.holds(datetime(2026, 3, 6, 5, tzinfo=PARIS))
    assert not night.holds(datetime(2026, 3, 7, 23, tzinfo=PARIS))


def test_the_hour_that_is_twice_counts_twice_and_the_one_that_is_not_never():
    night = Active(days=frozenset(range(7)), begin=2 * 60, end=3 * 60, tz=PARIS)
    twice = [datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in range(4)]
    assert [night.holds(at) for at in twice] == [True, True, False, False]
    spring = [datetime(2026, 3, 29, 0, tzinfo=UTC) + timedelta(minutes=m) for m in range(180)]
    assert not any(night.holds(at) for at in spring)


def test_equal_begin_and_end_is_never_and_a_whole_day_is_whole():
    monday = datetime(2026, 3, 2, tzinfo=PARIS)
    assert not any(
        Active(days=frozenset(range(7)), begin=480, end=480, tz=PARIS).holds(monday + timedelta(minutes=m))
        for m in range(1440)
    )
    whole = Active(days=frozenset({0}), begin=0, end=1440, tz=PARIS)
    assert [whole.holds(monday + timedelta(minutes=m)) for m in (-1, 0, 1439, 1440)] == [False, True, True, False]


@pytest.mark.parametrize(
    ("days", "said"),
    [
        ({0, 1, 2, 3, 4}, "Mon-Fri"),
        ({5, 6}, "Sat, Sun"),
        ({4, 5, 6, 0}, "Fri-Mon"),
        ({0, 2, 4}, "Mon, Wed, Fri"),
        (set(range(7)), "every day"),
        ({6, 0}, "Sun, Mon"),
    ],
)
def test_days_in_words(days, said):
    assert days_in_words(frozenset(days)) == said


def test_minutes():
    assert [minutes(clock) for clock in ("00:00", "08:30", "24:00")] == [0, 510, 1440]
