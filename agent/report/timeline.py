"""The timeline picture: one inline SVG a stream, with coverage, tracks and events."""

from collections.abc import Sequence
from html import escape

from vidette.models import CoverageRow, EventRow, FastState, TrackRow

WIDTH = 720
LEFT, RIGHT = 12, 12
LANES = 12
_LANE, _BAR, _TOP = 9, 12, 34
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)


def media_time(seconds: float) -> str:
    """`0:12`, `1:02:03`; tenths where they are not zero."""
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    tail = f"{rest // 10:02d}" + (f".{rest % 10}" if rest % 10 else "")
    return f"{hours}:{minutes:02d}:{tail}" if hours else f"{minutes}:{tail}"


def lanes(tracks: Sequence[TrackRow], end_s: float) -> list[tuple[int, TrackRow]]:
    """Each track with the first lane that is free when it starts; those beyond the last lane share it."""
    free: list[float] = []
    out = []
    for track in sorted(tracks, key=lambda row: row.start_s):
        lane = next((i for i, until in enumerate(free) if until <= track.start_s), len(free))
        lane = min(lane, LANES - 1)
        until = end_s if track.end_s is None else track.end_s
        free[lane : lane + 1] = [max(until, free[lane]) if lane < len(free) else until]
        out.append((lane, track))
    return out


def svg(name: str, coverage: Sequence[CoverageRow], tracks: Sequence[TrackRow], events: Sequence[EventRow]) -> str:
    """The picture of one stream as SVG; events and ticks are links to `#e-<id>`."""
    seen = [row.end_s or row.start_s for row in tracks] + [row.end_s or row.start_s for row in events]
    end_s = max([1.0, *(row.end_s for row in coverage), *seen])
    placed = lanes(tracks, end_s)
    depth = max((lane for lane, _ in placed), default=-1) + 1
    foot = _TOP + depth * _LANE + 8
    height = foot + _BAR + 22
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(_said(name, end_s, tracks, events))}">',
        *_axis(end_s, height),
        *(_dot(event, end_s) for event in events),
        *(_track(lane, track, end_s) for lane, track in placed),
        *(_covered(row, end_s, foot) for row in coverage),
        "</svg>",
    ]
    return "".join(parts)


def _said(name: str, end_s: float, tracks: Sequence[TrackRow], events: Sequence[EventRow]) -> str:
    return f"Timeline of {name}, {media_time(end_s)} long: {len(tracks)} tracks, {len(events)} events"


def _x(seconds: float, end_s: float) -> float:
    return round(LEFT + (WIDTH - LEFT - RIGHT) * min(max(seconds / end_s, 0.0), 1.0), 1)


def _axis(end_s: float, height: int) -> list[str]:
    step = next((step for step in _STEPS if end_s / step <= 10), _STEPS[-1])
    out = []
    for index in range(min(60, int(end_s / step) + 1)):
        x = _x(index * step, end_s)
        anchor = "start" if index == 0 else "end" if x > WIDTH - 30 else "middle"
        out.append(f'<line class="rule" x1="{x}" x2="{x}" y1="10" y2="{height - 16}"/>')
        out.append(f'<text x="{x}" y="{height - 4}" text-anchor="{anchor}">{media_time(index * step)}</text>')
    return out


def _dot(event: EventRow, end_s: float) -> str:
    title = escape(f"{media_time(event.start_s)} {event.type}: {event.caption}")
    x = _x(event.start_s, end_s)
    return f'<a href="#e-{escape(event.id)}"><circle class="event" cx="{x}" cy="20" r="4.5"><title>{title}</title></circle></a>'


def _track(lane: int, track: TrackRow, end_s: float) -> str:
    x1, x2 = _x(track.start_s, end_s), _x(end_s if track.end_s is None else track.end_s, end_s)
    title = escape(f"{track.label} {media_time(track.start_s)} to {media_time(track.end_s or end_s)}")
    y = _TOP + lane * _LANE
    return f'<rect class="track" x="{x1}" y="{y}" width="{max(2.0, x2 - x1):.1f}" height="6" rx="3"><title>{title}</title></rect>'


def shade(row: CoverageRow) -> str:
    """`missed`, or what the deep look did: `examined`, `gated`, else `watched`."""
    if row.state != FastState.WATCHED:
        return "missed"
    return str(row.deep) if row.deep in ("examined", "gated") else "watched"


def _covered(row: CoverageRow, end_s: float, y: int) -> str:
    x1, x2 = _x(row.start_s, end_s), _x(row.end_s, end_s)
    title = escape(
        f"{media_time(row.start_s)} to {media_time(row.end_s)}: {row.state}, {row.deep} {row.reason or ''}".strip()
    )
    return f'<rect class="{shade(row)}" x="{x1}" y="{y}" width="{max(0.5, x2 - x1):.1f}" height="{_BAR}"><title>{title}</title></rect>'
