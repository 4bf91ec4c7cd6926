"""The door: a sentence in plain English in, a rule out, with what it was read as and what is doubtful."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from agent.wording import amounts
from agent.wording.clause import doing
from agent.wording.hours import hours
from agent.wording.joints import Reader
from agent.wording.left import LONGEST, Left, normal
from agent.wording.places import places_of
from agent.wording.terms import leading, terms, told
from agent.wording.vocabulary import UnknownWordsError
from vidette.errors import ConfigError
from vidette.rule_settings import RuleSettings, branches
from vidette.settings import Settings

_OPENERS = r"tell|alert|notify|warn|inform|let|raise|send|message|page|call|ping|email|i|give|report|trigger|create|make|sound|set|watch|please|can|could|we|want"
_OPENER = re.compile(
    rf"^(?P<before>(?:{_OPENERS})\b[^,;:]*?)[,:]? (?:when(?:ever)?|if|as soon as|once|every time|each time|any time|in case|about|of every|of any|for(?: any| every)?|that|whether)(?: that)?(?: (?P<core>.+))?$"
)
_BARE = re.compile(r"^(?:when(?:ever)?|if|as soon as|every time|alert|alarm)(?: on| for| when)?:? (?P<core>.+)$")
_TRAILING = re.compile(r"^(?P<core>.+?),? (?P<before>(?:tell|alert|notify|warn|inform|raise|send|message|page) .+)$")
_OTHER = re.compile(r"^(?P<before>[^,]{1,60}?),? (?:when(?:ever)?|if) (?P<core>.+)$")
_EXAMPLE = "write it like 'tell me when a van stands at the dock for more than ten minutes at night'"
_SMALL_WORDS = (
    "a an the is are in at on of to for more than and or then it me when if with by over least within not out there"
)
_NUMBERS = "one two three four five six seven eight nine ten times second seconds minute minutes min hour hours"
_SMALL = frozenset(f"{_SMALL_WORDS} {_NUMBERS}".split())
_ABSENT_S = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A rule that a sentence asks for.

    `notes` say how words were read that could be read otherwise, `doubts` what was not understood or
    needs a person's eye: a word is in the rule, in a question to the vision model, or here. `beside` are those of
    them that are not about the condition. `author` is the language model that wrote it; empty: the grammar did.
    """

    rule: RuleSettings
    notes: tuple[str, ...]
    doubts: tuple[str, ...]
    beside: frozenset[str] = frozenset()
    author: str = ""

    @property
    def asks(self) -> bool:
        """Whether words were not understood, and are in a question to the vision model."""
        return any(when.ask for _, when in branches(self.rule.when))


def draft(sentence: str, settings: Settings, *, taken: Collection[str] = ()) -> Draft:
    """The rule that a sentence asks for; `taken` are ids that it may not have.

    Raises ConfigError where the sentence asks for nothing, or is longer than 500 letters.
    """
    if len(sentence) > LONGEST:
        raise ConfigError(f"the sentence has {len(sentence)} letters; say it in at most {LONGEST}")
    left = Left(normal(sentence))
    sinks = [sink.id for sink in settings.sinks]
    active = hours(left)
    rule = leading(left) | _opened(left, sinks)
    rule = {**rule, **terms(left, sinks)}
    sure = amounts.confidence(left)
    core, beside = left.text, frozenset((*left.notes, *left.doubts))
    when = _condition(left, settings)
    if not _absences(when, active, left.notes) and active:
        rule["active"] = active
    if sure:
        _sure(when, sure)
    rule |= {"id": _name(core, taken), "when": when}
    notes, doubts = tuple(dict.fromkeys(left.notes)), tuple(dict.fromkeys(left.doubts))
    return Draft(rule=_valid(rule), notes=notes, doubts=doubts, beside=beside)


def _opened(left: Left, sinks: Sequence[str]) -> dict[str, Any]:
    """What the words before `when` say, taken out."""
    found = _OPENER.match(left.text) or _BARE.match(left.text)
    if found is None:
        found = _TRAILING.match(left.text)
    if found is None:
        found = _OTHER.match(left.text)
        found = None if found and doing(found["before"]) else found
    if found is None:
        return {}
    left.text = found["core"] or ""
    return told(found.groupdict().get("before") or "", left, sinks)


def _condition(left: Left, settings: Settings) -> dict[str, Any]:
    reader = Reader(places=places_of(settings.streams), notes=left.notes, doubts=left.doubts)
    try:
        return reader.condition(left.text)
    except UnknownWordsError as unknown:
        said = f"{left.text[:60]!r} asks for nothing" if left.text else "nothing is asked for"
        raise ConfigError(f"{said}{f' ({unknown})' if str(unknown) else ''}; {_EXAMPLE}") from None


def _absences(when: dict[str, Any], active: dict[str, Any], notes: list[str]) -> bool:
    """Give an absence for which no time was said one: that of the hours, which then are no others' (-> True), or a default."""
    parts = [part for key in ("all", "any", "in_order") for part in when.get(key, ())]
    for part in parts:
        _absences(part, {}, notes)
    if "absence" not in when or when.get("for_s"):
        return False
    if active:
        when["between"] = active
        return True
    notes.append(f"no time was said: absent is read as for {_ABSENT_S / 60:.0f} minutes")
    when["for_s"] = _ABSENT_S
    return False


def _sure(when: dict[str, Any], confidence: float) -> None:
    """Ask it of every condition on an event, and of every answer."""
    parts = [when[key] for key in ("count", "rate", "absence", "not") if key in when]
    parts += [part for key in ("all", "any", "in_order") for part in when.get(key, ())]
    for part in parts:
        _sure(part, confidence)
    if not parts:
        when["confidence"] = confidence


def _name(core: str, taken: Collection[str]) -> str:
    """An id of the words that tell most: `van-stands-dock`."""
    words = [word for word in re.findall(r"[a-z]+", core) if word not in _SMALL][:4]
    name = "-".join(words)[:34].strip("-") or "rule"
    numbered = (f"{name}-{number}" for number in range(2, len(taken) + 3))
    return name if name not in taken else next(one for one in numbered if one not in taken)


def _valid(said: dict[str, Any]) -> RuleSettings:
    """The rule, held against the same table as one that a person writes. Raises ConfigError."""
    try:
        return RuleSettings.model_validate(said)
    except ValidationError as error:
        why = str(error.errors()[0]["msg"]).removeprefix("Value error, ")
        raise ConfigError(f"this cannot be said in one rule: {why}; say less at once") from None
