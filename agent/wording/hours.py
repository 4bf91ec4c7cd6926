"""Hours and days in a sentence: `at night`, `on weekends`, `between 8 and 9`, `from 10 pm to 6 am on Fridays`."""

import re
from collections.abc import Iterator
from typing import Any

from agent.wording.left import Left

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = (
    r"(?:mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:r(?:s(?:day)?)?)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?)s?"
)
_CLOCK = r"(?:\d{1,2}(?::\d\d)?(?: ?[ap]m\b| o'clock\b|\b)|noon\b|midday\b|midnight\b)"
_DURATION = r"(?! ?(?:s|m|h|secs?|seconds?|mins?|minutes?|hours?|days?|times?|people|persons?|cars?|%)\b)"
PARTS = {
    "at night": ("22:00", "06:00"),
    "overnight": ("22:00", "06:00"),
    "during the night": ("22:00", "06:00"),
    "in the night": ("22:00", "06:00"),
    "by night": ("22:00", "06:00"),
    "at night time": ("22:00", "06:00"),
    "in the dark hours": ("22:00", "06:00"),
    "during the day": ("06:00", "22:00"),
    "by day": ("06:00", "22:00"),
    "in the daytime": ("06:00", "22:00"),
    "in the morning": ("06:00", "12:00"),
    "every morning": ("06:00", "12:00"),
    "in the afternoon": ("12:00", "18:00"),
    "in the evening": ("18:00", "24:00"),
    "every evening": ("18:00", "24:00"),
    "after midnight": ("00:00", "06:00"),
    "at lunchtime": ("12:00", "14:00"),
}
_WORK = r"(?:business|working|office|opening|work|school|shop|store)"
_PART = re.compile(rf"\b({'|'.join(sorted(PARTS, key=len, reverse=True))})\b")
_RANGE = re.compile(rf"\b(?:only )?(?:between|from) ({_CLOCK}) ?(?:and|to|until|till|-) ?({_CLOCK}){_DURATION}")
_BARE = re.compile(r"\b(\d{1,2}:\d\d) ?(?:-|to|until) ?(\d{1,2}:\d\d)\b")
_EDGE = re.compile(rf"\b(after|before|until|from|since|past) ({_CLOCK})(?: on(?:wards?)?\b)?{_DURATION}")
_OUTSIDE = re.compile(
    rf"\b(?:outside(?: of)?|out of|after|beyond|not during) (?:the )?(?:{_WORK} )?(?:hours|work|closing time)\b|\bout of hours\b|\bwhen (?:we are|it is) closed\b"
)
_DURING = re.compile(rf"\b(?:during|in|within|only in) (?:the )?{_WORK} hours\b")
_SPAN = re.compile(rf"\b(?:on |from |every )?({_DAY}) ?(?:to|through|until|-) ?({_DAY})\b")
_LIST = re.compile(rf"\b(?:only )?(?:on |every |each )?(?:a )?((?:{_DAY}(?:,? and |,? or |, ))*{_DAY})\b(?: only)?")
_WEEKEND = re.compile(r"\b(?:only )?(?:on|at|over|during|every) (?:the |a )?weekends?\b")
_WEEKDAY = re.compile(
    r"\b(?:only )?(?:on|during|every) (?:the |a )?(?:weekdays?|working days?|workdays?|business days?)\b"
)
_NO_HOLIDAY = re.compile(
    r",? ?\b(?:but |and )?(?:except|excluding|not|apart from|but not)(?: (?:on|for|during))? (?:public |bank )?holidays\b"
)
_HOLIDAY = re.compile(r"\b(?:(?:only )?(?:on|during)|and(?: on)?|or(?: on)?) (?:public |bank |a )?holidays?\b")
_DAY_PART = re.compile(rf"\b({_DAY}) (morning|afternoon|evening|night)s?\b")
_DAILY = re.compile(
    r"\b(?:every day|each day|daily|any day|all day(?: long)?|at any time|around the clock|24/7|on any day)\b"
)


def hours(left: Left) -> dict[str, Any]:
    """Settings of `active` (or `between`) that the sentence says, taken out of it; empty where it says none."""
    left.text = _DAY_PART.sub(lambda one: f"{one[1]} {'at' if one[2] == 'night' else 'in the'} {one[2]}", left.text)
    days = sorted(set(_days(left)), key=(*DAYS, "holiday").index)
    begin, end = _clock(left) or ("00:00", "24:00")
    left.take(_DAILY)
    found: dict[str, Any] = {}
    if days:
        found["days"] = days
    if (begin, end) != ("00:00", "24:00"):
        found |= {"from": begin, "to": end}
    return found


def _days(left: Left) -> Iterator[str]:
    weekend, weekday = left.take(_WEEKEND), left.take(_WEEKDAY)
    while span := left.take(_SPAN):
        first, last = DAYS.index(span[1][:3]), DAYS.index(span[2][:3])
        yield from (DAYS[(first + step) % 7] for step in range((last - first) % 7 + 1))
    while listed := left.take(_LIST, _really_days):
        yield from (one[:3] for one in re.findall(_DAY, listed[1]))
    yield from DAYS[5:] if weekend else ()
    yield from DAYS[:5] if weekday else ()
    if left.take(_NO_HOLIDAY):
        yield from () if weekend or weekday else DAYS
        left.doubts.append("which days are holidays says a file: name it in `active.holidays`")
    elif left.take(_HOLIDAY):
        yield "holiday"
        left.doubts.append("which days are holidays says a file: name it in `active.holidays`")


def _really_days(found: "re.Match[str]") -> bool:
    """`sun` and `sat` alone are other words as often."""
    return len(found[1]) > 3 or found[0] != found[1]


def _clock(left: Left) -> tuple[str, str] | None:
    found = left.take(_RANGE) or left.take(_BARE)
    part = left.take(_PART)
    if found:
        return _between(left, found, part[1] if part else "")
    if left.take(_OUTSIDE):
        left.notes.append("outside working hours is read as 18:00 to 08:00 on every day")
        left.doubts.append("the daytime of weekends is not in it: that takes a second rule")
        return "18:00", "08:00"
    if left.take(_DURING):
        left.notes.append("working hours are read as 08:00 to 18:00")
        return "08:00", "18:00"
    if part:
        begin, end = PARTS[part[1]]
        left.notes.append(f"{part[1]} is read as {begin} to {end}")
        return begin, end
    return _edges(left)


def _edges(left: Left) -> tuple[str, str] | None:
    """`after 10 pm`, `before 6 am`, or both."""
    begin = end = ""
    while found := left.take(_EDGE, _is_clock):
        if found[1] in ("before", "until"):
            end = _time(found[2])
        else:
            begin = _time(found[2])
    if not (begin or end):
        return None
    if not end:
        left.notes.append(f"after {begin} is read as until midnight")
    return begin or "00:00", end or "24:00"


def _is_clock(found: "re.Match[str]") -> bool:
    """`after 10` may be a duration or a number; `after 10 pm`, `after 22:00` and `after midnight` are times."""
    return not re.fullmatch(r"\d{1,2}", found[2])


def _between(left: Left, found: "re.Match[str]", part: str) -> tuple[str, str]:
    first, last = found[1], found[2]
    half = re.search(r"[ap]m$", last)
    if re.fullmatch(r"\d{1,2}", first) and half and _hour(first) <= _hour(last.removesuffix(half[0])):
        first = f"{first} {half[0]}"
    begin, end = _time(first), _time(last)
    if re.fullmatch(r"\d{1,2}", found[1]) and re.fullmatch(r"\d{1,2}", found[2]):
        begin, end = _of_day(int(found[1]), int(found[2]), part)
        left.notes.append(f"{found[0].removeprefix('only ')} is read as {begin} to {end}")
    return begin, "24:00" if end == "00:00" else end


def _of_day(first: int, last: int, part: str) -> tuple[str, str]:
    """Hours without am and pm: of the part of the day that is named; `9 to 5` ends after noon."""
    if part in ("in the evening", "in the afternoon", "every evening"):
        first, last = (one + 12 if one < 12 else one for one in (first, last))
    elif "night" in part and last < first < 12:
        first += 12
    elif last <= first and last < 12:
        last += 12
    return _written(first, 0), _written(last, 0)


def _hour(text: str) -> int:
    found = re.match(r"\d{1,2}", text)
    return int(found[0]) % 12 if found else 0


def _time(text: str) -> str:
    """`22:00` of `10 pm`, `22`, `noon`."""
    named = {"noon": (12, 0), "midday": (12, 0), "midnight": (0, 0)}
    if text in named:
        return _written(*named[text])
    found = re.match(r"(\d{1,2})(?::(\d\d))? ?([ap]m)?", text)
    assert found, "the pattern lets nothing else through"
    hour, minute = int(found[1]), int(found[2] or 0)
    if found[3]:
        hour = hour % 12 + (12 if found[3] == "pm" else 0)
    return _written(hour, minute)


def _written(hour: int, minute: int) -> str:
    if hour > 24 or minute > 59 or (hour == 24 and minute):
        return "24:00"
    return f"{hour:02}:{minute:02}"
