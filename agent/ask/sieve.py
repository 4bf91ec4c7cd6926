"""Which rows of a plan stand its further conditions: durations, what else their things did or never did, what is left out."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

from agent.ask.footage import Footage
from agent.ask.relating import FOREVER, Find, Rows, Untold, window_of
from agent.ask.stays import Stay, since_1970, stays
from vidette.aggregates import Watched
from vidette.answers import Plan
from vidette.intervals import Span, union
from vidette.models import Label
from vidette.moments import Moment
from vidette.ports import GraphStore
from vidette.queries import Filter

_MOST_OF_THESE = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sieved:
    """Rows that stand; `doubtful` more may, but nobody looked for all of the time."""

    rows: Rows
    doubtful: int = 0


def conditioned(plan: Plan) -> bool:
    """Whether a plan has conditions that are not in its filter."""
    return bool(
        plan.relations
        or plan.also
        or plan.never
        or plan.without
        or plan.narrow
        or plan.longer_s is not None or plan.shorter_s is not None
    )  # fmt: skip


def sieved(store: GraphStore, plan: Plan, rows: Rows, footage: Footage, find: Find) -> Sieved:
    """The rows that stand all conditions but the relations; `find` reads the rows of other plans. Raises Untold."""
    rows = tuple(row for row in rows if not any(_holds(out, row) for out in plan.without))
    rows = _narrowed(plan, rows)
    for other in plan.also:
        rows = _with(rows, of_these(other, plan.where, rows), find, ordered=plan.ordered)
    doubtful = 0
    for other in plan.never:
        rows, unsure = _without(store, rows, of_these(other, plan.where, rows), find, footage)
        doubtful += unsure
    if plan.longer_s is not None or plan.shorter_s is not None:
        low, high = plan.longer_s or 0.0, FOREVER if plan.shorter_s is None else plan.shorter_s
        lasted = stays(store, rows, footage.reach)
        rows = tuple(stay.row for stay in lasted if low <= round(stay.seconds, 3) and _ended(stay, high))
    return Sieved(rows=rows, doubtful=doubtful)


def _ended(stay: Stay, high: float) -> bool:
    """What has not ended yet may still get longer than any limit."""
    return high == FOREVER or (round(stay.seconds, 3) < high and not stay.open)


def _narrowed(plan: Plan, rows: Rows) -> Rows:
    """Without things of other kinds than those meant, where anything tells kinds of that label."""
    kinds = {label: of for label, of in plan.narrow if any(_label(r) == label and r.kind for r in rows)}
    return tuple(row for row in rows if _label(row) not in kinds or row.kind in kinds[Label(_label(row))])


def _holds(out: Filter, row: Moment) -> bool:
    """Whether a row is of what is left out: that sort of thing, at that time."""
    if out.since and row.start < out.since:
        return False
    if out.until and row.start >= out.until:
        return False
    if out.from_s is not None and row.start_s < out.from_s:
        return False
    if out.to_s is not None and row.start_s >= out.to_s:
        return False
    if out.labels and _label(row) not in out.labels:
        return False
    return not out.kinds or row.kind in out.kinds


def _label(row: Moment) -> str:
    return row.labels[0] if row.labels else ""


def of_these(plan: Plan, asked: Filter, rows: Rows) -> Plan:
    """The other plan asked of the tracks of these rows, whatever they are called; of the time asked where it has none."""
    tracks = tuple(dict.fromkeys(track for row in rows for track in row.tracks))
    where = replace(plan.where, tracks=tracks, labels=(), kinds=())
    if all(border is None for border in (where.since, where.until, where.from_s, where.to_s)):
        where = replace(where, since=asked.since, until=asked.until, from_s=asked.from_s, to_s=asked.to_s)
    return replace(plan, where=replace(where, starts_inside=False))


def every(plan: Plan, find: Find) -> Rows:
    """All rows of a plan. Raises Untold where these are too many."""
    found = find(plan, _MOST_OF_THESE, True, None)
    if found.more:
        raise Untold(f"too many {plan.subjects} {plan.verb}; ask of a shorter time".replace("  ", " "))
    return found.rows


def _with(rows: Rows, other: Plan, find: Find, *, ordered: bool) -> Rows:
    """Rows whose thing also did the other, later if `ordered`."""
    if not rows:
        return ()
    last: dict[str, float] = {}
    for row in every(other, find):
        last[row.thing] = max(last.get(row.thing, 0.0), row.since)
    return tuple(row for row in rows if last.get(row.thing, -1.0) >= (row.since if ordered else 0.0))


def _without(store: GraphStore, rows: Rows, other: Plan, find: Find, footage: Footage) -> tuple[Rows, int]:
    """Rows whose thing never did the other while it was watched; -> them, and how many may have done it unseen."""
    if not rows:
        return (), 0
    did = {row.thing for row in every(other, find)}
    left = tuple(row for row in rows if row.thing not in did)
    if not left:
        return (), 0
    lasted = {stay.row.id: stay for stay in stays(store, left, footage.reach)}
    there = (min(stay.span[0] for stay in lasted.values()) - 2.0, max(stay.span[1] for stay in lasted.values()) + 2.0)
    where = window_of(there, replace(other.where, streams=tuple(sorted({row.stream for row in left}))))
    dark = unwatched(store, where) if where else {}
    sure = tuple(
        row for row in left if row.id not in lasted or not unseen(lasted[row.id].span, dark.get(row.stream, ()))
    )
    return sure, len(left) - len(sure)


def unwatched(store: GraphStore, asked: Filter) -> dict[str, list[Span]]:
    """When nobody looked, in the time and the streams asked, in order by stream."""
    where = Filter(streams=asked.streams, since=asked.since, until=asked.until, from_s=asked.from_s, to_s=asked.to_s)
    told = store.read(Watched(where=where))
    return {one.stream: union((since_1970(row.start), since_1970(row.end)) for row in one.unwatched) for one in told}


def unseen(span: Span, dark: Sequence[Span]) -> bool:
    """Whether nobody looked for part of a stay, or from its end on; `dark` is disjoint and in order."""
    at = bisect_right(dark, span[0], key=lambda one: one[1])  # the first that is not over before it begins
    return at < len(dark) and dark[at][0] <= span[1] + 1.0
