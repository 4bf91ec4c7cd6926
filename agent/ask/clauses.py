"""Clauses that a question is made of: before, after, while; how long from one thing to another; nobody and nothing."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from agent.ask.footage import Footage
from agent.ask.moments import AFTER_FIRST, EDGE, HOUR, LOOSE, RANGE, SPAN, seconds
from agent.ask.names import Known, normal
from agent.ask.scan import NotUnderstood
from agent.ask.words import WORDS, Mark, Noun
from vidette.answers import Plan, Relation
from vidette.models import EventType

Clause = Callable[[str], Plan]
How = Literal["before", "after", "during"]

_HOW: dict[str, How] = {
    "before": "before", "until": "before", "till": "before", "up to when": "before", "prior to": "before",
    "after": "after", "since": "after", "following": "after", "once": "after", "as soon as": "after",
    "while": "during", "whilst": "during", "during": "during", "when": "during", "as": "during",
    "at the same time as": "during", "at the time when": "during", "as long as": "during", "the moment": "during",
}  # fmt: skip
_WORD = "|".join(sorted(_HOW, key=len, reverse=True))
_AT = re.compile(
    rf"(?:^|(?<=\s))(?:(?P<within>(?:within|in|during|at most|no more than|less than|up to)(?: the)?(?: first| last)? |the )"
    rf"?(?P<span>{SPAN}|hour|minute) )?(?P<word>{_WORD}) (?=\S)"
)
_MOMENTS = frozenset({"when", "as", "the moment", "at the time when"})
_PLACE = re.compile(r"(?<!\S)(?:at|on|in|of|to|from|for|near|than|or) $")
_STANDING = re.compile(r"\b(?:was|were|is|are|stood|had) (?:stopped|parked|halted|standing|still)\b|\bstood\b")
_BETWEEN = re.compile(r"(?:^|(?<=\s))between (?:when |the time |the moment )?(?=\S)")
_PRONOUN = re.compile(r"(?:^|(?<=\s))(?:it|they|them|he|she|that one)(?!\S)")
_QUESTION = re.compile(
    r"\s(?=(?:who|what|which|how|when|where|did|was|were|is there|are there|has|have|list|show|any)\s)"
)
_GAPS = (
    (
        re.compile(r"^(?:how long|how much time|how much later) (?P<word>after|before) (?P<told>.+)$"),
        r" (?=(?:did|was|were) )",
    ),
    (
        re.compile(
            r"^(?:how long|how much time)(?: was| is)?(?: it| there)?(?: passed| elapsed| went by| passes)?"
            r"(?P<word>) between (?:when )?(?P<told>.+)$"
        ),
        r" and (?:when )?",
    ),
)
_NOBODY = re.compile(
    r"^(?P<do>(?:did|was|were|has|have|had|is|are)(?: there)?) (?P<no>no one|no-one|nobody|nothing|none of the|no)\s(?P<rest>.+)$"
)
_EVERY = re.compile(
    r"^(?P<do>did|have|has|were|was) (?:every single|every|each|all of the|all the|all) (?P<noun>[\w-]+) (?P<rest>.+)$"
)
_ANY = {"no one": "anyone", "no-one": "anyone", "nobody": "anyone", "nothing": "anything"}


def related(text: str, clause: Clause, known: Known, footage: Footage) -> Plan | None:
    """A question that a clause of time is part of, or None."""
    del footage
    return _leading(text, clause) or _between(text, clause) or _trailing(text, clause, known)


def _trailing(text: str, clause: Clause, known: Known) -> Plan | None:
    """ "who entered | after | the bag was left": at the last such word, so that each part is read on its own."""
    marks = [
        found
        for found in _AT.finditer(text)
        if found.start() > 0 and not _is_time(text, found) and not _named(text, found, known)
    ]
    if not marks:
        return None
    found = marks[-1]
    main, told = text[: found.start()].strip(), text[found.end() :].strip()
    main = re.sub(r" and$", "", main)
    plan = clause(main)
    return _with(plan, found, clause(_referred(told, main)), told)


def _leading(text: str, clause: Clause) -> Plan | None:
    """ "after the bag was left who entered"."""
    found = _AT.match(text)
    if not found or _is_time(text, found) or found["word"] == "when":
        return None
    for cut in _QUESTION.finditer(text, found.end()):
        told, main = text[found.end() : cut.start()], text[cut.end() :]
        try:
            return _with(clause(_referred(main, told)), found, clause(told), told)
        except NotUnderstood:
            continue
    return None


def _between(text: str, clause: Clause) -> Plan | None:
    """ "who came between the bag being left and it being taken": after the one, before the other."""
    found = _BETWEEN.search(text)
    if not found or found.start() == 0 or RANGE.match(text, found.start()):
        return None
    main, told = text[: found.start()].strip(), text[found.end() :]
    for cut in re.finditer(r" and (?:when )?", told):
        first, second = told[: cut.start()], told[cut.end() :]
        try:
            start, end = clause(first), clause(_referred(second, first))
        except NotUnderstood:
            continue
        plan = clause(main)
        return _joined(_joined(plan, Relation(kind="after", anchor=start)), Relation(kind="before", anchor=end))
    return None


def _named(text: str, found: re.Match[str], known: Known) -> bool:
    """Whether the word stands as a name, or begins one: "entered the till", "at till 2"; or is part of "at once"."""
    before, at = text[: found.start("word")], found.start("word")
    if (before.endswith("the ") and not found["within"]) or (found["word"] == "once" and before.endswith("at ")):
        return True
    names = (normal(name) for name in known.names())
    return bool(_PLACE.search(before)) and any(re.match(rf"{re.escape(name)}(?!\S)", text[at:]) for name in names)


def _is_time(text: str, found: re.Match[str]) -> bool:
    """Whether the word begins a time ("after 5 pm") instead of a clause."""
    at = found.start("word")
    if EDGE.match(text, at) or HOUR.match(text, at) or AFTER_FIRST.match(text, at):
        return True
    if found["word"] == "as" and not re.match(r"as (?:a|an|the|some)", text[at:]):
        return True
    if found["word"] in ("during", "since", "until", "till") and (LOOSE.match(text, found.end()) or re.match(rf"(?:the |its )?(?:first|last|past) (?:{SPAN}|\w+$)", text[found.end() :])):  # fmt: skip
        return True
    return bool(re.match(r"(?:or|than|and)\b", text[found.end() :]))


def _with(plan: Plan, found: re.Match[str], anchor: Plan, told: str) -> Plan:
    kind = _HOW[found["word"]]
    within = seconds(found["span"]) if found["span"] else None
    if within is not None and (kind == "during" or (not found["within"] and re.match(r"\d", found["span"]) is None)):
        raise NotUnderstood(f"I cannot read {found[0].strip()!r}; say 'within 30 seconds after …'")
    moment = kind == "during" and found["word"] in _MOMENTS and not _STANDING.search(told)
    return _joined(plan, Relation(kind=kind, anchor=_as_anchor(anchor, moment=moment), within_s=within))


def _joined(plan: Plan, relation: Relation) -> Plan:
    if plan.of in ("streams", "coverage") or plan.sides:
        raise NotUnderstood("I relate things and events in time, nothing else")
    anchor = _as_anchor(relation.anchor)
    first = plan.kind in ("first", "last", "when")
    plan = replace(plan, where=replace(plan.where, starts_inside=plan.where.starts_inside or (first and bool(plan.where.types))))  # fmt: skip
    return replace(
        plan, relations=(*plan.relations, replace(relation, anchor=anchor)), notes=(*plan.notes, *anchor.notes)
    )


def _as_anchor(plan: Plan, *, moment: bool = False) -> Plan:
    """What is related to: a list, or (`moment`) the moment at which something stopped."""
    if plan.of not in ("events", "tracks") or plan.sides or plan.by or plan.kind in ("average", "peak", "coverage"):
        raise NotUnderstood("I cannot relate to that; ask 'before', 'after' or 'while' of a thing or an event")
    pick = plan.kind if plan.kind in ("first", "last") else plan.pick
    moment = plan.where.types == (EventType.OBJECT_STOPPED,) and (moment or plan.kind == "when")
    return replace(plan, kind="when" if moment else "list", pick=pick)


def _referred(text: str, earlier: str) -> str:
    """ "it" and "they" are the thing that was named last."""
    if not _PRONOUN.search(text):
        return text
    nouns = [word for word in re.findall(r"[\w-]+", earlier) if isinstance(WORDS.get(word), Noun)]
    if not nouns:
        return text
    return _PRONOUN.sub(f"the {nouns[-1]}", text)


def gap(text: str, clause: Clause, known: Known, footage: Footage) -> Plan | None:
    """ "how long after the bag was left was it taken", "how much time passed between … and …"; or None."""
    del known, footage
    for pattern, cut in _GAPS:
        found = pattern.match(text)
        if not found or (found["word"] and _is_time(text, _AT.search(text) or found)):
            continue
        for at in re.finditer(cut, found["told"]):
            first, second = found["told"][: at.start()], found["told"][at.end() :]
            try:
                anchor, row = clause(first), clause(_referred(second, first))
            except NotUnderstood:
                continue
            if anchor.where.types and row.where.types:
                kind: How = "before" if found["word"] == "before" else "after"
                return replace(_joined(replace(row, kind="how_long"), Relation(kind=kind, anchor=anchor)), gap=True)
    return None


def negated(text: str, clause: Clause, known: Known, footage: Footage) -> Plan | None:
    """ "did nobody enter": the question with its yes and no turned round, or None."""
    del known, footage
    found = _NOBODY.match(text)
    if not found or (found["no"] == "no" and not _noun_first(found["rest"])):
        return None
    plan = clause(f"{found['do']} {_ANY.get(found['no'], 'any')} {found['rest']}")
    if plan.kind != "exists":
        raise NotUnderstood("ask 'did nobody …' or 'did anyone …'")
    return replace(plan, negated=not plan.negated)


def universal(text: str, clause: Clause, known: Known, footage: Footage) -> Plan | None:
    """ "did every car leave": whether there was none that did not, or None."""
    del known, footage
    found = _EVERY.match(text)
    if not found or not isinstance(WORDS.get(found["noun"]), Noun):
        return None
    no = "did not" if found["do"] == "did" else f"{found['do']} not"
    plan = clause(f"were there {found['noun']} that {no} {found['rest']}")
    if plan.kind != "exists" or not plan.never or plan.relations:
        raise NotUnderstood(f"I cannot tell that of all of them; ask which {found['noun']} did not")
    return replace(plan, negated=not plan.negated)


def _noun_first(text: str) -> bool:
    words = text.split()
    return isinstance(WORDS.get(words[0]), Noun | Mark) if words else False
