"""Conditions over time: the matches of a tree, of those of its leaves and of what is known of time. Pure.

Everything follows from what was before: whether a match starts at a moment is told by what happened up to then, so that
what is known later only adds matches, or ends them. A late fact may change any of them: all are told anew.
Times are whole milliseconds since 1970.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from rules.days import hours_of
from rules.known import BREAK_MS, Known
from rules.stretches import Stretch, at_once, begun_within, between
from rules.tree import Absence, All, AnyOf, Ask, Condition, Count, InOrder, Leaf, Rate, leaves
from vidette.ids import make_id, milliseconds
from vidette.matches import Match

Given = Mapping[int, Sequence[Match]]
"""Matches by number of the leaf."""
KnownOf = Callable[[frozenset[int], bool], Known]
"""What is known of time to the streams that these leaves ask of; False: never mind when somebody looked."""
_WATCHED = 0.9
"""So much of the hours in which something is expected must have been watched, or nothing is said of them."""
_CITED = 64
_NEXT_MS = 1000
"""Segments that are no further apart follow each other."""


class Weighing:
    """A condition weighed once; `later` are moments after which there may be more to say though nothing happens."""

    def __init__(self, given: Given, known: KnownOf, later: list[float] | None = None) -> None:
        self._given = given
        self._known = known
        self.later: list[float] = [] if later is None else later

    def of(self, node: Condition) -> list[Match]:
        """The matches of the condition, by start, each id once: where two parts tell of it, as the first to begin does."""
        found: dict[str, Match] = {}
        for one in sorted(self._of(node), key=_order):
            found.setdefault(one.id, one)
        return list(found.values())

    def _of(self, node: Condition) -> Iterator[Match]:
        match node:
            case Leaf():
                yield from self._lasting(self._given.get(node.number, ()), node.for_s)
            case Ask():
                yield from self._lasting(_adjoining(self._given.get(node.number, ())), node.for_s)
            case AnyOf(parts=parts):
                yield from self._lasting((one for part in parts for one in self.of(part)), node.for_s)
            case All():
                yield from self._lasting(self._shared(node, _all), node.for_s)
            case InOrder():
                yield from self._shared(node, _in_order)
            case Count():
                yield from self._counted(node, node.at_least, node.at_most)
            case Rate():
                share = node.within_s / node.per_s
                yield from self._counted(node, _times(node.at_least, share), _times(node.at_most, share))
            case Absence(between=None):
                yield from self._few(node, 1, node.for_s, 0)
            case Absence():
                yield from self._missed(node)

    def known(self, nodes: Iterable[Condition], *, looked: bool = True) -> Known:
        """What is known of time to all the leaves of these; not `looked`: never mind when somebody did."""
        return self._known(frozenset(leaf.number for node in nodes for leaf in leaves(node)), looked)

    def _lasting(self, found: Iterable[Match], for_s: float) -> Iterator[Match]:
        """Those that have held so long, from then on."""
        for_ms = milliseconds(for_s)
        for one in found:
            true = one.start + for_ms
            if one.until >= true:
                yield replace(one, start=true) if for_ms else one
            elif one.end is None:
                self.later.append(true)

    def _shared(
        self, node: "All | InOrder", joined: "Callable[[Weighing, All | InOrder], Iterator[Match]]"
    ) -> Iterator[Match]:
        """Matches of all that is given, or apart of what has one subject, stream or zone."""
        for one in self.apart(node):
            yield from joined(one, node)

    def apart(self, node: "All | InOrder") -> Iterator["Weighing"]:
        """Itself; or what has one subject, stream or zone, each weighed alone, where parts are to share it."""
        if not node.same:
            yield self
            return
        given: dict[str, dict[int, list[Match]]] = {}
        for leaf in leaves(node):
            for one in self._given.get(leaf.number, ()):
                for key in _keys(one, node.same):
                    given.setdefault(key, {}).setdefault(leaf.number, []).append(one)
        for key in sorted(given):
            yield Weighing(given[key], self._known, self.later)

    def _counted(self, node: "Count | Rate", at_least: float | None, at_most: float | None) -> Iterator[Match]:
        within = milliseconds(node.within_s)
        found = self.of(node.part)
        if at_least is not None:
            least = max(1, math.ceil(at_least - 1e-9))
            stretches = begun_within(found, least, within) if within else at_once(found, least)
            yield from self._lasting(self._enough(node, stretches, found), node.for_s)
        if at_most is not None:
            yield from self._few(node, math.floor(at_most + 1e-9) + 1, node.for_s, within)

    def _enough(self, node: "Count | Rate", stretches: list[Stretch], found: list[Match]) -> Iterator[Match]:
        """A match a stretch; one that time alone ends has ended once all have told of that time."""
        known = self.known([node], looked=False)
        for one in stretches:
            assert one.start is not None
            assert one.by is not None
            end, seen = _ends(one)
            if node.within_s and end is not None and not known.told(end):
                self.later.append(end)
                seen = max(one.start, min(end, _whole(known.now)))
                end = None
            yield _stretched("count", one.by.id, one.start, end, seen, one)
        self._wait_for_seen(found)

    def _wait_for_seen(self, found: list[Match]) -> None:
        """What began or ended after the last that is known of something that goes on may yet have met it."""
        seen = min((one.seen for one in found if one.end is None and one.seen is not None), default=None)
        if seen is not None:
            edges = [edge for one in found for edge in (one.start, one.end) if edge is not None and edge > seen]
            self.later += [min(edges)] if edges else []

    def _few(self, node: "Absence | Count | Rate", many: int, for_s: float, within: int) -> Iterator[Match]:
        """What lies between so many, as far as it was watched without a break; `within`: and so long before."""
        known, kind = self.known([node]), f"few {within}"
        found = [_going_on(one, known) for one in self.of(node.part)]
        stretches = begun_within(found, many, within) if within else at_once(found, many)
        for start, end in known.runs:
            for one in between(stretches):
                began = start + within if one.start is None else max(start + within, one.start)
                over = one.end is not None and one.end <= end
                last = int(one.end) if over and one.end is not None else end
                if not over and one.end is not None and not known.told(one.end):
                    self.later.append(one.end)
                if began <= last and not (over and began == last):
                    by = one.by.id if one.by and one.start == began else str(began)
                    few = _stretched(
                        kind, by, began, last if over else None, None if over else last, Stretch(start=began)
                    )
                    yield from self._lasting([few], for_s)
                elif not over and (start, end) == known.runs[-1]:  # a stream that is ahead told of what was before
                    self.later.append(began + milliseconds(for_s))
        if not known.runs or known.runs[-1][1] < known.now - BREAK_MS:
            self.later.append(known.now + within + milliseconds(for_s))
        elif within:
            self.later.append(known.runs[-1][0] + within)

    def _missed(self, node: Absence) -> Iterator[Match]:
        """The end of each day's hours in which none came, though they were watched."""
        assert node.between is not None
        known, came = self.known([node]), self.of(node.part)
        first = known.runs[0][0] if known.runs else 0
        last = known.runs[-1][1] if known.runs else 0
        for begin, end in hours_of(node.between, first, last) if known.runs else ():
            if not known.told(end) or end > max(last, known.now):
                self.later.append(end)
            elif known.watched_ms(begin, end) >= _WATCHED * (end - begin) and not any(
                one.start < end and one.until >= begin for one in came
            ):
                yield Match(id=make_id("missed", end), start=end, end=end)
        if not known.runs:
            self.later.append(known.now + BREAK_MS)


def _adjoining(answers: Iterable[Match]) -> Iterator[Match]:
    """Answers of one stream, of which each begins where one before ends, are one match."""
    whole: dict[tuple[str, ...], Match] = {}
    for one in sorted(answers, key=_order):
        held = whole.get(one.streams)
        if held is not None and one.start <= held.until + _NEXT_MS:
            one = replace(held, end=max(held.end or 0, one.end or 0))  # noqa: PLW2901  the stretch that it is now a part of
        elif held is not None:
            yield held
        whole[one.streams] = one
    yield from whole.values()


def _all(weighing: Weighing, node: "All | InOrder") -> Iterator[Match]:
    """Each match of the part that began last, where every other part holds, or did within the time, and none that must not."""
    assert isinstance(node, All)
    parts = [weighing.of(part) for part in node.parts]
    within = milliseconds(node.within_s)
    if not all(parts):
        return
    none = [one for part in node.none for one in weighing.of(part)]
    known = weighing.known(node.none) if node.none else None
    for place, part in enumerate(parts):
        for last in part:
            held = [
                last if other == place else _nearest(weighing, found, other, last, place, within)
                for other, found in enumerate(parts)
            ]
            whole = [one for one in held if one is not None]
            if len(whole) == len(held) and (known is None or _free(weighing, known, none, last.start, within)):
                together = _together(last, whole, last.start + (within if node.none else 0))
                weighing.later += [one.end for one in whole if together.end is None and one.end is not None]
                yield together


def _nearest(weighing: Weighing, found: list[Match], other: int, last: Match, place: int, within: int) -> Match | None:
    """The one that began last before, and holds or held within the time."""
    for one in reversed(found):
        if (one.start, other, one.id) >= (last.start, place, last.id):
            continue
        if one.until >= last.start - within:
            return one
        if one.end is None:
            weighing.later.append(last.start - within)
    return None


def _free(weighing: Weighing, known: Known, none: list[Match], at: int, within: int) -> bool:
    """Whether none of these hold so near, and somebody looked."""
    first, last = at - within, at + within
    if not known.told(last) or last > known.now:
        weighing.later.append(last)
        return False
    if any(one.start <= last and one.until >= first for one in none):
        return False
    unsure = any(one.end is None and one.start <= last for one in none)
    if unsure:
        weighing.later.append(first)
    return not unsure and known.watched(first, last)


def _together(last: Match, held: list[Match], start: int) -> Match:
    """What holds while all of these do; an instant where one was over before."""
    ends = [one.end for one in held if one.end is not None]
    seen = [one.until for one in held if one.end is None]
    end = min(ends, default=None)
    goes_on = end is None or (bool(seen) and min(seen) < max(start, end))
    first = min(seen, default=math.inf)
    return replace(
        _joined("all", last, held),
        start=start,
        end=None if goes_on or end is None else max(start, end),
        seen=max(start, int(first)) if goes_on and math.isfinite(first) else None,
    )


def _in_order(weighing: Weighing, node: "All | InOrder") -> Iterator[Match]:
    """Each match of the last part after the nearest chain of those before it."""
    assert isinstance(node, InOrder)
    first, *others = (weighing.of(part) for part in node.parts)
    within = milliseconds(node.within_s)
    chains: dict[str, tuple[Match, ...]] = {one.id: (one,) for one in first}
    for part in others:
        chains = {one.id: chain for one in part if (chain := _chained(chains.values(), one, within))}
    for chain in chains.values():
        last = chain[-1]
        yield replace(_joined("in order", last, chain), start=last.start, end=last.start, seen=None)


def _chained(chains: Iterable[tuple[Match, ...]], one: Match, within: int) -> tuple[Match, ...] | None:
    fits = [chain for chain in chains if _order(chain[-1]) < _order(one) and one.start - chain[0].start <= within]
    return (*max(fits, key=lambda chain: [_order(link) for link in chain]), one) if fits else None


def _joined(kind: str, last: Match, held: Iterable[Match]) -> Match:
    """Named by the last; about all of them."""
    parts = sorted(held, key=_order)
    return Match(
        id=make_id(kind, last.id),
        start=last.start,
        end=last.end,
        subject=last.subject,
        streams=_each(one.streams for one in parts),
        zones=_each(one.zones for one in parts),
        events=_each(one.events for one in parts)[-_CITED:],
    )


def _stretched(kind: str, by: str, start: int, end: int | None, seen: int | None, one: Stretch) -> Match:
    members = one.members
    return Match(
        id=make_id(kind, by),
        start=start,
        end=end,
        seen=seen,
        streams=_each(member.streams for member in members),
        zones=_each(member.zones for member in members),
        events=one.events,
    )


def _going_on(one: Match, known: Known) -> Match:
    """It holds until somebody says otherwise; of a stream that is over nobody will."""
    if one.end is not None or one.seen is None:
        return one
    return replace(one, end=one.seen) if known.told(one.seen + 1) else replace(one, seen=None)


def _ends(one: Stretch) -> tuple[int | None, int | None]:
    if one.end is None or not math.isfinite(one.end):
        return None, None
    return (int(one.end), None) if one.ended else (None, int(one.end))


def _whole(at: float) -> int:
    return int(min(at, 2**62))


def _keys(one: Match, same: str) -> tuple[str, ...]:
    match same:
        case "thing":
            return (one.subject,) if one.subject else ()
        case "stream":
            return one.streams
        case _:
            return one.zones


def _times(count: float | None, share: float) -> float | None:
    return None if count is None else count * share


def _each(names: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for some in names for name in some))


def _order(one: Match) -> tuple[int, str]:
    return one.start, one.id
