from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.active import HOLIDAY, Active, active_of, days_in_words, minutes
from rules.holidays import Holidays
from vidette.rule_settings import ActiveSettings

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


def test_a_holiday_is_no_day_of_the_week():
    christmas = Holidays(yearly=frozenset({(12, 25)}))  # a Friday in 2026
    at_work = Active(days=frozenset(range(5)), begin=8 * 60, end=18 * 60, tz=PARIS, holidays=christmas)
    assert not at_work.holds(datetime(2026, 12, 25, 12, tzinfo=PARIS))
    assert at_work.holds(datetime(2026, 12, 24, 12, tzinfo=PARIS))
    closed = replace(at_work, days=frozenset({5, 6, HOLIDAY}))
    assert closed.holds(datetime(2026, 12, 25, 12, tzinfo=PARIS))
    assert closed.holds(datetime(2026, 12, 26, 12, tzinfo=PARIS))
    assert not closed.holds(datetime(2026, 12, 24, 12, tzinfo=PARIS))


def test_the_night_of_a_holiday_goes_on_the_next_morning():
    eve = Holidays(days=frozenset({date(2026, 12, 24)}))  # a Thursday
    night = Active(days=frozenset({HOLIDAY}), begin=22 * 60, end=6 * 60, tz=PARIS, holidays=eve)
    assert night.holds(datetime(2026, 12, 24, 23, tzinfo=PARIS))
    assert night.holds(datetime(2026, 12, 25, 5, tzinfo=PARIS))
    assert not night.holds(datetime(2026, 12, 24, 5, tzinfo=PARIS))
    assert not night.holds(datetime(2026, 12, 25, 23, tzinfo=PARIS))


@given(
    st.frozensets(st.integers(0, 7), min_size=1),
    st.frozensets(st.dates(date(2026, 1, 1), date(2026, 12, 31)), max_size=5),
    st.dates(date(2026, 1, 1), date(2026, 12, 31)),
)
def test_a_day_is_on_as_what_it_is(days, holidays, day):
    hours = Active(days=days, begin=0, end=1440, tz=UTC, holidays=Holidays(days=holidays))
    assert hours.on(day) == ((7 if day in holidays else day.weekday()) in days)
    assert hours.holds(datetime(day.year, day.month, day.day, 12, tzinfo=UTC)) == hours.on(day)


@pytest.mark.parametrize(
    ("days", "words"),
    [
        ({0, 1, 2, 3, 4}, "Mon-Fri but holidays"),
        ({5, 6, HOLIDAY}, "Sat, Sun and holidays"),
        ({HOLIDAY}, "holidays"),
        (set(range(7)), "every day but holidays"),
        (set(range(8)), "every day"),
    ],
)
def test_days_with_holidays_in_words(days, words):
    hours = Active(days=frozenset(days), begin=0, end=60, tz=UTC, holidays=Holidays(yearly=frozenset({(1, 1)})))
    assert str(hours) == f"{words} 00:00-01:00 UTC"


def test_hours_are_made_of_settings(tmp_path):
    file = tmp_path / "days.txt"
    file.write_text("12-25\n")
    said = ActiveSettings.model_validate({"days": ["mon-fri", "holiday"], "holidays": str(file), "tz": "Europe/Paris"})
    assert active_of(said, UTC) == Active(
        days=frozenset({0, 1, 2, 3, 4, HOLIDAY}),
        begin=0,
        end=1440,
        tz=PARIS,
        holidays=Holidays(yearly=frozenset({(12, 25)})),
    )
    assert active_of(None, UTC) is None
    every = active_of(ActiveSettings.model_validate({"holidays": str(file)}), UTC)
    assert every is not None
    assert every.holds(datetime(2026, 12, 25, tzinfo=UTC)), "no day is named: every day, holidays too"
