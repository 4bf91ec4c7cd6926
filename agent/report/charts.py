"""Plots and timelines as inline SVG; the words beside them are HTML, so that they stay legible at any width."""

from collections.abc import Sequence
from html import escape

from agent.report.model import Plot, Series, Stretch, Timeline
from agent.report.words import number

_STEP, _HIGH = 10, 100
_LEAST = 2  # what is not nothing shows
_LANE = 10
_WIDE = 1000


def plot(block: Plot) -> str:
    """Bars over time, a strip a series, all on one scale."""
    most = max((value for one in block.series for value in one.values if value is not None), default=0) or 1
    strips = "".join(_strip(block, one, most) for one in block.series)
    ticks = _ticks([((index) / max(1, len(block.starts)), label) for index, label in block.ticks])
    unit = f"{escape(block.unit)}, in bars of {escape(block.bar)}" if block.bar else escape(block.unit)
    key = "<li><i class=bar></i>" + unit + "</li>" + _plot_key(block.series)
    return f"<div class=chart>{strips}{ticks}<ul class=key>{key}</ul></div>"


def _plot_key(series: Sequence[Series]) -> str:
    missed = any(value is None for one in series for value in one.values)
    partly = any(part for one in series for part in one.partly)
    out = "<li><i class=unseen></i>not watched, or no footage</li>" if missed else ""
    return out + ("<li><i class=part></i>watched in part</li>" if partly else "")


def _strip(block: Plot, series: Series, most: float) -> str:
    count = max(1, len(series.values))
    bars = "".join(_bar(block, series, index, most) for index in range(len(series.values)))
    known = [value for value in series.values if value is not None]
    all_ = sum(known)
    top = max(known, default=0)
    said = f"{series.name}: most {number(top)} in a bar, {number(round(all_, 2))} in all"
    svg = (
        f'<svg viewBox="0 0 {count * _STEP} {_HIGH}" preserveAspectRatio="none" role="img" aria-label="{escape(said)}">'
        f'<line class="rule" x1="0" x2="{count * _STEP}" y1="{_HIGH / 2}" y2="{_HIGH / 2}"/>{bars}</svg>'
    )
    head = f"<div class=head><b>{escape(series.name)}</b><span>most {number(top)}</span></div>"
    return f'{head}<div class=plot><span class=y>{number(most)}</span><span class="y low">0</span>{svg}</div>'


def _bar(block: Plot, series: Series, index: int, most: float) -> str:
    value = series.values[index]
    x, start = index * _STEP, escape(block.starts[index])
    if value is None:
        return f'<rect class="unseen" x="{x}" y="0" width="{_STEP}" height="{_HIGH}"><title>{start}: not watched, or no footage</title></rect>'
    height = round(max(_HIGH * value / most, _LEAST if value else 0), 1)
    partly = index < len(series.partly) and series.partly[index]
    note = ", watched in part" if partly else ""
    under = f'<rect class="part" x="{x}" y="{_HIGH - 5}" width="{_STEP}" height="5"/>' if partly else ""
    return (
        f'<g><rect class="bar" x="{x + 0.5}" y="{round(_HIGH - height, 1)}" width="{_STEP - 1}" height="{height}"/>{under}'
        f'<rect class="hit" x="{x}" y="0" width="{_STEP}" height="{_HIGH}"/><title>{start}: {number(value)}{note}</title></g>'
    )


def _ticks(ticks: Sequence[tuple[float, str]]) -> str:
    spans = "".join(
        f'<span style="left:{at * 100:.2f}%"{" class=last" if at > 0.88 else ""}>{escape(label)}</span>'
        for at, label in ticks
    )
    return f"<div class=ticks>{spans}</div>"


def timeline(block: Timeline) -> str:
    """One stream: marks that lead to events, things in view, coverage, the time."""
    marks = "".join(
        f'<a class="mark{"" if mark.rare else " usual"}" style="left:{mark.at * 100:.2f}%" href="#e-{escape(mark.event)}"'
        f' title="{escape(mark.said)}" aria-label="{escape(mark.said)}"></a>'
        for mark in block.marks
    )
    lanes = 1 + max((one.lane for one in block.lanes), default=-1)
    body = _things(block, lanes)
    covered = "".join(_stretch(one, 0, 10) for one in block.coverage)
    strip = f'<svg class=cover viewBox="0 0 {_WIDE} 10" preserveAspectRatio="none" aria-hidden="true">{covered}</svg>'
    return (
        f'<div class="chart line" role="group" aria-label="{escape(block.said)}"><div class=head><b>{escape(block.stream)}</b></div>'
        f"<div class=marks>{marks}</div>{body}{strip}{_ticks(block.ticks)}</div>"
    )


def _things(block: Timeline, lanes: int) -> str:
    if block.bars:
        count = len(block.bars)
        bars = "".join(
            f'<rect class="bar" x="{index * _STEP + 0.5}" y="{round(_HIGH * (1 - high), 1)}" width="{_STEP - 1}" height="{round(_HIGH * high, 1)}"/>'
            for index, high in enumerate(block.bars)
        )
        return f'<svg class=bars viewBox="0 0 {count * _STEP} {_HIGH}" preserveAspectRatio="none" role="img" aria-label="{escape(block.said)}">{bars}</svg>'
    if not lanes:
        return ""
    inside = "".join(_stretch(one, one.lane * _LANE + 2, _LANE - 4) for one in block.lanes)
    return (
        f'<svg class=lanes style="height:{0.55 * lanes:.2f}rem" viewBox="0 0 {_WIDE} {lanes * _LANE}" preserveAspectRatio="none"'
        f' role="img" aria-label="{escape(block.said)}">{inside}</svg>'
    )


def _stretch(one: Stretch, y: int, height: int) -> str:
    x, width = round(one.low * _WIDE, 1), max(1.5, round((one.high - one.low) * _WIDE, 1))
    return f'<rect class="{escape(one.shade)}" x="{x}" y="{y}" width="{width}" height="{height}"><title>{escape(one.said)}</title></rect>'


TIMELINE_KEY = (
    ("mark", "event"),
    ("mark usual", "coming or going"),
    ("thing", "in view"),
    ("examined", "examined"),
    ("watched", "watched"),
    ("gated", "watched, nothing new"),
    ("missed", "not watched"),
)


def timeline_key() -> str:
    """What the colours of a timeline mean."""
    return "<ul class=key>" + "".join(f'<li><i class="{name}"></i>{said}</li>' for name, said in TIMELINE_KEY) + "</ul>"
