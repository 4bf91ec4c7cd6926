"""Conditions on the things asked about: how long they stayed, what else they did, what they never did, what is left out."""

import re
from collections.abc import Callable
from dataclasses import replace

from agent.ask.footage import Footage
from agent.ask.fragment import PRESENCE, Fragment, read_fragment
from agent.ask.moments import SPAN, seconds
from agent.ask.names import Known
from agent.ask.scan import NotUnderstood
from agent.ask.words import LONGEST, WORDS, Mark, Noun, Verb
from vidette.answers import Plan
from vidette.families import THINGS
from vidette.queries import Filter

Clause = Callable[[str], Plan]
_MS = 0.001
_STAY = r"(?:stay|stayed|staying|remain|remained|wait|waited|stood|lingered|spent|spend|were there|was there|were in view|was in view|in view)"
_DURATION = re.compile(
    rf"(?:(?:^|\s)(?:and|who|that|which))?(?:\s(?:then|also))?(?:\s{_STAY})?(?: there)?(?: for)? "
    rf"(?P<how>longer than|more than|over|at least|less than|under|shorter than|no longer than|at most|up to) (?P<span>{SPAN})(?![\w:])"
)
_NEVER = re.compile(
    r"\s(?:(?:but|and|who|that|which|yet) )*(?:(?P<not>never|did not|didn't|do not|don't|does not|doesn't|have not|haven't|"
    r"has not|hasn't|had not|without(?: ever)?)(?: ever)?|(?P<be>were not|weren't|was not|wasn't|are not|aren't|is not|but not|not)) (?P<told>.+)$"
)
_EXCEPT = re.compile(
    r"\s(?:but )?(?:except(?: for)?|other than|apart from|excluding|leaving out|besides|outside(?: of)?)(?: (?P<told>.+))$"
)
_AND = re.compile(r"\s(?:and|but) (?:(?P<then>then|later|afterwards) )?(?:also )?(?:who |that )?")
_RELATIVE = re.compile(r"(?<=\s)(?:who|that|which)\s")
_ASKED = re.compile(
    r"^(?:who|how many|which|list|show|people|persons|vehicles|cars|any|did any\w+|were there|are there|number of)\b"
)


def conditioned(text: str, clause: Clause, known: Known, footage: Footage) -> Plan | None:
    """A question about things with a further condition, or None."""
    return (
        _lasting(text, clause)
        or _never(text, clause, known, footage)
        or _except(text, clause, known, footage)
        or _also(text, clause)
        or _relative(text, clause)
    )


def _lasting(text: str, clause: Clause) -> Plan | None:
    found = _DURATION.search(text)
    if not found or text.startswith(("did more than", "how long")):
        return None
    rest = f"{text[: found.start()]} {text[found.end() :]}".strip()
    plan = clause(rest if rest else text[: found.start()])
    span = seconds(found["span"])
    match found["how"]:
        case "longer than" | "more than" | "over":
            return _timed(plan, longer_s=span + _MS)
        case "at least":
            return _timed(plan, longer_s=span)
        case "less than" | "under" | "shorter than":
            return _timed(plan, shorter_s=span)
    return _timed(plan, shorter_s=span + _MS)


def _timed(plan: Plan, *, longer_s: float | None = None, shorter_s: float | None = None) -> Plan:
    if plan.of not in ("events", "tracks") or plan.sides:
        raise NotUnderstood("I can tell how long things and events lasted, nothing else")
    if (longer_s is not None and plan.longer_s is not None) or (shorter_s is not None and plan.shorter_s is not None):
        raise NotUnderstood("two durations are given for one border")
    return replace(
        plan,
        longer_s=plan.longer_s if longer_s is None else longer_s,
        shorter_s=plan.shorter_s if shorter_s is None else shorter_s,
        distinct=plan.distinct or (plan.kind == "count" and plan.where.types == PRESENCE),
    )


def _never(text: str, clause: Clause, known: Known, footage: Footage) -> Plan | None:
    found = _NEVER.search(f" {text}")
    if not found:
        return None
    main, told = text[: max(0, found.start() - 1)].strip(), found["told"]
    if not main and text.startswith("who "):
        main = "who"
    if not main:
        raise NotUnderstood("say of what: 'which people did not …'")
    if found["be"] and (plan := _left_out(main, told, clause, known, footage)):
        return plan
    return _without_doing(clause(main), clause(told))


def _without_doing(plan: Plan, other: Plan) -> Plan:
    """Things that did not do the other."""
    if plan.of not in ("events", "tracks") or plan.sides or other.of not in ("events", "tracks") or other.sides:
        raise NotUnderstood("I can leave out things by what they did, nothing else")
    if other.relations or other.also or other.never or (other.of == "tracks" and not other.where.types):
        raise NotUnderstood("I do not see what they did not do")
    _same_subject(plan, other)
    plan = _there_too(plan, other)
    return replace(plan, never=(*plan.never, replace(other, kind="list")), distinct=plan.kind == "count")


def _except(text: str, clause: Clause, known: Known, footage: Footage) -> Plan | None:
    found = _EXCEPT.search(text)
    if not found:
        return None
    plan = _left_out(text[: found.start()].strip(), found["told"], clause, known, footage)
    if plan is None:
        raise NotUnderstood(f"I do not see what is to be left out by {found['told'][:60]!r}")
    return plan


def _left_out(main: str, told: str, clause: Clause, known: Known, footage: Footage) -> Plan | None:
    """The main question without a place, time or sort of thing; words after that belong to the question."""
    words = told.split()
    for size in range(len(words), 0, -1):
        try:
            fragment = read_fragment(" ".join(words[:size]), known, footage)
        except NotUnderstood:
            continue
        rest = " ".join(words[size:])
        if fragment.verb or fragment.empty or (rest and not _begins_verb(rest)):
            continue
        return _excluding(clause(f"{main} {rest}".strip()), fragment, known)
    return None


def _excluding(plan: Plan, fragment: Fragment, known: Known) -> Plan:
    if plan.of not in ("events", "tracks") or plan.sides:
        raise NotUnderstood("I can leave things and events out of a question, nothing else")
    if fragment.colours:
        raise NotUnderstood("I cannot leave things out by their colour; ask of the colours you mean")
    if fragment.named.lines:
        raise NotUnderstood("say what they did not do: 'without crossing the line …'")
    notes = (*plan.notes, *fragment.named.notes, *fragment.window.notes)
    if fragment.named.streams:
        rest = tuple(s.name for s in known.streams if s.name not in fragment.named.streams)
        kept = tuple(name for name in plan.where.streams if name in rest) if plan.where.streams else rest
        if not kept:
            raise NotUnderstood("that leaves no stream to ask about")
        plan = replace(plan, where=replace(plan.where, streams=kept))
    if fragment.named.zones:
        inside = Plan(kind="list", where=Filter(types=PRESENCE, zones=fragment.named.zones), verb="seen in the zone")
        plan = replace(plan, never=(*plan.never, inside), distinct=plan.kind == "count")
    if fragment.window.bounded or fragment.noun:
        w, noun = fragment.window, fragment.noun
        out = Filter(
            since=w.since, until=w.until, from_s=w.from_s, to_s=w.to_s,
            labels=noun.labels if noun else (), kinds=noun.kinds if noun else (),
        )  # fmt: skip
        plan = replace(plan, without=(*plan.without, out))
    return replace(plan, notes=notes)


def _also(text: str, clause: Clause) -> Plan | None:
    """ "people who entered and stopped": the same things did both."""
    if not _ASKED.match(text):
        return None
    for found in _AND.finditer(text):
        main, told = text[: found.start()], text[found.end() :]
        if not _begins_verb(told) or not _has_verb(main) or _has_noun_before_verb(told):
            continue
        plan, other = clause(main), clause(told)
        if plan.kind not in ("count", "list", "exists") or not other.where.types:
            return None
        _same_subject(plan, other)
        plan = _there_too(plan, other)
        return replace(
            plan,
            also=(*plan.also, replace(other, kind="list")),
            ordered=plan.ordered or bool(found["then"]),
            distinct=plan.kind == "count",
        )
    return None


def _relative(text: str, clause: Clause) -> Plan | None:
    """ "vehicles that crossed the line stopped": two verbs; "vehicles that stopped": one."""
    found = _RELATIVE.search(text)
    if not found or not _ends_noun(text[: found.start()]):
        return None
    noun, words = text[: found.start()].strip(), text[found.end() :].split()
    for at in range(len(words) - 1, 0, -1):
        first, second = " ".join(words[:at]), " ".join(words[at:])
        if _begins_verb(second) and _has_verb(first) and words[at - 1] not in ("and", "or", "is", "are", "was", "were", "been", "being"):  # fmt: skip
            plan, other = clause(f"{noun} {second}"), clause(first)
            _same_subject(plan, other)
            plan = _there_too(plan, other)
            return replace(plan, also=(*plan.also, replace(other, kind="list")), distinct=plan.kind == "count")
    return clause(f"{noun} {' '.join(words)}")


def _there_too(plan: Plan, other: Plan) -> Plan:
    """ "who never left on Monday": a time or stream said with one of the two holds for both."""
    where, more = plan.where, other.where
    if not where.streams:
        where = replace(where, streams=more.streams)
    if all(border is None for border in (where.since, where.until, where.from_s, where.to_s)):
        where = replace(
            where, since=more.since, until=more.until, from_s=more.from_s, to_s=more.to_s,
            starts_inside=where.starts_inside or (plan.of == "events" and more.starts_inside),
        )  # fmt: skip
    return replace(plan, where=where)


def _same_subject(plan: Plan, other: Plan) -> None:
    """Who left or took a thing is not told, so what else it did cannot be asked."""
    things = [bool(set(p.where.types) & THINGS) for p in (plan, other)]
    if any(things) and not all(things):
        raise NotUnderstood("nothing here tells who left or took a thing; ask about the thing alone")


def _phrases(text: str) -> list[tuple[str, object]]:
    words, at = text.split(), 0
    out: list[tuple[str, object]] = []
    while at < len(words):
        for size in range(min(LONGEST, len(words) - at), 0, -1):
            phrase = " ".join(words[at : at + size])
            if phrase in WORDS or size == 1:
                out.append((phrase, WORDS.get(phrase)))
                at += size
                break
    return out


def _is_verb(word: object) -> bool:
    return isinstance(word, Verb) or (
        isinstance(word, Mark) and word.name in ("leave", "left", "move", "moved", "gone")
    )


def _begins_verb(text: str) -> bool:
    kept = [word for _, word in _phrases(text) if not (isinstance(word, Mark) and word.name in ("be", "do", "filler"))]
    return bool(kept) and _is_verb(kept[0])


def _has_verb(text: str) -> bool:
    return any(_is_verb(word) for _, word in _phrases(text))


def _has_noun_before_verb(text: str) -> bool:
    for _, word in _phrases(text):
        if _is_verb(word):
            return False
        if isinstance(word, Noun):
            return True
    return False


def _ends_noun(text: str) -> bool:
    phrases = _phrases(text)
    return bool(phrases) and isinstance(phrases[-1][1], Noun)
