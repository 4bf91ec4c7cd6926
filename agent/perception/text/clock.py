"""The clock burnt into a picture: its text as an instant, and how far it is from the stream's own time."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from functools import reduce
from statistics import median

from vidette.geometry import Box, hull, inside_share
from vidette.models import ClockReading
from vidette.streams import Stream

_TIME = re.compile(
    r"(?<![:：])((?:[01]\d|2[0-3])|(?<!\d)\d)[:：]([0-5]\d)(?:[:：]([0-5]\d))?(?!\d)(?:\s*([AaPp])\.?[Mm]\b)?"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = "(" + "|".join(_MONTHS) + ")[a-z]*"
_YEAR_FIRST = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})")
_YEAR_LAST = re.compile(r"(?<!\d)(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}|\d{2})(?!\d)")
_NAMED = re.compile(
    rf"(?<!\d)(\d{{1,2}})[-/., ]*{_MONTH}[-/., ]*(\d{{4}})|{_MONTH}[-/., ]*(\d{{1,2}})[-/., ]+(\d{{4}})", re.I
)
_SLACK_S = 0.5  # cameras write their clock a moment before or after the frame
_SAME_PLACE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An instant that a text says; it holds from then for `precision_s`: 1 with seconds, 60 without."""

    at: datetime
    precision_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BurntClock:
    """A clock in the picture that goes with media time: where it is, and clock minus the stream's time in seconds."""

    box: Box
    offset_s: float
    readings: int


def parse_clock(text: str, near: datetime, tz: tzinfo) -> Said | None:
    """The instant that a line of text says by the clock of `tz`; None where it holds no time of day.

    A date that may be read in two ways, or none, is the one nearest to `near`.
    """
    found = _TIME.search(text)
    if found is None:
        return None
    hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
    if found[4]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if found[4] in "Pp" else 0)
    rest = f"{text[: found.start()]} {text[found.end() :]}"
    dates = list(_dates(rest)) or _around(near, tz)
    instants = (datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=tz) for day in dates)
    best = min(instants, key=lambda at: (abs(at - near), at))
    return Said(at=best, precision_s=1.0 if found[3] else 60.0)


def clock_of(readings: Iterable[ClockReading], stream: Stream, tz: tzinfo) -> BurntClock | None:
    """The clock that most readings agree on, which went on as media time did; None where nothing did so."""
    told = [one for reading in readings if (one := _told(reading, stream, tz))]
    best: list[_Told] = []
    for one in told:
        agreed = [other for other in told if _agree(one, other)]
        if len(agreed) > len(best) and _goes(agreed):
            best = agreed
    if not best:
        return None
    return BurntClock(box=reduce(hull, (one.box for one in best)), offset_s=_offset(best), readings=len(best))


def covers(clock: Box, line: Box) -> bool:
    """Whether a line of text is, for the greater part, in the strip of the clock."""
    return inside_share(line, clock) > _SAME_PLACE


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """A reading: the clock is `least_s` or up to `precision_s` more ahead of the stream's time."""

    pts_s: float
    least_s: float
    precision_s: float
    box: Box


def _told(reading: ClockReading, stream: Stream, tz: tzinfo) -> _Told | None:
    near = stream.at(reading.pts_s)
    said = parse_clock(reading.text, near, tz)
    if said is None:
        return None
    least_s = (said.at - near).total_seconds()
    return _Told(pts_s=reading.pts_s, least_s=least_s, precision_s=said.precision_s, box=reading.box)


def _agree(one: _Told, other: _Told) -> bool:
    room = _SLACK_S + max(one.precision_s, other.precision_s)
    shared = max(inside_share(one.box, other.box), inside_share(other.box, one.box))
    return abs(one.least_s - other.least_s) <= room and shared > _SAME_PLACE


def _goes(told: Sequence[_Told]) -> bool:
    """Whether they are of times far enough apart: a price or a sign says the same time for ever."""
    ordered = sorted(told, key=lambda one: one.pts_s)
    return ordered[-1].pts_s - ordered[0].pts_s >= max(one.precision_s for one in told) + 2 * _SLACK_S


def _offset(told: Sequence[_Told]) -> float:
    """The middle of what all readings leave; where they leave nothing, the middle reading."""
    low = max(one.least_s for one in told)
    high = min(one.least_s + one.precision_s for one in told)
    if low < high:
        return (low + high) / 2
    return float(median(one.least_s + one.precision_s / 2 for one in told))


def _dates(text: str) -> Iterator[date]:
    """Every way in which a text may be read as a date."""
    for found in _YEAR_FIRST.finditer(text):
        yield from _date(int(found[1]), int(found[2]), int(found[3]))
    for found in _YEAR_LAST.finditer(text):
        a, b, c = int(found[1]), int(found[2]), int(found[3])
        year = c if c > 99 else 2000 + c
        yield from _date(year, b, a)
        yield from _date(year, a, b)
        if c < 100:
            yield from _date(2000 + a, b, c)
    for found in _NAMED.finditer(text):
        month = _MONTHS.index((found[2] or found[4]).lower()) + 1
        yield from _date(int(found[3] or found[6]), month, int(found[1] or found[5]))


def _date(year: int, month: int, day: int) -> Iterator[date]:
    if 1970 <= year < 2200:
        try:
            yield date(year, month, day)
        except ValueError:
            return


def _around(near: datetime, tz: tzinfo) -> list[date]:
    today = near.astimezone(tz).date()
    return [today + timedelta(days=days) for days in (-1, 0, 1)]
