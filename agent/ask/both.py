"""Things that did several things, where there are too many rows to read them all: counted by the database."""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from agent.ask import absence
from agent.ask.relating import Rows
from agent.ask.sieve import conditioned
from vidette.answers import Plan
from vidette.families import THINGS
from vidette.moments import Rejoined, Things
from vidette.ports import GraphStore
from vidette.queries import Count, Filter


class Both(NamedTuple):
    """The first rows of things that did all of it, and how many such things there are."""

    rows: Rows
    total: int


def both(
    store: GraphStore, plan: Plan, read: Callable[[int], Rows], sieve: Callable[[Rows], Rows], shown: int, most: int
) -> Both | None:
    """The count of the plan, with its first `shown` rows; None where all rows are better read one by one.

    `read` gives so many of the plan's first rows, `sieve` those of them that stand.
    """
    if not _plain(plan) or store.read(Count(of="events", where=plan.where)) <= absence.MANY or store.read(Rejoined()):
        return None
    asked = 2 * shown
    while True:
        rows = read(asked)
        kept = sieve(rows)
        if len(kept) >= shown or len(rows) < asked or asked >= most:
            break
        asked *= 8
    also = tuple(_at(plan.where, other.where) for other in plan.also)
    return Both(kept[:shown], store.read(Things(where=plan.where, also=also)))


def _plain(plan: Plan) -> bool:
    """Whether different things are counted, and what else they did is all that is asked."""
    counted = plan.kind == "count" and plan.distinct and not plan.ordered and not plan.by
    alone = counted and plan.of == "events" and bool(plan.also) and not conditioned(replace(plan, also=()))
    return alone and all(_simple(other) for other in (replace(plan, also=()), *plan.also))


def _simple(plan: Plan) -> bool:
    types = set(plan.where.types)
    return plan.of == "events" and bool(types) and not types & THINGS and not conditioned(plan)


def _at(asked: Filter, other: Filter) -> Filter:
    """What else they did, at the time asked where it names none."""
    if all(border is None for border in (other.since, other.until, other.from_s, other.to_s)):
        other = replace(other, since=asked.since, until=asked.until, from_s=asked.from_s, to_s=asked.to_s)
    return replace(other, starts_inside=False)
