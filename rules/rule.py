"""A rule made ready: its conditions compiled, its hours counted, its version told by its content."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from itertools import count

from rules.active import Active, active_of
from rules.tree import Absence, All, AnyOf, Ask, Condition, Count, InOrder, Leaf, Rate, horizon_s, leaves
from rules.words import folded, words_of
from vidette.alerts import Severity
from vidette.models import EventType
from vidette.rule_settings import RuleSettings, WhenSettings, branches, kind_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What must be true, and whom to tell; empty conditions hold for everything.

    `version` is 16 hex digits of SHA-256 over everything but the id, so a rule that is only renamed
    keeps it, and one that is changed begins anew. `leaves` are those of `when` by number, `horizon_s` is how far
    back they matter.
    """

    id: str
    version: str
    severity: Severity
    when: Condition
    leaves: tuple[Leaf | Ask, ...]
    horizon_s: float
    cooldown_s: float
    active: Active | None
    sinks: frozenset[str]
    tz: tzinfo
    shadow: bool = False
    escalate_s: float = 0.0
    escalate_to: frozenset[str] = frozenset()
    repeat_s: float = 0.0

    @property
    def leaf(self) -> Leaf | None:
        """Its condition, where that is on one event."""
        return self.when if isinstance(self.when, Leaf) else None

    @property
    def for_s(self) -> float:
        """How long its condition must have held; 0 for those that are true in an instant, and for an absence."""
        return 0.0 if isinstance(self.when, InOrder | Absence) else self.when.for_s

    @property
    def zones(self) -> frozenset[str]:
        """Every zone that it names."""
        return frozenset[str]().union(*(leaf.zones for leaf in self.leaves if isinstance(leaf, Leaf)))

    @property
    def streams(self) -> frozenset[str]:
        """Every stream that it names; empty where a leaf names none, since then it is about every one."""
        named = [leaf.streams for leaf in self.leaves]
        return frozenset[str]().union(*named) if all(named) else frozenset()

    @property
    def types(self) -> frozenset[EventType]:
        """Every event type that it names; empty where a condition on an event names none."""
        named = [leaf.types for leaf in self.leaves if isinstance(leaf, Leaf)]
        return frozenset[EventType]().union(*named) if all(named) else frozenset()


def rule_of(said: RuleSettings, tz: tzinfo) -> Rule:
    """The rule that the settings say; `tz` where its hours name none."""
    active = active_of(said.active, tz)
    when = condition_of(said.when, tz)
    return Rule(
        id=said.id,
        version=version_of(said),
        severity=said.severity,
        when=when,
        leaves=leaves(when),
        horizon_s=horizon_s(when),
        cooldown_s=said.cooldown_s,
        active=active,
        sinks=frozenset(said.sinks),
        tz=active.tz if active else tz,
        shadow=said.shadow,
        escalate_s=said.escalate_s,
        escalate_to=frozenset(said.escalate_to),
        repeat_s=said.repeat_s,
    )


def condition_of(when: WhenSettings, tz: tzinfo) -> Condition:
    """The condition that the settings say; `tz` where hours in it name none."""
    return _Compiler(tz).condition(when)


class _Compiler:
    """Compiles one tree, counting its leaves."""

    def __init__(self, tz: tzinfo) -> None:
        self._tz = tz
        self._numbers = count()

    def condition(self, when: WhenSettings) -> Condition:
        match kind_of(when):
            case "event":
                return self._leaf(when)
            case "ask":
                return self._ask(when)
            case "count" | "rate":
                return self._number(when)
            case "in_order":
                return InOrder(parts=self._all(when.in_order), within_s=when.within_s, same=when.same)
            case "absence":
                between = active_of(when.between, self._tz)
                return Absence(part=self._one(when.absence), for_s=when.for_s, between=between)
            case "any":
                return AnyOf(parts=self._all(when.any), for_s=when.for_s)
            case _:
                return self._together(when)

    def _leaf(self, when: WhenSettings) -> Leaf:
        asked = ((folded(key), frozenset(map(folded, values))) for key, values in when.attributes.items())
        return Leaf(
            number=next(self._numbers),
            types=frozenset(when.event),
            labels=frozenset(when.label),
            attributes=tuple(sorted(asked, key=lambda pair: pair[0])),
            words=words_of(when.caption),
            zones=frozenset(when.zone),
            lines=frozenset(when.line),
            direction=when.direction,
            streams=frozenset(when.stream),
            confidence=when.confidence,
            for_s=when.for_s,
        )

    def _ask(self, when: WhenSettings) -> Ask:
        return Ask(
            number=next(self._numbers),
            question=question_of(when.ask),
            streams=frozenset(when.stream),
            confidence=when.confidence,
            for_s=when.for_s,
        )

    def _number(self, when: WhenSettings) -> Count | Rate:
        at_least, at_most, within_s, for_s = when.at_least, when.at_most, when.within_s, when.for_s
        if when.count:
            part = self.condition(when.count)
            return Count(part=part, at_least=at_least, at_most=at_most, within_s=within_s, for_s=for_s)
        part = self._one(when.rate)
        per_s = when.per_s
        return Rate(part=part, per_s=per_s, at_least=at_least, at_most=at_most, within_s=within_s, for_s=for_s)

    def _together(self, when: WhenSettings) -> All:
        parts, none = list[Condition](), list[Condition]()
        for one in when.all:  # in the order in which they are written, which is that of the numbers
            if one.not_:
                none.append(self.condition(one.not_))
            else:
                parts.append(self.condition(one))
        return All(parts=tuple(parts), none=tuple(none), within_s=when.within_s, same=when.same, for_s=when.for_s)

    def _one(self, when: WhenSettings | None) -> Condition:
        assert when is not None
        return self.condition(when)

    def _all(self, parts: list[WhenSettings]) -> tuple[Condition, ...]:
        return tuple(self.condition(one) for one in parts)


def questions_of(rules: Sequence[RuleSettings], stream: str) -> tuple[str, ...]:
    """What the rules ask a model of a stream, each question once, in the order of the rules."""
    asked = (when for rule in rules for _, when in branches(rule.when) if when.ask)
    return tuple(dict.fromkeys(question_of(one.ask) for one in asked if not one.stream or stream in one.stream))


def question_of(ask: str) -> str:
    """A question as it is asked: without space around it and doubled inside."""
    return " ".join(ask.split())


def version_of(said: RuleSettings) -> str:
    """The hash of a rule's content; of what is given only, so that a key that is new to Vidette changes none."""
    return hashlib.sha256(said.model_dump_json(exclude={"id"}, exclude_defaults=True).encode()).hexdigest()[:16]
