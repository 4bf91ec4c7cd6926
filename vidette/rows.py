"""The words of rows: what queries return and `--json` prints."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from vidette.models import (
    Answer,
    Attributes,
    DeepState,
    EventType,
    Evidence,
    FastState,
    Keyframe,
    Label,
    PathPoint,
    Run,
    State,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityRow:
    """An entity taking part in an event."""

    id: str
    label: Label
    role: str
    attributes: Attributes = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """What happened, start to end, derived from assertions."""

    id: str
    type: EventType
    stream: str
    start: datetime
    start_s: float
    confidence: float
    caption: str
    state: State
    end: datetime | None = None
    end_s: float | None = None
    zone: str | None = None
    line: str | None = None
    entities: tuple[EntityRow, ...] = ()
    tracks: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    runs: tuple[Run, ...] = ()
    attributes: Attributes = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictRow:
    """What one run answered to a closed question about a segment; `evidence` is the picture that it named."""

    stream: str
    segment: str
    start: datetime
    end: datetime
    start_s: float
    end_s: float
    question: str
    answer: Answer
    confidence: float
    run: Run
    evidence: Evidence | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackRow:
    """A track as stored, with wall-clock times; `entity` is the id of the thing it is."""

    id: str
    stream: str
    label: Label
    start: datetime
    start_s: float
    confidence: float
    path: tuple[PathPoint, ...]
    entity: str
    end: datetime | None = None
    end_s: float | None = None
    attributes: Attributes = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageRow:
    """A coverage row with wall-clock times."""

    stream: str
    start: datetime
    end: datetime
    start_s: float
    end_s: float
    state: FastState
    deep: DeepState
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamRow:
    """A stream with how far it has been watched; coverage speaks up to media time `reach_s`.

    `clock_offset_ms`: the clock burnt into the picture minus the stream's time, where one was read.
    """

    id: str
    name: str
    kind: str
    uri: str
    start: datetime
    start_from: str
    watched_s: float
    events: int
    tracks: int
    state: Literal["watching", "ended", "imported"]
    duration_s: float | None = None
    reach_s: float = 0.0
    clock_offset_ms: int | None = None

    @property
    def length_s(self) -> float:
        """Seconds of footage: what its container says or what coverage speaks of, the longer."""
        return max(self.duration_s or 0.0, self.watched_s, self.reach_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentRow:
    """A segment as stored: its caption (of the newest run) and keyframes."""

    id: str
    stream: str
    start: datetime
    end: datetime
    start_s: float
    end_s: float
    caption: str
    keyframes: tuple[Keyframe, ...] = ()
    gated: bool = False
    backdrop: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TextRow:
    """Text that can be read in pictures of a stream: its lines, joined by ` / `; first and last such picture, how many."""

    text: str
    stream: str
    first: datetime
    last: datetime
    first_s: float
    last_s: float
    pictures: int
