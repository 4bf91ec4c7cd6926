"""What is said to any model about one segment: asked, read, and asked once more where the answer cannot be read."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from time import monotonic

from agent.perception.vlm.loose import Fault
from agent.perception.vlm.meaning import meant
from agent.perception.vlm.prompt import Prompt
from agent.perception.vlm.reading import read
from vidette.errors import ModelError
from vidette.models import LookReply, LookRequest, Usage

log = logging.getLogger(__name__)

_ASKED = 2  # once more where the answer cannot be read
CUT = "cut off at `vlm.max_tokens`, the longest answer that is allowed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """What a model answered and what that cost; `fault`: why the text is no whole answer, empty where it may be one."""

    text: str = ""
    fault: str = ""
    usage: Usage


Ask = Callable[[str], Spoken]
"""Asks a model; the text is what was wrong with its answer before, empty the first time. Raises ModelError."""


def described(ask: Ask, request: LookRequest, prompt: Prompt, model: str) -> LookReply:
    """The reply of the model of that name, checked, with the cost of all tries. Raises ModelError."""
    began, usage, fault = monotonic(), Usage(), ""
    for _ in range(_ASKED):
        spoken = ask(fault)
        usage = added(usage, spoken.usage)
        try:
            if spoken.fault:
                raise Fault(spoken.fault)
            said, refused = read(spoken.text)
        except Fault as error:
            fault = str(error)
            log.info("an answer of %r cannot be read: %s", model, fault)
            continue
        reply, more = meant(said, request, prompt)
        return replace(reply, usage=replace(usage, refused=refused + more, wall_s=round(monotonic() - began, 3)))
    raise ModelError(f"model {model!r}: its answer cannot be read ({fault}); another model may do better")


def added(a: Usage, b: Usage) -> Usage:
    """What two tries cost together."""
    return Usage(**{one.name: getattr(a, one.name) + getattr(b, one.name) for one in fields(Usage)})
