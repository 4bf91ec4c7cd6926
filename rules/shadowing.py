"""Rules that tell nothing new: whenever one comes true another does too, and tells the same sinks as loudly."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from rules.implication import begins_with, hours_imply, implies, unnumbered
from rules.rule import Rule, rule_of
from rules.tree import Ask
from vidette.rule_settings import RuleSettings, SinkSettings

_ANY = "*"


def shadowed(rules: Sequence[RuleSettings], sinks: Sequence[SinkSettings], tz: tzinfo) -> Iterator[tuple[int, str]]:
    """(number of a rule, why it tells nothing new), each rule once; of two that are the same the later one.

    Raises ConfigError where a file of holidays cannot be read.
    """
    made = [rule_of(one, tz) for one in rules]
    told = [_Told(number=i, rule=one, sinks=_hearers(one, sinks)) for i, one in enumerate(made) if not one.shadow]
    index = _index(told)
    for one in told:
        near = {other.number: other for topic in _topics(one.rule) for other in index.get(topic, ())}
        for number in sorted(near):
            if _is_new_beside(one, near[number]):
                continue
            yield one.number, _said(one.rule, near[number].rule)
            break


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """A rule that tells sinks."""

    number: int
    rule: Rule
    sinks: frozenset[str]


def _is_new_beside(one: _Told, other: _Told) -> bool:
    """Whether a rule tells what another does not, or is the one of two that stays."""
    if one is other or one.rule.severity != other.rule.severity or not one.sinks <= other.sinks:
        return True
    if not _shadows(one.rule, other.rule):
        return True
    return other.number > one.number and one.sinks == other.sinks and _shadows(other.rule, one.rule)


def _index(told: Sequence[_Told]) -> dict[str, list[_Told]]:
    """Rules by what they are about, those about anything under every topic: the others cannot follow from each other."""
    topics = {topic for one in told for topic in _topics(one.rule)} | {_ANY}
    out: dict[str, list[_Told]] = {topic: [] for topic in topics}
    for one in told:
        own = _topics(one.rule)
        for topic in topics if _ANY in own else own:
            out[topic].append(one)
    out[_ANY] = list(told)
    return out


def _topics(rule: Rule) -> frozenset[str]:
    """Types and questions that it names; `_ANY` where it has a condition on events of any type."""
    topics = set[str]()
    for leaf in rule.leaves:
        topics.update({f"? {leaf.question}"} if isinstance(leaf, Ask) else leaf.types or {_ANY})
    return frozenset(topics)


def _hearers(rule: Rule, sinks: Sequence[SinkSettings]) -> frozenset[str]:
    return rule.sinks or frozenset(sink.id for sink in sinks)


def _shadows(one: Rule, other: Rule) -> bool:
    """Whether `other` comes true whenever `one` does, and is not held back for longer."""
    if not hours_imply(one.active, other.active) or other.cooldown_s > one.cooldown_s:
        return False
    if other.active is not None:  # at another moment it may be outside of its hours
        return begins_with(one.when, other.when)
    return implies(one.when, other.when)


def _said(one: Rule, other: Rule) -> str:
    if unnumbered(one.when) == unnumbered(other.when) and one.active == other.active:
        return f"it asks for the same as rule {other.id!r}, which tells the same sinks; one of them is enough"
    return f"whenever it comes true so does rule {other.id!r}, which asks for less and tells the same sinks"
