"""When a rule holds: days and hours by the clock on the wall of a time zone."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from rules.holidays import Holidays, holidays_of
from vidette.rule_settings import ActiveSettings

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOLIDAY = len(DAYS)
_EVERY = frozenset(range(HOLIDAY + 1))
_NUMBERS = {day: number for number, day in enumerate((*DAYS, "holiday"))}
_DAY = timedelta(days=1)
NO_HOLIDAYS = Holidays()


@dataclass(frozen=True, slots=True, kw_only=True)
class Active:
    """Hours of days: from `begin` until before `end`, in minutes since midnight (0..1440).

    Where `end` is before `begin` the hours go over midnight and belong to the day on which they
    began. Equal: never. `days` counts from Monday 0; a day of `holidays` is none of them but `HOLIDAY`. The clock
    is the one on the wall: in the night on which it is put back an hour counts twice, on the other one the hour is not
    there.
    """

    days: frozenset[int]
    begin: int
    end: int
    tz: tzinfo
    holidays: Holidays = NO_HOLIDAYS

    def holds(self, at: datetime) -> bool:
        """Whether the instant `at` (aware) is in these hours."""
        local = at.astimezone(self.tz)
        minute, today = local.hour * 60 + local.minute, local.date()
        if self.begin <= self.end:
            return self.begin <= minute < self.end and self.on(today)
        return (minute >= self.begin and self.on(today)) or (minute < self.end and self.on(today - _DAY))

    def on(self, day: date) -> bool:
        """Whether hours begin on the day, by the calendar of `tz`."""
        return (HOLIDAY if day in self.holidays else day.weekday()) in self.days

    def __str__(self) -> str:
        """`Mon-Fri 08:00-18:00 Europe/Paris`, `every day but holidays 22:00-06:00 UTC`."""
        return f"{self.days_in_words()} {_clock(self.begin)}-{_clock(self.end)} {self.tz}"

    def days_in_words(self) -> str:
        """`Mon-Fri`, `Sat, Sun and holidays`, `every day but holidays`."""
        weekdays = self.days - {HOLIDAY}
        if not self.holidays or self.days == _EVERY:
            return days_in_words(weekdays) if weekdays else "never"
        if not weekdays:
            return "holidays"
        return f"{days_in_words(weekdays)} {'and' if HOLIDAY in self.days else 'but'} holidays"


def active_of(said: ActiveSettings | None, tz: tzinfo) -> Active | None:
    """The hours of a rule, of a camera, or of an absence; None: always. `tz` where they name none.

    The file of holidays is read. Raises ConfigError.
    """
    if said is None:
        return None
    return Active(
        days=frozenset(_NUMBERS[day] for day in said.days) or _EVERY,
        begin=minutes(said.begin),
        end=minutes(said.end),
        tz=ZoneInfo(said.tz) if said.tz else tz,
        holidays=holidays_of(said.holidays) if said.holidays else NO_HOLIDAYS,
    )


def minutes(clock: str) -> int:
    """Minutes since midnight of `HH:MM`."""
    hours, _, rest = clock.partition(":")
    return int(hours) * 60 + int(rest)


def days_in_words(days: frozenset[int]) -> str:
    """`Mon-Fri`, `Sat, Mon`, `every day`: runs of three and more as a range, over the end of the week too."""
    if len(days) == 7:
        return "every day"
    runs: list[list[int]] = []
    for day in sorted(days):
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    if len(runs) > 1 and runs[0][0] == 0 and runs[-1][-1] == 6:
        runs[0] = runs.pop() + runs[0]
    return ", ".join(_run([DAYS[day].capitalize() for day in run]) for run in runs)


def _run(names: list[str]) -> str:
    return f"{names[0]}-{names[-1]}" if len(names) > 2 else ", ".join(names)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
