"""Questions about what people and time make of alerts: silences, feedback, timers, storms, incidents."""

from dataclasses import dataclass
from datetime import datetime

from vidette.alerts import Feedback, Silence, Storm, Timer
from vidette.queries import Query


@dataclass(frozen=True, slots=True, kw_only=True)
class Silences(Query[list[Silence]]):
    """Silences, the one that ends first first; `at`: only those that hold at that instant."""

    ids: tuple[str, ...] = ()
    at: datetime | None = None
    limit: int = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackOf(Query[list[Feedback]]):
    """What people said of these alerts (none given: of all), oldest first."""

    alerts: tuple[str, ...] = ()
    limit: int = 100_000


@dataclass(frozen=True, slots=True)
class Judged:
    """Of the alerts of one rule on one stream: how many there are, and how many people confirmed and dismissed."""

    rule: str
    stream: str
    alerts: int
    confirmed: int
    dismissed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Precision(Query[list[Judged]]):
    """What people made of alerts, by rule and stream; an alert on several streams counts on each."""

    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DueTimers(Query[list[Timer]]):
    """Timers of these rules that are due, longest due first."""

    now: datetime
    rules: tuple[str, ...]
    limit: int = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class StormOf(Query[Storm | None]):
    """What a sink was told in the window that begins at `start`."""

    sink: str
    start: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DueStorms(Query[list[Storm]]):
    """Windows of these sinks that are due; `ending`: with those that hold something back, due or not."""

    now: datetime
    sinks: tuple[str, ...]
    ending: bool = False
    limit: int = 1000


@dataclass(frozen=True, slots=True)
class Neighbour:
    """The alert that is next before or after another in one of its places or about its subject.

    `by`: what they have in common; `first` and `first_at` the first alert of its incident.
    """

    alert: str
    incident: str
    by: str
    first: str
    first_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NextTo(Query[list[Neighbour]]):
    """For each place (stream, zone; empty: none) and for the subject, the nearest alerts within `within_s` of `at`.

    One before and one after, `at` included; in streams `near`, of every zone there is.
    """

    alert: str
    at: datetime
    within_s: float
    subject: str | None
    places: tuple[tuple[str, str], ...]
    near: tuple[str, ...] = ()
