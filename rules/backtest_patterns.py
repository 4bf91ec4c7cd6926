"""What rules over time remember in a back-test: what fits their leaves, what they found, how far streams have spoken."""

from bisect import bisect_left, insort
from collections.abc import Callable, Hashable, Iterator
from typing import Any, Generic, TypeVar

from vidette.alerts import Judgement
from vidette.matches import Heard, LeafMatch, Match, PatternChange, PatternState, Said
from vidette.queries import Query
from vidette.remembering import HeardOf, LeafMatches, LeafMatchesOf, Patterns, SaidOfRule

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
_GOES_ON = float("inf")


class Lasting(Generic[K, V]):
    """Values that hold up to a moment, by key; those that hold at a moment or after are found without looking at others."""

    def __init__(self) -> None:
        self._values: dict[K, V] = {}
        self._until: dict[K, tuple[float, int]] = {}
        self._order: list[tuple[float, int, K]] = []
        self._put = 0

    def __setitem__(self, key: K, held: tuple[float, V]) -> None:
        self.pop(key)
        self._put += 1  # so that keys are never compared
        until, value = held
        self._values[key], self._until[key] = value, (until, self._put)
        insort(self._order, (until, self._put, key))

    def pop(self, key: K) -> V | None:
        """Forget one; -> what it was."""
        if key not in self._values:
            return None
        place = bisect_left(self._order, (*self._until.pop(key),), key=lambda one: one[:2])
        del self._order[place]
        return self._values.pop(key)

    def get(self, key: K) -> V | None:
        """The value of a key."""
        return self._values.get(key)

    def since(self, moment: float) -> Iterator[V]:
        """Those that hold at `moment` or after."""
        place = bisect_left(self._order, (moment,), key=lambda one: one[:1])
        return (self._values[key] for _, _, key in self._order[place:])

    def drop(self, moment: float) -> list[K]:
        """Forget those that hold only before `moment`; -> their keys."""
        place = bisect_left(self._order, (moment,), key=lambda one: one[:1])
        old = [key for _, _, key in self._order[:place]]
        del self._order[:place]
        for key in old:
            del self._values[key], self._until[key]
        return old


class Recollection:
    """Answers the questions of rules over time from what was written here; moments are milliseconds since 1970."""

    def __init__(self) -> None:
        self._heard: dict[str, Heard] = {}
        self._states: dict[tuple[str, str], PatternState] = {}
        self._leaves: dict[tuple[str, str], Lasting[tuple[int, str], LeafMatch]] = {}
        self._fits: dict[str, set[tuple[str, str, int]]] = {}
        self._said: dict[tuple[str, str], Lasting[str, Said]] = {}
        self.answers: dict[type[Query[Any]], Callable[[Any], Any]] = {
            HeardOf: lambda _: sorted(self._heard.values(), key=lambda one: one.stream),
            Patterns: self._patterns,
            LeafMatches: self._leaf_matches,
            LeafMatchesOf: self._leaf_matches_of,
            SaidOfRule: self._said_of,
        }

    def write(self, judgement: Judgement) -> None:
        """Keep what they have to remember from now on."""
        for heard in judgement.heard:
            self._heard[heard.stream_id] = heard
        for change in judgement.patterns:
            self._change(change)
        for found in judgement.leaves:
            self._leaf(found)

    def alerts(self) -> Iterator[str]:
        """Ids of alerts that tell of what is remembered."""
        for said in self._said.values():
            yield from (one.alert for one in said.since(-_GOES_ON) if one.alert)

    def shed(self, before: float) -> None:
        """Forget what held only before that moment."""
        for (rule, version), kept in self._leaves.items():
            for leaf, key in kept.drop(before):
                self._misfit(key, (rule, version, leaf))
        for said in self._said.values():
            said.drop(before)

    def _change(self, change: PatternChange) -> None:
        key = change.state.rule, change.state.version
        self._states[key] = change.state
        said = self._said.setdefault(key, Lasting())
        for one in change.said:
            if one.match is None:
                said.pop(one.id)
            else:
                said[one.id] = _until(one.match), one

    def _leaf(self, found: LeafMatch) -> None:
        kept = self._leaves.setdefault((found.rule, found.version), Lasting())
        if found.match is None:
            kept.pop((found.leaf, found.id))
            self._misfit(found.id, (found.rule, found.version, found.leaf))
        else:
            kept[found.leaf, found.id] = _until(found.match), found
            self._fits.setdefault(found.id, set()).add((found.rule, found.version, found.leaf))

    def _misfit(self, event: str, leaf: tuple[str, str, int]) -> None:
        fits = self._fits.get(event, set())
        fits.discard(leaf)
        if not fits:
            self._fits.pop(event, None)

    def _patterns(self, query: Patterns) -> list[PatternState]:
        found = (state for key, state in sorted(self._states.items()) if not query.rules or key[0] in query.rules)
        due = query.due
        return [one for one in found if due is None or (one.wake is not None and one.wake <= due)]

    def _leaf_matches(self, query: LeafMatches) -> list[LeafMatch]:
        kept = self._leaves.get((query.rule, query.version))
        found = list(kept.since(query.since)) if kept else []
        found.sort(key=lambda one: (one.match.start if one.match else 0, one.id, one.leaf))
        return found[: query.limit]

    def _leaf_matches_of(self, query: LeafMatchesOf) -> list[LeafMatch]:
        leaves = ((key, leaf) for key in query.ids for leaf in self._fits.get(key, ()))
        found = (self._leaves[rule, version].get((leaf, key)) for key, (rule, version, leaf) in leaves)
        return [one for one in found if one is not None]

    def _said_of(self, query: SaidOfRule) -> list[Said]:
        kept = self._said.get((query.rule, query.version))
        found = list(kept.since(-_GOES_ON if query.since is None else query.since)) if kept else []
        found = [one for one in found if query.alert is None or one.alert == query.alert]
        found.sort(key=lambda one: (_until(one.match), one.id))
        return found[: query.limit]


def _until(match: Match | None) -> float:
    return _GOES_ON if match is None or match.end is None else match.end
