"""The words: what Vidette sees, says and remembers.

Units: `_s` are float seconds of media time from the stream's first frame, instants are aware UTC
datetimes, intervals are half-open, boxes are `xyxy` in 0..1 of the upright frame.
"""

from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, ClassVar, Literal

from vidette.feeds import FeedState
from vidette.geometry import Box

Attributes = dict[str, Any]

_BYTES_AS_BASE64 = {"ser_json_bytes": "base64", "val_json_bytes": "base64"}  # a carry is not text
LOOKS = ("fast", "deep")
Look = Literal["fast", "deep"]
Answer = Literal["yes", "no", "unknown"]
Embedded = Literal["keyframe", "segment", "assertion", "entity"]
"""What has an embedding: the picture of a keyframe; the words of the others."""
LABELS_VERSION = 1


class Label(StrEnum):
    """What a thing is; `object` unless something confirmed more."""

    OBJECT = "object"
    PERSON = "person"
    VEHICLE = "vehicle"
    BICYCLE = "bicycle"
    ANIMAL = "animal"
    BAG = "bag"
    PACKAGE = "package"
    FLAME = "flame"
    SMOKE = "smoke"
    OTHER = "other"


class EventType(StrEnum):
    """What can happen: a closed list; free words go to the caption."""

    OBJECT_ENTERED = "object_entered"
    OBJECT_EXITED = "object_exited"
    OBJECT_STOPPED = "object_stopped"
    OBJECT_MOVED_OFF = "object_moved_off"
    LINE_CROSSED = "line_crossed"
    ZONE_ENTERED = "zone_entered"
    ZONE_EXITED = "zone_exited"
    LOITERING = "loitering"
    RUNNING = "running"
    CROWD_FORMED = "crowd_formed"
    COUNT_CHANGED = "count_changed"
    OBJECT_LEFT = "object_left"
    OBJECT_ABANDONED = "object_abandoned"
    OBJECT_REMOVED = "object_removed"
    SIGNAL_LOST = "signal_lost"
    SIGNAL_RESTORED = "signal_restored"
    PICTURE_FROZEN = "picture_frozen"
    PICTURE_LOOPED = "picture_looped"
    SCENE_CHANGED = "scene_changed"
    CAMERA_MOVED = "camera_moved"
    VIEW_BLOCKED = "view_blocked"
    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    BLURRED = "blurred"
    CLOCK_JUMPED = "clock_jumped"
    CLOCK_WRONG = "clock_wrong"
    HOST_OFFLINE = "host_offline"
    STORAGE_LOW = "storage_low"
    SINK_DISABLED = "sink_disabled"
    FIRE = "fire"
    SMOKE = "smoke"
    PERSON_FELL = "person_fell"
    FIGHT = "fight"
    WEAPON_SHOWN = "weapon_shown"
    THEFT = "theft"
    VANDALISM = "vandalism"
    TRAFFIC_ACCIDENT = "traffic_accident"
    VEHICLE_STOPPED_ON_ROAD = "vehicle_stopped_on_road"
    DEBRIS_ON_ROAD = "debris_on_road"
    PPE_MISSING = "ppe_missing"
    SHELF_EMPTY = "shelf_empty"
    QUEUE_FORMED = "queue_formed"
    PARCEL_DELIVERED = "parcel_delivered"
    SPILL = "spill"
    MACHINE_FAULT = "machine_fault"
    OTHER = "other"


class State(StrEnum):
    """State of an event."""

    OPEN = "open"
    CLOSED = "closed"
    RETRACTED = "retracted"


class FastState(StrEnum):
    """What the fast look did with a stretch of time (`state` of a coverage row)."""

    WATCHED = "watched"
    BLIND = "blind"
    DROPPED = "dropped"
    STALLED = "stalled"
    FAILED = "failed"
    OFFLINE = "offline"
    NOT_RUNNING = "not_running"


class DeepState(StrEnum):
    """What the deep look did with a stretch of time (`deep` of a coverage row); later in this
    order wins where two commits speak of one moment."""

    OFF = "off"
    PENDING = "pending"
    DROPPED = "dropped"
    FAILED = "failed"
    GATED = "gated"
    HEARTBEAT = "heartbeat"
    EXAMINED = "examined"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One configuration of one model: what said a fact. For the fast look, our own code."""

    id: str
    model: str
    revision: str
    prompt_hash: str = ""
    params: Attributes = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A stored picture or clip that shows a fact."""

    kind: Literal["keyframe", "snapshot", "clip"]
    sha256: str
    uri: str
    pts_s: float
    box: Box | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyframe:
    """A frame chosen for a deep look, stored as a JPEG by content address."""

    id: str
    segment_id: str
    pts_s: float
    sha256: str
    uri: str
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A slice of a stream's time [start_s, end_s), the unit of deep looks.

    `gated`: the gate saw nothing in it that deserves one; keyframes it has all the same where it was taken at random, to
    audit the gate. `backdrop`: address of a picture of the scene with nothing in it.
    """

    id: str
    stream_id: str
    start_s: float
    end_s: float
    caption: str = ""
    keyframes: tuple[Keyframe, ...] = ()
    track_ids: tuple[str, ...] = ()
    gated: bool = False
    backdrop: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PathPoint:
    """Where a track was at one moment."""

    pts_s: float
    box: Box


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One thing over frames of one stream; no `end_s` while it is in view.

    `confidence` 0..1; `attributes` may hold kind, colour, size (share of the picture), speed
    (picture heights per second), heading.
    """

    id: str
    stream_id: str
    label: Label
    start_s: float
    end_s: float | None
    confidence: float
    path: tuple[PathPoint, ...]
    attributes: Attributes = field(default_factory=dict)
    entity_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """What a track or entity does in an event (`subject`, `bringer`, `taker`, ...)."""

    role: str
    track_id: str | None = None
    entity_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """One thing one run said; never changed.

    `of` is the id of the first assertion of the same fast event (itself for that first one);
    None for a deep assertion, which supports the event of its type that it overlaps most; a deep
    one that names itself (an imported caption) is an event of its own.
    `end_s` None means: still so at this commit.
    """

    id: str
    stream_id: str
    look: Look
    run_id: str
    type: EventType
    start_s: float
    end_s: float | None
    confidence: float
    caption: str
    of: str | None = None
    state: State = State.CLOSED
    box: Box | None = None
    zone: str | None = None
    line: str | None = None
    segment_id: str | None = None
    roles: tuple[Role, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    attributes: Attributes = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What was done with the stretch [start_s, end_s) of a stream."""

    stream_id: str
    start_s: float
    end_s: float
    state: FastState
    deep: DeepState
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """A known thing. A track is one entity from the start; a VLM may name further ones."""

    id: str
    stream_id: str
    label: Label
    name: str = ""
    description: str = ""
    attributes: Attributes = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a deep look cost: tries, tokens as the model counts them, seconds of waiting.

    `gpu_s`: seconds of a model in this process, its fair share of those of its batch, whatever it runs on. `refused`: things in the answer that were left out, being outside the closed lists or the bounds.
    """

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    wall_s: float = 0.0
    gpu_s: float = 0.0
    refused: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        """What two looks or tries cost together."""
        return Usage(**{one.name: getattr(self, one.name) + getattr(other, one.name) for one in fields(Usage)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedding:
    """Where a picture or a text lies in the space of the observation's run: what is alike lies near.

    `vector` is a unit vector in little-endian float16; `text` is what was embedded, empty for a picture.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = _BYTES_AS_BASE64

    of: Embedded
    id: str
    vector: bytes
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockReading:
    """What a clock burnt into the picture said at a media time, as it was read, and where."""

    pts_s: float
    text: str
    box: Box


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A VLM's answer to one closed question; `at_s` is the media time of the picture that shows it."""

    question: str
    answer: Answer
    confidence: float
    at_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What one look says at one commit: the unit of settling.

    Fast observations carry `sequence` 0, 1, 2... per stream and settle in order; deep ones have
    sequence None and settle in any order, any number of times. `watermark_s` is the media time
    up to which this look has said everything. `carry` is the fast look's state at that time, so
    that a resumed watch goes on from it exactly. `final` ends the stream. `feed` is how a live stream
    is at that time. `usage` is what a deep look cost, `segment_id` what it looked at, `verdicts` its
    answers to closed questions. `embeddings` are the run's. `fence`: who says it, of those who watched the stream one
    after another (GraphStore.take); 0: whoever holds it now.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = _BYTES_AS_BASE64

    id: str
    stream_id: str
    look: Look
    run: Run
    start_s: float
    end_s: float
    sequence: int | None = None
    watermark_s: float = 0.0
    tracks: tuple[Track, ...] = ()
    entities: tuple[Entity, ...] = ()
    assertions: tuple[Assertion, ...] = ()
    segments: tuple[Segment, ...] = ()
    coverage: tuple[Coverage, ...] = ()
    carry: bytes = b""
    final: bool = False
    feed: FeedState | None = None
    usage: Usage | None = None
    segment_id: str | None = None
    verdicts: tuple[Verdict, ...] = ()
    embeddings: tuple[Embedding, ...] = ()
    clock: tuple[ClockReading, ...] = ()
    fence: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """The last settled fast observation of a stream: where a resumed watch goes on."""

    __pydantic_config__: ClassVar[dict[str, str]] = _BYTES_AS_BASE64

    stream_id: str
    sequence: int
    watermark_s: float
    carry: bytes
    final: bool
    run_id: str
