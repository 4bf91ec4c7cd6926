"""Short questions about the answer before: "when?", "how many?", "show me them", "which was the longest?"."""

import re
from dataclasses import replace
from typing import Literal

from agent.ask.names import normal
from agent.ask.scan import NotUnderstood
from vidette.answers import Kind, Plan

_IT = r"(?:it|that|they|those|this|them|these)"
_WAS = rf"(?: (?:was|were|did|is|are) (?:{_IT}|the (?P<which>first|last)(?: one)?)(?: happen| come| last)?)?"
_SHORT: tuple[tuple[str, Kind], ...] = (
    (rf"(?:when|what time|at what time)(?: exactly)?{_WAS}", "when"),
    (rf"how (?:many|often)(?: times)?(?: of {_IT})?(?: (?:was|were|are) (?:there|{_IT}))?", "count"),
    (
        rf"(?:(?:show|list|give)(?: me)? {_IT}(?: all)?|which(?: ones?)?(?: were (?:they|those))?|what were (?:they|those))",
        "list",
    ),
    (rf"(?:for )?how long(?: for)?{_WAS}", "how_long"),
    (rf"where{_WAS}", "where"),
    (r"(?:which (?:one )?|what )(?:was|is|were|stayed|lasted) (?:the )?longest(?: one)?", "longest"),
    (r"(?:which (?:one )?|what )(?:was|is|were|stayed|lasted) (?:the )?shortest(?: one)?", "shortest"),
    (rf"why(?: (?:was|is|did) {_IT}(?: happen)?)?", "describe"),
)
_KINDS = tuple((re.compile(rf"(?:and |but |so |ok )?{pattern}"), kind) for pattern, kind in _SHORT)
Which = Literal["first", "last"] | None
_ALERTS = frozenset({"when", "count", "list", "describe"})


def again(question: str, previous: Plan | None) -> Plan | None:
    """The question before, asked for something else of the same rows; None where this one is no such question.

    Raises NotUnderstood where that cannot be asked of it.
    """
    text = normal(question)
    found, kind = next(((m, kind) for pattern, kind in _KINDS if (m := pattern.fullmatch(text))), (None, None))
    if found is None or kind is None:
        return None
    if previous is None or previous.kind in ("cannot_tell", "search"):
        raise NotUnderstood("there is no question before this one to go on from; ask it in full")
    said = found.groupdict().get("which")
    which: Which = "first" if said == "first" else "last" if said == "last" else None
    if which and kind == "when":
        kind = which
    return _turned(previous, kind, which)


def _turned(plan: Plan, kind: Kind, which: Which) -> Plan:
    if plan.of == "alerts" and kind in (*_ALERTS, "first", "last"):
        return replace(plan, kind=kind)
    if kind == "describe":
        raise NotUnderstood("I tell what was seen, not why it was done; of an alert, ask why it was raised")
    if plan.of not in ("events", "tracks") or plan.sides or plan.gap:
        raise NotUnderstood("that cannot be asked of the question before; ask it in full")
    if plan.subject in ("event", "scene") and kind in ("where", "how_long", "longest", "shortest"):
        raise NotUnderstood("ask where or how long of one thing that happened")
    where = replace(plan.where, starts_inside=plan.where.starts_inside and kind != "how_long")
    pick = which if kind in ("how_long", "where") else None
    return replace(
        plan, kind=kind, where=where, pick=pick, by=None, nth=None, now=False, negated=False,
        at_least=None, at_most=None, distinct=plan.distinct and kind == "count",
    )  # fmt: skip
