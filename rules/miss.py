"""What nearly made a condition over time come true, and what it lacked. Pure; times are whole milliseconds since 1970."""

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from rules import composed, sentence
from rules.pattern import Weighing
from rules.stretches import at_once
from rules.tree import All, Condition, Count, InOrder, Leaf, Rate
from vidette.ids import milliseconds
from vidette.matches import Match

_SAME = {"": "", "thing": " of the same thing", "stream": " on the same stream", "zone": " in the same zone"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Miss:
    """A condition that did not come true though `first` did its part: `had` it, but `lacked` that.

    Nothing that happens at `at` or later can change it.
    """

    first: Match
    at: int
    had: str
    lacked: str


def misses(node: Condition, weighing: Weighing) -> Iterator[Miss]:
    """Orders that were broken off, parts that were on alone or beside what must not be, counts that fell short.

    Of the condition itself, not of those in it. Others have none.
    """
    match node:
        case InOrder():
            for apart in weighing.apart(node):
                yield from _broken_off(node, [apart.of(part) for part in node.parts])
        case All():
            for apart in weighing.apart(node):
                yield from _alone(node, apart)
        case Count(part=part, at_least=least, within_s=within_s) if least is not None:
            short = _few_within if within_s else _few_at_once
            yield from short(node, weighing.of(part), math.ceil(least - 1e-9))
        case Rate(part=part, at_least=least) if least is not None:
            yield from _few_within(node, weighing.of(part), math.ceil(least * node.within_s / node.per_s - 1e-9))


def _broken_off(node: InOrder, parts: Sequence[list[Match]]) -> Iterator[Miss]:
    """Each match of the first part that nothing led up to, and that the others did not follow within the time."""
    within = milliseconds(node.within_s)
    chains = [_followed(first, parts[1:], within) for first in parts[0]]
    whole = {one.id for chain in chains if len(chain) == len(parts) for one in chain}
    had, *wanted = map(composed.asked, node.parts)
    time = f"{_SAME[node.same]} within {sentence.duration(node.within_s)}"
    for chain in chains:
        first, place = chain[0], len(chain)
        if place < len(parts) and first.id not in whole:
            lacked = _no(node.parts[place], "other " if wanted[place - 1] == had else "") + time
            yield Miss(first=first, at=first.start + within + 1, had=had, lacked=lacked)


def _followed(first: Match, others: Sequence[list[Match]], within: int) -> list[Match]:
    """It, and the first of each part after the one before, as far as they came in time."""
    chain = [first]
    for part in others:
        place = bisect_right(part, _order(chain[-1]), key=_order)
        if place == len(part) or part[place].start > first.start + within:
            break
        chain.append(part[place])
    return chain


def _alone(node: All, weighing: Weighing) -> Iterator[Miss]:
    """Each match of a part that was over without another part, or beside something that must not be."""
    within = milliseconds(node.within_s)
    near = [_Near(weighing.of(part), within) for part in node.parts]
    none = [(part, _Near(weighing.of(part), within)) for part in node.none]
    raised = {event for one in weighing.of(node) for event in one.events} if none else set()
    time = _SAME[node.same] + (f" within {sentence.duration(node.within_s)}" if within else " meanwhile")
    asked = [composed.asked(part) for part in node.parts]
    for place, there in enumerate(near):
        for one in there.found:
            lacks = [i for i, other in enumerate(near) if i != place and not other.to(one.start, one.until)]
            if lacks and one.end is not None:
                lacked = _no(node.parts[lacks[0]]) + time
                yield Miss(first=one, at=one.end + within + 1, had=asked[place], lacked=lacked)
            beside = [part for part, other in none if other.to(one.start, one.start)]
            if beside and not lacks and raised.isdisjoint(one.events):
                lacked = f"there was {composed.asked(beside[0])}{time}"
                yield Miss(first=one, at=one.start + within + 1, had=asked[place], lacked=lacked)


class _Near:
    """Matches by start, asked whether one is near a stretch."""

    def __init__(self, found: list[Match], within: int) -> None:
        self.found = found
        self._within = within
        self._furthest = list(accumulate((one.until for one in found), max))

    def to(self, start: float, end: float) -> bool:
        """Whether one holds in the stretch, or no more than the time before or after it."""
        place = bisect_right(self.found, end + self._within, key=lambda one: one.start)
        return place > 0 and self._furthest[place - 1] >= start - self._within


def _few_within(node: Count | Rate, found: list[Match], least: int) -> Iterator[Miss]:
    """The first of each window that no other holds, where too few began in it and it had no part in enough."""
    within = milliseconds(node.within_s)
    first, enough = 0, -1
    for last, one in enumerate(found):
        while found[first].start <= one.start - within:
            first += 1
        many, closes = last - first + 1, found[first].start + within
        if many >= least:
            enough = last
        elif first > enough and (last + 1 == len(found) or found[last + 1].start >= closes):
            yield _short(node, found[first], closes, many, least, f"within {sentence.duration(node.within_s)}")


def _few_at_once(node: Count, found: list[Match], least: int) -> Iterator[Miss]:
    """The first of those that were one too few at one time, until they were fewer."""
    enough = [one.start for one in at_once(found, least) if one.start is not None]
    for one in at_once(found, least - 1) if least > 1 else ():
        start, end = one.start, one.end
        if start is not None and end is not None and one.ended and not any(start <= at <= end for at in enough):
            yield _short(node, min(one.members, key=_order), int(end) + 1, least - 1, least, "at one time")


def _short(node: Count | Rate, first: Match, at: int, many: int, least: int, time: str) -> Miss:
    return Miss(first=first, at=at, had=composed.asked(node.part), lacked=f"at most {many} of {least} {time}")


def _no(part: Condition, other: str = "") -> str:
    said = composed.asked(part)
    return f"no {other}{said}" if isinstance(part, Leaf) else f"not ({said})"


def _order(one: Match) -> tuple[int, str]:
    return one.start, one.id
