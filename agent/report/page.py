"""A report as one HTML file: pictures inline, no scripts, nothing fetched, everything escaped."""

import logging
from base64 import b64encode
from collections.abc import Sequence
from html import escape
from importlib.resources import files

from agent.report.material import Material, Moment, gather
from agent.report.timeline import media_time, shade, svg
from vidette.answers import Answer
from vidette.models import CoverageRow, EventRow, StreamRow, TrackRow
from vidette.ports import GraphStore, MediaStore

log = logging.getLogger(__name__)
ROWS = 400
# The page may show its own pictures and style and nothing else, wherever it is opened.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_KEY = (
    ("event", "event"),
    ("track", "track"),
    ("examined", "examined"),
    ("watched", "watched"),
    ("gated", "watched, nothing new"),
    ("missed", "not watched"),
)


def page(store: GraphStore, media: MediaStore, streams: Sequence[str], answers: Sequence[Answer], title: str) -> str:
    """The report of these streams (names; none: all) as HTML, with the answers to questions about them."""
    material = gather(store, media, streams)
    body = [
        _header(material, title),
        _timelines(material),
        _answers(answers, {event.id for event in material.events[:ROWS]}),
        _moments(material.moments),
        _events(material.events),
        _tracks(material.tracks),
        _coverage(material.coverage),
    ]
    style = files("agent.report").joinpath("page.css").read_text(encoding="utf-8")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style></head>\n<body><main>\n"
        + "\n".join(body)
        + "\n</main></body></html>\n"
    )


def _header(material: Material, title: str) -> str:
    facts = (
        (media_time(sum(row.watched_s for row in material.streams)), "watched"),
        (str(sum(row.tracks for row in material.streams)), "tracks"),
        (str(sum(row.events for row in material.streams)), "events"),
        (f"{_share(material.coverage):.0%}", "of the time looked at"),
    )
    cards = "".join(f"<li><b>{escape(value)}</b>{escape(name)}</li>" for value, name in facts)
    streams = "".join(f"<p class=soft>{escape(_stream(row))}</p>" for row in material.streams)
    return f"<header><h1>{escape(title)}</h1>{streams}<ul class=facts>{cards}</ul></header>"


def _stream(row: StreamRow) -> str:
    return f"{row.name}: from {row.start:%Y-%m-%d %H:%M:%S} UTC ({row.start_from}), {media_time(row.watched_s)} watched"


def _share(rows: Sequence[CoverageRow]) -> float:
    total = sum(row.end_s - row.start_s for row in rows)
    return sum(row.end_s - row.start_s for row in rows if shade(row) != "missed") / total if total else 0.0


def _timelines(material: Material) -> str:
    key = "".join(f"<li><i class={name}></i>{said}</li>" for name, said in _KEY)
    parts = ["<h2>Timeline</h2>"]
    for row in material.streams:
        mine = [
            [one for one in rows if one.stream == row.name]
            for rows in (material.coverage, material.tracks, material.events)
        ]
        parts.append(f"<h3>{escape(row.name)}</h3><div class=wide>{svg(row.name, *mine)}</div>")  # type: ignore[arg-type]  # one list of each kind, in order
    return "".join([*parts, f"<ul class=key>{key}</ul>"])


def _answers(answers: Sequence[Answer], known: set[str]) -> str:
    if not answers:
        return ""
    return "<h2>Questions</h2>" + "".join(_answer(answer, known) for answer in answers)


def _answer(answer: Answer, known: set[str]) -> str:
    claims = "".join(
        f"<li>{escape(claim.text)} {_citations(claim.citations, known)}</li>" for claim in answer.claims[:20]
    )
    seen = answer.coverage
    foot = " · ".join(
        part
        for part in (answer.plan.words, f"watched {seen.watched_s:.1f} of {seen.total_s:.1f} s", *answer.plan.notes)
        if part
    )
    unknown = " unknown" if answer.unknown else ""
    return (
        f'<section class="answer{unknown}"><h3>{escape(answer.question)}</h3><p><b>{escape(answer.answer)}</b></p>'
        f"<ul>{claims}</ul><p class=soft>{escape(foot)}</p></section>"
    )


def _citations(ids: Sequence[str], known: set[str]) -> str:
    links = (
        f'<a href="#e-{escape(one)}">{escape(one[:8])}</a>'
        if one in known
        else f"<span class=soft>{escape(one[:8])}</span>"
        for one in ids[:8]
    )
    return " ".join(links)


def _moments(moments: Sequence[Moment]) -> str:
    if not moments:
        return "<h2>Key moments</h2><p class=soft>No event has a picture.</p>"
    return "<h2>Key moments</h2><div class=moments>" + "".join(map(_moment, moments)) + "</div>"


def _moment(moment: Moment) -> str:
    event = moment.event
    alt = f"{event.stream} at {media_time(event.start_s)}: {event.caption}"
    picture = b64encode(moment.jpeg).decode("ascii")
    return (
        f'<figure><img alt="{escape(alt)}" src="data:image/jpeg;base64,{picture}">'
        f"<figcaption><b>{media_time(event.start_s)}</b> {escape(event.caption)}<br>"
        f'<a class=soft href="#e-{escape(event.id)}">{escape(str(event.type))}</a></figcaption></figure>'
    )


def _events(rows: Sequence[EventRow]) -> str:
    cells = [
        f'<tr id="e-{escape(row.id)}"><td class=n>{media_time(row.start_s)}</td><td class=n>{_lasted(row.start_s, row.end_s)}</td>'
        f"<td>{escape(str(row.type))}</td><td>{escape(row.caption)}</td><td>{escape(row.zone or row.line or '')}</td>"
        f"<td class=n>{row.confidence:.2f}</td><td>{escape(row.stream)}</td></tr>"
        for row in rows[:ROWS]
    ]
    return _table("Events", ("at", "for", "event", "what", "where", "confidence", "stream"), cells, len(rows))


def _tracks(rows: Sequence[TrackRow]) -> str:
    cells = [
        f"<tr><td class=n>{media_time(row.start_s)}</td><td class=n>{_lasted(row.start_s, row.end_s)}</td>"
        f"<td>{escape(str(row.label))}</td><td>{escape(_attributes(row))}</td>"
        f"<td class=n>{row.confidence:.2f}</td><td>{escape(row.stream)}</td></tr>"
        for row in rows[:ROWS]
    ]
    return _table("Tracks", ("from", "for", "label", "attributes", "confidence", "stream"), cells, len(rows))


def _attributes(row: TrackRow) -> str:
    parts = (
        f"{key} {value:.3g}" if isinstance(value, float) else f"{key} {value}" for key, value in row.attributes.items()
    )
    return ", ".join(parts)


def _coverage(rows: Sequence[CoverageRow]) -> str:
    cells = [
        f"<tr><td class=n>{media_time(row.start_s)}</td><td class=n>{media_time(row.end_s)}</td><td>{escape(str(row.state))}</td>"
        f"<td>{escape(str(row.deep))}</td><td>{escape(row.reason or '')}</td><td>{escape(row.stream)}</td></tr>"
        for row in rows[:ROWS]
    ]
    return _table("Coverage", ("from", "to", "fast look", "deep look", "reason", "stream"), cells, len(rows))


def _table(title: str, columns: Sequence[str], rows: Sequence[str], count: int) -> str:
    if not rows:
        return f"<h2>{title}</h2><p class=soft>None.</p>"
    numbers = {"at", "for", "from", "to", "confidence"}
    head = "".join(f"<th{' class=n' if name in numbers else ''}>{name}</th>" for name in columns)
    more = f"<p class=soft>The first {len(rows)} of {count}.</p>" if count > len(rows) else ""
    return f"<h2>{title}</h2><div class=wide><table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>{more}"


def _lasted(start_s: float, end_s: float | None) -> str:
    if end_s is None:
        return "still so"
    return f"{end_s - start_s:.1f} s" if end_s > start_s else ""
