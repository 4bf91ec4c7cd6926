"""What memory holds, as records that either store gives and takes: most are the words of `vidette` with what a store adds.

Relations are ids, media times stand as they are stored and instants follow from them and the stream's start. What a
store derives (counts, words to search by, which labels an event has) is in no record: it is derived again.
"""

from dataclasses import asdict, dataclass
from typing import Annotated, ClassVar, Literal, get_args

from pydantic import AfterValidator, ConfigDict

from graph.portrait import Told
from graph.settle import Event
from vidette import alerts, feeds, matches, models, streams

POINTS = 500
"""A record of a path has so many points, the last of a track fewer."""
_NUMBERS = 5  # of a point: when, and its box


def _whole_numbers(vector: bytes) -> bytes:
    if not vector or len(vector) % 2:
        raise ValueError("a vector is of float16 numbers, two bytes each")
    return vector


def _whole_points(flat: tuple[float, ...]) -> tuple[float, ...]:
    if not flat or len(flat) % _NUMBERS or len(flat) > POINTS * _NUMBERS:
        raise ValueError(f"a path of 1 to {POINTS} points has a time and four sides each")
    return flat


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One thing that memory holds; `kind` is its name in a dump."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid", allow_inf_nan=False, ser_json_bytes="base64", val_json_bytes="base64"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord(Record):
    """A run and its place in the order in which runs first spoke here."""

    kind: Literal["run"] = "run"
    number: int
    run: models.Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """The newest fast observation that was settled, and what it carries on."""

    sequence: int
    watermark_s: float
    carry: bytes
    final: bool
    run_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamRecord(Record):
    """A stream as configured, where its watch is, and how far it has spoken to rules over time."""

    kind: Literal["stream"] = "stream"
    stream: streams.Stream
    watch: int
    fence: int
    commit: Committed | None = None
    feed: feeds.FeedState | None = None
    heard: matches.Heard | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservationRecord(Record):
    """That an observation was settled."""

    kind: Literal["observation"] = "observation"
    id: str
    stream_id: str
    look: models.Look
    sequence: int | None
    run_id: str
    start_s: float
    end_s: float
    watermark_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityRecord(Record):
    """What a thing is taken for; `present` where the newest watch has said it again."""

    kind: Literal["entity"] = "entity"
    entity: models.Entity
    present: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DescriptionRecord(Record):
    """What one look said of a thing."""

    kind: Literal["description"] = "description"
    entity_id: str
    told: Told


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Which thing a track is, and who said so."""

    entity_id: str
    confidence: float
    method: str
    run_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackRecord(Record):
    """A track without its path, which has records of its own."""

    kind: Literal["track"] = "track"
    track: models.Track
    run_id: str
    present: bool
    identity: Identity | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PathRecord(Record):
    """A stretch of a track's path: media time and box of each point, one after the other."""

    kind: Literal["path"] = "path"
    track_id: str
    points: Annotated[tuple[float, ...], AfterValidator(_whole_points)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caption:
    """What a run (by number) said of a segment."""

    run: int
    look: models.Look
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """What a run (by number; 0: one before runs were noted) read in a keyframe."""

    keyframe_id: str
    run: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentRecord(Record):
    """A segment with its keyframes by id, its tracks in order, and who said and read what."""

    kind: Literal["segment"] = "segment"
    segment: models.Segment
    present: bool
    captions: tuple[Caption, ...]
    texts: tuple[Text, ...]

    @property
    def words(self) -> str:
        """What full-text search finds it by."""
        return "\n".join([self.segment.caption, *(frame.text for frame in self.segment.keyframes if frame.text)])


@dataclass(frozen=True, slots=True, kw_only=True)
class AssertionRecord(Record):
    """What was said; of one stream and moment, in the order in which it was said."""

    kind: Literal["assertion"] = "assertion"
    assertion: models.Assertion


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRecord(Record):
    """An event as it stands."""

    kind: Literal["event"] = "event"
    event: Event
    look: models.Look
    derived: bool
    watch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SaysRecord(Record):
    """Which event an assertion supports."""

    kind: Literal["says"] = "says"
    assertion_id: str
    event_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageRecord(Record):
    """A row of the ledger of one look."""

    kind: Literal["coverage"] = "coverage"
    look: models.Look
    coverage: models.Coverage


@dataclass(frozen=True, slots=True, kw_only=True)
class LookRecord(Record):
    """What a deep look cost and answered."""

    kind: Literal["look"] = "look"
    observation_id: str
    segment_id: str
    stream_id: str
    run_id: str
    start_s: float
    end_s: float
    outcome: models.DeepState
    usage: models.Usage
    verdicts: tuple[models.Verdict, ...]

    @property
    def spent(self) -> dict[str, int | float]:
        """Its usage by name."""
        return asdict(self.usage)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingRecord(Record):
    """Where something lies in the space of a run."""

    kind: Literal["embedding"] = "embedding"
    run_id: str
    of: models.Embedded
    id: str
    text: str
    vector: Annotated[bytes, AfterValidator(_whole_numbers)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockRecord(Record):
    """What a clock burnt into the picture was read to say."""

    kind: Literal["clock_reading"] = "clock_reading"
    stream_id: str
    reading: models.ClockReading


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRecord(Record):
    """An alert as it was told last."""

    kind: Literal["alert"] = "alert"
    alert: alerts.Alert


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkRecord(Record):
    """A sink that takes nothing now: told to stop, or failing."""

    kind: Literal["sink"] = "sink"
    sink: str
    disabled: alerts.SinkState | None = None
    trouble: alerts.SinkTrouble | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRecord(Record):
    """A message and where it is."""

    kind: Literal["delivery"] = "delivery"
    delivery: alerts.Delivery


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRecord(Record):
    """One try of a delivery."""

    kind: Literal["attempt"] = "attempt"
    attempt: alerts.Attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRecord(Record):
    """What a rule decided, and why."""

    kind: Literal["decision"] = "decision"
    decision: alerts.Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleStateRecord(Record):
    """What a rule remembers of a stream."""

    kind: Literal["rule_state"] = "rule_state"
    state: alerts.RuleState


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceRecord(Record):
    """A silence."""

    kind: Literal["silence"] = "silence"
    silence: alerts.Silence


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackRecord(Record):
    """What a person said of an alert."""

    kind: Literal["feedback"] = "feedback"
    feedback: alerts.Feedback


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerRecord(Record):
    """When an alert is told again or louder."""

    kind: Literal["timer"] = "timer"
    timer: alerts.Timer


@dataclass(frozen=True, slots=True, kw_only=True)
class StormRecord(Record):
    """A window in which alerts were counted for a sink."""

    kind: Literal["storm"] = "storm"
    storm: alerts.Storm


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternRecord(Record):
    """What a rule over time remembers."""

    kind: Literal["pattern"] = "pattern"
    pattern: matches.PatternState


@dataclass(frozen=True, slots=True, kw_only=True)
class LeafRecord(Record):
    """What fits a leaf of a rule over time."""

    kind: Literal["leaf_match"] = "leaf_match"
    leaf: matches.LeafMatch


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidRecord(Record):
    """What a rule over time has found."""

    kind: Literal["said_match"] = "said_match"
    rule: str
    version: str
    said: matches.Said


AnyRecord = (
    RunRecord
    | StreamRecord
    | ObservationRecord
    | EntityRecord
    | DescriptionRecord
    | TrackRecord
    | PathRecord
    | SegmentRecord
    | AssertionRecord
    | EventRecord
    | SaysRecord
    | CoverageRecord
    | LookRecord
    | EmbeddingRecord
    | ClockRecord
    | AlertRecord
    | SinkRecord
    | DeliveryRecord
    | AttemptRecord
    | DecisionRecord
    | RuleStateRecord
    | SilenceRecord
    | FeedbackRecord
    | TimerRecord
    | StormRecord
    | PatternRecord
    | LeafRecord
    | SaidRecord
)
"""In the order in which a dump has them: what others name comes before them."""
KINDS: tuple[str, ...] = tuple(one.__dataclass_fields__["kind"].default for one in get_args(AnyRecord))
"""Their names, in that order."""
