"""The hours of days as stretches of time."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from rules.active import Active

_DAYS = 4000
_EDGE = timedelta(days=2)


def hours_of(hours: Active, first: int, last: int) -> Iterator[tuple[int, int]]:
    """The (begin, end) of each day's hours that end after `first`, up to the first that end after `last`; milliseconds.

    By the clock on the wall: an hour that is not there is left out of them, one that is there twice is in them twice.
    """
    today = (_instant(first).astimezone(hours.tz) - _EDGE).date()
    for _ in range(_DAYS):
        begin, end = _moment(hours, today, hours.begin), _moment(hours, today, hours.end)
        if hours.end <= hours.begin:
            end = _moment(hours, today + timedelta(days=1), hours.end)
        if hours.begin != hours.end and begin < end and end > first and hours.on(today):
            yield begin, end
            if end > last:
                return
        today += timedelta(days=1)


def _moment(hours: Active, day: date, minutes: int) -> int:
    """The instant at which a wall clock shows so many minutes (0..1440) after midnight."""
    days, rest = divmod(minutes, 1440)
    local = datetime.combine(day + timedelta(days=days), time(rest // 60, rest % 60), tzinfo=hours.tz)
    return round(local.timestamp() * 1000)


def _instant(ms: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
