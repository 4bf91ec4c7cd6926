"""What the time phrases of English look like, and what each one means taken alone.

What a day or a time of day means is `dateparser`'s word; it only ever sees short, matched phrases.
"""

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo

_NUMBERS = {
    **{
        w: float(n)
        for n, w in enumerate(
            ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
        )
    },
    **dict(
        zip(
            ["fifteen", "twenty", "thirty", "forty", "fifty", "sixty", "ninety"],
            (15.0, 20, 30, 40, 50, 60, 90),
            strict=True,
        )
    ),
    **{"a": 1.0, "an": 1.0, "half a": 0.5, "half an": 0.5, "a couple of": 2.0},
}
_N = r"(?:\d{1,9}(?:\.\d{1,6})?|half an?|a couple of|" + "|".join(sorted(_NUMBERS, key=len, reverse=True)) + ")"
_U = r"(?:seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|s|m|h)"
_MONTH = r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"  # fmt: skip
_WEEKDAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_PART = r"(?:morning|afternoon|evening|night)"
DAY = (
    rf"(?:today|yesterday {_PART}|the day before yesterday|yesterday|tonight|last night|this {_PART}"
    rf"|(?:last |this )?{_WEEKDAY}(?: {_PART})?|(?:this|last) week|\d{{4}}-\d\d-\d\d"
    rf"|(?:the )?\d{{1,2}}(?:st|nd|rd|th)? (?:of )?{_MONTH}(?: \d{{4}})?"
    rf"|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?(?:,? \d{{4}})?|{_N} days? ago)"
)
TOD = r"(?:\d{1,2}(?::\d\d){1,2}(?: ?[ap]m)?|\d{1,2} ?[ap]m|\d{1,2} o'clock|noon|midday|midnight)"
_A_SECOND = r"(?!an? sec(?:ond)?\b)"  # "after a second car" is no time
SPAN = rf"{_A_SECOND}{_N} ?{_U}(?:(?: and)? {_N} ?{_U}|\d{{1,2}} ?s)?"
_AGO = rf"{_N} ?{_U} ago"
_MEDIA = rf"(?:(?:the )?(?:second|minute|sec|min) {_N}|(?:the )?\d{{1,4}}(?:st|nd|rd|th) (?:second|minute)|{SPAN})"
_INSTANT = rf"(?:{_AGO}|{DAY}(?:,? at| from|,)? {TOD}|{TOD}(?: on)? {DAY}|{DAY}|{TOD}|{_MEDIA}|now)"
BARE = r"(?:\d{1,5}(?:\.\d{1,3})?|" + "|".join(word for word in _NUMBERS if len(word) > 2 and " " not in word) + ")"
_ENDS = r"(?![\w:])"
RANGE = re.compile(
    rf"\b(?:between|from) ((?:{_INSTANT}|{BARE})) (?:and|to|until|till|-|–) ((?:{_INSTANT}|{BARE})){_ENDS}"
)
LOOSE = re.compile(rf"(?<![\w:])((?:{_INSTANT}|{BARE})) ?(?:to|until|-|–) ?((?:{_INSTANT})){_ENDS}")
FIRST = re.compile(rf"\b(?:in |during |within |for |over )?(?:the |its )?first ({SPAN}|{_U}){_ENDS}")
AFTER_FIRST = re.compile(rf"\b(?:after|past) the first ({SPAN}|{_U}){_ENDS}")
LAST = re.compile(rf"\b(?:in |during |within |for |over )?(?:the |its )?(?:last|past) ({SPAN}|{_U}){_ENDS}")
EDGE = re.compile(
    rf"\b(after|since|past|before|until|till|up to|at|around|in|during|on) ({_INSTANT})(?: (?:on|onwards?))?{_ENDS}"
)
FROM_ON = re.compile(rf"\bfrom ({_INSTANT})(?: (?:on|onwards?))?{_ENDS}")
ALONE = re.compile(rf"\b(?:(?:on|in|during) )?({_AGO}|{DAY}){_ENDS}")
PART_OF_DAY = re.compile(
    rf"(?<![\w:])({BARE}|\d{{1,2}}:\d\d)(?: o'clock)? (?:in the (morning|afternoon|evening)|(at night)){_ENDS}"
)
HOUR = re.compile(
    rf"\b(at|around|about|by|before|after|since|until|till) ({BARE})(?=\s*\Z|\s+(?:on|in|at|the|today|yesterday|tonight|this|last|what|who|which|how|did|was|were|is|are|any\w*)\b)"
)
"""An hour without anything that says so: "at 3", "before 10 on Monday"."""
_HOURS = {"morning": (6, 12), "afternoon": (12, 18), "evening": (18, 24), "night": (22, 30)}
_MAX_S = 1.5e9

Stretch = tuple[datetime, datetime]


def seconds(text: str) -> float:
    """Seconds of "30 seconds", "a minute", "1 minute 30 seconds", "minute"; at most half a century."""
    total = 0.0
    for number, unit in re.findall(rf"({_N})? ?\b({_U})\b|$", _spaced(text)):
        total += number_of(number or "one") * _unit_s(unit) if unit else 0.0
    return min(total, _MAX_S)


def hour_of(found: re.Match[str]) -> str:
    """ "nine in the morning" as "9 am"; what is no hour of twelve stays as it is."""
    clock = found[1] if ":" in found[1] else f"{number_of(found[1]):g}"
    if not re.fullmatch(r"(?:[1-9]|1[0-2])(?::\d\d)?", clock):
        return found[0]
    return f"{clock} {'am' if found[2] == 'morning' else 'pm'}"


def number_of(text: str) -> float:
    """The number that digits or an English word mean."""
    return _NUMBERS[text] if text in _NUMBERS else float(text)


def position_s(text: str) -> float | None:
    """Media seconds of "second 10", "the 10th second", "minute 2", "1 minute 30 seconds"."""
    if found := re.fullmatch(rf"(?:the )?(second|minute|sec|min) ({_N})", text):
        return number_of(found[2]) * _unit_s(found[1])
    if found := re.fullmatch(r"(?:the )?(\d{1,4})(?:st|nd|rd|th) (second|minute)", text):
        return float(found[1]) * _unit_s(found[2])
    return seconds(text) if re.fullmatch(SPAN, text) else None


def colon_s(text: str) -> float | None:
    """Media seconds of "1:30" or "1:02:03"; None where it must be a time of day."""
    if not re.fullmatch(r"\d{1,2}(?::\d\d){1,2}", text):
        return None
    value = 0.0
    for part in text.split(":"):
        value = value * 60 + float(part)
    return value


def step_s(text: str) -> float:
    """How long the moment that a phrase names lasts: its finest unit."""
    if re.search(r"\d:\d\d:\d\d", text):
        return 1.0
    return 60.0


def read_time(text: str) -> time | None:
    """The time of day a phrase names."""
    if re.fullmatch(r"24:00", text):
        return time(0)
    text = re.sub(r"^(\d{1,2}) o'clock$", r"\1:00", "noon" if text == "midday" else text)
    if found := re.fullmatch(r"(\d{1,2}):(\d\d)(?::(\d\d))?", text):
        return _time(int(found[1]), int(found[2]), int(found[3] or 0))
    moment = _parse(text, datetime(2000, 1, 2))
    return moment.time() if moment else None


def read_day(text: str, now: datetime, tz: tzinfo) -> Stretch | None:
    """The instants [start, end) of the local day, part of a day or week that a phrase names."""
    here = now.astimezone(tz)
    if text in ("this week", "last week"):
        monday = here.date() - timedelta(days=here.weekday() + (7 if text == "last week" else 0))
        return _local(monday, 0, tz), _local(monday, 7 * 24, tz)
    text = {"tonight": "this night", "last night": "yesterday night"}.get(text, text)
    name, _, part = text.rpartition(" ")
    day = _date(name if part in _HOURS else text, here)
    if day is None:
        return None
    first, last = _HOURS.get(part, (0, 24))
    return _local(day, first, tz), _local(day, last, tz)


def with_unit_of(text: str, other: str) -> str:
    """A bare number with the unit of the other end: "10" of "10 and 20 seconds", "8" of "8 and 9 pm"."""
    if found := re.search(r"\b[ap]m\b|(?<=\d)[ap]m\b", other):
        return f"{number_of(text):g} {found[0]}"
    if re.fullmatch(SPAN, other):
        unit = re.search(rf"{_U}$", other)
        return f"{text} {unit[0] if unit else 's'}"
    return f"second {text}" if position_s(other) is not None else text


def _spaced(text: str) -> str:
    return re.sub(r"(?<=\d)(?=[a-z])|(?<=[a-z])(?=\d)", " ", text)


def _unit_s(unit: str) -> float:
    return {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}[unit[0]]


def _time(hour: int, minute: int, second: int) -> time | None:
    return time(hour, minute, second) if hour < 24 and minute < 60 and second < 60 else None


def _local(day: date, hours: int, tz: tzinfo) -> datetime:
    moved = day + timedelta(days=hours // 24)
    return datetime.combine(moved, time(hours % 24), tzinfo=tz).astimezone(UTC)


def _date(text: str, here: datetime) -> date | None:
    text = re.sub(r"^the (?=\d)|,", "", text)
    if text == "this":
        return here.date()
    naive = here.replace(tzinfo=None)
    today_counts = re.fullmatch(rf"(?:this )?{_WEEKDAY}", text)
    text = re.sub(r"^this ", "", text)
    ago = re.fullmatch(rf"({_N}) days? ago", text)
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return _iso(text)
    if ago:
        return here.date() - timedelta(days=min(18250, int(number_of(ago[1]))))
    moment = _parse(text, naive + timedelta(days=1) if today_counts else naive)
    return moment.date() if moment and 1970 <= moment.year < 2200 else None  # what cameras and calendars can hold


def _iso(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if 1970 <= found.year < 2200 else None


def _parse(text: str, base: datetime) -> datetime | None:
    import dateparser  # takes a while to load, and most questions name no day

    try:
        return dateparser.parse(
            text,
            languages=["en"],
            settings={"RELATIVE_BASE": base, "PREFER_DATES_FROM": "past", "RETURN_AS_TIMEZONE_AWARE": False},
        )
    except (ValueError, OverflowError):
        return None
