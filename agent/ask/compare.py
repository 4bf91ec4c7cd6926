"""Comparisons: more of one thing, time or place than of another."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from agent.ask.footage import Footage
from agent.ask.fragment import Fragment, counting, read_fragment, with_missing
from agent.ask.names import Known
from agent.ask.scan import NotUnderstood
from vidette.answers import Plan

More = Literal["more", "fewer", "equal", "which", "difference"]
_LEAD = r"(?:did|do|were|was|are|is|have|has|had|there|which|what|who|camera|cameras|stream|zone|saw|see|it|a|any|the)"
_THAN = re.compile(
    rf"^(?P<lead>(?:{_LEAD} )*)(?P<how>how many more|how many fewer|more|fewer|less)\s(?P<a>.+?) than (?P<b>.+)$"
)
_AS = re.compile(r"^(?:were|are|did|was) (?:there )?(?:as many|just as many|equally many) (?P<a>.+?) as (?P<b>.+)$")
_COMPARE = re.compile(r"^compare (?P<a>.+?) (?:and|with|to|against|versus|vs) (?P<b>.+)$")
_BUSIER = re.compile(r"^(?:was|is|were|are) (?P<a>.+?) (?P<how>busier|quieter|less busy|more quiet) than (?P<b>.+)$")
_WHICH_BUSIER = re.compile(
    r"^(?:was|is) it (?P<how>busier|quieter)(?: in| at| on)?(?: the)? (?P<a>.+?) or (?P<b>.+)$"
    r"|^(?:which|what|who|when)(?: camera| stream| zone| day)? (?:was|is)(?: it)? (?P<how2>busier|quieter) (?P<a2>.+?) or (?P<b2>.+)$"
)
_OR = re.compile(
    r"^(?!.* than )(?:did|do|were there|are there|were|are|was|which (?:camera|stream|feed|zone|area|day) (?:saw|had|has|recorded|got))"
    r" (?P<how>more|fewer) (?P<a>.+?) or (?P<b>.+)$"
)


def compared(text: str, clause: Callable[[str], Plan], known: Known, footage: Footage) -> Plan | None:
    """A question that compares two amounts, or None. Raises NotUnderstood where the two are not clear."""
    del clause
    if found := _AS.match(text):
        return _plan(found["a"], found["b"], "equal", known, footage)
    if found := _COMPARE.match(text):
        return _plan(found["a"], found["b"], "which", known, footage)
    if found := _BUSIER.match(text):
        return _plan(found["a"], found["b"], "more" if found["how"] == "busier" else "fewer", known, footage)
    if found := _WHICH_BUSIER.match(text):
        a, b = found["a"] or found["a2"], found["b"] or found["b2"]
        if (found["how"] or found["how2"]) != "busier":
            raise NotUnderstood("ask which was busier")
        return _plan(a, b, "which", known, footage)
    if found := _OR.match(text):
        if found["how"] != "more":
            raise NotUnderstood("ask which there were more of")
        return _plan(found["a"], found["b"], "which", known, footage)
    if (found := _THAN.match(text)) and not re.match(
        r"(?:\d+|one|two|three|four|five|six|seven|eight|nine|ten)\b", found["b"]
    ):
        how: More = "difference" if found["how"].startswith("how") else "more" if found["how"] == "more" else "fewer"
        if found["how"] == "how many fewer":
            raise NotUnderstood("ask how many more the other way round")
        return _plan(found["a"], found["b"], how, known, footage)
    return None


def _plan(first: str, second: str, more: More, known: Known, footage: Footage) -> Plan:
    """Both amounts; what only one of the two names holds for both."""
    first, second = _completed(first, second)
    a, b = read_fragment(first, known, footage), read_fragment(second, known, footage)
    if a.empty or b.empty:
        raise NotUnderstood("I do not see which two amounts to compare")
    sides = tuple(
        replace(counting(whole), said=_said(own, other))
        for own, other, whole in ((a, b, with_missing(a, b)), (b, a, with_missing(b, a)))
    )
    if replace(sides[0], said="") == replace(sides[1], said=""):
        raise NotUnderstood("both sides of that comparison are the same")
    if any(side.of not in ("events", "tracks") for side in sides):
        raise NotUnderstood("I compare numbers of things and events")
    notes = tuple(dict.fromkeys(note for side in sides for note in side.notes))
    return replace(sides[0], kind="compare", sides=sides, more=more, notes=notes, said="")


def _completed(first: str, second: str) -> tuple[str, str]:
    """ "before noon or after (it)": the same moment on both sides."""
    found = re.search(r"\b(before|after) (.+)$", first)
    if found and (other := re.fullmatch(r"(before|after)(?: it| that| then)?", second)) and other[1] != found[1]:
        return first, f"{other[1]} {found[2]}"
    return first, re.sub(r"^(?:there were|did|were there|it was) ", "", second)


def _said(own: Fragment, other: Fragment) -> str:
    """A side by what makes it another than the other."""
    if own.window != other.window and own.window.bounded and other.window.bounded:
        return own.when or own.text
    if own.colours != other.colours and own.colours:
        return " ".join(
            part for part in (" or ".join(own.colours.split()), own.noun.plural if own.noun else "") if part
        )
    alike = own.noun == other.noun or bool(other.named.streams)
    if own.named.streams != other.named.streams and own.named.streams and alike:
        return " and ".join(own.named.streams)
    if own.named.zones != other.named.zones and own.named.zones:
        return " and ".join(own.named.zones)
    if own.named.lines != other.named.lines and own.named.lines:
        return " and ".join(own.named.lines)
    if own.noun and own.noun != other.noun and other.noun:
        return own.noun.plural
    if own.verb and own.verb != other.verb:
        return own.verb.past
    return own.text
