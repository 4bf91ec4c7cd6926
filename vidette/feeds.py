"""The words of live streams: why pictures are missing, how a feed is, how good its picture is."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal


class Cause(StrEnum):
    """Why a feed gives no pictures, or why pictures were left out."""

    CONNECTING = "connecting"
    REFUSED = "refused"
    UNAUTHORISED = "unauthorised"
    NOT_FOUND = "not_found"
    UNREACHABLE = "unreachable"
    STALLED = "stalled"
    ENDED = "ended"
    UNREADABLE = "unreadable"
    CRASHED = "crashed"
    BACKLOG = "backlog"
    OVERLOAD = "overload"
    SCHEDULE = "schedule"
    NETWORK = "network"


CAUSES = {
    Cause.CONNECTING: "the camera is being connected to",
    Cause.REFUSED: "the camera refuses the connection",
    Cause.UNAUTHORISED: "the camera refuses the name or password",
    Cause.NOT_FOUND: "the camera has no such stream",
    Cause.UNREACHABLE: "the camera cannot be reached",
    Cause.STALLED: "the camera sends nothing",
    Cause.ENDED: "the camera ended the stream",
    Cause.UNREADABLE: "what the camera sends cannot be decoded",
    Cause.CRASHED: "the reader of this camera stopped and was started again",
    Cause.BACKLOG: "pictures that came late were skipped",
    Cause.OVERLOAD: "pictures came faster than they could be looked at",
    Cause.SCHEDULE: "not watched at this hour",
    Cause.NETWORK: "many cameras were lost at once: this machine or its network",
}
"""A cause as a sentence for people: the reason of coverage rows and events."""


class Grade(StrEnum):
    """How good a camera's picture and signal were over the last hour."""

    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"
    UNUSABLE = "unusable"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """How a live stream is: rides with every fast observation, at least every 5 s; the newest is kept.

    Counters are since `since`. `fps` is what arrives, `looked_fps` what was looked at, both over
    the last seconds; `arrived` and `frames` count them. `delay_s` is from a picture's time to when it was looked at. `gops_*` count
    groups of pictures: decoded fully, passed over but for their keyframe, decoded at random to
    audit the gate, and of those the ones in which it would have missed something.
    """

    at: datetime
    since: datetime
    state: Literal["learning", "watching", "idle", "lost", "waiting"]
    cause: Cause | None = None
    codec: str = ""
    width: int = 0
    height: int = 0
    fps: float = 0.0
    looked_fps: float = 0.0
    arrived: int = 0
    frames: int = 0
    damaged: int = 0
    last_frame_at: datetime | None = None
    delay_s: float | None = None
    clock_s: float | None = None
    reconnects: dict[str, int] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)
    restarts: int = 0
    gops_full: int = 0
    gops_idle: int = 0
    gops_audited: int = 0
    gops_missed: int = 0
    queue: int = 0
    rss_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRow:
    """The newest state of a live stream, as stored."""

    stream: str
    feed: FeedState
