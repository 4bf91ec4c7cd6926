"""Typed questions whose answers are counts: what reports are built of, computed by the database."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from vidette.intervals import Span
from vidette.models import Label
from vidette.queries import Filter, Query
from vidette.rows import CoverageRow

Group = Literal["stream", "type", "label", "zone", "line", "way", "heading", "bucket"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouped:
    """One group: its keys in the order asked (empty where a row has none), and its rows.

    Of the value asked for: how many rows have one, their sum, least, median, 90th percentile (both
    by nearest rank) and most.
    """

    keys: tuple[str, ...]
    count: int
    valued: int = 0
    total: float = 0.0
    least: float = 0.0
    median: float = 0.0
    p90: float = 0.0
    most: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakdown(Query[list[Grouped]]):
    """Events or tracks that start in the window, counted by groups; the largest groups first.

    `type`, `zone`, `line` and `way` (`forward`, `backward`) are of events, `heading` is of tracks;
    the label of an event is that of its subject. `bucket` numbers stretches of `bucket_s` from
    `origin`, or from media time 0 without it. `value`: `duration` in seconds (what is still open
    has none), `speed` of tracks in picture heights a second. Raises ConfigError for a group or a
    value that such rows do not have.
    """

    of: Literal["events", "tracks"]
    by: tuple[Group, ...]
    value: Literal["duration", "speed"] | None = None
    bucket_s: float = 3600.0
    origin: datetime | None = None
    where: Filter = field(default_factory=Filter)
    limit: int = 10_000


@dataclass(frozen=True, slots=True)
class HeatCell:
    """How many tracks stood in a cell of the picture at least once; column and row count from the top left."""

    column: int
    row: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Heat(Query[list[HeatCell]]):
    """Where the matching tracks stood (bottom centre of their boxes), on a grid over the picture.

    Between two places of a track it is taken to have gone straight; empty cells are left out. Of
    more tracks than `most`, that many are taken by their ids, which is as good as by chance.
    """

    columns: int
    rows: int
    most: int = 20_000
    where: Filter = field(default_factory=Filter)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One thing's stay in view (`zone` empty) or in a zone; no end while it is there."""

    stream: str
    zone: str
    track: str
    label: Label
    start: datetime
    start_s: float
    end: datetime | None = None
    end_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Visits(Query[list[Visit]]):
    """Stays that meet the window, by start: in zones, from entering to leaving, or (`zones` false) in view."""

    zones: bool = False
    where: Filter = field(default_factory=Filter)
    limit: int = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """How much of a stream's time was watched (fast look) and examined (either look), in seconds.

    `known` are the stretches in media time that coverage speaks of, `unwatched` its rows that were not watched.
    """

    stream: str
    watched_s: float = 0.0
    examined_s: float = 0.0
    known: tuple[Span, ...] = ()
    unwatched: tuple[CoverageRow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched(Query[list[Watching]]):
    """The sums of `CoverageIn` over the streams and the window of `where`, a row a stream, by name."""

    where: Filter = field(default_factory=Filter)


@dataclass(frozen=True, slots=True)
class Telling:
    """Whether anything here has one of the labels asked for, one of the kinds as well, and any kind at all."""

    labels: bool
    kinds: bool
    any_kind: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Told(Query[Telling]):
    """Whether things of these labels, and of these finer kinds, are told from others."""

    labels: tuple[Label, ...]
    kinds: tuple[str, ...] = ()
