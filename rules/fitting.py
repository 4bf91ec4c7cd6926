"""What of a case fits the leaves of rules over time."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rules.condition import Zones, answer_id, matches, says_yes
from rules.place import subject_key, subject_of
from rules.rule import Rule
from rules.tree import All, Ask, InOrder, Leaf, nodes
from rules.witness import concerns, ms_of
from vidette.alerts import Case
from vidette.matches import LeafMatch, Match
from vidette.models import EventType, State
from vidette.ports import Reader
from vidette.remembering import LeafMatchesOf
from vidette.rows import EventRow

_Asked = tuple[Rule, Leaf]


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaves:
    """The leaves of rules over time that one stream concerns: by type, those that name none, and questions."""

    rules: tuple[Rule, ...]
    by_type: dict[EventType, tuple[_Asked, ...]]
    untyped: tuple[_Asked, ...]
    asks: tuple[tuple[Rule, Ask], ...]
    placed: frozenset[str]  # rules that ask in which zones a thing stood


def leaves_for(rules: Iterable[Rule], stream: str) -> Leaves:
    """Those that concern the stream of that name."""
    found = [(rule, leaf) for rule in rules for leaf in rule.leaves if concerns(leaf, stream)]
    events = [(rule, leaf) for rule, leaf in found if isinstance(leaf, Leaf)]
    types = {type_ for _, leaf in events for type_ in leaf.types}
    return Leaves(
        rules=tuple({rule.id: rule for rule, _ in found}.values()),
        by_type={type_: tuple(pair for pair in events if type_ in pair[1].types) for type_ in types},
        untyped=tuple(pair for pair in events if not pair[1].types),
        asks=tuple((rule, leaf) for rule, leaf in found if isinstance(leaf, Ask)),
        placed=frozenset(rule.id for rule, _ in found if _asks_zones(rule)),
    )


def _asks_zones(rule: Rule) -> bool:
    return any(isinstance(node, All | InOrder) and node.same == "zone" for node in nodes(rule.when))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitting:
    """What a case changes of what fits a leaf: before and after."""

    found: LeafMatch
    before: Match | None

    @property
    def since(self) -> int:
        """The first moment for which something else follows."""
        before, after = self.before, self.found.match
        if before is None or after is None or (before.start, before.subject) != (after.start, after.subject):
            return min(one.start for one in (before, after) if one is not None)
        if before.zones != after.zones:
            return after.start
        return min(one.end for one in (before, after) if one.end is not None)


def fittings(case: Case, leaves: Leaves, zones: Zones, read: Reader) -> list[Fitting]:
    """What is not as it was remembered."""
    fits = {(rule.id, leaf.number, match.id): (rule, match) for rule, leaf, match in _fits(case, leaves, zones)}
    ids = tuple(event.id for event in case.events) + tuple(map(answer_id, case.verdicts))
    versions = {rule.id: rule.version for rule in leaves.rules}
    known = {
        (one.rule, one.leaf, one.id): one.match
        for one in (read(LeafMatchesOf(ids=ids)) if ids and leaves.rules else ())
        if versions.get(one.rule) == one.version
    }
    return [
        Fitting(
            found=LeafMatch(rule=key[0], version=versions[key[0]], leaf=key[1], id=key[2], match=after),
            before=known.get(key),
        )
        for key in dict.fromkeys((*fits, *known))
        if (after := fits[key][1] if key in fits else None) != known.get(key)
    ]


def _fits(case: Case, leaves: Leaves, zones: Zones) -> Iterator[tuple[Rule, Leaf | Ask, Match]]:
    for event in case.events:
        if event.state is not State.RETRACTED:
            asked: Sequence[_Asked] = (*leaves.by_type.get(event.type, ()), *leaves.untyped)
            fit = [(rule, leaf) for rule, leaf in asked if matches(leaf, event, zones)]
            for wide in {rule.id in leaves.placed for rule, _ in fit}:
                match = _match(event, zones(event) if wide else frozenset({event.zone} if event.zone else ()))
                yield from ((rule, leaf, match) for rule, leaf in fit if (rule.id in leaves.placed) == wide)
    for verdict in case.verdicts:
        match = Match(
            id=answer_id(verdict), start=ms_of(verdict.start), end=ms_of(verdict.end), streams=(verdict.stream,)
        )
        yield from ((rule, ask, match) for rule, ask in leaves.asks if says_yes(ask, verdict))


def _match(event: EventRow, zones: frozenset[str]) -> Match:
    key = subject_key(event)
    return Match(
        id=event.id,
        start=ms_of(event.start),
        end=None if event.end is None else max(ms_of(event.start), ms_of(event.end)),
        subject=key if subject_of(event) else f"{key} of {event.stream}",
        streams=(event.stream,),
        zones=tuple(sorted(zones)),
        events=(event.id,),
    )


def is_thing(subject: str) -> bool:
    """Whether a subject is an entity, not a place or a stream."""
    return bool(subject) and " of " not in subject
