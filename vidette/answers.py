"""What a question becomes: the plan that was run, and an answer whose numbers come from rows."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from vidette.models import CoverageRow, EventRow, SegmentRow, StreamRow, TrackRow
from vidette.queries import Filter

Kind = Literal[
    "count", "list", "when", "first", "last", "how_long", "exists", "where", "describe", "coverage", "cannot_tell"
]
Of = Literal["events", "tracks", "streams", "coverage"]
Row = EventRow | TrackRow | StreamRow | SegmentRow | CoverageRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The typed queries a question stands for.

    `subject`/`subjects` is the thing asked about, in the asker's word; `verb` what it did, as a
    past form. `moving` leaves out still things; `distinct` counts things, not events; `now` asks
    for what is so at the end of what was watched; `pick` is which of several is meant. `words`
    says the plan to a person, `notes` how doubtful words were read.
    """

    kind: Kind
    of: Of = "events"
    where: Filter = field(default_factory=Filter)
    subject: str = "object"
    subjects: str = "objects"
    verb: str = ""
    moving: bool = False
    distinct: bool = False
    now: bool = False
    pick: Literal["first", "last"] | None = None
    words: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One thing the answer says; `citations` are the ids of the events that show it."""

    text: str
    citations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A stretch of the time asked that was not watched; no `stream` where none was filming."""

    start: datetime
    end: datetime
    reason: str
    stream: str | None = None
    start_s: float | None = None
    end_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """How much of the time asked was watched (fast look) and examined (deep look), in seconds
    summed over the streams asked."""

    watched_s: float = 0.0
    examined_s: float = 0.0
    total_s: float = 0.0
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer with its evidence.

    `value` is the number (or yes/no) in `unit`; times are media seconds. `unknown` is True where
    nothing that was watched can tell, and then `value` is absent.
    """

    question: str
    plan: Plan
    answer: str
    claims: tuple[Claim, ...] = ()
    rows: tuple[Row, ...] = ()
    coverage: Covered = field(default_factory=Covered)
    unknown: bool = False
    value: float | int | bool | None = None
    unit: str | None = None
