"""Whether an event is what a rule asks for, in sentences: which condition held, which did not and what was found."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from rules.rule import Rule
from rules.words import listed, words_of
from vidette.models import EventRow

SLACK_S = 0.001
"""Media times are kept to the millisecond."""

Zones = Callable[[EventRow], frozenset[str]]
"""The zones in which an event is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One condition of a rule, put to an event."""

    holds: bool
    said: str


def candidate(rule: Rule, event: EventRow, zones: Zones) -> bool:
    """Whether it is worth saying why the rule did not come true: its `event` matches or, without, another condition."""
    if rule.types:
        return event.type in rule.types
    held = (
        any(one.label in rule.labels for one in event.entities),
        bool(rule.words) and rule.words <= words_of(event.caption),
        bool(rule.zones) and not rule.zones.isdisjoint(zones(event)),
        event.line in rule.lines,
    )
    return any(held)


def matches(rule: Rule, event: EventRow, zones: Zones) -> bool:
    """Whether every condition but the hours and `for_s` holds; what costs least is asked first."""
    return (
        (not rule.types or event.type in rule.types)
        and event.confidence >= rule.confidence
        and (not rule.lines or event.line in rule.lines)
        and (not rule.labels or any(one.label in rule.labels for one in event.entities))
        and (not rule.zones or not rule.zones.isdisjoint(zones(event)))
        and (not rule.words or rule.words <= words_of(event.caption))
    )


def came_true(rule: Rule, event: EventRow) -> datetime:
    """When the rule comes true of the event, if it stays so long."""
    return event.start + timedelta(seconds=rule.for_s)


def on_time(rule: Rule, event: EventRow) -> bool:
    """Whether the rule holds at the hour at which it comes true of the event."""
    return rule.active is None or rule.active.holds(came_true(rule, event))


def lasted(event: EventRow, watermark_s: float) -> float:
    """Seconds for which the event is known to have been true."""
    return (watermark_s if event.end_s is None else event.end_s) - event.start_s


def findings(rule: Rule, event: EventRow, zones: Zones) -> tuple[Finding, ...]:
    """What each given condition but `for_s` finds; `event` first."""
    return tuple(_findings(rule, event, zones))


def _findings(rule: Rule, event: EventRow, zones: Zones) -> Iterator[Finding]:
    if rule.types:
        yield _one("event", {event.type}, rule.types)
    if rule.labels:
        yield _one("label", {one.label for one in event.entities}, rule.labels)
    if rule.words:
        missing = rule.words - words_of(event.caption)
        said = f"caption lacks {listed(missing, 'and')}" if missing else f"caption has {listed(rule.words, 'and')}"
        yield Finding(holds=not missing, said=said)
    if rule.zones:
        yield _one("zone", zones(event), rule.zones)
    if rule.lines:
        yield _one("line", {event.line} if event.line else set(), rule.lines)
    if rule.confidence > 0:
        holds = event.confidence >= rule.confidence
        yield Finding(holds=holds, said=f"confidence was {event.confidence:.2f}, {rule.confidence:.2f} asked")
    if rule.active:
        yield _hours(rule, event)


def _hours(rule: Rule, event: EventRow) -> Finding:
    assert rule.active is not None
    holds = on_time(rule, event)
    local = came_true(rule, event).astimezone(rule.active.tz)
    return Finding(holds=holds, said=f"{local:%a %H:%M} is {'in' if holds else 'outside'} {rule.active}")


def _one(noun: str, found: "set[str] | frozenset[str]", asked: frozenset[str]) -> Finding:
    shared = asked & found
    if shared:
        return Finding(holds=True, said=f"{noun} was {listed(shared)}")
    what = f"{noun} was {listed(found, 'and')}" if found else f"no {noun}"
    return Finding(holds=False, said=f"{what}, not {listed(asked)}")
