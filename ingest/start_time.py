"""When a recording began: what names and tags say, if it can be believed."""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from typing import NamedTuple

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(days=1)

# Year, month, day, hour, minute, second: run together or parted by one or a few marks.
_MARK = r"[-_. ]?"
_CALENDAR = re.compile(
    rf"(?<!\d)((?:19|20)\d\d){_MARK}(\d\d){_MARK}(\d\d)"
    rf"(?:[-_. ]{{0,3}}|[-_. ]?[Tt@][-_. ]?|[-_. ]at[-_. ])"
    rf"(\d\d)[-_.:h ]?(\d\d)[-_.:m ]?(\d\d)(?:[.,_](\d{{3}}))?(Z(?![A-Za-z])|[+-]\d\d:?\d\d)?(?!\d)"
)
_EPOCH = re.compile(r"(?<!\d)(\d{10})(\d{3})?(?!\d)")


def sane(at: datetime, *, now: datetime | None = None) -> bool:
    """Whether a recording may have begun then: 1990 to tomorrow."""
    return EARLIEST <= at <= (now or datetime.now(UTC)) + _AHEAD


class Named(NamedTuple):
    """An instant found in a name, and what else the name says (the camera, as a rule)."""

    at: datetime
    rest: str


def in_name(name: str, tz: tzinfo, *, now: datetime | None = None) -> Named | None:
    """The instant a file name tells (`2024-05-06_07-08-09`, `VID_20240506_070809`, epoch seconds, ...).

    A time without a zone is in `tz`.
    """
    for pattern, read in ((_CALENDAR, _calendar), (_EPOCH, _epoch)):
        for match in pattern.finditer(name):
            at = read(match, tz)
            if at is not None and sane(at, now=now):
                return Named(at, name[: match.start()] + "#" + name[match.end() :])
    return None


def _calendar(match: re.Match[str], tz: tzinfo) -> datetime | None:
    *numbers, fraction, zone = match.groups()
    try:
        at = datetime(*map(int, numbers), tzinfo=_zone(zone, tz))  # type: ignore[misc,arg-type]  # six numbers
    except ValueError:
        return None
    return (at + timedelta(milliseconds=int(fraction or 0))).astimezone(UTC)


def _zone(text: str | None, tz: tzinfo) -> tzinfo:
    if not text:
        return tz
    return UTC if text == "Z" else datetime.strptime(text, "%z").tzinfo or tz


def _epoch(match: re.Match[str], _: tzinfo) -> datetime | None:
    return datetime.fromtimestamp(int(match[1]), UTC) + timedelta(milliseconds=int(match[2] or 0))
