"""Text that can be read in pictures: what it says, where and when."""

import re
from dataclasses import dataclass, replace
from datetime import datetime

from agent.ask.covering import covered
from agent.ask.evidence import MOST_CLAIMS, Asked, unknown
from agent.ask.footage import Footage
from agent.ask.names import Known, normal
from agent.ask.say import plain
from agent.ask.search import filtered, telling_words
from vidette.answers import Answer, Claim, Plan
from vidette.queries import Events, Filter, Runs, Texts
from vidette.rows import TextRow

_TEXT = r"(?:text|texts|words?|writing|lettering|signs?|labels?)"
_CAN = r"(?:can|could|was|were|is|are)"
_READ = re.compile(
    rf"^(?:what|which) {_TEXT}(?: there)? {_CAN}(?: be| there)?(?: to be)? (?:read|readable|legible|seen|visible)\b(?P<a>.*)$"
    rf"|^what (?:{_CAN} be|is|was) (?:read|written|readable|legible)\b(?P<b>.*)$"
    rf"|^what (?:do|does|did) (?:the |any )?{_TEXT} say\b(?P<c>.*)$"
    rf"|^(?:list|show|read|find|get)(?: me)?(?: (?:the|all|any|every))*(?: (?:readable|legible))? {_TEXT}"
    rf"(?: (?:that|which) {_CAN}(?: be)? (?:read|readable|legible|seen|visible))?(?P<d>(?: (?:on|in|at|from|between|since|before|after|during|yesterday|today)\b.*)?)$"
    rf"|^(?:is|was|are|were|can|could)(?: there)?(?: (?:any|some))? {_TEXT}(?: (?:be|to be))?(?: (?:read|readable|legible|visible|seen))\b(?P<e>.*)$"
)
_SEPARATOR = " / "
_MOST_TEXTS = 2000
_PLACES = frozenset(
    {"picture", "pictures", "image", "images", "frame", "frames", "video", "videos", "footage", "scene", "there"}
)


def asked_text(question: str, known: Known, footage: Footage) -> Plan | None:
    """The plan of a question for what can be read; None where it asks something else, or of a thing."""
    found = _READ.match(normal(question))
    if not found:
        return None
    where, rest = filtered(next((text for text in found.groups() if text), ""), known, footage)
    if set(telling_words(rest)) - _PLACES:
        return None
    return Plan(kind="search", where=where, subject="text", subjects="texts", verb="read")


@dataclass(slots=True)
class _Line:
    """A line of text on a stream: when it was first and last read, in how many pictures."""

    row: TextRow
    last: datetime
    last_s: float
    pictures: int


def text_read(asked: Asked) -> Answer:
    """Every line that was read, the one in most pictures first."""
    rows = asked.store.read(Texts(where=asked.plan.where, limit=_MOST_TEXTS))
    lines = sorted(_lines(rows).items(), key=lambda item: (-item[1].pictures, item[0]))
    if not lines:
        return _nothing(asked)
    claims = [
        Claim(text=_said(asked, text, line), citations=_cited(asked, line.row))
        for (_, text), line in lines[:MOST_CLAIMS]
    ]
    if len(lines) > MOST_CLAIMS:
        claims.append(Claim(text=f"and {len(lines) - MOST_CLAIMS} more"))
    many = f"{len(lines)} lines of text were read" if len(lines) > 1 else "One line of text was read"
    return Answer(
        question=asked.question,
        plan=asked.plan,
        answer=f"{many}: {'; '.join(claim.text for claim in claims[:3])}.",
        claims=tuple(claims),
        coverage=covered(asked.store, asked.plan.where, asked.clock.footage),
        value=len(lines),
        unit="lines",
    )


def _lines(rows: list[TextRow]) -> dict[tuple[str, str], _Line]:
    """Pictures by the lines in them: a text has one line or several."""
    out: dict[tuple[str, str], _Line] = {}
    for row in rows:
        for text in dict.fromkeys(row.text.split(_SEPARATOR)):
            known = out.setdefault((row.stream, text), _Line(row=row, last=row.last, last_s=row.last_s, pictures=0))
            known.pictures += row.pictures
            known.row = min(known.row, row, key=lambda one: one.first)
            known.last, known.last_s = max((known.last, known.last_s), (row.last, row.last_s))
    return out


def _said(asked: Asked, text: str, line: _Line) -> str:
    clock, row = asked.clock, line.row
    until = f" to {clock.at(line.last, line.last_s)}" if line.last > row.first else ""
    when = f"{'from' if until else 'at'} {clock.at(row.first, row.first_s)}{until}"
    return f"{plain(text, 120)!r} {when}{clock.on(row.stream)}"


def _cited(asked: Asked, row: TextRow) -> tuple[str, ...]:
    """The events that go on where it was first read."""
    where = Filter(streams=(row.stream,), from_s=row.first_s, to_s=row.first_s + 0.001)
    return tuple(event.id for event in asked.store.read(Events(where=where, limit=5, brief=True)))


def _nothing(asked: Asked) -> Answer:
    """Nothing was read: because there was nothing, or because nobody reads here."""
    if not any(run.prompt_hash or run.model == "rapidocr" for run in asked.store.read(Runs())):
        return unknown(
            asked, "cannot tell: nothing here reads text; set ocr.backend to rapidocr, or name a model in vlm"
        )
    seen = replace(asked, coverage=covered(asked.store, asked.plan.where, asked.clock.footage))
    return Answer(
        question=asked.question,
        plan=asked.plan,
        answer="No text was read in the pictures that were kept.",
        coverage=seen.coverage,
        value=0,
        unit="lines",
    )
