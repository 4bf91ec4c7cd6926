"""Tracks whose things never did something, where there are too many to read: all, less those that did.

What did it is rare beside what did not, and so is time in which nobody looked: only these are read.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from agent.ask.footage import Footage
from agent.ask.relating import Find, Rows
from agent.ask.sieve import conditioned, every, of_these, unseen, unwatched
from agent.ask.stays import span_of
from vidette.answers import Plan
from vidette.intervals import Span, union
from vidette.moments import Doers, Moment, Moments, Rejoined
from vidette.ports import GraphStore
from vidette.queries import Count, Filter

MANY = 2_000
"""Of fewer tracks all are read."""
_SLACK_S = 1.01
_EVERY = 1_000_000


class Absent(NamedTuple):
    """The first rows that stand, how many tracks (or things) do, and how many may while nobody looked."""

    rows: Rows
    total: int
    doubtful: int


def absent(
    store: GraphStore, plan: Plan, where: Filter, footage: Footage, find: Find, shown: int, most: int
) -> Absent | None:
    """Tracks of `where` that never did what the plan says, the first `shown` of them and their number.

    None where the plan asks for more than that, or they are better read one by one: where they are few, or more than
    `most` may have done it while nobody looked. Raises Untold as `find` does.
    """
    if not _alone(plan) or store.read(Count(of="tracks", where=where)) <= MANY:
        return None
    other, tracks = _other(plan), _Tracks(store, where)
    dark = unwatched(store, other.where)
    around = tracks.near(dark, most)
    if len(around) >= most:
        return None
    near = [row for row in around if unseen(span_of(row, footage.reach), dark.get(row.stream, ()))]
    if not tracks.rejoined:
        return _one_by_one(store, plan, tracks, near, find, shown)
    out, did = tracks.that_did(every(other, find))
    doubtful = [row for row in near if row.thing not in did]
    gone = {row.id: row for row in (*out, *doubtful)}
    total = tracks.things_left(gone) if plan.distinct else tracks.count - len(gone)
    return Absent(tracks.first(lambda _: gone, shown), total, len(doubtful))


def _one_by_one(
    store: GraphStore, plan: Plan, tracks: "_Tracks", near: Sequence[Moment], find: Find, shown: int
) -> Absent:
    """Where each thing has one track, those that did it are counted by the database, and few are looked at."""

    def did(rows: Sequence[Moment]) -> set[str]:
        things = (
            {event.thing for event in every(of_these(plan.never[0], plan.where, tuple(rows)), find)} if rows else ()
        )
        return {row.id for row in rows if row.thing in things}

    doubtful = {row.id for row in near} - did(near)
    first = tracks.first(lambda rows: doubtful | did(rows), shown)
    gone = store.read(Doers(where=tracks.where, did=_other(plan).where)) + len(doubtful)
    return Absent(first, tracks.count - gone, len(doubtful))


def _alone(plan: Plan) -> bool:
    """Whether one thing that they never did is all that is asked of tracks."""
    bare = not conditioned(replace(plan, never=())) and plan.nth is None and not plan.by
    return plan.of == "tracks" and len(plan.never) == 1 and bare and plan.kind in ("count", "list", "exists")


def _other(plan: Plan) -> Plan:
    """What they never did, asked of such things at the time asked."""
    (other,), asked = plan.never, plan.where
    where = replace(other.where, labels=asked.labels, kinds=(), streams=other.where.streams or asked.streams)
    if all(border is None for border in (where.since, where.until, where.from_s, where.to_s)):
        where = replace(where, since=asked.since, until=asked.until, from_s=asked.from_s, to_s=asked.to_s)
    return replace(other, where=replace(where, starts_inside=False))


@dataclass(frozen=True, slots=True)
class _Tracks:
    """Tracks that are asked about, of which few are read."""

    store: GraphStore
    where: Filter
    count: int = field(init=False)
    rejoined: Rows = field(init=False)

    def __post_init__(self) -> None:
        """Counts them, and reads those of things that have several."""
        object.__setattr__(self, "count", self.store.read(Count(of="tracks", where=self.where)))
        object.__setattr__(self, "rejoined", self._about(self.store.read(Rejoined())))

    def _about(self, things: tuple[str, ...]) -> Rows:
        return tuple(self.store.read(Moments(of="tracks", where=self.where, limit=_EVERY, about=things)))

    def that_did(self, events: Rows) -> tuple[Rows, set[str]]:
        """The tracks of things that have one of these events, and those things."""
        named = tuple(dict.fromkeys(track for event in events for track in event.tracks))
        part = (
            self.store.read(Moments(of="tracks", where=replace(self.where, tracks=named), limit=_EVERY))
            if named
            else []
        )
        own = {row.id for row in part}
        did = {event.thing for event in events if not own.isdisjoint(event.tracks)}
        return tuple(row for row in (*part, *self.rejoined) if row.thing in did), did

    def near(self, dark: Mapping[str, Sequence[Span]], most: int) -> Rows:
        """Tracks in view while, or shortly before, nobody looked."""
        out: list[Moment] = []
        for stream, spans in dark.items():
            where, around = replace(self.where, streams=(stream,)), union((a - _SLACK_S, b) for a, b in spans)
            out += self.store.read(Moments(of="tracks", where=where, limit=most, spans=tuple(around)))
        return tuple(out)

    def things_left(self, gone: Mapping[str, Moment]) -> int:
        """How many things have a track that is not gone."""
        again = len(self.rejoined) - len({row.thing for row in self.rejoined})
        still = {row.thing for row in self.rejoined if row.id not in gone}
        return self.count - again - len({row.thing for row in gone.values()} - still)

    def first(self, gone_of: Callable[[Rows], Collection[str]], shown: int) -> Rows:
        """The first that are not gone, in the order of time; `gone_of` gives ids of those of some rows that are."""
        read = 2 * shown
        while True:
            rows = tuple(self.store.read(Moments(of="tracks", where=self.where, limit=read)))
            gone = gone_of(rows)
            kept = tuple(row for row in rows if row.id not in gone)
            if len(kept) >= shown or len(rows) < read:
                return kept[:shown]
            read *= 4
