"""Rules that tell nothing new: whenever one comes true another does too, and tells the same sinks as loudly."""

from collections.abc import Iterator, Sequence
from datetime import tzinfo

from rules.implication import begins_with, hours_imply, implies, unnumbered
from rules.rule import Rule, rule_of
from rules.tree import Leaf
from vidette.rule_settings import RuleSettings, SinkSettings


def shadowed(rules: Sequence[RuleSettings], sinks: Sequence[SinkSettings], tz: tzinfo) -> Iterator[tuple[int, str]]:
    """(number of a rule, why it tells nothing new), each rule once; of two that are the same the later one.

    Raises ConfigError where a file of holidays cannot be read.
    """
    made = [rule_of(one, tz) for one in rules]
    heard = [_hearers(one, sinks) for one in made]
    for i, one in enumerate(made):
        for j, other in enumerate(made):
            if i == j or one.severity != other.severity or other.shadow or one.shadow or not heard[i] <= heard[j]:
                continue
            if _shadows(one, other) and not (j > i and _shadows(other, one) and heard[i] == heard[j]):
                yield i, _said(one, other)
                break


def _hearers(rule: Rule, sinks: Sequence[SinkSettings]) -> frozenset[str]:
    return rule.sinks or frozenset(sink.id for sink in sinks)


def _shadows(one: Rule, other: Rule) -> bool:
    """Whether `other` comes true whenever `one` does, and is not held back for longer."""
    if _apart(one, other) or not hours_imply(one.active, other.active) or other.cooldown_s > one.cooldown_s:
        return False
    if other.active is not None:  # at another moment it may be outside of its hours
        return begins_with(one.when, other.when)
    return implies(one.when, other.when)


def _apart(one: Rule, other: Rule) -> bool:
    """Whether two rules are about different types: what costs least is asked first."""
    simple = isinstance(one.when, Leaf) and isinstance(other.when, Leaf)
    return simple and bool(other.types) and not one.types <= other.types


def _said(one: Rule, other: Rule) -> str:
    if unnumbered(one.when) == unnumbered(other.when) and one.active == other.active:
        return f"it asks for the same as rule {other.id!r}, which tells the same sinks; one of them is enough"
    return f"whenever it comes true so does rule {other.id!r}, which asks for less and tells the same sinks"
