"""Which rules an event may concern, found without asking each."""

from collections.abc import Iterable
from dataclasses import dataclass

from rules.rule import Rule
from rules.tree import Leaf
from vidette.models import EventRow, EventType

_ByType = dict[EventType | None, tuple[tuple[Rule, Leaf], ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """The rules that may speak of one stream (`rules`, whatever they ask), and those on one event by its type.

    `elsewhere` asks for places that it has not and another stream has: only an event that names one can be in them, and
    of others it is not worth saying that they are not.
    """

    rules: tuple[Rule, ...]
    here: _ByType
    elsewhere: _ByType

    def given(self, events: Iterable[EventRow]) -> dict[str, list[EventRow]]:
        """By rule, the events that are of its types, and may be in its places."""
        out: dict[str, list[EventRow]] = {}
        for event in events:
            for rule, _ in _of(self.here, event):
                out.setdefault(rule.id, []).append(event)
            if event.zone or event.line:
                for rule, leaf in _of(self.elsewhere, event):
                    if event.zone in leaf.zones or event.line in leaf.lines:
                        out.setdefault(rule.id, []).append(event)
        return out


def index_of(rules: Iterable[Rule], stream: str, places: frozenset[str], others: frozenset[str]) -> Index:
    """The rules that may speak of the stream of that name; `places` are its zones and lines, `others` those of others."""
    there = tuple(rule for rule in rules if not rule.streams or stream in rule.streams)
    pairs = [(rule, rule.leaf) for rule in there if rule.leaf is not None]

    def has(leaf: Leaf) -> bool:
        asked = leaf.zones | leaf.lines
        return not asked or not places.isdisjoint(asked) or others.isdisjoint(asked)

    return Index(
        rules=there,
        here=_by_type([(rule, leaf) for rule, leaf in pairs if has(leaf)]),
        elsewhere=_by_type([(rule, leaf) for rule, leaf in pairs if not has(leaf)]),
    )


def _by_type(pairs: list[tuple[Rule, Leaf]]) -> _ByType:
    out: dict[EventType | None, list[tuple[Rule, Leaf]]] = {}
    for rule, leaf in pairs:
        for type_ in leaf.types or (None,):
            out.setdefault(type_, []).append((rule, leaf))
    return {type_: tuple(found) for type_, found in out.items()}


def _of(by_type: _ByType, event: EventRow) -> tuple[tuple[Rule, Leaf], ...]:
    return (*by_type.get(event.type, ()), *by_type.get(None, ()))
