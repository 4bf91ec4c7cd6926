"""Whether an event is what a condition asks for, in sentences: what held, what did not, and what was found."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from rules.rule import Rule, question_of
from rules.sentence import plain, quoted
from rules.tree import Ask, Leaf
from rules.words import folded, listed, words_of
from vidette.ids import make_id
from vidette.models import Attributes
from vidette.rows import EventRow, VerdictRow

_SHOWN, _KEY = 8, 40
SLACK_S = 0.001
"""Media times are kept to the millisecond."""

Zones = Callable[[EventRow], frozenset[str]]
"""The zones in which an event is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One condition of a rule, put to an event."""

    holds: bool
    said: str


def candidate(leaf: Leaf, event: EventRow, zones: Zones) -> bool:
    """Whether it is worth saying why the leaf does not hold: its `event` matches or, without, another condition."""
    if leaf.types:
        return event.type in leaf.types
    held = (
        any(one.label in leaf.labels for one in event.entities),
        bool(leaf.words) and leaf.words <= words_of(event.caption),
        bool(leaf.attributes) and _has_attributes(leaf, event),
        bool(leaf.zones) and not leaf.zones.isdisjoint(zones(event)),
        event.line in leaf.lines,
    )
    return any(held)


def words_alone(leaf: Leaf | None) -> frozenset[str]:
    """The words of a caption, where nothing else makes an event a candidate."""
    if leaf is None or leaf.types or leaf.labels or leaf.attributes or leaf.zones or leaf.lines:
        return frozenset()
    return leaf.words


def matches(leaf: Leaf, event: EventRow, zones: Zones) -> bool:
    """Whether every condition but `for_s` holds; what costs least is asked first."""
    return (
        (not leaf.types or event.type in leaf.types)
        and (not leaf.streams or event.stream in leaf.streams)
        and event.confidence >= leaf.confidence
        and (not leaf.lines or event.line in leaf.lines)
        and (not leaf.direction or event.attributes.get("direction") == leaf.direction)
        and (not leaf.labels or any(one.label in leaf.labels for one in event.entities))
        and (not leaf.attributes or _has_attributes(leaf, event))
        and (not leaf.zones or not leaf.zones.isdisjoint(zones(event)))
        and (not leaf.words or leaf.words <= words_of(event.caption))
    )


def came_true(rule: Rule, event: EventRow) -> datetime:
    """When the rule comes true of the event, if it stays so long."""
    return event.start + timedelta(seconds=rule.for_s)


def on_time(rule: Rule, event: EventRow) -> bool:
    """Whether the rule holds at the hour at which it comes true of the event."""
    return rule.active is None or rule.active.holds(came_true(rule, event))


def says_yes(ask: Ask, verdict: VerdictRow) -> bool:
    """Whether an answer is the yes that is asked for, sure enough and of the right stream."""
    return is_asked(ask, verdict) and verdict.answer == "yes" and verdict.confidence >= ask.confidence


def is_asked(ask: Ask, verdict: VerdictRow) -> bool:
    """Whether it is an answer to that question, of a stream of which it is asked."""
    return question_of(verdict.question) == ask.question and (not ask.streams or verdict.stream in ask.streams)


def answer_id(verdict: VerdictRow) -> str:
    """The id of an answer: of segment, run and question, so that one that is told again is the same."""
    return make_id("answer", verdict.segment, verdict.run.id, verdict.question)


def answered(ask: Ask, verdict: VerdictRow) -> Finding:
    """What a model answered, in words."""
    said = f"{quoted(ask.question)} was answered {verdict.answer}, {verdict.confidence:.0%} sure"
    holds = says_yes(ask, verdict)
    unsure = verdict.answer == "yes" and not holds
    return Finding(holds=holds, said=f"{said}, {ask.confidence:.0%} asked" if unsure else said)


def lasted(event: EventRow, watermark_s: float) -> float:
    """Seconds for which the event is known to have been true."""
    return (watermark_s if event.end_s is None else event.end_s) - event.start_s


def findings(leaf: Leaf, event: EventRow, zones: Zones) -> tuple[Finding, ...]:
    """What each given condition but `for_s` finds; `event` first."""
    return tuple(_findings(leaf, event, zones))


def hours(rule: Rule, at: datetime) -> tuple[Finding, ...]:
    """What a rule's hours say of the instant at which it came true; nothing, where it has none."""
    if rule.active is None:
        return ()
    holds = rule.active.holds(at)
    local = at.astimezone(rule.active.tz)
    return (Finding(holds=holds, said=f"{local:%a %H:%M} is {'in' if holds else 'outside'} {rule.active}"),)


def _findings(leaf: Leaf, event: EventRow, zones: Zones) -> Iterator[Finding]:
    if leaf.types:
        yield _one("event", {event.type}, leaf.types)
    if leaf.streams:
        yield _one("stream", {event.stream}, leaf.streams)
    if leaf.labels:
        yield _one("label", {one.label for one in event.entities}, leaf.labels)
    yield from _attributes(leaf, event)
    if leaf.words:
        missing = leaf.words - words_of(event.caption)
        said = f"caption lacks {listed(missing, 'and')}" if missing else f"caption has {listed(leaf.words, 'and')}"
        yield Finding(holds=not missing, said=said)
    if leaf.zones:
        yield _one("zone", zones(event), leaf.zones)
    if leaf.lines:
        yield _one("line", {event.line} if event.line else set(), leaf.lines)
    if leaf.direction:
        way = event.attributes.get("direction")
        yield _one("direction", {str(way)} if way else set(), frozenset({leaf.direction}))
    if leaf.confidence > 0:
        holds = event.confidence >= leaf.confidence
        yield Finding(holds=holds, said=f"confidence was {event.confidence:.2f}, {leaf.confidence:.2f} asked")


def _has_attributes(leaf: Leaf, event: EventRow) -> bool:
    """Whether a thing of the event has every attribute that is asked for, or the event what the thing has not.

    Where labels are asked for too, it is a thing with one of these: a red bag is no red vehicle.
    """
    of_event = _said(event.attributes)
    things = [_said(one.attributes) for one in event.entities if not leaf.labels or one.label in leaf.labels]
    return any(
        all(not asked.isdisjoint(thing.get(key, _NONE) | of_event.get(key, _NONE)) for key, asked in leaf.attributes)
        for thing in things or [{}]
    )


_NONE = frozenset[str]()


def _said(attributes: Attributes) -> dict[str, frozenset[str]]:
    """Attributes as they are compared: keys and values folded, numbers and truth as they are written, lists as their items."""
    return {folded(key): frozenset(map(_word, _items(value))) for key, value in attributes.items()}


def _items(value: object) -> Iterable[object]:
    return value if isinstance(value, list | tuple) else (value,)


def _word(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else folded(str(value))


def _attributes(leaf: Leaf, event: EventRow) -> Iterator[Finding]:
    things = [one.attributes for one in event.entities if not leaf.labels or one.label in leaf.labels]
    said = [_said(one) for one in (*things, event.attributes)]
    found = [
        _attribute(key, _NONE.union(*(one.get(key, _NONE) for one in said)), asked) for key, asked in leaf.attributes
    ]
    yield from found
    if all(one.holds for one in found) and leaf.attributes and not _has_attributes(leaf, event):
        yield Finding(holds=False, said="no one thing has all these attributes")


def _attribute(key: str, found: frozenset[str], asked: frozenset[str]) -> Finding:
    """As `_one`, with what a model or a camera says in quotation marks."""
    held = bool(asked & found)
    shown = listed(filter(None, map(quoted, sorted(found & asked if held else found)[:_SHOWN])), "and")
    what = f"{plain(key, _KEY)} was {shown}" if shown else f"no {plain(key, _KEY)}"
    return Finding(holds=held, said=what if held else f"{what}, not {listed(asked)}")


def _one(noun: str, found: "set[str] | frozenset[str]", asked: frozenset[str]) -> Finding:
    shared = asked & found
    if shared:
        return Finding(holds=True, said=f"{noun} was {listed(shared)}")
    what = f"{noun} was {listed(found, 'and')}" if found else f"no {noun}"
    return Finding(holds=False, said=f"{what}, not {listed(asked)}")
