"""Questions whether a camera was up or down: whether all of the time asked was watched."""

import re
from collections.abc import Callable
from dataclasses import replace

from agent.ask.footage import Footage
from agent.ask.names import Known
from agent.ask.scan import NotUnderstood
from vidette.answers import Plan

_WORKED = r"working|up|online|up and running|running|on|recording|watching|filming|alive"
_DOWN = rf"down|off|dead|out|broken|unavailable|not (?:{_WORKED}|watched|recorded|filmed)"
_STATE = re.compile(
    rf"^(?P<be>was|were|is|are|has|have|did) (?P<which>.*?) ?(?:be |been |go |gone |went |ever )*"
    rf"(?:(?P<down>{_DOWN})|(?P<up>{_WORKED}))(?P<rest>(?: (?:on|in|at|during|between|from|before|after|since|until|today|yesterday|this|last|any)\b.*)?)$"
)


def whether_up(text: str, clause: Callable[[str], Plan], known: Known, footage: Footage) -> Plan | None:
    """The plan of "was the yard camera down this morning?", or None where it speaks of anything but cameras."""
    del known, footage
    found = _STATE.match(text)
    if not found:
        return None
    try:
        plan = clause(f"was {found['which']} watched{found['rest']}")
    except NotUnderstood:
        return None
    if plan.of != "coverage" or plan.kind != "exists":
        return None
    if found["be"] in ("is", "are") and not found["rest"]:
        raise NotUnderstood("how a camera is at this very moment is not in memory's answers; see: vidette streams")
    return replace(plan, negated=bool(found["down"]))
