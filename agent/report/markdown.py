"""A report as Markdown (CommonMark with tables): bars of text, events by their ids."""

import re
from collections.abc import Iterator, Sequence

from agent.report.model import (
    Answers,
    Block,
    Facts,
    HeatMap,
    Pictures,
    Plot,
    Report,
    Section,
    Statement,
    Statements,
    Table,
    Timeline,
)
from agent.report.words import number, plain
from vidette.answers import Answer

_BARS = " ▁▂▃▄▅▆▇█"
_SHADES = " ░▒▓█"
_WIDTH = 60
_MARKED = re.compile(r"([\\`*_\[\]<>|~#@!])")
_LINK = re.compile(r"://|(?<=www)\.", re.IGNORECASE)
_ID = 8


def markdown(report: Report) -> str:
    """The report as Markdown."""
    head = [f"# {_text(report.title)}", "", f"{report.kind} report, {_text(report.window)}", ""]
    head += [f"Streams: {', '.join(map(_text, report.streams[:12]))}" + _more(len(report.streams) - 12), ""]
    body = [line for section in report.sections for line in _section(report, section)]
    return "\n".join([*head, *body]).rstrip() + "\n"


def _more(count: int) -> str:
    return f" and {count} more" if count > 0 else ""


def _text(value: str) -> str:
    """Words of others, so that no mark of theirs is markup: escaped (CommonMark 2.4), and no link by itself."""
    text = _MARKED.sub(r"\\\1", plain(value).replace("&", "&amp;"))
    return _LINK.sub(lambda found: found[0].replace(":", "\\:", 1).replace(".", "\\."), text)


def _section(report: Report, section: Section) -> Iterator[str]:
    yield f"## {_text(section.title)}"
    yield ""
    for block in section.blocks:
        yield from _block(report, block)
        yield ""


def _block(report: Report, block: Block) -> Iterator[str]:
    match block:
        case Facts():
            yield ", ".join(f"**{_text(value)}** {_text(name)}" for value, name in block.facts)
        case Statements():
            yield from (_statement(report, one) for one in block.said)
        case Plot():
            yield from _plot(block)
        case Timeline():
            yield from _timeline(block)
        case Pictures():
            yield from (
                f"- **{_text(one.at)}** {_text(one.caption)} (`{(one.event or '')[:_ID]}`, picture `{one.sha256[:12]}`)"
                for one in block.pictures
            )
        case HeatMap():
            yield from _heat(block)
        case Table():
            yield from _table(block)
        case Answers():
            for answer in block.answers:
                yield from _answer(report, answer)


def _statement(report: Report, one: Statement) -> str:
    text = f"**{_text(one.text)}**" if one.weight == "unusual" else _text(one.text)
    return f"- {text}{_cited(report, one.events)}"


def _cited(report: Report, ids: Sequence[str]) -> str:
    said = [
        f"{_text(report.cited[one])} `{one[:_ID]}`" if one in report.cited else f"`{_code(one)}`" for one in ids[:4]
    ]
    return f" ({'; '.join(said)})" if said else ""


def _code(value: str) -> str:
    return plain(value)[:_ID].replace("`", "'")


def _plot(block: Plot) -> Iterator[str]:
    most = max((value for one in block.series for value in one.values if value is not None), default=0) or 1
    yield f"{_text(block.unit)}; a column is {_text(block.bar)}, the highest {number(most)}; `·` was not watched"
    yield ""
    yield "```text"
    for one in block.series:
        bars = "".join("·" if value is None else _bar(value / most) for value in one.values)
        known = [value for value in one.values if value is not None]
        yield f"{_cell(one.name)}  (most {number(max(known, default=0))})"
        yield f"|{bars}|"
    yield f" {_axis(block)}"
    yield "```"


def _bar(share: float) -> str:
    """An eighth of a block for each eighth; what is not nothing shows."""
    return _BARS[0] if share <= 0 else _BARS[max(1, round(share * 8))]


def _axis(block: Plot) -> str:
    line = ""
    for index, label in block.ticks:
        if index >= len(line) + (2 if line else 0) or not line:
            line = line.ljust(index) + label
    return line


def _timeline(block: Timeline) -> Iterator[str]:
    """Three rows of text: events (`!`, comings and goings `.`), things in view, what was not watched (`x`)."""
    marks, things, cover = [" "] * _WIDTH, [" "] * _WIDTH, ["·"] * _WIDTH
    for mark in sorted(block.marks, key=lambda one: one.rare):
        marks[min(_WIDTH - 1, int(mark.at * _WIDTH))] = "!" if mark.rare else "."
    for one in block.lanes:
        for place in _columns(one.low, one.high):
            things[place] = "="
    for place, high in ((i, block.bars[i * len(block.bars) // _WIDTH]) for i in range(_WIDTH) if block.bars):
        things[place] = _bar(high)
    for one in sorted(block.coverage, key=lambda stretch: stretch.shade == "missed"):
        for place in _columns(one.low, one.high):
            cover[place] = "x" if one.shade == "missed" else "-"
    yield "```text"
    yield _cell(block.said)
    yield from (
        f"{name} |{''.join(row)}|" for name, row in (("events ", marks), ("in view", things), ("watched", cover))
    )
    line = ""
    for at, label in block.ticks:
        place = min(_WIDTH - 1, int(at * _WIDTH))
        if not line or place >= len(line) + 2:
            line = line.ljust(place) + label
    yield " " * 9 + line
    yield "```"


def _columns(low: float, high: float) -> range:
    first = min(_WIDTH - 1, int(low * _WIDTH))
    return range(first, max(first + 1, min(_WIDTH, round(high * _WIDTH))))


def _heat(block: HeatMap) -> Iterator[str]:
    """The grid at half its height: letters are about twice as high as wide."""
    yield f"{_text(block.picture.caption)}: things that stood in one place, up to {block.most}"
    yield ""
    yield "```text"
    for upper, lower in zip(block.cells[::2], (*block.cells[1::2], block.cells[-1]), strict=False):
        merged = [max(pair) for pair in zip(upper, lower, strict=True)]
        yield "|" + "".join(_shade(count, block.most) for count in merged) + "|"
    yield "```"
    if block.picture.note:
        yield _text(block.picture.note)


def _shade(count: int, most: int) -> str:
    return _SHADES[0] if count <= 0 else _SHADES[max(1, min(4, round((count / most) ** 0.5 * 4)))]


def _table(block: Table) -> Iterator[str]:
    cited = any(row.event for row in block.rows)
    columns = [*block.columns, *(["event id"] if cited and block.anchors else ["event"] if cited else [])]
    if block.title:
        yield f"### {_text(block.title)}"
        yield ""
    yield "| " + " | ".join(_text(name.removeprefix(">")) for name in columns) + " |"
    yield "|" + "|".join("--:" if name.startswith(">") else "---" for name in columns) + "|"
    for row in block.rows:
        event = [f"`{row.event if block.anchors else row.event[:_ID]}`" if row.event else ""] if cited else []
        yield "| " + " | ".join([*map(_text, row.cells), *event]) + " |"
    if block.more:
        yield ""
        yield _text(block.more)


def _answer(report: Report, answer: Answer) -> Iterator[str]:
    yield f"### {_text(answer.question)}"
    yield ""
    yield f"**{_text(answer.answer)}**"
    yield ""
    for claim in answer.claims[:20]:
        yield f"- {_text(claim.text)}{_cited(report, claim.citations)}"


def _cell(value: str) -> str:
    """Words of others inside a fence: one line, and no fence of theirs."""
    return plain(value).replace("`", "'")
