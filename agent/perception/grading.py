"""How good a camera is: from what was missed, what was wrong with its picture and how its feed is."""

from collections.abc import Iterable, Sequence

from vidette.feeds import FeedState, Grade
from vidette.intervals import Span, total
from vidette.models import Coverage, EventType, FastState
from vidette.rows import CoverageRow, EventRow

Finding = tuple[Grade, str]
Row = Coverage | CoverageRow

_BLINDING = {
    EventType.VIEW_BLOCKED: "the view blocked",
    EventType.TOO_DARK: "too dark",
    EventType.TOO_BRIGHT: "too bright",
    EventType.PICTURE_FROZEN: "the picture frozen",
    EventType.PICTURE_LOOPED: "the picture repeating itself",
}
_DETECT_PX_M = 25  # pixels a metre by which a person can be detected (EN 62676-4)
_WIDTH_AT_1_M = 2.0  # metres that a lens of 90 degrees sees there
_ORDER = tuple(Grade)


def grade(
    coverage: Sequence[Row], events: Sequence[EventRow], feed: FeedState | None, over_s: float = 3600.0
) -> tuple[Grade, tuple[str, ...]]:
    """The grade and its reasons in words, the weightiest first; GOOD has none.

    `coverage` and `events` are those of the last `over_s` seconds before the end of the last row;
    time that was not to be watched counts for nothing. Without anything watched or tried: UNUSABLE.
    """
    now_s = max((row.end_s for row in coverage), default=0.0)
    since_s = max(now_s - over_s, 0.0)
    rows = [row for row in coverage if row.end_s > since_s and row.state is not FastState.NOT_RUNNING]
    meant_s = _seconds(rows, since_s, now_s)
    if meant_s <= 0:
        return Grade.UNUSABLE, ("not watched",)
    found = [*_missed(rows, since_s, now_s, meant_s), *_conditions(events, since_s, now_s, meant_s), *_signal(feed)]
    found.sort(key=lambda one: -_ORDER.index(one[0]))
    return (found[0][0] if found else Grade.GOOD), tuple(reason for _, reason in found)


def _missed(rows: Sequence[Row], since_s: float, now_s: float, meant_s: float) -> Iterable[Finding]:
    """Time in which no picture was to be had or looked at, by what was the matter."""
    for state, words in (
        (FastState.OFFLINE, "not connected"),
        (FastState.STALLED, "connected but silent"),
        (FastState.FAILED, "not readable"),
        (FastState.DROPPED, "pictures left out"),
    ):
        missed_s = _seconds([row for row in rows if row.state is state], since_s, now_s)
        if missed_s > 0.005 * meant_s:
            yield _weighed(missed_s / meant_s), f"{words} for {_spoken(missed_s)}"


def _conditions(events: Sequence[EventRow], since_s: float, now_s: float, meant_s: float) -> Iterable[Finding]:
    """Events of the camera that touch the time."""
    recent = [one for one in events if one.start_s < now_s and (one.end_s is None or one.end_s >= since_s)]
    for type_, words in (*_BLINDING.items(), (EventType.BLURRED, "blurred")):
        spans = [_within(one, since_s, now_s) for one in recent if one.type is type_]
        lasted_s = total(spans)
        if lasted_s > 0:
            found = _weighed(lasted_s / meant_s)
            yield (
                _at_most(found, Grade.POOR) if type_ is EventType.BLURRED else found,
                f"{words} for {_spoken(lasted_s)}",
            )
    lost = sum(one.type is EventType.SIGNAL_LOST for one in recent)
    if lost:
        yield (Grade.FAIR if lost < 4 else Grade.POOR), f"lost {_times(lost)}"
    moved = sum(one.type is EventType.CAMERA_MOVED for one in recent)
    if moved:
        yield Grade.FAIR, f"moved {_times(moved)}"
    if any(one.type is EventType.CLOCK_WRONG and one.end_s is None for one in recent):
        yield Grade.FAIR, "its clock is wrong"


def _signal(feed: FeedState | None) -> Iterable[Finding]:
    """What arrives: how often, how large, how whole, how late."""
    if feed is None:
        return
    if feed.state in ("watching", "idle", "learning") and feed.frames > 50:
        if feed.fps < 1:
            yield Grade.POOR, f"{feed.fps:.1f} fps arrive: what is quick is not seen"
        elif feed.fps < 4:
            yield Grade.FAIR, f"{feed.fps:.1f} fps arrive"
    if 0 < feed.height < 480:
        reach = feed.width / (_WIDTH_AT_1_M * _DETECT_PX_M)
        yield (
            Grade.FAIR if feed.height >= 240 else Grade.POOR,
            f"{feed.width}x{feed.height}: too small for people beyond about {reach:.0f} m",
        )
    if feed.frames and feed.damaged > 0.01 * (feed.frames + feed.damaged):
        share = feed.damaged / (feed.frames + feed.damaged)
        yield (Grade.POOR if share > 0.1 else Grade.FAIR), f"{share:.0%} of the pictures are damaged"
    if feed.delay_s is not None and feed.delay_s > 5:
        yield Grade.FAIR, f"pictures are {feed.delay_s:.0f} s late"


def _weighed(share: float) -> Grade:
    """What a share of the time in which nothing could be seen makes of a camera."""
    if share >= 0.5:
        return Grade.UNUSABLE
    if share >= 0.1:
        return Grade.POOR
    return Grade.FAIR if share >= 0.005 else Grade.GOOD


def _at_most(grade_: Grade, limit: Grade) -> Grade:
    return min(grade_, limit, key=_ORDER.index)


def _within(event: EventRow, since_s: float, now_s: float) -> Span:
    return max(event.start_s, since_s), min(now_s if event.end_s is None else event.end_s, now_s)


def _seconds(rows: Iterable[Row], since_s: float, now_s: float) -> float:
    return total((max(row.start_s, since_s), min(row.end_s, now_s)) for row in rows)


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def _spoken(seconds: float) -> str:
    return f"{max(1, round(seconds))} s" if seconds < 90 else f"{seconds / 60:.0f} min"
