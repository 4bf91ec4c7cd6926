"""Typed questions to a graph store; `GraphStore.read(query)` returns what the query names.

One dataclass a query, generic in its answer, so both stores are held to the same list.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, Literal, TypeVar

from vidette.feeds import FeedRow
from vidette.models import Assertion, ClockReading, Commit, EventType, Label, Run
from vidette.rows import CoverageRow, EntityRow, EventRow, SegmentRow, StreamRow, TextRow, TrackRow
from vidette.streams import Stream

R_co = TypeVar("R_co", covariant=True)


class Query(Generic[R_co]):
    """A question to the store whose answer is an `R_co`."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which rows: every given condition must hold; empty means any.

    `streams` are names or ids. `since`/`until` are instants, `from_s`/`to_s` media times: rows
    whose [start, end] meets the half-open window (for instants: start inside it). `text` is a
    full-text search over captions (all words, stemmed; terms joined by OR if `any_word`). `moving`
    leaves out tracks of still things.
    Retracted events are left out unless `retracted`.
    """

    streams: tuple[str, ...] = ()
    types: tuple[EventType, ...] = ()
    labels: tuple[Label, ...] = ()
    kinds: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    tracks: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    from_s: float | None = None
    to_s: float | None = None
    starts_inside: bool = False
    text: str = ""
    any_word: bool = False
    min_confidence: float = 0.0
    moving: bool = False
    retracted: bool = False
    ids: tuple[str, ...] = ()


Order = Literal["start", "-start", "duration", "-duration", "rank"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Streams(Query[list[StreamRow]]):
    """Every stream, by name."""

    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Feeds(Query[list[FeedRow]]):
    """The newest state of each live stream, by name."""

    streams: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamOf(Query[Stream | None]):
    """A stream as it was configured, by name or id."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LastCommit(Query[Commit | None]):
    """The newest settled fast observation of a stream."""

    stream_id: str


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a stream is settled: the sequence of its last commit, -1 without one, and its fence (GraphStore.take)."""

    sequence: int
    fence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached(Query[dict[str, Reach]]):
    """How far each of these streams (ids) is settled, without what a commit carries; those not registered are left out."""

    streams: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled(Query[frozenset[str]]):
    """Which of these observations have been settled."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Events(Query[list[EventRow]]):
    """Events in time order (or as `order` says); `brief` leaves out evidence and runs."""

    where: Filter = field(default_factory=Filter)
    limit: int = 100
    order: Order = "start"
    brief: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracks(Query[list[TrackRow]]):
    """Tracks in time order; `brief` leaves out their paths."""

    where: Filter = field(default_factory=Filter)
    limit: int = 100
    order: Order = "start"
    brief: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs(Query[list[Run]]):
    """Every configuration of every model that spoke here, oldest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entities(Query[list[EntityRow]]):
    """Entities whose tracks or events match; `role` is empty."""

    where: Filter = field(default_factory=Filter)
    limit: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Segments(Query[list[SegmentRow]]):
    """Segments with their captions and keyframes."""

    where: Filter = field(default_factory=Filter)
    limit: int = 100
    order: Order = "start"


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageIn(Query[list[CoverageRow]]):
    """Coverage rows that meet the window, by stream and time, clipped to the window."""

    where: Filter = field(default_factory=Filter)
    limit: int = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Count(Query[int]):
    """How many rows match: counted by the database, never estimated."""

    of: Literal["events", "tracks", "entities", "segments"]
    where: Filter = field(default_factory=Filter)


@dataclass(frozen=True, slots=True)
class Bucket:
    """One bar of a timeline."""

    start_s: float
    start: datetime
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline(Query[list[Bucket]]):
    """Events or tracks that start in each bucket of `bucket_s`; empty buckets are left out."""

    of: Literal["events", "tracks"]
    bucket_s: float
    where: Filter = field(default_factory=Filter)


@dataclass(frozen=True, slots=True)
class Share:
    """How many rows have a value in common: its name, or where the stretch of time begins."""

    name: str
    count: int
    start: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally(Query[list[Share]]):
    """How many rows (of events, with `distinct` how many things) start in each stream, zone, line, label, minute or
    quarter of an hour (UTC), by name or time; what has none is left out."""

    of: Literal["events", "tracks"]
    by: Literal["stream", "zone", "line", "label", "minute", "quarter"]
    where: Filter = field(default_factory=Filter)
    distinct: bool = False


@dataclass(frozen=True, slots=True)
class Together:
    """Two entities seen in one stream at one time, and for how long."""

    a: str
    b: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CoOccurrence(Query[list[Together]]):
    """Pairs of entities whose tracks overlap in time in one stream, longest first."""

    where: Filter = field(default_factory=Filter)
    limit: int = 100


@dataclass(frozen=True, slots=True)
class Node:
    """A node of the graph: its label (`Event`, `Track`, ...), id and plain properties."""

    label: str
    id: str
    properties: dict[str, str | int | float | bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Edge:
    """A directed relation of the graph as design §8 names it."""

    type: str
    source: str
    target: str
    properties: dict[str, str | int | float | bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Subgraph:
    """Nodes and the edges among them."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours(Query[Subgraph]):
    """What is joined to a node within `hops` relations, at most `limit` nodes."""

    id: str
    hops: int = 1
    limit: int = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeGraph(Query[Subgraph]):
    """The graph of the matching streams and time, for export and graph algorithms."""

    where: Filter = field(default_factory=Filter)
    limit: int = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class AssertionsOf(Query[list[Assertion]]):
    """Every assertion that supports an event, oldest first."""

    event_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts(Query[list[TextRow]]):
    """Text in keyframes of matching segments, that in most pictures first."""

    where: Filter = field(default_factory=Filter)
    limit: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockReadings(Query[list[ClockReading]]):
    """What the clock burnt into a stream's pictures was read to say, by media time."""

    stream_id: str
