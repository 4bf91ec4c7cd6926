"""Narrow rows: when events and tracks were and what they are about, for questions over many of them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple

from vidette.intervals import Span
from vidette.models import EventType, Label
from vidette.queries import Filter, Order, Query

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Moment(NamedTuple):
    """An event, or a track where it has no `type`; a tuple, since many thousands are read at once.

    `since` and `until` are seconds since 1970 (no end: still open), `start_s` media seconds. `thing` is the id of the
    entity that it happened to (its own id where none is known), `labels` those of all that it happened to, `kind` the
    finer kind of the first. Where a query leaves things out, events have no `tracks`, `labels` and `kind`.
    """

    id: str
    stream: str
    since: float
    until: float | None
    start_s: float
    type: EventType | None = None
    zone: str | None = None
    line: str | None = None
    tracks: tuple[str, ...] = ()
    thing: str = ""
    labels: tuple[Label, ...] = ()
    kind: str | None = None

    @property
    def start(self) -> datetime:
        """When it began."""
        return _instant(self.since)

    @property
    def end(self) -> datetime | None:
        """When it ended."""
        return None if self.until is None else _instant(self.until)

    @property
    def end_s(self) -> float | None:
        """Media time of its end."""
        return None if self.until is None else round(self.start_s + self.until - self.since, 3)


def _instant(seconds: float) -> datetime:
    return _EPOCH + timedelta(milliseconds=round(1000 * seconds))


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments(Query[list[Moment]]):
    """The rows that `Events` or `Tracks` would give, as moments; without `things`, only ids, times and places of events.

    `spans`, in seconds since 1970, disjoint and in order: only rows that meet one of them (that begin in one, if
    `begins`), in the order of time. `about`: only tracks of these things.
    """

    of: Literal["events", "tracks"]
    where: Filter = field(default_factory=Filter)
    limit: int = 100_000
    order: Order = "start"
    things: bool = True
    spans: tuple[Span, ...] | None = None
    begins: bool = False
    about: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejoined(Query[tuple[str, ...]]):
    """Things that have more than one track; most have one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Things(Query[int]):
    """How many different things events of `where` happened to, and events of each of `also` too.

    An event without a known thing counts by itself, and did nothing else. `also` is asked of these things, whatever label or kind it names.
    """

    where: Filter = field(default_factory=Filter)
    also: tuple[Filter, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun(Query[list[float]]):
    """When each event of `where` began, in seconds since 1970, in no order."""

    where: Filter = field(default_factory=Filter)


@dataclass(frozen=True, slots=True, kw_only=True)
class Doers(Query[int]):
    """How many of the tracks of `where` are of things to which events of `did` happened."""

    where: Filter = field(default_factory=Filter)
    did: Filter = field(default_factory=Filter)
