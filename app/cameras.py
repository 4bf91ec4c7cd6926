"""How cameras are, as rows: what their feeds said last, how good they are, how much of today was watched."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from typing import Literal

from agent.perception.grading import grade
from vidette.feeds import CAUSES, Cause, FeedState, Grade
from vidette.intervals import total
from vidette.models import EventType, FastState
from vidette.ports import Reader
from vidette.proportion import wilson
from vidette.queries import CoverageIn, Events, Feeds, Filter
from vidette.rows import CoverageRow, EventRow, StreamRow

FRESH_S = 15.0
"""A feed says how it is every 5 s; one not heard of for longer is not watched now."""
_WAITING_FRESH_S = 75.0  # of a camera at which nobody looks now, that is said once a minute
_GRADED_S = 3600.0
_CAMERA_EVENTS = (
    EventType.SIGNAL_LOST,
    EventType.PICTURE_FROZEN,
    EventType.PICTURE_LOOPED,
    EventType.CAMERA_MOVED,
    EventType.VIEW_BLOCKED,
    EventType.TOO_DARK,
    EventType.TOO_BRIGHT,
    EventType.BLURRED,
    EventType.CLOCK_WRONG,
)
Doing = Literal["learning", "watching", "idle", "lost", "waiting", "not_running"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GateAudit:
    """Of quiet groups of pictures that were decoded all the same, those in which something would have been missed.

    `rate` is their share, absent before the first audit; the true one lies in `low`..`high` at 95 %.
    """

    audited: int
    missed: int
    low: float
    high: float
    rate: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    """How much of today was watched: `share` of the `meant_s` in which the camera was to be watched."""

    watched_s: float
    meant_s: float
    share: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraRow:
    """A camera, and how it is: the row of `vidette streams --json`.

    Counters (`arrived`, `frames`, `damaged`, `reconnects`, `dropped`, `gate`) are since `since`; `last_frame_s` is the age of the
    last picture, `reason` says why it is lost or not watched, `reasons` why its grade is no better.
    """

    id: str
    name: str
    kind: str
    uri: str
    start: datetime
    start_from: str
    watched_s: float
    reach_s: float
    events: int
    tracks: int
    state: Doing
    grade: Grade
    reasons: tuple[str, ...]
    today: Today
    gate: GateAudit
    cause: Cause | None = None
    reason: str | None = None
    heard_at: datetime | None = None
    since: datetime | None = None
    codec: str | None = None
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    looked_fps: float | None = None
    arrived: int = 0
    frames: int = 0
    damaged: int = 0
    last_frame_at: datetime | None = None
    last_frame_s: float | None = None
    delay_s: float | None = None
    clock_s: float | None = None
    reconnects: dict[str, int] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)
    restarts: int = 0
    queue: int = 0
    rss_bytes: int | None = None


def is_camera(row: StreamRow) -> bool:
    """Whether this is a camera: files are not, nor is the stream `system`, which has no address."""
    return row.kind == "live" and bool(row.uri)


def cameras(read: Reader, rows: Sequence[StreamRow], now: datetime, tz: tzinfo) -> list[CameraRow]:
    """The cameras among these streams, as they are at `now`; today began at midnight in `tz`."""
    listed = [row for row in rows if is_camera(row)]
    feeds = {one.stream: one.feed for one in read(Feeds(streams=tuple(row.name for row in listed)))} if listed else {}
    return [_camera(read, row, feeds.get(row.name), now, tz) for row in listed]


def _camera(read: Reader, row: StreamRow, feed: FeedState | None, now: datetime, tz: tzinfo) -> CameraRow:
    midnight = now.astimezone(tz).replace(hour=0, minute=0, second=0, microsecond=0)
    today_s, graded_s = (midnight - row.start).total_seconds(), row.reach_s - _GRADED_S
    coverage = read(CoverageIn(where=Filter(streams=(row.id,), from_s=min(today_s, graded_s))))
    events = read(Events(where=Filter(streams=(row.id,), types=_CAMERA_EVENTS, from_s=graded_s), limit=10_000))
    return camera_row(row, feed, coverage, events, now=now, today_s=today_s)


def camera_row(
    row: StreamRow,
    feed: FeedState | None,
    coverage: Sequence[CoverageRow],
    events: Sequence[EventRow],
    *,
    now: datetime,
    today_s: float,
) -> CameraRow:
    """The row of one camera. `coverage` and `events` hold at least today, from media time `today_s`, and the last hour."""
    doing = doing_of(feed, now)
    here = doing != "not_running"
    verdict, reasons = grade(coverage, events, feed if here else None, _GRADED_S)
    now_s = row.reach_s if here else max(row.reach_s, (now - row.start).total_seconds())
    shown = feed or FeedState(at=row.start, since=row.start, state="waiting")
    last = shown.last_frame_at
    return CameraRow(
        id=row.id,
        name=row.name,
        kind=row.kind,
        uri=row.uri,
        start=row.start,
        start_from=row.start_from,
        watched_s=row.watched_s,
        reach_s=row.reach_s,
        events=row.events,
        tracks=row.tracks,
        state=doing,
        grade=verdict,
        reasons=reasons,
        today=today(coverage, max(0.0, today_s), now_s),
        gate=audit_of(shown),
        cause=shown.cause if here else None,
        reason=_reason(feed, doing, now),
        heard_at=feed.at if feed else None,
        since=feed.since if feed else None,
        codec=shown.codec or None,
        width=shown.width or None,
        height=shown.height or None,
        fps=shown.fps if here else None,
        looked_fps=shown.looked_fps if here else None,
        arrived=shown.arrived,
        frames=shown.frames,
        damaged=shown.damaged,
        last_frame_at=last,
        last_frame_s=max(0.0, (now - last).total_seconds()) if last else None,
        delay_s=shown.delay_s if here else None,
        clock_s=shown.clock_s if here else None,
        reconnects=shown.reconnects,
        dropped=shown.dropped,
        restarts=shown.restarts,
        queue=shown.queue if here else 0,
        rss_bytes=(shown.rss_bytes or None) if here else None,
    )


def doing_of(feed: FeedState | None, now: datetime) -> Doing:
    """What is done with a camera at `now`."""
    if feed is None:
        return "not_running"
    fresh_s = _WAITING_FRESH_S if feed.state == "waiting" else FRESH_S
    return feed.state if now - feed.at <= timedelta(seconds=fresh_s) else "not_running"


def _reason(feed: FeedState | None, doing: Doing, now: datetime) -> str | None:
    if feed is None:
        return "it has not said how it is yet"
    if doing == "not_running":
        return f"last heard of {ago((now - feed.at).total_seconds())} ago"
    return CAUSES[feed.cause] if feed.cause is not None and doing in ("lost", "waiting") else None


def ago(seconds: float) -> str:
    """A length of time in one unit: `8 s`, `12 min`, `5 h`, `3 d`."""
    for unit, most, size in (("s", 90, 1), ("min", 90 * 60, 60), ("h", 36 * 3600, 3600)):
        if seconds < most:
            return f"{max(0.0, seconds) / size:.0f} {unit}"
    return f"{seconds / 86_400:.0f} d"


def today(coverage: Sequence[CoverageRow], since_s: float, now_s: float) -> Today:
    """Of [since_s, now_s), less what was outside the hours of watching, the part that was watched."""

    def seconds(rows: Sequence[CoverageRow]) -> float:
        return total((max(row.start_s, since_s), min(row.end_s, now_s)) for row in rows)

    off_s = seconds([row for row in coverage if row.reason == CAUSES[Cause.SCHEDULE]])
    watched_s = seconds([row for row in coverage if row.state is FastState.WATCHED])
    meant_s = max(0.0, now_s - since_s - off_s)
    return Today(watched_s=watched_s, meant_s=meant_s, share=min(1.0, watched_s / meant_s) if meant_s > 0 else None)


def audit_of(feed: FeedState) -> GateAudit:
    """What the audits of quiet groups say of the gate."""
    missed = min(feed.gops_missed, feed.gops_audited)
    low, high = wilson(missed, feed.gops_audited)
    rate = missed / feed.gops_audited if feed.gops_audited else None
    return GateAudit(audited=feed.gops_audited, missed=missed, rate=rate, low=low, high=high)
