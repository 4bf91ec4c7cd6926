"""Which rules an event may concern, found without asking each."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rules.condition import words_alone
from rules.rule import Rule
from rules.tree import Leaf
from rules.words import words_of
from vidette.models import EventType, State
from vidette.rows import EventRow

_Pair = tuple[Rule, Leaf]
_NONE = frozenset[str]()
_ByType = dict[EventType | None, tuple[_Pair, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """The rules that may speak of one stream (`rules`, whatever they ask), and those on one event by its type.

    `elsewhere` asks for places that it has not and another stream has: only an event that names one can be in them, and
    of others it is not worth saying that they are not. `worded` are those that ask for words alone, by one of their
    words: hardly a caption holds it.
    """

    rules: tuple[Rule, ...]
    here: _ByType
    elsewhere: _ByType
    worded: dict[str, tuple[_Pair, ...]]

    def given(self, events: Iterable[EventRow]) -> dict[str, list[EventRow]]:
        """By rule, the events that are of its types, and may be in its places; of words alone, those that hold them all.

        What is taken back is given to every rule that asks for words alone, whatever its caption says now.
        """
        out: dict[str, list[EventRow]] = {}
        for event in events:
            for rule, _ in _of(self.here, event):
                out.setdefault(rule.id, []).append(event)
            if event.zone or event.line:
                for rule, leaf in _of(self.elsewhere, event):
                    if event.zone in leaf.zones or event.line in leaf.lines:
                        out.setdefault(rule.id, []).append(event)
            for rule in self._worded(event):
                out.setdefault(rule.id, []).append(event)
        return out

    def _worded(self, event: EventRow) -> Sequence[Rule]:
        if event.state is State.RETRACTED:
            return [rule for pairs in self.worded.values() for rule, _ in pairs]
        words = words_of(event.caption) if self.worded else _NONE
        if words.isdisjoint(self.worded):
            return ()
        return [rule for word in self.worded.keys() & words for rule, leaf in self.worded[word] if leaf.words <= words]


def index_of(rules: Iterable[Rule], stream: str, places: frozenset[str], others: frozenset[str]) -> Index:
    """The rules that may speak of the stream of that name; `places` are its zones and lines, `others` those of others."""
    there = tuple(rule for rule in rules if not rule.streams or stream in rule.streams)
    pairs = [(rule, rule.leaf) for rule in there if rule.leaf is not None]

    def has(leaf: Leaf) -> bool:
        asked = leaf.zones | leaf.lines
        return not asked or not places.isdisjoint(asked) or others.isdisjoint(asked)

    return Index(
        rules=there,
        here=_by_type([(rule, leaf) for rule, leaf in pairs if has(leaf) and not words_alone(leaf)]),
        elsewhere=_by_type([(rule, leaf) for rule, leaf in pairs if not has(leaf)]),
        worded=_by_word([(rule, leaf) for rule, leaf in pairs if words_alone(leaf)]),
    )


def _by_word(pairs: list[_Pair]) -> dict[str, tuple[_Pair, ...]]:
    """By the longest word of each, which is likely the rarest."""
    out: dict[str, list[_Pair]] = {}
    for rule, leaf in pairs:
        out.setdefault(max(leaf.words, key=lambda word: (len(word), word)), []).append((rule, leaf))
    return {word: tuple(found) for word, found in out.items()}


def _by_type(pairs: list[_Pair]) -> _ByType:
    out: dict[EventType | None, list[_Pair]] = {}
    for rule, leaf in pairs:
        for type_ in leaf.types or (None,):
            out.setdefault(type_, []).append((rule, leaf))
    return {type_: tuple(found) for type_, found in out.items()}


def _of(by_type: _ByType, event: EventRow) -> tuple[_Pair, ...]:
    return (*by_type.get(event.type, ()), *by_type.get(None, ()))
