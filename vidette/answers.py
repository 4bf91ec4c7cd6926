"""What a question becomes: the plan that was run, and an answer whose numbers come from rows."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from vidette.alerts import AlertFilter
from vidette.models import Label
from vidette.queries import Filter
from vidette.rows import CoverageRow, EventRow, SegmentRow, StreamRow, TrackRow

Kind = Literal[
    "count", "list", "when", "first", "last", "how_long", "exists", "where", "describe", "coverage", "cannot_tell",
    "longest", "shortest", "most", "fewest", "average", "peak", "compare", "search"
]  # fmt: skip
Of = Literal["events", "tracks", "streams", "coverage", "alerts"]
By = Literal["minute", "hour", "day", "stream", "zone", "line", "label"]
Row = EventRow | TrackRow | StreamRow | SegmentRow | CoverageRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """How rows lie in time to the rows of `anchor` (Allen 1983, one sampling interval of tolerance).

    `before` begins before it starts, `after` begins after it ended, `during` shares time with it (an
    anchor of kind `when` is meant as the moment it began). Without `within_s` the first row of the
    anchor is meant (the last with its `pick`), with it any that is at most so many seconds away.
    """

    kind: Literal["before", "after", "during"]
    anchor: "Plan"
    within_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The typed queries a question stands for.

    `subject`/`subjects` is the thing asked about, in the asker's word; `verb` what it did, as a
    past form. `moving` leaves out still things; `distinct` counts things, not events; `now` asks
    for what is so at the end of what was watched; `pick` is which of several is meant, `nth` (from
    1) too. `words` says the plan to a person, `notes` how doubtful words were read.

    Rows must stand in all `relations`, last `longer_s` or more and less than `shorter_s` seconds,
    their things must have rows of every `also` and none of any `never` (`ordered`: later ones), and
    none of `without` may hold of a row, and things of a label in `narrow` must be of its kinds. `by` groups; `at_least`/`at_most` are what a yes needs;
    `negated` turns yes and no round. A comparison has two `sides`, each with its name in `said`;
    `more` says which way, or that they are alike, or `which` of them. `gap` is the time from the
    relation's anchor to the row. `text` of `where` is what captions are searched for.
    `alerts` is which of them are meant, besides the time and streams of `where`.
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
    nth: int | None = None
    relations: tuple[Relation, ...] = ()
    longer_s: float | None = None
    shorter_s: float | None = None
    also: tuple["Plan", ...] = ()
    never: tuple["Plan", ...] = ()
    ordered: bool = False
    without: tuple[Filter, ...] = ()
    narrow: tuple[tuple[Label, tuple[str, ...]], ...] = ()
    by: By | None = None
    at_least: int | None = None
    at_most: int | None = None
    negated: bool = False
    sides: tuple["Plan", ...] = ()
    said: str = ""
    alerts: AlertFilter | None = None
    more: Literal["more", "fewer", "equal", "which", "difference"] | None = None
    gap: bool = False
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

    `value` is the number (or yes/no, or the name of what was asked for) in `unit`; times are media seconds. `unknown` is True where
    nothing that was watched can tell, and then `value` is absent.
    """

    question: str
    plan: Plan
    answer: str
    claims: tuple[Claim, ...] = ()
    rows: tuple[Row, ...] = ()
    coverage: Covered = field(default_factory=Covered)
    unknown: bool = False
    value: float | int | bool | str | None = None
    unit: str | None = None
