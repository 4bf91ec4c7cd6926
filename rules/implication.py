"""Whether one condition holds whenever another does: never said where it is not so, not always said where it is."""

from dataclasses import replace

from rules.active import Active
from rules.tree import Absence, All, AnyOf, Ask, Condition, Count, InOrder, Leaf, Rate


def implies(one: Condition, other: Condition) -> bool:
    """Whether `other` comes true each time that `one` does: then, or within what `one` looks back on."""
    if isinstance(one, Leaf) and isinstance(other, Leaf):  # most of them, and rules are compared in pairs
        return other.for_s <= one.for_s and _leaf(one, other)
    return _alike(one, other) or begins_with(one, other) or _by_parts(one, other) or _of_parts(one, other)


def begins_with(one: Condition, other: Condition) -> bool:
    """Whether each match of `one` has one of `other` that begins at the same moment."""
    match one, other:
        case Leaf(), Leaf():
            return one.for_s == other.for_s and _leaf(one, other)
        case Ask(), Ask():
            return one.for_s == other.for_s and _ask(one, other)
        case AnyOf(parts=parts, for_s=0.0), _:
            return unnumbered(one) == unnumbered(other) or all(begins_with(part, other) for part in parts)
        case _, AnyOf(parts=parts, for_s=0.0) if _begin_alike(parts):
            return unnumbered(one) == unnumbered(other) or any(begins_with(one, part) for part in parts)
    return unnumbered(one) == unnumbered(other)


def _begin_alike(parts: tuple[Condition, ...]) -> bool:
    """Whether one match of which two of the parts tell begins at one moment in both: else it begins with the first."""
    return len({part.for_s if isinstance(part, Leaf | Ask) else -1.0 - i for i, part in enumerate(parts)}) == 1


def hours_imply(one: Active | None, other: Active | None) -> bool:
    """Whether all hours of `one` (None: always) are hours of `other`."""
    if other is None or one == other:
        return True
    if one is None or (one.tz, one.holidays) != (other.tz, other.holidays) or not one.days <= other.days:
        return False
    over_midnight = one.end < one.begin or other.end < other.begin
    return not over_midnight and other.begin <= one.begin and one.end <= other.end


def unnumbered(condition: Condition) -> Condition:
    """The condition without the numbers of its leaves, to be compared."""
    match condition:
        case Leaf() | Ask():
            return replace(condition, number=0)
        case Count() | Rate() | Absence():
            return replace(condition, part=unnumbered(condition.part))
        case All():
            return replace(condition, parts=_all(condition.parts), none=_all(condition.none))
        case InOrder() | AnyOf():
            return replace(condition, parts=_all(condition.parts))


def _all(parts: tuple[Condition, ...]) -> tuple[Condition, ...]:
    return tuple(map(unnumbered, parts))


def _alike(one: Condition, other: Condition) -> bool:
    """Two of one kind, the first of which asks for as much or more."""
    match one, other:
        case Ask(), Ask():
            return other.for_s <= one.for_s and _ask(one, other)
        case Count(), Count():
            return _number(one, other)
        case Rate(), Rate():
            return one.per_s == other.per_s and _number(one, other)
        case Absence(), Absence():
            alike = one.between == other.between and one.for_s >= other.for_s
            return alike and begins_with(other.part, one.part)
        case InOrder(), InOrder():
            apart = one.within_s <= other.within_s and other.same in ("", one.same)
            return apart and len(one.parts) == len(other.parts) and all(map(begins_with, one.parts, other.parts))
        case All(), All():
            return _together(one, other)
    return False


def _leaf(one: Leaf, other: Leaf) -> bool:
    """All but `for_s`."""
    asked = dict(one.attributes)
    return (
        _narrower(one.types, other.types)
        and _narrower(one.labels, other.labels)
        and all(key in asked and asked[key] <= values for key, values in other.attributes)
        and other.words <= one.words
        and _narrower(one.zones, other.zones)
        and _narrower(one.lines, other.lines)
        and _narrower(one.streams, other.streams)
        and other.direction in ("", one.direction)
        and other.confidence <= one.confidence
    )


def _ask(one: Ask, other: Ask) -> bool:
    sure = one.question == other.question and other.confidence <= one.confidence
    return sure and _narrower(one.streams, other.streams)


def _narrower(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether one of these names is one of those; no names are every name."""
    return not other or (bool(one) and one <= other)


def _number(one: Count | Rate, other: Count | Rate) -> bool:
    """Numbers over one stretch of time: of shorter and longer ones nothing is said."""
    alike = one.within_s == other.within_s and one.for_s >= other.for_s
    if one.at_least is not None and other.at_least is not None:
        return alike and one.at_least >= other.at_least and _one_each(one.part, other.part)
    if one.at_most is not None and other.at_most is not None:
        return alike and one.at_most <= other.at_most and _one_each(other.part, one.part)
    return False


def _one_each(one: Condition, other: Condition) -> bool:
    """Whether `other` has as many matches as `one`, at the same moments: two of one may share one of another."""
    leaves = isinstance(one, Leaf | Ask) and isinstance(other, Leaf | Ask)
    return begins_with(one, other) if leaves else unnumbered(one) == unnumbered(other)


def _together(one: All, other: All) -> bool:
    near = one.within_s <= other.within_s
    if other.none:  # they are looked for about the moment at which the last part begins: it has to be the same
        near = one.within_s == other.within_s and all(_is_some(asked, other.parts) for asked in one.parts)
    return (
        near
        and other.same in ("", one.same)
        and one.for_s >= other.for_s
        and all(any(begins_with(part, asked) for part in one.parts) for asked in other.parts)
        and all(any(begins_with(none, refused) for refused in one.none) for none in other.none)
    )


def _is_some(part: Condition, parts: tuple[Condition, ...]) -> bool:
    return any(begins_with(part, one) for one in parts)


def _by_parts(one: Condition, other: Condition) -> bool:
    """What must have come true for `one` to is enough for `other`."""
    match one:
        case AnyOf(parts=parts):
            return all(implies(part, other) for part in parts)
        case All(parts=parts) | InOrder(parts=parts):
            return any(implies(part, other) for part in parts)
        case Count(part=part, at_least=at_least) | Rate(part=part, at_least=at_least):
            return at_least is not None and implies(part, other)
    return False


def _of_parts(one: Condition, other: Condition) -> bool:
    """`other` asks for one of several things, one of which is `one`."""
    return isinstance(other, AnyOf) and not other.for_s and any(implies(one, part) for part in other.parts)
