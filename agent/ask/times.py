"""Times in a question: media times ("between second 10 and 20") and clock times ("yesterday after 5 pm")."""

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from agent.ask.footage import Footage
from agent.ask.moments import (
    AFTER_FIRST,
    ALONE,
    BARE,
    DAY,
    EDGE,
    FIRST,
    FROM_ON,
    HOUR,
    LAST,
    LOOSE,
    PART_OF_DAY,
    RANGE,
    SPAN,
    TOD,
    colon_s,
    hour_of,
    number_of,
    position_s,
    read_day,
    read_time,
    seconds,
    step_s,
    with_unit_of,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The time a question is about: media seconds, instants, both or neither; half-open.

    `point` marks a single moment. `problem` says why a time could not be used.
    """

    from_s: float | None = None
    to_s: float | None = None
    since: datetime | None = None
    until: datetime | None = None
    point: bool = False
    notes: tuple[str, ...] = ()
    problem: str = ""

    @property
    def bounded(self) -> bool:
        """Whether any border is set."""
        return any(v is not None for v in (self.from_s, self.to_s, self.since, self.until))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Moment:
    """One end of a window: a media time, or a day with or without a time of day."""

    media_s: float | None = None
    step_s: float = 1.0
    at: datetime | None = None
    day: tuple[datetime, datetime] | None = None
    tod: time | None = None
    text: str = ""


def read_times(text: str, footage: Footage) -> tuple[str, Window]:
    """The question without its times, and the window they mean (`problem` where they mean none)."""
    return _Reader(footage).read(text)


class _Reader:
    """Takes the time phrases out of one question, the longest forms first."""

    def __init__(self, footage: Footage) -> None:
        self.footage = footage
        self.window = Window()
        self.day: tuple[datetime, datetime] | None = None
        self.moments: list[tuple[str, _Moment]] = []

    def read(self, text: str) -> tuple[str, Window]:
        text = PART_OF_DAY.sub(hour_of, text)
        text = HOUR.sub(self._bare_hour, text)
        for pattern, take in (
            (RANGE, self._range),
            (AFTER_FIRST, self._after_first),
            (FIRST, self._first),
            (LAST, self._last),
            (LOOSE, self._range),
            (EDGE, self._edge),
            (FROM_ON, self._from_on),
            (ALONE, self._alone),
        ):
            text = pattern.sub(take, text)
        text = re.sub(r"\x00(?: (?:and )?\x00)+", "\x00", " ".join(text.replace("\x00", " \x00 ").split()))
        for role, moment in self.moments:
            self._place(role, moment)
        self._fill_day()
        return " ".join(text.replace("\x00", " ").split()), self._checked()

    def _fill_day(self) -> None:
        """ "yesterday after 5 pm" ends with yesterday; a day alone is all of it."""
        if not self.day:
            return
        if self.window.since is None:
            self._narrow(since=self.day[0])
        if self.window.until is None:
            self._narrow(until=self.day[1])

    def _range(self, found: re.Match[str]) -> str:
        first, second = found[1], found[2]
        if re.fullmatch(BARE, first) and re.fullmatch(BARE, second):
            return self._bare(found, number_of(first), number_of(second))
        if re.fullmatch(BARE, second) and (unit := re.match(r"(?:the )?(second|minute|sec|min) ", first)):
            second = f"{unit[1]} {second}"
        if re.fullmatch(BARE, first):
            first = with_unit_of(first, second)
        start, end = self._moment(first), self._moment(second)
        if start is None or end is None:
            return found[0]
        self._share_day(start, end)
        self.moments += [("from", start), ("to", end)]
        return "\x00"

    def _share_day(self, start: _Moment, end: _Moment) -> None:
        """ "between 5 and 6 pm yesterday": a day said once holds for both ends."""
        days = [moment.day for moment in (start, end) if moment.day]
        if len(days) == 1 and start.tod is not None and end.tod is not None:
            self._set_day(days[0])

    def _bare(self, found: re.Match[str], first: float, second: float) -> str:
        hours = first.is_integer() and second.is_integer() and first < second <= 24
        if hours:
            self.moments += [("from", _hour(int(first))), ("to", _hour(int(second)))]
            self._note(f"{first:g} and {second:g} read as hours of the day; say seconds for media time")
        else:
            self.moments += [("from", _Moment(media_s=first)), ("to", _Moment(media_s=second))]
            self._note(f"{first:g} and {second:g} read as seconds")
        return "\x00" if found[0].startswith(("between", "from")) else found[0]

    def _bare_hour(self, found: re.Match[str]) -> str:
        """ "at 3" as "at 3 pm": of the two hours the one that was filmed, else the one of the part of day, else as said."""
        number = number_of(found[2])
        if not number.is_integer() or number > 24:
            return found[0]
        hours = {int(number) % 24, (int(number) + 12) % 24} if 1 <= number <= 12 else {int(number) % 24}
        if parts := [part for part in ("morning", "afternoon", "evening", "night") if part in found.string]:
            hours = {hour for hour in hours if (hour < 12) == (parts[0] == "morning")} or hours
        filmed = [hour for hour in hours if self.footage.filmed_at(hour)]
        start, end = self.footage.extent
        if found[1] not in ("at", "around", "about") and (not filmed or end - start < timedelta(hours=1)):
            return found[0]  # "after 5" of a clip of a minute is no hour of any day
        hour = filmed[0] if len(filmed) == 1 else int(number) % 24 if int(number) % 24 in hours else min(hours)
        said = f"{hour % 12 or 12} {'pm' if hour >= 12 else 'am'}"
        self._note(f"{found[2]} read as {said}")
        return f"{found[1]} {said}"

    def _first(self, found: re.Match[str]) -> str:
        self._narrow(from_s=0.0, to_s=seconds(found[1]))
        return "\x00"

    def _after_first(self, found: re.Match[str]) -> str:
        self._narrow(from_s=seconds(found[1]))
        return "\x00"

    def _last(self, found: re.Match[str]) -> str:
        """The end of recorded footage where the stretch fits in it, else back from now."""
        length, footage = seconds(found[1]), self.footage
        if not footage.recorded or (re.search(r"\b(?:hours?|hrs?|h|days?)$", found[1]) and length > footage.longest_s):
            self._narrow(since=footage.now - timedelta(seconds=length), until=footage.now)
        elif len(footage.streams) == 1:
            self._narrow(from_s=max(0.0, footage.longest_s - length), to_s=footage.longest_s)
            self._note("counted back from the end of the footage")
        else:
            self._narrow(since=footage.extent[1] - timedelta(seconds=length))
            self._note("counted back from the end of the newest footage")
        return "\x00"

    def _edge(self, found: re.Match[str]) -> str:
        role = {"after": "after", "past": "after", "since": "since", "before": "to", "until": "to", "till": "to", "up to": "to"}  # fmt: skip
        moment = self._moment(found[2])
        if moment is None:
            return found[0]
        if found[1] in ("in", "during", "on", "at", "around") and moment.day and moment.tod is None:
            return self._set_day(moment.day)
        if (
            found[1] in ("in", "during", "on")
            and not moment.day
            and not re.match(r"(the )?(sec|min|\d+\w\w )", found[2])
        ):
            return found[0]
        if found[1] in ("after", "before") and moment.day and moment.tod is not None:
            self._set_day(moment.day)
        self.moments.append((role.get(found[1], "at"), moment))
        return "\x00"

    def _from_on(self, found: re.Match[str]) -> str:
        moment = self._moment(found[1])
        if moment is None:
            return found[0]
        self.moments.append(("since", moment))
        return "\x00"

    def _alone(self, found: re.Match[str]) -> str:
        moment = self._moment(found[1])
        if moment and moment.at:
            self.moments.append(("at", moment))
            return "\x00"
        return self._set_day(moment.day) if moment and moment.day else found[0]

    def _set_day(self, day: tuple[datetime, datetime]) -> str:
        if self.day and self.day != day:
            self._fail("two days are named")
        self.day = day
        return "\x00"

    def _moment(self, text: str) -> _Moment | None:
        footage = self.footage
        if text == "now":
            return _Moment(at=footage.now, text=text)
        if found := re.fullmatch(rf"({SPAN}) ago", text):
            if not found[1].rstrip("s").endswith("day"):
                return _Moment(at=footage.now - timedelta(seconds=seconds(found[1])), step_s=60, text=text)
            return _Moment(day=read_day(text, footage.now, footage.tz), text=text)
        if found := re.fullmatch(rf"({DAY})(?:,? at| from|,)? ({TOD})|({TOD})(?: on)? ({DAY})", text):
            day, tod = read_day(found[1] or found[4], footage.now, footage.tz), read_time(found[2] or found[3])
            return _Moment(day=day, tod=tod, step_s=step_s(text), text=text) if day and tod is not None else None
        if re.fullmatch(DAY, text):
            day = read_day(text, footage.now, footage.tz)
            return _Moment(day=day, text=text) if day else None
        return self._short(text)

    def _short(self, text: str) -> _Moment | None:
        if re.fullmatch(TOD, text):
            tod = read_time(text)
            media = colon_s(text)
            return _Moment(tod=tod, media_s=media, step_s=step_s(text), text=text) if tod or media is not None else None
        step = 60.0 if re.search(r"min|\dm\b", text) and not re.search(r"\d ?s|sec", text) else 1.0
        seconds = position_s(text)
        return None if seconds is None else _Moment(media_s=seconds, step_s=step, text=text)

    def _place(self, role: str, moment: _Moment) -> None:
        if self._is_media(role, moment):
            assert moment.media_s is not None
            self._set_media(role, moment.media_s, 1.0 if moment.tod else moment.step_s)
            return
        start = self._instant(role, moment)
        if start is None:
            return
        if role in ("from", "since", "after"):
            whole_day = role == "after" and moment.day and moment.tod is None
            self._narrow(since=moment.day[1] if whole_day and moment.day else start)
        elif role == "to":
            self._narrow(until=self._day_end(moment) or start)
        else:
            self._narrow(since=start, until=start + timedelta(seconds=moment.step_s), point=True)

    def _day_end(self, moment: _Moment) -> datetime | None:
        """ "between Monday and Wednesday" holds Wednesday; "before Monday" does not hold Monday."""
        in_range = any(role == "from" for role, _ in self.moments)
        return moment.day[1] if moment.day and moment.tod is None and in_range else None

    def _is_media(self, role: str, moment: _Moment) -> bool:
        """A bare "1:30" is media time where it lies in recorded footage, else a time of day."""
        if moment.media_s is None:
            return False
        if moment.tod is None:
            return True
        if moment.day or self.day or role == "since" or not self.footage.recorded:
            return False
        media = moment.media_s <= self.footage.longest_s or moment.media_s < 60
        self._note(f"{moment.text} read as {'media time' if media else 'a time of day'}")
        return media

    def _set_media(self, role: str, at: float, step: float) -> None:
        if role in ("from", "since", "after"):
            self._narrow(from_s=at)
        elif role == "to":
            self._narrow(to_s=at)
        else:
            self._narrow(from_s=at, to_s=at + step, point=True)

    def _instant(self, role: str, moment: _Moment) -> datetime | None:
        if moment.at:
            return moment.at
        day = moment.day or self.day
        if moment.tod is None:
            return day[0] if day else None
        if day:
            return self._join(day[0].astimezone(self.footage.tz).date(), moment.tod, moment.text)
        return self._undated(moment.tod, moment.text)

    def _undated(self, tod: time, text: str) -> datetime | None:
        """A time of day without a date is on the day of the footage, if there is one such day."""
        today = self.footage.now.astimezone(self.footage.tz).date()
        dates = self.footage.dates() or [today]
        start, end = self.footage.extent
        moments = [self._join(day, tod, text) for day in dates]
        if end - start < timedelta(days=1):  # footage over midnight: the nearer of two
            return min(moments, key=lambda at: max(start - at, at - end))
        if today in dates:
            if len(dates) > 1:
                self._note(f"{text} read as {today} {tod:%H:%M}; name a day for another")
            return self._join(today, tod, text)
        self._fail(f"which day? There is footage of {dates[0]} to {dates[-1]}; name one, as in 'on {dates[-1]}'")
        return None

    def _join(self, day: date, tod: time, text: str) -> datetime:
        if text == "24:00":
            day, tod = day + timedelta(days=1), time(0)
        return datetime.combine(day, tod, tzinfo=self.footage.tz).astimezone(UTC)

    def _narrow(self, **borders: float | datetime | bool) -> None:
        clash = [name for name in borders if name != "point" and getattr(self.window, name) is not None]
        if clash:
            self._fail("two times are given for one border")
        self.window = replace(self.window, **borders)  # type: ignore[arg-type]  # the names are this class's own

    def _note(self, text: str) -> None:
        self.window = replace(self.window, notes=(*self.window.notes, text))

    def _fail(self, problem: str) -> None:
        self.window = replace(self.window, problem=self.window.problem or problem)

    def _checked(self) -> Window:
        w = self.window
        if w.from_s is not None and w.to_s is not None and w.to_s <= w.from_s:
            self._fail(f"the time asked ends ({w.to_s:g} s) before it starts ({w.from_s:g} s)")
        if w.since and w.until and w.until <= w.since:
            self._fail("the time asked ends before it starts")
        return self.window


def _hour(hour: int) -> _Moment:
    return _Moment(tod=time(hour % 24), step_s=3600, text=f"{hour}:00")
