"""What a sentence says of the alert itself: how much it matters, who is told, how often, what if nobody answers."""

import difflib
import re
from collections.abc import Sequence
from typing import Any

from agent.ask.moments import SPAN, seconds
from agent.wording.amounts import UNIT
from agent.wording.left import Left

_LEVELS = {
    "critical": "critical",
    "emergency": "critical",
    "top": "critical",
    "highest": "critical",
    "urgent": "high",
    "urgently": "high",
    "immediately": "high",
    "high": "high",
    "important": "high",
    "medium": "medium",
    "normal": "medium",
    "low": "low",
    "minor": "low",
}
_NAMED = "|".join(_LEVELS)
_SEVERITY = re.compile(
    rf",? ?\b(?:(?:with|at|of|as|in|it is|this is|that is|make it|and make it)(?: an?| the)? )?(?:({_NAMED})(?:[- ](?:severity|priority|importance|alert|alarm|level))"
    rf"|(?:severity|priority|importance|level) ?:? ?(?:is |of )?({_NAMED})|(?:it is|this is|that is|make it|as|with|at) ({_NAMED})|(critical|urgently|immediately|urgent))\b"
)
_LEADING = re.compile(rf"^({_NAMED})(?: (?:priority|severity|alert|alarm))?\s*[:,-] ?")
_COOLDOWN = re.compile(
    rf",? ?\b(?:but |and )?(?:(?:tell|alert|notify|message|warn) (?:me|us) )?(?:(?:at most|no more than|not more than|only|maximum|max) (?:once|one (?:alert|message|time|notification))(?: (?:every|per|an|a|each|in|within))+? ({SPAN}|{UNIT})"
    rf"|not more (?:often|frequently) than (?:once )?(?:every |per |an |a )?({SPAN}|{UNIT})|(?:once|one alert|one message) (?:every|per|an|a|each) ({SPAN}|{UNIT})"
    rf"|(?:with )?(?:a )?cooldown (?:of |is )?({SPAN})|(?:then )?(?:wait|be quiet for|stay quiet for) ({SPAN})(?: between (?:alerts|messages)| after each (?:alert|message)|(?: and)? then)?)(?!\w)"
)
_ESCALATE = re.compile(
    rf",? ?\b(?:and |but )?(?:(?:if nobody|if no one|unless someone|unless somebody) (?:acknowledges|answers|reacts|responds)(?: it)?(?: within| for| in| after)? ({SPAN}),? ?(?:then )?(?:tell|alert|notify|call|page|escalate(?: it)? to) (?:the )?([\w-]+)"
    rf"|escalate(?: it)?(?: to (?:the )?([\w-]+))? after ({SPAN}))"
)
_REPEAT = re.compile(
    rf",? ?\b(?:and |but )?(?:repeat|remind (?:me|us))(?: it| me| us)? every ({SPAN})(?: (?:until|while) .*)?$"
)
_TOLD = re.compile(
    r",? ?\b(?:and |then )?(?:tell|notify|alert|inform|call|ping|email|warn|send (?:it|this|that|them)? ?to|message|page|to be sent to|telling) (?:the )?([\w-]+(?:(?:,| and| or) (?:the )?[\w-]+)*)$"
)
_ME = frozenset({"tell", "alert", "notify", "warn", "inform", "let", "call", "ping", "email", "page", "report", "trigger", "create", "make", "sound", "set", "watch", "can", "could", "you", "we", "alarms", "every", "time", "once", "me", "us", "everyone", "everybody", "all", "an", "a", "the", "alarm", "alerts", "please", "know", "message", "notification", "to", "with", "raise", "send", "out", "my", "give", "warning", "it", "in", "for", "want", "be", "i", "like", "would", "told", "of", "rule", "that", "says", "off"})  # fmt: skip


def terms(left: Left, sinks: Sequence[str]) -> dict[str, Any]:
    """Settings of a rule beside its condition and hours, taken out of the sentence."""
    found: dict[str, Any] = {}
    if said := left.take(_ESCALATE):
        found["escalate_s"] = seconds(said[1] or said[4])
        if to := _sinks(left, said[2] or said[3] or "", sinks):
            found["escalate_to"] = to
    if said := left.take(_REPEAT):
        found["repeat_s"] = seconds(said[1])
    if said := left.take(_COOLDOWN):
        found["cooldown_s"] = seconds(next(filter(None, said.groups())))
    if level := severity(left):
        found["severity"] = level
    if (said := left.take(_TOLD)) and (named := _sinks(left, said[1], sinks)):
        found["sinks"] = named
    return found


def leading(left: Left) -> dict[str, Any]:
    """What stands before everything: `urgent: tell me …`."""
    said = left.take(_LEADING)
    return {"severity": _LEVELS[said[1]]} if said else {}


def severity(left: Left) -> str:
    """`high`, `critical`, taken out; empty where nothing is said."""
    said = left.take(_SEVERITY)
    return _LEVELS[next(filter(None, said.groups()))] if said else ""


def told(preamble: str, left: Left, sinks: Sequence[str]) -> dict[str, Any]:
    """What stands before `when`: `tell ops`, `raise a critical alert`."""
    before = Left(preamble, left.notes, left.doubts)
    found: dict[str, Any] = {}
    if level := severity(before):
        found["severity"] = level
    words = re.findall(r"[\w-]+|,", before.text)
    for level in [word for word in words if word in _LEVELS]:
        found["severity"] = _LEVELS[level]
        words.remove(level)
    if named := _sinks(left, " ".join(words), sinks):
        found["sinks"] = named
    return found


def _sinks(left: Left, text: str, sinks: Sequence[str]) -> list[str]:
    """The sinks of these names; a name that none has is a doubt."""
    written = {re.sub(r"[-_ ]+", " ", sink): sink for sink in sinks}
    found: list[str] = []
    for name in re.split(r",| and | or ", text):
        plain = " ".join(word for word in name.split() if word not in _ME)
        if not plain:
            continue
        near = difflib.get_close_matches(re.sub(r"[-_ ]+", " ", plain), written, n=1, cutoff=0.75)
        if near:
            found.append(written[near[0]])
        else:
            there = f"; there are {', '.join(sinks[:8])}" if sinks else "; none is set"
            left.doubts.append(f"no sink {plain[:40]!r}{there}: every sink is told")
    return list(dict.fromkeys(found))
