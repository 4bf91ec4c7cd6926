"""A rule made ready: its words folded, its hours counted, its version told by its content."""

import hashlib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import tzinfo
from functools import lru_cache
from re import findall
from zoneinfo import ZoneInfo

from rules.active import DAYS, Active, minutes
from vidette.alerts import Severity
from vidette.models import EventType, Label
from vidette.rule_settings import RuleSettings
from vidette.settings import StreamSettings

_CAPTION = 2000  # letters of a caption that are looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What must be true of one event, and whom to tell; empty conditions hold for everything.

    `version` is 16 hex digits of SHA-256 over everything but the id, so a rule that is only renamed
    keeps it, and one that is changed begins anew.
    """

    id: str
    version: str
    severity: Severity
    types: frozenset[EventType]
    labels: frozenset[Label]
    words: frozenset[str]
    zones: frozenset[str]
    lines: frozenset[str]
    streams: frozenset[str]
    confidence: float
    for_s: float
    cooldown_s: float
    active: Active | None
    sinks: frozenset[str]
    tz: tzinfo


def rule_of(said: RuleSettings, tz: tzinfo) -> Rule:
    """The rule that the settings say; `tz` where its hours name none."""
    when = said.when
    active = active_of(said, tz)
    return Rule(
        id=said.id,
        version=version_of(said),
        severity=said.severity,
        types=frozenset(when.event),
        labels=frozenset(when.label),
        words=words_of(when.caption),
        zones=frozenset(when.zone),
        lines=frozenset(when.line),
        streams=frozenset(when.stream),
        confidence=when.confidence,
        for_s=when.for_s,
        cooldown_s=said.cooldown_s,
        active=active,
        sinks=frozenset(said.sinks),
        tz=active.tz if active else tz,
    )


def active_of(said: RuleSettings | StreamSettings, tz: tzinfo) -> Active | None:
    """The hours of a rule, or of a camera; None: always."""
    if said.active is None:
        return None
    return Active(
        days=frozenset(DAYS.index(day) for day in said.active.days) or frozenset(range(7)),
        begin=minutes(said.active.begin),
        end=minutes(said.active.end),
        tz=ZoneInfo(said.active.tz) if said.active.tz else tz,
    )


def version_of(said: RuleSettings) -> str:
    """The hash of a rule's content; of what is given only, so that a key that is new to Vidette changes none."""
    return hashlib.sha256(said.model_dump_json(exclude={"id"}, exclude_defaults=True).encode()).hexdigest()[:16]


@lru_cache(maxsize=4096)
def words_of(text: str) -> frozenset[str]:
    """Words without case and accents: NFKD, marks dropped, case folded (Unicode 3.13, default caseless matching)."""
    plain = unicodedata.normalize("NFKD", text[:_CAPTION])
    return frozenset(
        findall(r"\w+", "".join(letter for letter in plain if not unicodedata.combining(letter)).casefold())
    )


def listed(values: Iterable[str], joint: str = "or") -> str:
    """`a`, `a or b`, `a, b or c`, in order of the alphabet."""
    names = sorted(values)
    return f" {joint} ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
