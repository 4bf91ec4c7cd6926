"""Timelines: one a stream, with events, things in view and coverage on one axis."""

from collections.abc import Sequence

from agent.report.material import ORDINARY, Material
from agent.report.model import Mark, Stretch, Timeline
from agent.report.window import Window, buckets
from agent.report.words import brief, counted, labelled
from vidette.aggregates import Visit, Visits
from vidette.models import FastState
from vidette.ports import GraphStore
from vidette.rows import CoverageRow, EventRow, StreamRow

LANES = 12
THINGS = 60  # more are shown as bars
MARKS = 80
_STRETCHES = 600
_TICKS = 8


def timeline(store: GraphStore, material: Material, stream: StreamRow) -> Timeline:
    """The timeline of one stream."""
    window, name = material.window, stream.name
    things = sum(material.labels.get(name, {}).values())
    happened = sum(material.types.get(name, {}).values())
    events = [row for row in material.rows if row.stream == name]
    few = things <= THINGS
    visits = store.read(Visits(where=window.where(name), limit=2 * THINGS)) if few else []
    counts = material.plotted.things.get(name, ())
    most = max(counts, default=0)
    return Timeline(
        stream=brief(name, 80),
        said=f"Timeline of {brief(name)}, {window.words()}: {counted(things, 'thing')}, {counted(happened, 'event')}",
        ticks=ticks(window),
        coverage=covered(window, [row for row in material.coverage if row.stream == name]),
        marks=tuple(_mark(window, row) for row in _shown(events, many=happened > MARKS)),
        lanes=tuple(lanes(window, visits)) if few else (),
        bars=() if few or not most else tuple(count / most for count in counts),
    )


def ticks(window: Window) -> tuple[tuple[float, str], ...]:
    """(0..1, label) at round times."""
    over = buckets(window)
    marks = ((over.low_s + index * over.step_s, label) for index, label in over.ticks(_TICKS))
    return tuple(
        ((at - window.low_s) / window.length_s, label) for at, label in marks if window.low_s <= at <= window.high_s
    )


def _shown(events: Sequence[EventRow], *, many: bool) -> list[EventRow]:
    """All, or where there are many those out of the ordinary."""
    uncommon = [row for row in events if row.type not in ORDINARY]
    return (uncommon if many else list(events))[:MARKS]


def _mark(window: Window, row: EventRow) -> Mark:
    said = f"{window.said(row.start, row.start_s)} {brief(row.caption, 160)}"
    return Mark(at=window.place(row.start, row.start_s), event=row.id, said=said, rare=row.type not in ORDINARY)


def lanes(window: Window, visits: Sequence[Visit]) -> list[Stretch]:
    """Each stay in the first lane that is free when it starts; those beyond the last lane share it."""
    free: list[float] = []
    out = []
    for visit in sorted(visits, key=lambda one: (one.start, one.track)):
        low = window.place(visit.start, visit.start_s)
        high = 1.0 if visit.end is None or visit.end_s is None else window.place(visit.end, visit.end_s)
        lane = min(next((i for i, until in enumerate(free) if until <= low), len(free)), LANES - 1)
        free[lane : lane + 1] = [max(high, free[lane]) if lane < len(free) else high]
        end = "the end" if visit.end is None else window.said(visit.end, visit.end_s or 0.0)
        said = f"{labelled(1, visit.label)}, {window.said(visit.start, visit.start_s)} to {end}"
        out.append(Stretch(low=low, high=max(low, high), shade="thing", said=said, lane=lane))
    return out


def shade(row: CoverageRow) -> str:
    """`missed`, or what the deep look did: `examined`, `gated`, else `watched`."""
    if row.state != FastState.WATCHED:
        return "missed"
    return str(row.deep) if row.deep in ("examined", "gated") else "watched"


def covered(window: Window, rows: Sequence[CoverageRow]) -> tuple[Stretch, ...]:
    """Coverage rows as stretches; where they are more than a picture can show, only watched and missed."""
    out: list[Stretch] = []
    coarse = len(rows) > _STRETCHES
    for row in rows:
        tone = shade(row) if not coarse else "missed" if shade(row) == "missed" else "watched"
        low, high = window.place(row.start, row.start_s), window.place(row.end, row.end_s)
        if out and coarse and out[-1].shade == tone and low - out[-1].high < 1e-6:
            out[-1] = Stretch(low=out[-1].low, high=high, shade=tone, said=tone)
        else:
            out.append(Stretch(low=low, high=high, shade=tone, said=tone if coarse else _covered(window, row)))
    return tuple(out[: 4 * _STRETCHES])


def _covered(window: Window, row: CoverageRow) -> str:
    times = f"{window.said(row.start, row.start_s)} to {window.said(row.end, row.end_s)}"
    return f"{times}: {row.state.value.replace('_', ' ')}, deep look {row.deep} {brief(row.reason or '', 120)}".strip()
