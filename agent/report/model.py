"""A report as data: sections of blocks, built from rows alone; writers turn it into a page, a text or JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from vidette.alerts import Alert
from vidette.answers import Answer
from vidette.rows import EventRow

Kind = Literal["daily", "incident", "traffic", "operations"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A sentence, and the ids of the events that show it; `weight` says how it is set."""

    text: str
    events: tuple[str, ...] = ()
    weight: Literal["plain", "unusual", "soft"] = "plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statements:
    """Sentences, one under the other."""

    said: tuple[Statement, ...]
    block: Literal["statements"] = "statements"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Figures with what they count."""

    facts: tuple[tuple[str, str], ...]
    block: Literal["facts"] = "facts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A row of bars; None where that time was not watched at all, `partly` where only some of it was."""

    name: str
    values: tuple[float | None, ...]
    partly: tuple[bool, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """Bars over time, one strip a series on one scale; `starts` name the bars, `ticks` are (bar, label)."""

    title: str
    unit: str
    starts: tuple[str, ...]
    ticks: tuple[tuple[int, str], ...]
    series: tuple[Series, ...]
    bar: str = ""
    block: Literal["plot"] = "plot"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A stretch of a timeline, `low` to `high` in 0..1 of its axis, of a shade, with what it says."""

    low: float
    high: float
    shade: str
    said: str
    lane: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """An event on a timeline, at 0..1 of its axis."""

    at: float
    event: str
    said: str
    rare: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """One stream's time: marks of events, things in view (a lane each, or bars where they are many), coverage.

    `ticks` are (0..1, label); `bars` are heights in 0..1 over the whole axis.
    """

    stream: str
    said: str
    ticks: tuple[tuple[float, str], ...]
    coverage: tuple[Stretch, ...]
    marks: tuple[Mark, ...] = ()
    lanes: tuple[Stretch, ...] = ()
    bars: tuple[float, ...] = ()
    block: Literal["timeline"] = "timeline"


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A JPEG with a caption; `event` is the one it shows, `at` when that was."""

    sha256: str
    caption: str
    alt: str
    at: str = ""
    event: str | None = None
    note: str = ""
    jpeg: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """Moments worth seeing."""

    pictures: tuple[Picture, ...]
    block: Literal["pictures"] = "pictures"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatMap:
    """Where things stood, painted over the scene; `cells` rows of counts from the top left, `most` the highest."""

    picture: Picture
    most: int
    cells: tuple[tuple[int, ...], ...]
    block: Literal["heatmap"] = "heatmap"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Cells of a table, and the event that the row is about, if it is about one."""

    cells: tuple[str, ...]
    event: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows under headings (`>` before a heading: numbers); `more` says what was left out.

    Where `anchors`, links to its rows' events lead here; an event is so in one table only.
    """

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    title: str = ""
    more: str = ""
    anchors: bool = False
    block: Literal["table"] = "table"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Questions with their answers."""

    answers: tuple[Answer, ...]
    block: Literal["answers"] = "answers"


Block = Statements | Facts | Plot | Timeline | Pictures | HeatMap | Table | Answers


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Blocks under a heading; `key` is its name in JSON and in links."""

    key: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What happened in a window, of some streams.

    `since`/`until` bound the window on the clock; `events` are rows in time order that other parts
    cite, `cited` says when each was, `count` is how many events began in the window in all.
    """

    kind: Kind
    title: str
    window: str
    streams: tuple[str, ...]
    since: datetime
    until: datetime
    sections: tuple[Section, ...]
    events: tuple[EventRow, ...] = ()
    alerts: tuple[Alert, ...] = ()
    cited: Mapping[str, str] = field(default_factory=dict)
    count: int = 0
