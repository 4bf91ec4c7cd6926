"""Pictures that look like what was asked for. Likeness is an order, not a fact: nothing says that it is there."""

import re
from dataclasses import replace
from datetime import timedelta

from agent.ask.covering import covered
from agent.ask.evidence import MOST_CLAIMS, Asked, unknown
from agent.ask.footage import Footage
from agent.ask.likeness import nearest
from agent.ask.names import Known, normal
from agent.ask.say import plain
from agent.ask.search import cited, filtered, telling_words
from vidette.answers import Answer, Claim, Plan
from vidette.errors import ModelError
from vidette.likeness import Near
from vidette.queries import Filter, Segments
from vidette.rows import SegmentRow

_PICTURES = r"(?:pictures?|images?|frames?|photos?|photographs?|snapshots?|keyframes?)"
_THINGS = r"(?:something|anything|someone|somebody|anyone|things?|scenes?|moments?|places?)"
_LOOKS = r"(?:looks?|looked|looking|seems?|seemed)"
_LIKE = r"(?:like|similar to|resembling|alike to)"
_ALIKE = re.compile(
    rf"^(?:please )?(?:find|show|search|look|list|get|give)(?: me)?(?: for)?(?: (?:the|all|any|some))* {_PICTURES}"
    rf"(?: (?:that|which))?(?: (?:are|is|{_LOOKS}))? (?:{_LIKE}|of|showing|with) (?P<a>.+)$"
    rf"|^(?:the )?{_PICTURES} (?:(?:that |which )?{_LOOKS} )?(?:{_LIKE}|of|showing|with) (?P<b>.+)$"
    rf"|^(?:please )?(?:find|show|search|look|list|get|give)(?: me)?(?: for)?(?: (?:the|all|any|some))* {_THINGS}"
    rf"(?: (?:that|which))?(?: {_LOOKS})? {_LIKE} (?P<c>.+)$"
    rf"|^(?:where|when|what|who|which \w+|is there|was there|are there|were there)(?: (?:is|was|are|were))?"
    rf"(?: {_THINGS})?(?: (?:that|which))? (?:{_LOOKS} {_LIKE}|similar to|resembling) (?P<d>.+)$"
)
_POOL = 100
_PHOTO = "a photo of {}"  # as CLIP was evaluated (Radford et al., 2021, §3.1.4)


def asked_alike(question: str, known: Known, footage: Footage) -> Plan | None:
    """The plan of a question for what looks like something; else None."""
    found = _ALIKE.match(normal(question))
    if not found:
        return None
    where, words = filtered(next(filter(None, found.groups())), known, footage)
    if not telling_words(words):
        return None
    where = replace(where, text=" ".join(telling_words(words)), any_word=True)
    return Plan(
        kind="search", where=where, subject="picture", subjects="pictures", verb="alike", said=" ".join(words.split())
    )


def pictures_alike(asked: Asked) -> Answer | None:
    """The pictures nearest to what was asked for, one a segment; None where no model sees pictures."""
    embedder, store = asked.likeness.pictures, asked.store
    if embedder is None:
        return None
    where = replace(asked.plan.where, text="", any_word=False, types=())
    try:
        found = nearest(embedder, store, "keyframe", _PHOTO.format(asked.plan.said), where, _POOL)
    except ModelError as error:
        return unknown(asked, f"cannot tell: {plain(str(error), 200)}")
    best = _best(found)
    if not best:
        return unknown(asked, "cannot tell: no picture of that time has an embedding of this model; run: vidette embed")
    segments = {row.id: row for row in store.read(Segments(where=Filter(ids=tuple(best)), limit=MOST_CLAIMS))}
    rows = tuple(segments[id_] for id_ in best if id_ in segments)
    return _told(asked, rows, best)


def nothing_sees(asked: Asked) -> Answer:
    """No model that sees pictures is set, and no caption has the words."""
    return unknown(
        asked,
        "cannot tell: nothing here tells what pictures look like; name a CLIP or SigLIP model in embedder.pictures",
    )


def _best(found: list[Near]) -> dict[str, Near]:
    """The nearest picture of each segment, the nearest segments first."""
    best: dict[str, Near] = {}
    for one in found:
        best.setdefault(one.segment_id, one)
    return dict(list(best.items())[:MOST_CLAIMS])


def _told(asked: Asked, rows: tuple[SegmentRow, ...], best: dict[str, Near]) -> Answer:
    footage, streams = asked.clock.footage, tuple({row.stream for row in rows})
    kept = tuple(stream for stream in footage.streams if stream.name in streams)
    claims = tuple(Claim(text=_claim(asked, row, best[row.id]), citations=cited(asked, row)) for row in rows)
    note = (
        f"nearest pictures first, by {plain(asked.likeness.pictures.run.model, 60)}" if asked.likeness.pictures else ""
    )
    return Answer(
        question=asked.question,
        plan=replace(asked.plan, notes=(*asked.plan.notes, note)),
        answer=f"Most like {plain(asked.plan.said, 100)!r} is the {claims[0].text}; likeness does not tell that it is there.",
        claims=claims,
        rows=rows,
        coverage=covered(asked.store, replace(asked.plan.where, streams=streams), replace(footage, streams=kept)),
    )


def _claim(asked: Asked, row: SegmentRow, near: Near) -> str:
    pts_s = next((frame.pts_s for frame in row.keyframes if frame.id == near.id), row.start_s)
    at = row.start + timedelta(seconds=pts_s - row.start_s)
    return f"picture of {asked.clock.at(at, pts_s)}{asked.clock.on(row.stream)} (likeness {near.likeness:.2f})"
