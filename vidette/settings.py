"""Settings: what `vidette.yml` and `VIDETTE_…` may say. The reference page is made from this file."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

Share = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0, le=86_400 * 366)]
Positive = Annotated[float, Field(gt=0, le=86_400 * 366)]
Name = Annotated[str, Field(min_length=1, max_length=120)]


class Model(BaseModel):
    """A settings table: unknown keys are errors, values are not changed after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


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


class StreamSettings(Model):
    """One file or camera, with what is special about it."""

    name: Name = Field(description="the stream's name; its id is made of it")
    source: str = Field(default="", description="path, glob or URL; empty: these settings are for `watch --name`")
    zones: list[ZoneSettings] = Field(default_factory=list, description="named polygons")
    lines: list[LineSettings] = Field(default_factory=list, description="named directed lines")
    masks: list[Annotated[list[tuple[Share, Share]], Field(min_length=3)]] = Field(
        default_factory=list, description="polygons that are never looked at"
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


class VlmSettings(Model):
    """Deep looks by a vision-language model."""

    backend: Literal["none"] = Field(default="none", description="`none`: captions are composed from what was tracked")


class Settings(Model):
    """Everything that can be set; each key has a default that runs with nothing installed or served."""

    db: str = Field(default="", description="memory: a path; empty is `vidette.db` in the user's data folder")
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

    @field_validator("sample")
    @classmethod
    def _sample(cls, value: str) -> str:
        if value == "keyframes":
            return value
        try:
            fps = float(value)
        except ValueError:
            fps = 0.0
        if not 0.1 <= fps <= 30:
            raise ValueError("give `keyframes` or a number of frames a second from 0.1 to 30")
        return value
