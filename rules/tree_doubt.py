"""Conditions over several events that hold never, or always, or say one thing twice."""

from collections.abc import Iterator
from datetime import tzinfo

from rules.implication import implies, unnumbered
from rules.leaf_doubt import PLACELESS, ask_doubts, instant, leaf_doubts, never
from rules.rule import condition_of
from rules.sentence import duration
from rules.words import listed
from vidette.rule_settings import WhenSettings, branches, kind_of
from vidette.settings import Settings


class TreeDoubts:
    """What is doubtful of a condition and of all inside it; `tz` where hours in it name none."""

    def __init__(self, settings: Settings, tz: tzinfo) -> None:
        self._settings = settings
        self._tz = tz

    def of(self, root: WhenSettings) -> Iterator[str]:
        """One sentence each, with the key of the condition that it is about (`when.all[1]: …`)."""
        for path, when in branches(root):
            place = f"{path}: " if path != "when" else ""
            yield from (place + said for said in self._of(when))

    def _of(self, when: WhenSettings) -> Iterator[str]:
        match kind_of(when):
            case "event":
                yield from leaf_doubts(when, self._settings)
            case "ask":
                yield from ask_doubts(when, self._settings)
            case "count" | "rate":
                yield from self._number(when)
            case "absence":
                if when.absence and self._never(when.absence):
                    yield "what is awaited never comes: its absence always holds"
            case "in_order":
                yield from self._same(when, when.in_order)
            case "any":
                yield from self._twice(when.any)
            case "all":
                yield from self._together(when)
        if when.for_s and kind_of(when) in ("any", "all") and _instant(when):
            yield f"it is over at once: `for_s` {when.for_s:g} never holds"

    def _number(self, when: WhenSettings) -> Iterator[str]:
        part = when.count or when.rate
        assert part is not None
        if when.at_least is None:
            if self._never(part):
                yield "what is counted never comes: there are always so few"
            return
        if when.rate and when.at_least * when.within_s <= when.per_s:
            yield f"one in {duration(when.within_s)} is enough for so high a rate"
        if when.within_s or when.at_least <= 1:
            return
        if _instant(part):
            yield "it is over at once, and no two are at one time: give `within_s`"
        streams = part.stream or tuple(one.name for one in self._settings.streams)
        if part.event and PLACELESS.issuperset(part.event) and 0 < len(streams) < when.at_least:
            yield f"{listed(part.event)} is told once a stream, and there are {len(streams)}: never {when.at_least:g}"

    def _together(self, when: WhenSettings) -> Iterator[str]:
        parts = [one for one in when.all if not one.not_]
        if not when.within_s and sum(map(_instant, parts)) > 1:
            yield "two of its parts are over at once, and hardly ever at one moment: give `within_s`"
        yield from self._twice(parts)
        yield from self._same(when, parts)
        for one in when.all:
            if one.not_:
                yield from self._forbidden(one.not_, parts)

    def _forbidden(self, none: WhenSettings, parts: list[WhenSettings]) -> Iterator[str]:
        if self._never(none):
            yield "what is under `not` never holds: `not` is always true"
        elif any(implies(condition_of(part, self._tz), condition_of(none, self._tz)) for part in parts):
            yield "what must happen is what `not` forbids: it never holds"

    def _same(self, when: WhenSettings, parts: list[WhenSettings]) -> Iterator[str]:
        """Parts that are to share what they cannot."""
        shared: frozenset[str] | None = None
        for part in parts if when.same in ("stream", "zone") else ():
            names = frozenset(getattr(part, when.same))
            if kind_of(part) in ("event", "ask") and names:
                shared = names if shared is None else shared & names
        if shared is not None and not shared:
            yield f"`same: {when.same}`, and its parts name no {when.same} that they share: it never holds"
        if when.same in ("thing", "zone") and any(map(_placeless, parts)):
            yield f"`same: {when.same}`, and a part of it is about no {when.same}: it never holds"

    def _twice(self, parts: list[WhenSettings]) -> Iterator[str]:
        conditions = [unnumbered(condition_of(part, self._tz)) for part in parts]
        for i, one in enumerate(conditions):
            if one in conditions[:i]:
                yield f"its parts {conditions.index(one) + 1} and {i + 1} are the same"

    def _never(self, when: WhenSettings) -> bool:
        """Whether it cannot hold, whatever happens."""
        match kind_of(when):
            case "event" | "ask":
                return never(when, self._settings)
            case "count" | "rate":
                part = when.count or when.rate
                return when.at_least is not None and part is not None and self._never(part)
            case "in_order":
                return any(map(self._never, when.in_order))
            case "any":
                return all(map(self._never, when.any))
            case "all":
                return any(self._never(one) for one in when.all if not one.not_)
        return False


def _instant(when: WhenSettings) -> bool:
    """Whether its matches are over at once."""
    match kind_of(when):
        case "event":
            return instant(when)
        case "in_order":
            return True
        case "any":
            return all(map(_instant, when.any))
        case "all":
            return any(_instant(one) for one in when.all if not one.not_)
    return False


def _placeless(when: WhenSettings) -> bool:
    """Whether it is about the whole picture."""
    return bool(when.ask) or (bool(when.event) and PLACELESS.issuperset(when.event))
