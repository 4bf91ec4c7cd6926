"""Stretches of time in which so many matches hold at once: counts, and what is left between them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from vidette.matches import Match

_CITED = 64


@dataclass(slots=True)
class Stretch:
    """From `start` on (None: for ever), at least so many hold; `by` made it so, `members` are those that hold in it.

    `end` None: they still do; `ended` tells whether that end is known, or only how far something was seen to go on.
    """

    start: int | None
    by: Match | None = None
    members: list[Match] = field(default_factory=list)
    end: float | None = None
    ended: bool = False

    @property
    def events(self) -> tuple[str, ...]:
        """Of the members, each once."""
        return tuple(dict.fromkeys(event for one in self.members for event in one.events))[:_CITED]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class _Edge:
    at: float
    rank: int  # edges of one rank at one time are one step; an end that is known comes before one that is not
    id: str
    enters: bool = field(compare=False)
    known: bool = field(compare=False)
    key: str = field(compare=False)
    match: Match = field(compare=False)


def at_once(matches: Sequence[Match], least: int) -> list[Stretch]:
    """Stretches in which matches of at least so many different subjects hold at one time, ends included.

    What has no subject is a thing of its own.
    """
    return list(_sweep(_edges_at_once(matches), least))


def begun_within(matches: Sequence[Match], least: int, within: int) -> list[Stretch]:
    """Stretches at each moment t of which at least so many matches began in (t - within, t], in milliseconds."""
    edges = []
    for one in {one.id: one for one in matches}.values():
        edges.append(_Edge(at=one.start, rank=0, id=one.id, enters=True, known=True, key=one.id, match=one))
        end = one.start + within
        edges.append(_Edge(at=end, rank=0, id=one.id, enters=False, known=True, key=one.id, match=one))
    return list(_sweep(edges, least))


def between(stretches: Sequence[Stretch]) -> list[Stretch]:
    """What is left of all time: each begins where the one before ends (`by` and `members` are its), and ends with the next.

    What is not known to have ended leaves nothing after it.
    """
    out = [Stretch(start=None)]
    for one in stretches:
        out[-1].end, out[-1].ended = one.start, True
        if one.end is None or not one.ended:
            return out
        last = max(one.members, key=lambda match: (match.start, match.id))
        out.append(Stretch(start=int(one.end), by=last, members=one.members[-1:]))
    return out


def _edges_at_once(matches: Sequence[Match]) -> Iterator[_Edge]:
    for one in {one.id: one for one in matches}.values():
        key = one.subject or one.id
        yield _Edge(at=one.start, rank=0, id=one.id, enters=True, known=True, key=key, match=one)
        known = one.end is not None
        yield _Edge(at=one.until, rank=1 if known else 2, id=one.id, enters=False, known=known, key=key, match=one)


def _sweep(edges: Iterable[_Edge], least: int) -> Iterator[Stretch]:
    inside: dict[str, list[Match]] = {}
    now: Stretch | None = None
    for (at, _), edges_there in groupby(sorted(edges), key=lambda edge: (edge.at, edge.rank)):
        came, known = _step(inside, edges_there)
        if now is not None:
            now.members += came
            if len(inside) < least:
                now.end, now.ended = at, known
                yield now
                now = None
        elif came and len(inside) >= least:
            members = [one for held in inside.values() for one in held]
            now = Stretch(start=came[-1].start, by=came[-1], members=members)
    if now is not None:
        yield now


def _step(inside: dict[str, list[Match]], edges: Iterable[_Edge]) -> tuple[list[Match], bool]:
    """Let in and out; -> what came in, and whether it is known that the others went."""
    came, known = [], True
    for edge in edges:
        if edge.enters:
            inside.setdefault(edge.key, []).append(edge.match)
            came.append(edge.match)
            continue
        known = edge.known
        inside[edge.key].remove(edge.match)
        if not inside[edge.key]:
            del inside[edge.key]
    return came, known
