"""The time a report is about, as one axis: clock time, or media time where it is short footage of files."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from agent.report.words import lasting, media_time
from vidette.queries import Filter
from vidette.rows import StreamRow

BARS = 60
MEDIA_S = 3600.0  # files no longer than this in all are told in media time
_DAY_S = 86_400
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, _DAY_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Half-open time; `since`/`until` on the clock, `low_s`/`high_s` on the axis.

    On the clock the axis counts seconds from `since`; in media time it is that of each stream.
    """

    clock: bool
    since: datetime
    until: datetime
    low_s: float
    high_s: float
    tz: tzinfo
    cut: bool = False

    @property
    def length_s(self) -> float:
        """Seconds from end to end."""
        return self.high_s - self.low_s

    def where(self, *streams: str) -> Filter:
        """Rows of these streams that meet the window."""
        if self.clock:
            return Filter(streams=streams, since=self.since, until=self.until)
        return Filter(streams=streams, from_s=self.low_s, to_s=self.high_s) if self.cut else Filter(streams=streams)

    def place(self, at: datetime, media_s: float) -> float:
        """Where a moment lies on the axis, 0..1; outside it, at its end."""
        return min(max((self.seconds(at, media_s) - self.low_s) / self.length_s, 0.0), 1.0)

    def seconds(self, at: datetime, media_s: float) -> float:
        """A moment in seconds of the axis."""
        return (at - self.since).total_seconds() if self.clock else media_s

    def said(self, at: datetime, media_s: float, *, exact: bool = True) -> str:
        """A moment for a reader: media time, or clock time with the day where there are several."""
        if not self.clock:
            return media_time(media_s)
        local = at.astimezone(self.tz)
        time = f"{local:%H:%M:%S}" if exact else f"{local:%H:%M}"
        return f"{local:%a %d %b} {time}" if self.days > 1 else time

    @property
    def days(self) -> int:
        """Local days that the window touches."""
        last = self.until - timedelta(milliseconds=1)
        return (last.astimezone(self.tz).date() - self.since.astimezone(self.tz).date()).days + 1

    def words(self) -> str:
        """The whole window for a reader."""
        if not self.clock:
            return f"{media_time(self.low_s)} to {media_time(self.high_s)} of the footage"
        since, until = self.since.astimezone(self.tz), self.until.astimezone(self.tz)
        ends = f"{until:%H:%M}" if until.date() == since.date() else f"{until:%a %d %b %Y, %H:%M}"
        return f"{since:%a %d %b %Y, %H:%M} to {ends} ({since.tzname() or f'{since:%z}'})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Buckets:
    """Equal stretches over a window, from `low_s` of its axis on; they begin at round times of the day."""

    window: Window
    step_s: float
    low_s: float
    count: int

    @property
    def origin(self) -> datetime | None:
        """Instant of the first bucket's start; None in media time, which counts from 0."""
        return self.window.since + timedelta(seconds=self.low_s) if self.window.clock else None

    def number(self, key: str) -> int | None:
        """The bucket of a database key, None outside the window."""
        index = int(key) - (0 if self.window.clock else round(self.low_s / self.step_s))
        return index if 0 <= index < self.count else None

    def span(self, index: int) -> tuple[float, float]:
        """Seconds of the axis that a bucket covers, kept inside the window."""
        low = self.low_s + index * self.step_s
        return max(low, self.window.low_s), min(low + self.step_s, self.window.high_s)

    def touched(self, low: float, high: float) -> range:
        """The buckets that a stretch of the axis meets."""
        first = math.floor((low - self.low_s) / self.step_s)
        return range(max(0, first), min(self.count, math.ceil((high - self.low_s) / self.step_s)))

    def seconds(self, spans: Iterable[tuple[float, float]]) -> list[float]:
        """How much of each bucket the spans cover; those that overlap count twice."""
        out = [0.0] * self.count
        for low, high in spans:
            for index in self.touched(low, high):
                first, last = self.span(index)
                out[index] += max(0.0, min(high, last) - max(low, first))
        return out

    def starts(self) -> tuple[str, ...]:
        """What each bucket is called: its start and its end."""
        return tuple(f"{self._at(index)} to {self._at(index + 1)}" for index in range(self.count))

    def said(self, index: int) -> str:
        """One bucket for a sentence."""
        return f"{self._at(index)} to {self._time(index + 1)}"

    def ticks(self, most: int = 7) -> tuple[tuple[int, str], ...]:
        """(bucket, label): at most so many, at round times."""
        every = self._every(most)
        first = self._offset(every)
        return tuple((index, self._tick(index, every)) for index in range(first, self.count, every))

    def _every(self, most: int) -> int:
        steps = [step for step in (*_STEPS, 2 * _DAY_S, 7 * _DAY_S, 28 * _DAY_S) if step % self.step_s == 0]
        return next(
            (round(step / self.step_s) for step in steps if self.count * self.step_s / step <= most),
            max(1, math.ceil(self.count / most)),
        )

    def _offset(self, every: int) -> int:
        """The first bucket whose start is a multiple of the tick."""
        if every == 1:
            return 0
        begin = _since_midnight(self.window, self.low_s) if self.window.clock else self.low_s
        return round(-begin % (every * self.step_s) / self.step_s) % every

    def where(self, index: int, *streams: str) -> Filter:
        """Rows of these streams that meet a bucket."""
        low, high = self.span(index)
        if not self.window.clock:
            return Filter(streams=streams, from_s=low, to_s=high)
        since, until = (self.window.since + timedelta(seconds=seconds) for seconds in (low, high))
        return Filter(streams=streams, since=since, until=until)

    def instant(self, index: int) -> datetime:
        """When a bucket starts, in local time."""
        seconds = self.low_s + index * self.step_s
        return (self.window.since + timedelta(seconds=seconds)).astimezone(self.window.tz)

    def _at(self, index: int) -> str:
        if not self.window.clock:
            return media_time(self.low_s + index * self.step_s)
        return f"{self.instant(index):%a %d %b} {self._time(index)}" if self.window.days > 1 else self._time(index)

    def _time(self, index: int) -> str:
        if not self.window.clock:
            return media_time(self.low_s + index * self.step_s)
        return f"{self.instant(index):%H:%M:%S}" if self.step_s < 60 else f"{self.instant(index):%H:%M}"

    def _tick(self, index: int, every: int) -> str:
        if self.window.clock and every * self.step_s >= _DAY_S:
            return f"{self.instant(index):%a %d}"
        return self._time(index)

    @property
    def name(self) -> str:
        """How long a bucket is: `10 min`, `1 h`, `1 day`."""
        return {3600: "1 h", _DAY_S: "1 day"}.get(round(self.step_s)) or lasting(self.step_s)


def buckets(window: Window, step_s: float | None = None, *, most: int = BARS) -> Buckets:
    """Stretches of the shortest round length of which at most `most` cover the window, or of `step_s`."""
    length = window.length_s
    step = step_s or next(
        (step for step in _STEPS if length / step <= most), math.ceil(length / _DAY_S / most) * _DAY_S
    )
    before = _since_midnight(window, 0.0) % step if window.clock else window.low_s % step
    low = (0.0 if window.clock else window.low_s) - before
    return Buckets(window=window, step_s=step, low_s=low, count=max(1, math.ceil((window.high_s - low) / step - 1e-9)))


def _since_midnight(window: Window, seconds: float) -> float:
    """Seconds of the local day at a point of the clock axis."""
    local = (window.since + timedelta(seconds=seconds)).astimezone(window.tz)
    return local.hour * 3600 + local.minute * 60 + local.second + local.microsecond / 1e6


def window_of(streams: Sequence[StreamRow], asked: Filter, tz: tzinfo, *, newest_day: bool = False) -> Window | None:
    """The window that is asked for, cut to where there is footage; None where there is none.

    `newest_day`: where nothing is asked and the footage spans more than a day, its last local day.
    """
    spans = [(row.start, row.start + timedelta(seconds=row.length_s)) for row in streams if row.length_s > 0]
    if not spans:
        return None
    first, last = min(start for start, _ in spans), max(end for _, end in spans)
    if asked.from_s is not None or asked.to_s is not None:
        return _media(streams, asked, first, last, tz)
    free = asked.since is None and asked.until is None
    if free and all(row.kind != "live" for row in streams) and sum(row.length_s for row in streams) <= MEDIA_S:
        return _media(streams, asked, first, last, tz)
    since = max(first, asked.since) if asked.since else first
    until = min(last, asked.until) if asked.until else last
    if free and newest_day and (last - first).total_seconds() > _DAY_S:
        local = (last - timedelta(milliseconds=1)).astimezone(tz)
        since = max(first, local.replace(hour=0, minute=0, second=0, microsecond=0))
    return on_clock(since.astimezone(UTC), until.astimezone(UTC), tz)


def on_clock(since: datetime, until: datetime, tz: tzinfo) -> Window | None:
    """A window of clock time; None where it is empty."""
    length = (until - since).total_seconds()
    return Window(clock=True, since=since, until=until, low_s=0.0, high_s=length, tz=tz) if length > 0 else None


def _media(streams: Sequence[StreamRow], asked: Filter, first: datetime, last: datetime, tz: tzinfo) -> Window | None:
    low = max(0.0, asked.from_s or 0.0)
    longest = max(row.length_s for row in streams)
    high = min(longest, asked.to_s) if asked.to_s is not None else longest
    if high <= low:
        return None
    cut = asked.from_s is not None or asked.to_s is not None
    return Window(clock=False, since=first, until=last, low_s=low, high_s=high, tz=tz, cut=cut)
