"""Conditions made ready to be judged: a tree whose leaves ask of one event, or one answer of a model.

Leaves are numbered from 0 in the order in which they are written. What is empty asks for nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from rules.active import Active
from vidette.models import EventType, Label

DAY_S = 86_400.0
_LONGEST_DAY_S = DAY_S + 3600.0  # the one on which the clock is put back
Same = Literal["", "thing", "stream", "zone"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """What one event must be.

    `attributes` are pairs of a key and the values of which one is asked; `words` all are in the caption. Keys, values
    and words are folded (`rules.words.folded`).
    """

    number: int
    types: frozenset[EventType] = frozenset()
    labels: frozenset[Label] = frozenset()
    attributes: tuple[tuple[str, frozenset[str]], ...] = ()
    words: frozenset[str] = frozenset()
    zones: frozenset[str] = frozenset()
    lines: frozenset[str] = frozenset()
    direction: Literal["", "forward", "backward"] = ""
    streams: frozenset[str] = frozenset()
    confidence: float = 0.0
    for_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A closed question to which a model must say yes, at least this sure, of each of the segments that it is asked about."""

    number: int
    question: str
    streams: frozenset[str] = frozenset()
    confidence: float = 0.0
    for_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many matches of `part` began within `within_s`; 0: how many different subjects' overlap."""

    part: "Condition"
    at_least: float | None
    at_most: float | None
    within_s: float
    for_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How many matches of `part` began, per `per_s`, on average over `within_s`."""

    part: "Condition"
    per_s: float
    at_least: float | None
    at_most: float | None
    within_s: float
    for_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class InOrder:
    """The parts begin one after the other, the last at most `within_s` after the first."""

    parts: "tuple[Condition, ...]"
    within_s: float
    same: Same = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """No match of `part` for `for_s`, or on a day in the hours of `between`: one of the two."""

    part: "Condition"
    for_s: float
    between: Active | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class All:
    """Every one of `parts` holds, no more than `within_s` apart, and none of `none` then."""

    parts: "tuple[Condition, ...]"
    none: "tuple[Condition, ...]"
    within_s: float
    same: Same = ""
    for_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyOf:
    """One of the parts holds."""

    parts: "tuple[Condition, ...]"
    for_s: float = 0.0


Condition = Leaf | Ask | Count | Rate | InOrder | Absence | All | AnyOf


def parts_of(condition: Condition) -> tuple[Condition, ...]:
    """The conditions right below one, those under `not` last."""
    match condition:
        case Count(part=part) | Rate(part=part) | Absence(part=part):
            return (part,)
        case InOrder(parts=parts) | AnyOf(parts=parts):
            return parts
        case All(parts=parts, none=none):
            return (*parts, *none)
        case _:
            return ()


def nodes(condition: Condition) -> Iterator[Condition]:
    """The condition and all below it, each before what is below it."""
    yield condition
    for part in parts_of(condition):
        yield from nodes(part)


def leaves(condition: Condition) -> tuple[Leaf | Ask, ...]:
    """Its leaves: `leaves(condition)[leaf.number]` is that leaf."""
    found = (node for node in nodes(condition) if isinstance(node, Leaf | Ask))
    return tuple(sorted(found, key=lambda leaf: leaf.number))


def horizon_s(condition: Condition) -> float:
    """Seconds into the past for which a match may matter: the longest way down of `within_s`, `for_s` and days."""
    deepest_s = max(map(horizon_s, parts_of(condition)), default=0.0)
    match condition:
        case Leaf(for_s=for_s) | Ask(for_s=for_s) | AnyOf(for_s=for_s):
            return for_s + deepest_s
        case InOrder(within_s=within_s):
            return within_s + deepest_s
        case Absence(for_s=for_s, between=between):
            return deepest_s + (for_s if between is None else _LONGEST_DAY_S)
        case Count(within_s=within_s, for_s=for_s) | Rate(within_s=within_s, for_s=for_s):
            return within_s + for_s + deepest_s
        case All(none=none, within_s=within_s, for_s=for_s):
            return within_s * (2 if none else 1) + for_s + deepest_s
