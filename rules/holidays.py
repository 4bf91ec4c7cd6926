"""Days that are no day of the week: a file with a date a line."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from vidette.errors import ConfigError

_MAX_BYTES = 1_000_000
_LINE = re.compile(r"(?:(\d{4})-)?(\d{2})-(\d{2})", re.ASCII)
_LEAP = 2000
"""A year that has every day there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holidays:
    """Days, and days of every year by month and day."""

    days: frozenset[date] = frozenset()
    yearly: frozenset[tuple[int, int]] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.days or self.yearly)

    def __contains__(self, day: date) -> bool:
        return day in self.days or (day.month, day.day) in self.yearly


def holidays_of(path: str) -> Holidays:
    """The days of a file: `2026-12-25`, or `12-25` for every year, one a line; `#` begins a comment.

    Raises ConfigError with file and line.
    """
    dates = list(_dates(path, _text(path)))
    return Holidays(
        days=frozenset(date(year, month, day) for year, month, day in dates if year is not None),
        yearly=frozenset((month, day) for year, month, day in dates if year is None),
    )


def _text(path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
        text = data.decode("utf-8-sig")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "not UTF-8 text"
        raise ConfigError(f"cannot read the file of holidays {path!r}: {why}") from error
    if len(data) > _MAX_BYTES:
        raise ConfigError(f"the file of holidays {path!r} is larger than 1 MB; give one date a line")
    return text


def _dates(path: str, text: str) -> Iterator[tuple[int | None, int, int]]:
    """(year, month, day) of each line, no year for every year."""
    for number, line in enumerate(text.splitlines(), 1):
        said = line.partition("#")[0].strip()
        if said:
            yield _date(said, f"{path}:{number}")


def _date(said: str, where: str) -> tuple[int | None, int, int]:
    found = _LINE.fullmatch(said)
    if not found:
        raise ConfigError(f"{where}: {said[:40]!r} is no date; write 2026-12-25, or 12-25 for every year")
    year, month, day = int(found[1]) if found[1] else None, int(found[2]), int(found[3])
    try:
        date(_LEAP if year is None else year, month, day)
    except ValueError:
        raise ConfigError(f"{where}: there is no day {said}") from None
    return year, month, day
