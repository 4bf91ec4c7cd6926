"""A report as one HTML file: pictures inline, no scripts, nothing fetched, everything escaped."""

from base64 import b64encode
from collections.abc import Sequence
from html import escape
from importlib.resources import files

from agent.report import charts
from agent.report.model import (
    Answers,
    Block,
    Facts,
    HeatMap,
    Picture,
    Pictures,
    Plot,
    Report,
    Row,
    Section,
    Statement,
    Statements,
    Table,
    Timeline,
)
from agent.report.words import plain
from vidette.answers import Answer

# The page may show its own pictures and style and nothing else, wherever it is opened.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_CITED = 4
_CLAIMS = 20
_WORDY = frozenset({"what", "why", "how", "what was seen"})


def page(report: Report) -> str:
    """The report as HTML."""
    style = files("agent.report").joinpath("page.css").read_text(encoding="utf-8")
    body = "\n".join(_section(report, section) for section in report.sections)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_text(report.title)}</title>\n<style>\n{style}</style></head>\n<body><main>\n"
        f"{_header(report)}\n{body}\n</main></body></html>\n"
    )


def _text(value: str) -> str:
    return escape(plain(value))


def _header(report: Report) -> str:
    names = ", ".join(plain(name) for name in report.streams[:6])
    more = f" and {len(report.streams) - 6} more" if len(report.streams) > 6 else ""
    links = "".join(f'<a href="#s-{one.key}">{_text(one.title)}</a>' for one in report.sections)
    return (
        f"<header><p class=kind>{_text(report.kind)} report</p><h1>{_text(report.title)}</h1>"
        f"<p class=soft>{_text(report.window)}</p><p class=soft>{escape(names)}{more}</p>"
        f'<nav aria-label="Contents">{links}</nav></header>'
    )


def _section(report: Report, section: Section) -> str:
    blocks = "".join(_block(report, block) for block in section.blocks)
    if all(isinstance(block, HeatMap) for block in section.blocks):
        blocks = f"<div class=maps>{blocks}</div>"
    key = charts.timeline_key() if any(isinstance(block, Timeline) for block in section.blocks) else ""
    return f'<section id="s-{escape(section.key)}"><h2>{_text(section.title)}</h2>{blocks}{key}</section>'


def _block(report: Report, block: Block) -> str:
    match block:
        case Facts():
            cards = "".join(f"<li><b>{_text(value)}</b>{_text(name)}</li>" for value, name in block.facts)
            return f"<ul class=facts>{cards}</ul>"
        case Statements():
            return "<ul class=said>" + "".join(_statement(report, one) for one in block.said) + "</ul>"
        case Plot():
            return charts.plot(block)
        case Timeline():
            return charts.timeline(block)
        case Pictures():
            return "<div class=moments>" + "".join(map(_picture, block.pictures)) + "</div>"
        case HeatMap():
            return _heat(block)
        case Table():
            return _table(report, block)
        case Answers():
            return "".join(_answer(report, answer) for answer in block.answers)


def _statement(report: Report, one: Statement) -> str:
    return f"<li class={one.weight}>{_text(one.text)}{_citations(report, one.events)}</li>"


def _citations(report: Report, ids: Sequence[str]) -> str:
    """Links that lead to the rows of events, by their time."""
    links = [
        f'<a class=cite href="#e-{escape(one)}">{_text(report.cited[one])}</a>'
        if one in report.cited
        else f'<span class="cite soft">{_text(one[:8])}</span>'
        for one in ids[:_CITED]
    ]
    return " " + " ".join(links) if links else ""


def _jpeg(picture: Picture) -> str:
    data = b64encode(picture.jpeg).decode("ascii")
    return f'<img alt="{_text(picture.alt)}" src="data:image/jpeg;base64,{data}">'


def _picture(picture: Picture) -> str:
    time = f"<b>{_text(picture.at)}</b>"
    linked = f'<a href="#e-{escape(picture.event)}">{time}</a>' if picture.event else time
    note = f"<br><span class=soft>{_text(picture.note)}</span>" if picture.note else ""
    return f"<figure>{_jpeg(picture)}<figcaption>{linked} {_text(picture.caption)}{note}</figcaption></figure>"


def _heat(block: HeatMap) -> str:
    picture = block.picture
    note = f"<p class=soft>{_text(picture.note)}</p>" if picture.note else ""
    scale = f"<div class=scale><span>0</span><i></i><span>{block.most}</span></div>"
    said = "things that stood in one place"
    return (
        f"<figure class=heat>{_jpeg(picture)}<figcaption><b>{_text(picture.caption)}</b>{scale}"
        f"<span class=soft>{said}</span>{note}</figcaption></figure>"
    )


def _table(report: Report, block: Table) -> str:
    numbers = [name.startswith(">") for name in block.columns]
    names = [name.removeprefix(">") for name in block.columns]
    wordy = [name in _WORDY for name in names]
    head = "".join(
        f"<th{' class=n' if right else ''}>{_text(name)}</th>" for name, right in zip(names, numbers, strict=True)
    )
    rows = "".join(_row(report, row, numbers, wordy, names, anchors=block.anchors) for row in block.rows)
    title = f"<h3>{_text(block.title)}</h3>" if block.title else ""
    more = f"<p class=soft>{_text(block.more)}</p>" if block.more else ""
    kind = "wide cards" if any(wordy) else "wide"
    return f'{title}<div class="{kind}"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>{more}'


def _row(
    report: Report, row: Row, numbers: Sequence[bool], wordy: Sequence[bool], names: Sequence[str], *, anchors: bool
) -> str:
    cells = []
    for place, cell in enumerate(row.cells):
        kinds = [name for name, on in (("n", numbers[place]), ("w", wordy[place])) if on]
        attribute = f' class="{" ".join(kinds)}"' if kinds else ""
        said = _text(cell)
        if place == 0 and row.event in report.cited and not anchors:
            said = f'<a href="#e-{escape(row.event or "")}">{said}</a>'
        cells.append(f'<td{attribute} data-k="{_text(names[place])}">{said}</td>')
    anchor = f' id="e-{escape(row.event)}"' if anchors and row.event else ""
    return f"<tr{anchor}>{''.join(cells)}</tr>"


def _answer(report: Report, answer: Answer) -> str:
    claims = "".join(
        f"<li>{_text(claim.text)}{_citations(report, claim.citations)}</li>" for claim in answer.claims[:_CLAIMS]
    )
    more = f"<li class=soft>and {len(answer.claims) - _CLAIMS} more</li>" if len(answer.claims) > _CLAIMS else ""
    seen = answer.coverage
    foot = " · ".join(
        part
        for part in (answer.plan.words, f"watched {seen.watched_s:.1f} of {seen.total_s:.1f} s", *answer.plan.notes)
        if part
    )
    unknown = " unknown" if answer.unknown else ""
    return (
        f'<section class="answer{unknown}"><h3>{_text(answer.question)}</h3><p><b>{_text(answer.answer)}</b></p>'
        f"<ul>{claims}{more}</ul><p class=soft>{_text(foot)}</p></section>"
    )
