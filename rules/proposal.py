"""What a rule might ask for besides, so that alerts which people dismissed are not raised: read off those they judged.

A proposal keeps every alert that was confirmed; whether it does so over all of history a back-test says. Nothing here
changes a rule.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rules.occurrence import INSTANTS
from rules.sentence import duration
from rules.words import listed
from vidette.alerts import Alert
from vidette.rows import EventRow
from vidette.rule_settings import RuleSettings, kind_of

FEWEST = 3
"""So many dismissals are a habit, not a chance."""
_SECONDS = (1, 2, 3, 5, 8, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, 900, 1800, 3600)
_SURE = tuple(n / 20 for n in range(1, 20))


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An alert that a person judged, with the first of its events."""

    alert: Alert
    event: EventRow

    @property
    def confirmed(self) -> bool:
        """Whether it was right."""
        return self.alert.feedback == "confirmed"

    @property
    def lasted_s(self) -> float | None:
        """Seconds for which its event was true; None while it goes on."""
        return None if self.event.end_s is None else self.event.end_s - self.event.start_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A rule with one condition more; `spares` are the ids of dismissed alerts that it would not have raised."""

    rule: RuleSettings
    key: str
    says: str
    spares: tuple[str, ...]


def habit(judged: Sequence[Case]) -> bool:
    """Whether so many were dismissed that something should be done."""
    return sum(not one.confirmed for one in judged) >= FEWEST


def proposals(rule: RuleSettings, judged: Sequence[Case]) -> list[Proposal]:
    """What would have spared at least `FEWEST` dismissed alerts and none that was confirmed; what spares most first.

    Of rules on one event only, and where one was right: else all that is known is that the rule is wrong.
    """
    if kind_of(rule.when) != "event" or not habit(judged) or not any(one.confirmed for one in judged):
        return []
    found = [*_longer(rule, judged), *_surer(rule, judged), *_nearer(rule, judged)]
    return sorted((one for one in found if len(one.spares) >= FEWEST), key=lambda one: (-len(one.spares), one.key))


def _longer(rule: RuleSettings, judged: Sequence[Case]) -> Iterator[Proposal]:
    """It must have stayed true for longer; what happens in an instant does not."""
    if any(one.event.type in INSTANTS for one in judged):
        return
    steps = [float(step) for step in _SECONDS if step > rule.when.for_s]
    found = _best(judged, steps, lambda one, step: one.lasted_s is None or one.lasted_s >= step)
    if found:
        step, spares = found
        yield _with(rule, "for_s", step, f"ask that it stays so for {duration(step)} (for_s: {step:g})", spares)


def _surer(rule: RuleSettings, judged: Sequence[Case]) -> Iterator[Proposal]:
    """The event must be surer."""
    steps = [step for step in _SURE if step > rule.when.confidence]
    found = _best(judged, steps, lambda one, step: one.event.confidence >= step)
    if found:
        step, spares = found
        yield _with(rule, "confidence", step, f"ask that it is at least {step:.0%} sure (confidence: {step:g})", spares)


def _best(
    judged: Sequence[Case], steps: Sequence[float], holds: Callable[[Case, float], bool]
) -> tuple[float, tuple[str, ...]] | None:
    """The least step that spares most of the dismissed, of those at which every confirmed one holds."""
    fair = [step for step in steps if all(holds(one, step) for one in judged if one.confirmed)]
    spared = {
        step: tuple(one.alert.id for one in judged if not one.confirmed and not holds(one, step)) for step in fair
    }
    best = max(fair, key=lambda step: (len(spared[step]), -step), default=None)
    return None if best is None else (best, spared[best])


def _nearer(rule: RuleSettings, judged: Sequence[Case]) -> Iterator[Proposal]:
    """It must be in a zone in which one that was right was, where all that were right were in one."""
    right = [frozenset(one.alert.zones or ()) for one in judged if one.confirmed]
    if not all(right):
        return
    asked = frozenset(rule.when.zone)
    zones = frozenset[str]().union(*right) & asked if asked else frozenset[str]().union(*right)
    if zones in (asked, frozenset()) or any(one.isdisjoint(zones) for one in right):
        return
    spares = tuple(one.alert.id for one in judged if not one.confirmed and zones.isdisjoint(one.alert.zones or ()))
    names = tuple(sorted(zones))
    yield _with(rule, "zone", names, f"ask that it is in zone {listed(names)} (zone: [{', '.join(names)}])", spares)


def _with(rule: RuleSettings, key: str, value: object, says: str, spares: tuple[str, ...]) -> Proposal:
    when = rule.when.model_copy(update={key: value})
    return Proposal(rule=rule.model_copy(update={"when": when}), key=key, says=says, spares=spares)
