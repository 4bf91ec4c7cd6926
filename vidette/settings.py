"""Settings: what `vidette.yml` and `VIDETTE_…` may say. The reference page is made from this file."""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from vidette.bounded import Model, Name, Positive, Secret, Share
from vidette.cluster_settings import ClusterSettings, broker_address
from vidette.language_settings import LanguageSettings
from vidette.rule_settings import ActiveSettings, AlertSettings, RuleSettings, SinkSettings
from vidette.vision_settings import DetectorSettings, EmbedderSettings, OcrSettings, VlmSettings


class ZoneSettings(Model):
    """A named polygon on a stream."""

    name: Name = Field(description="what rules, questions and events call it")
    polygon: Annotated[list[tuple[Share, Share]], Field(min_length=3, max_length=64)] = Field(
        description="corners, x and y in 0..1 of the upright picture"
    )


class LineSettings(Model):
    """A named line on a stream; crossing it has a direction."""

    name: Name = Field(description="what rules, questions and events call it")
    points: tuple[tuple[Share, Share], tuple[Share, Share]] = Field(
        description="from and to, x and y in 0..1; `forward` is from its left to its right"
    )


MAX_QUESTIONS = 16
"""Closed questions of which one look may be asked."""
AUTO = "auto"
"""Instead of the path of a picture of normal: the empty scene as the fast look knows it."""


class ExampleSettings(Model):
    """A picture of the place with what is rightly said of it."""

    picture: str = Field(min_length=1, max_length=2000, description="path of a JPEG picture")
    says: str = Field(min_length=1, max_length=300, description="what a good answer says of it, in words")


class StreamSettings(Model):
    """One file or camera, with what is special about it."""

    name: Name = Field(description="the stream's name; its id is made of it")
    source: str = Field(
        default="", max_length=2000, description="path, glob or URL; empty: these settings are for `watch --name`"
    )
    sub: str = Field(
        default="", max_length=2000, description="camera: URL of its smaller stream; it is looked at, `source` is kept"
    )
    username: str = Field(default="", max_length=200, description="camera: name to log in with")
    password: Secret = Field(default="", max_length=200, description="camera: password; use `${NAME}`")
    transport: Literal["tcp", "udp"] = Field(default="tcp", description="camera: how RTSP brings pictures")
    sample: str = Field(default="", description="as `sample` of the settings, for this stream only")
    idle: Literal["keyframes", "full"] = Field(
        default="keyframes",
        description="camera: what is decoded while nothing moves; `full` costs more and sees a GOP earlier",
    )
    overload: Literal["newest", "thin", "hold"] = Field(
        default="newest",
        description="camera: what gives way when looking is too slow: old pictures, every other one, or disk space",
    )
    record: Literal["off", "continuous"] = Field(
        default="off", description="camera: whether everything is kept, besides the clips of alerts"
    )
    active: ActiveSettings | None = Field(default=None, description="camera: when it is watched; without: always")
    near: list[Name] = Field(
        default_factory=list,
        max_length=64,
        description="streams that see the same place or the one beside it: alerts there belong to one incident",
    )
    context: str = Field(default="", max_length=2000, description="what is to be seen there, in words, for models")
    questions: list[Annotated[str, Field(min_length=1, max_length=300)]] = Field(
        default_factory=list,
        max_length=MAX_QUESTIONS,
        description="closed questions to models, answered yes, no or unknown",
    )
    describe: Literal["always", "asked"] | None = Field(
        default=None, description="as `vlm.describe`, for this stream only"
    )
    normal: str = Field(
        default="", max_length=2000, description="a JPEG picture of how it looks when nothing is wrong, or `auto`"
    )
    examples: list[ExampleSettings] = Field(
        default_factory=list, max_length=4, description="pictures with what is rightly said of them, for models"
    )
    boxes: Literal["listed", "drawn", "both"] = Field(
        default="listed", description="how models are told of what is tracked: in words, drawn on the pictures, or both"
    )
    zones: list[ZoneSettings] = Field(default_factory=list, description="named polygons")
    lines: list[LineSettings] = Field(default_factory=list, description="named directed lines")
    masks: list[Annotated[list[tuple[Share, Share]], Field(min_length=3, max_length=64)]] = Field(
        default_factory=list, description="polygons that are painted over before anything is looked at or kept"
    )

    @field_validator("sample")
    @classmethod
    def _sample(cls, value: str) -> str:
        return sampled(value) if value else value


def sampled(value: str) -> str:
    """`value` where it says how to sample. Raises ValueError."""
    if value == "keyframes":
        return value
    try:
        fps = float(value)
    except ValueError:
        fps = 0.0
    if not 0.1 <= fps <= 30:
        raise ValueError("give `keyframes` or a number of frames a second from 0.1 to 30")
    return value


class LiveSettings(Model):
    """Cameras: how long they may be silent, what is buffered."""

    timeout_s: Annotated[float, Field(ge=0.5, le=60)] = Field(
        default=3.0, description="a camera that is silent this long while it is asked for pictures is left"
    )
    lost_s: Annotated[float, Field(ge=0.5, le=3600)] = Field(
        default=3.0, description="the signal is said to be lost after this long without a picture"
    )
    idle_s: Positive = Field(default=5.0, description="keyframes only are decoded after this much quiet")
    audit: Share = Field(default=0.02, description="share of quiet groups of pictures that are decoded all the same")
    late_s: Annotated[float, Field(ge=0.5, le=600)] = Field(
        default=5.0, description="pictures that come later than this are skipped, to be at now again"
    )
    buffer_mb: int = Field(default=64, ge=4, le=4096, description="memory for a camera's last packets, for clips")
    hold_mb: int = Field(
        default=1024, ge=16, le=1_000_000, description="disk for a camera that `hold`s when overloaded"
    )
    pre_s: Annotated[float, Field(ge=0, le=120)] = Field(default=5.0, description="a clip begins this long before")
    post_s: Annotated[float, Field(ge=0, le=120)] = Field(default=10.0, description="and ends this long after")
    clip_max_s: Annotated[float, Field(ge=5, le=3600)] = Field(default=120.0, description="longest clip of an alert")


class KeepSettings(Model):
    """How long media is kept; the oldest of what may go goes first."""

    alerts_days: Annotated[float, Field(gt=0, le=36_500)] = Field(
        default=365, description="clips and pictures of alerts"
    )
    pictures_days: Annotated[float, Field(gt=0, le=36_500)] = Field(default=30, description="other pictures")
    recordings_days: Annotated[float, Field(gt=0, le=36_500)] = Field(default=7, description="recordings")
    max_gb: Annotated[float, Field(ge=0, le=10_000_000)] = Field(
        default=0, description="all media together at most; 0: as much as the disk has"
    )
    free_gb: Annotated[float, Field(ge=0, le=10_000_000)] = Field(
        default=2, description="left free on the disk: below it, recordings go first, then pictures, alerts last"
    )


class GateSettings(Model):
    """When pixels deserve a deep look."""

    threshold: float = Field(
        default=6.0, ge=1, le=100, description="tile change, in units of the stream's own noise, that opens the gate"
    )
    heartbeat_s: Positive = Field(default=60, description="a quiet stream is looked at this often all the same")


class SegmentSettings(Model):
    """How a stream's time is cut into segments."""

    max_s: Positive = Field(default=30, description="longest segment")
    idle_s: Positive = Field(default=2, description="an active segment closes after this much quiet")
    keyframes: int = Field(default=4, ge=1, le=32, description="pictures kept of a segment at most")
    keyframe_px: int = Field(
        default=3840, ge=1280, le=7680, description="their width at most: what is small is seen only in large ones"
    )


class FastSettings(Model):
    """The fast look: moving things, tracks, still things, the camera itself."""

    sensitivity: float = Field(default=1.0, ge=0.2, le=5, description="below 1 sees less, above 1 sees fainter things")
    min_size: Share = Field(default=0.0004, description="smallest thing, as a share of the picture")
    lost_s: Positive = Field(default=2.0, description="a track may be hidden this long before it ends")
    still_s: Positive = Field(default=2.0, description="a new or missing still thing is believed after this long")
    stopped_s: Positive = Field(default=5.0, description="a thing that stays put this long has stopped")
    loiter_s: Positive = Field(default=60, description="a thing that stays in view or in a zone this long loiters")
    abandoned_s: Positive = Field(
        default=30, description="a left thing whose bringer has been gone this long is abandoned"
    )
    crowd: int = Field(default=10, ge=2, le=1000, description="this many things at once are a crowd")
    people: bool = Field(default=True, description="run the people detector on what moves")


class Neo4jSettings(Model):
    """Memory on a Neo4j server, where `db` is its address."""

    user: str = Field(default="", max_length=200, description="name to log in with; empty: the server asks for none")
    password: Secret = Field(default="", max_length=1000, description="password; use `${NAME}`")
    database: str = Field(default="neo4j", min_length=1, max_length=63, description="its name on the server")
    ca: str = Field(
        default="",
        max_length=2000,
        description="file of the authority whose certificates are trusted (PEM), with `bolt+s` and `neo4j+s`; empty: those of this machine",
    )
    timeout_s: Annotated[float, Field(ge=0.1, le=86_400)] = Field(
        default=120.0, description="the server gives up a question or a change that takes longer"
    )


class Settings(Model):
    """Everything that can be set; each key has a default that runs with nothing installed or served."""

    db: str = Field(
        default="",
        description="memory: a path, or the address of a Neo4j server (`bolt://host:7687`); empty is `vidette.db` in the user's data folder",
    )
    media: str = Field(default="", description="folder of pictures and clips; empty is beside the database")
    sample: str = Field(default="5", description="`keyframes`, or frames a second to look at (0.1 to 30)")
    tz: str = Field(default="", description="time zone of naive times (IANA name); empty is this machine's")
    reader: Literal["pyav", "decord"] = Field(default="pyav", description="what decodes files")
    log: Literal["debug", "info", "warning", "error"] = Field(default="warning", description="what is logged to stderr")
    log_format: Literal["text", "json"] = Field(default="text", description="log lines for people or for machines")
    streams: list[StreamSettings] = Field(
        default_factory=list, description="files and cameras with zones, lines and masks"
    )
    gate: GateSettings = Field(default_factory=GateSettings, description="when pixels deserve a deep look")
    segments: SegmentSettings = Field(default_factory=SegmentSettings, description="how time is cut")
    fast: FastSettings = Field(default_factory=FastSettings, description="the fast look")
    vlm: VlmSettings = Field(default_factory=VlmSettings, description="deep looks")
    detector: DetectorSettings = Field(
        default_factory=DetectorSettings, description="finding things in pictures, for deep looks"
    )
    language: LanguageSettings = Field(
        default_factory=LanguageSettings, description="a language model for rules in plain words"
    )
    embedder: EmbedderSettings = Field(default_factory=EmbedderSettings, description="finding by likeness")
    ocr: OcrSettings = Field(default_factory=OcrSettings, description="text in the picture")
    neo4j: Neo4jSettings = Field(default_factory=Neo4jSettings, description="memory on a Neo4j server")
    broker: Secret = Field(
        default="",
        max_length=500,
        description="Redis server over which workers share the work (`redis://host:6379/0`); empty: all is done in one process",
    )
    cluster: ClusterSettings = Field(default_factory=ClusterSettings, description="workers on several machines")
    live: LiveSettings = Field(default_factory=LiveSettings, description="cameras")
    keep: KeepSettings = Field(default_factory=KeepSettings, description="how long media is kept")
    metrics: str = Field(
        default="", max_length=200, description="`host:port` where `watch` serves Prometheus metrics; empty: nowhere"
    )
    rules: list[RuleSettings] = Field(default_factory=list, description="when to raise alerts")
    sinks: list[SinkSettings] = Field(default_factory=list, description="who is told of alerts")
    alerts: AlertSettings = Field(default_factory=AlertSettings, description="what holds for all alerts")

    @field_validator("sample")
    @classmethod
    def _sample(cls, value: str) -> str:
        return sampled(value)

    @field_validator("broker")
    @classmethod
    def _broker(cls, value: str) -> str:
        return broker_address(value)
