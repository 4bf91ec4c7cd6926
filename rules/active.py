"""When a rule holds: days and hours by the clock on the wall of a time zone."""

from dataclasses import dataclass
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from vidette.rule_settings import ActiveSettings

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True, kw_only=True)
class Active:
    """Hours of days: from `begin` until before `end`, in minutes since midnight (0..1440).

    Where `end` is before `begin` the hours go over midnight and belong to the day on which they
    began. Equal: never. `days` counts from Monday 0. The clock is the one on the wall: in the night
    on which it is put back an hour counts twice, on the other one the hour is not there.
    """

    days: frozenset[int]
    begin: int
    end: int
    tz: tzinfo

    def holds(self, at: datetime) -> bool:
        """Whether the instant `at` (aware) is in these hours."""
        local = at.astimezone(self.tz)
        minute, today = local.hour * 60 + local.minute, local.weekday()
        if self.begin <= self.end:
            return today in self.days and self.begin <= minute < self.end
        return (today in self.days and minute >= self.begin) or ((today - 1) % 7 in self.days and minute < self.end)

    def __str__(self) -> str:
        """`Mon-Fri 08:00-18:00 Europe/Paris`."""
        return f"{days_in_words(self.days)} {_clock(self.begin)}-{_clock(self.end)} {self.tz}"


def active_of(said: ActiveSettings | None, tz: tzinfo) -> Active | None:
    """The hours of a rule, of a camera, or of an absence; None: always. `tz` where they name none."""
    if said is None:
        return None
    return Active(
        days=frozenset(DAYS.index(day) for day in said.days if day in DAYS) or frozenset(range(7)),
        begin=minutes(said.begin),
        end=minutes(said.end),
        tz=ZoneInfo(said.tz) if said.tz else tz,
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
