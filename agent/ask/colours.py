"""Colours in a question: of which things captions tell them."""

import re
from dataclasses import replace

from agent.ask.names import Known, normal
from agent.ask.say import stands_alone
from agent.ask.scan import NotUnderstood
from agent.ask.words import COLOURS
from vidette.answers import Plan

_SAME = {"gray": "grey", "silver": "silver grey", "pink": "pink red"}
_COLOUR = r"(?:" + "|".join(COLOURS) + r")(?:-coloured|-colored)?"
_SAID = re.compile(
    rf"(?<!\S)(?:(?:dressed )?in )?(?P<all>{_COLOUR}(?:(?: or | and |/){_COLOUR})*)(?: ones?| coloured| colored)?(?!\S)"
)


def without_colours(text: str, known: Known) -> tuple[str, str]:
    """A clause without its colours, and these, as words of captions; names of places are taken out of it before.

    Raises NotUnderstood where two colours are said of two things, or where a zone or a line is called by the colour:
    then captions name it for another reason.
    """
    found = list(_SAID.finditer(text))
    if not found:
        return text, ""
    if len(found) > 1:
        raise NotUnderstood("colours of two things are more than I can ask for at a time")
    said = [word.split("-")[0] for word in re.findall(_COLOUR, found[0]["all"])]
    if any(word in normal(name).split() for word in said for name in (*known.zones, *known.lines)):
        raise NotUnderstood(
            f"a zone or a line is called {said[0]!r} here, so that captions do not tell the colour of things"
        )
    rest = " ".join(_SAID.sub(" ", text).split())
    return rest, " ".join(dict.fromkeys(" ".join(_SAME.get(word, word) for word in said).split()))


def coloured(plan: Plan, colours: str) -> Plan:
    """The plan, of things that captions say these colours of. Raises NotUnderstood where it is of no things."""
    if not colours:
        return plan
    if plan.of not in ("events", "tracks") or plan.sides or stands_alone(plan) or plan.subject == "event":
        raise NotUnderstood("I know the colours of things alone: 'how many red cars were there'")
    return replace(plan, where=replace(plan.where, text=colours, any_word=True))
