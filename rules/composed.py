"""An alert about several events, or about none, as a sentence and its reasons."""

from collections.abc import Iterable, Sequence
from datetime import datetime, tzinfo

from rules import sentence
from rules.rule import Rule
from rules.tree import Absence, All, AnyOf, Ask, Condition, Count, InOrder, Leaf, Rate
from rules.words import listed
from vidette.rows import EventRow

_TOLD = 8
_STREAMS = 4


def text_of(rule: Rule, events: Sequence[EventRow], streams: Sequence[str], at: datetime) -> str:
    """What came true, on which streams, when: `“Line crossed” at door, then “Line crossed” at door within 3 s, on yard, …`."""
    said = _happened(rule.when, events)
    where = ", ".join(sentence.quoted_name(name) for name in streams[:_STREAMS])
    more = f" and {len(streams) - _STREAMS} more streams" if len(streams) > _STREAMS else ""
    return f"{said}{f' on {where}{more}' if where else ''}, {sentence.clock(at, rule.tz)}"


def why_of(rule: Rule, events: Sequence[EventRow]) -> tuple[str, ...]:
    """One sentence for what was asked, and one for each event that it stands on."""
    return (asked(rule.when), *(_seen(event, rule.tz) for event in events[:_TOLD]))


def asked(node: Condition) -> str:
    """What a condition asks for, in few words; names and words of the rule's own."""
    match node:
        case Leaf():
            said = _of_leaf(node)
        case Ask(question=question):
            said = f"{sentence.quoted(question)} answered yes"
        case AnyOf(parts=parts):
            said = " or ".join(map(asked, parts))
        case All(parts=parts, none=none):
            said = " and ".join([*map(asked, parts), *(f"not ({asked(one)})" for one in none)])
            said += f", within {sentence.duration(node.within_s)}" if node.within_s else ""
        case InOrder(parts=parts, within_s=within_s):
            said = f"{', then '.join(map(asked, parts))}, within {sentence.duration(within_s)}"
        case Count(part=part, within_s=within_s):
            time = f"within {sentence.duration(within_s)}" if within_s else "at one time"
            said = f"{_bounds(node)} {time} of: {asked(part)}"
        case Rate(part=part, per_s=per_s, within_s=within_s):
            time = f"per {sentence.duration(per_s)} over {sentence.duration(within_s)}"
            said = f"{_bounds(node)} {time} of: {asked(part)}"
        case Absence(part=part, for_s=for_s, between=between):
            said = f"no {asked(part)} " + (str(between) if between else f"for {sentence.duration(for_s)}")
    long = 0.0 if isinstance(node, InOrder | Absence) else node.for_s
    return f"{said}, for {sentence.duration(long)}" if long else said


def same_thing(node: Condition) -> bool:
    """Whether all of it is about one thing."""
    return isinstance(node, All | InOrder) and node.same == "thing"


def _happened(node: Condition, events: Sequence[EventRow]) -> str:
    each = [_one(event) for event in events[-_TOLD:]]
    if isinstance(node, InOrder) and each:
        return f"{', then '.join(each)}, within {sentence.duration(node.within_s)},"
    if isinstance(node, All | AnyOf) and each:
        return " and ".join(each)
    if isinstance(node, Count | Rate) and node.at_least is not None:
        return f"{len(events)}: {asked(node)},"
    said = asked(node)
    return said[:1].upper() + said[1:]


def _one(event: EventRow) -> str:
    places = (("in", event.zone), ("at", event.line))
    return sentence.what(event) + "".join(f" {word} {sentence.quoted_name(name)}" for word, name in places if name)


def _seen(event: EventRow, tz: tzinfo) -> str:
    return f"{_one(event)} on {sentence.quoted_name(event.stream)}, {sentence.clock(event.start, tz)}"


def _of_leaf(leaf: Leaf) -> str:
    labels = listed(leaf.labels)
    types = listed(str(type_).replace("_", " ") for type_ in leaf.types)
    attributes = " ".join(listed(values) for _, values in leaf.attributes)
    what = " ".join(filter(None, (attributes, labels, types))) or "event"
    words = f" with {listed(leaf.words, 'and')}" if leaf.words else ""
    return what + words + _named("in", leaf.zones) + _named("at", leaf.lines) + _named("on", leaf.streams)


def _named(word: str, names: Iterable[str]) -> str:
    there = listed(sentence.quoted_name(name) for name in names)
    return f" {word} {there}" if there else ""


def _bounds(node: Count | Rate) -> str:
    return f"at least {node.at_least:g}" if node.at_least is not None else f"at most {node.at_most:g}"
