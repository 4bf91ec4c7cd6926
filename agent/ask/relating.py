"""Relations in time: which stretches the rows of another plan leave, and which rows stand in the relation to them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import NamedTuple

from agent.ask.allen import Anchors, anchors
from agent.ask.footage import Footage
from agent.ask.fragment import PRESENCE
from agent.ask.stays import instant, span_of, stays
from vidette.answers import Plan, Relation
from vidette.intervals import Span, union
from vidette.models import EventType
from vidette.moments import Begun, Moment
from vidette.ports import GraphStore
from vidette.queries import Count, Filter, Runs

Rows = tuple[Moment, ...]
FOREVER = float("inf")
_RATE = 5.0
_SEVERAL = 21
_GOES_ON = frozenset({EventType.OBJECT_LEFT, EventType.OBJECT_ABANDONED, EventType.OBJECT_STOPPED})


class Untold(Exception):
    """What is asked hangs on something that nothing here tells; the text says on what."""


class Read(NamedTuple):
    """Rows of another plan, and whether there are more than were read."""

    rows: Rows
    more: bool = False


Spans = tuple[Span, ...]
Find = Callable[[Plan, int, bool, Spans | None], Read]
"""Reads the rows of a plan, so many at most; if asked, with what they are about; those that begin in the spans, if any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Related:
    """What a relation leaves: the time in which rows can stand (seconds since 1970), and which do.

    `begun`: rows stand by their start alone.
    """

    windows: tuple[Span, ...]
    stands: Callable[[Moment], bool]
    begun: bool = False
    note: str = ""
    remark: str = ""


def oldest(plan: Plan) -> bool:
    """Whether the first rows are meant, so that these are read where not all can be."""
    return plan.kind == "first" or plan.pick == "first" or plan.nth is not None


def tolerance_s(store: GraphStore) -> float:
    """One sampling interval, of the fastest fast look that spoke here."""
    rates = []
    for run in store.read(Runs()):
        try:
            rates.append(float(run.params.get("sample", _RATE)))
        except (TypeError, ValueError):
            continue
    return 1.0 / max([rate for rate in rates if rate > 0] or [_RATE])


def related(
    store: GraphStore, relation: Relation, plan: Plan, footage: Footage, find: Find, tolerance: float, most: int
) -> Related:
    """The relation of the rows of `plan` to what its anchor's rows are. Raises Untold."""
    if relation.kind != "during" and relation.within_s is None:
        return _to_one(store, relation, footage, find, tolerance)
    anchor = _near_to(relation, plan.where, tolerance)
    anchor = replace(anchor, pick="first") if oldest(plan) else anchor
    told = _told(store, relation, anchor, plan, find, tolerance, most)
    spans = _spans(store, relation, _seen(relation.anchor, told).rows, footage)
    many, own = anchors(spans), {row.id for row in told.rows}
    remark = (
        f"only the {'oldest' if oldest(plan) else 'newest'} {len(told.rows):,} {anchor.subjects} were related to"
        if told.more
        else ""
    )
    if relation.kind == "during":
        windows = tuple(union((a - tolerance, b + tolerance) if a == b else (a, b) for a, b in spans))
        stands = _of_others(own, lambda row: many.is_during(span_of(row, footage.reach), tolerance))
        return Related(windows=windows, stands=stands, remark=remark)
    within, meant = relation.within_s or 0.0, many.is_before if relation.kind == "before" else many.is_after
    stands = _of_others(own, lambda row: meant(_begun(row), tolerance, within))
    windows = tuple(union(_near(span, relation) for span in spans))
    return Related(windows=windows, stands=stands, begun=True, remark=remark)


def _of_others(own: set[str], stands: Callable[[Moment], bool]) -> Callable[[Moment], bool]:
    """What is related to is not itself meant."""
    return lambda row: row.id not in own and stands(row)


def _seen(anchor: Plan, told: Read) -> Read:
    if not told.rows:
        none = f"no {anchor.subject} was seen"
        raise Untold(f"{none} that {anchor.verb} to relate to" if anchor.verb else f"{none} to relate to")
    return told


def _near_to(relation: Relation, asked: Filter, tolerance: float) -> Plan:
    """The anchor asked of the time in which it can matter, where it names none itself."""
    anchor, where = relation.anchor, relation.anchor.where
    if any(border is not None for border in (where.since, where.until, where.from_s, where.to_s)):
        return anchor
    slack = (relation.within_s or 0.0) + tolerance + 1.0
    wide = timedelta(seconds=slack)
    where = replace(
        where,
        since=asked.since and asked.since - wide,
        until=asked.until and asked.until + wide,
        from_s=None if asked.from_s is None else asked.from_s - slack,
        to_s=None if asked.to_s is None else asked.to_s + slack,
        streams=where.streams,
        starts_inside=False,
    )
    return replace(anchor, where=where)


def _to_one(store: GraphStore, relation: Relation, footage: Footage, find: Find, tolerance: float) -> Related:
    """Relation to the first of several anchors, or the last where that is meant."""
    anchor, nth = relation.anchor, relation.anchor.nth
    told = _seen(anchor, find(replace(anchor, pick=anchor.pick or "first"), max(_SEVERAL, nth or 0), False, None))
    spans = sorted(zip(_spans(store, relation, told.rows, footage), (row.id for row in told.rows), strict=True))
    if nth is not None and nth > len(spans):
        raise Untold(f"there were only {len(spans)} {anchor.subjects} to relate to")
    chosen, own = spans[-1] if anchor.pick == "last" else spans[(nth or 1) - 1]
    one: Anchors = anchors([chosen])
    later = relation.kind == "after"  # what was in view then was in view after it, whenever it came

    def stands(row: Moment) -> bool:
        if later:
            ended = span_of(row, footage.reach)[1]
            return one.is_after((ended, ended) if row.type is None else _begun(row), tolerance, FOREVER)
        return one.is_before(_begun(row), tolerance, FOREVER)

    number = f"more than {_SEVERAL - 1}" if told.more else str(len(told.rows))
    several = len(told.rows) > 1 and anchor.pick is None and nth is None
    return Related(
        windows=((chosen[1], FOREVER) if later else (0.0, chosen[0]),),
        stands=_of_others({own}, stands),
        note=f"{number} {anchor.subjects} {anchor.verb or 'were seen'}; read as the first" if several else "",
    )


def _begun(row: Moment) -> Span:
    """Before and after are told of when something began: a person who came before is not one who had gone by then."""
    return row.since, row.since


def _near(span: Span, relation: Relation) -> Span:
    within = relation.within_s or 0.0
    return (span[0] - within, span[0]) if relation.kind == "before" else (span[1], span[1] + within)


def _spans(store: GraphStore, relation: Relation, told: Rows, footage: Footage) -> list[Span]:
    """The stretches of the anchor: stays where it lasts, the moment it began where that is meant."""
    if _lasts(relation):
        return [stay.span for stay in stays(store, told, footage.reach)]
    if _by_start(relation):
        return [_begun(row) for row in told]
    return [span_of(row, footage.reach) for row in told]


def _told(
    store: GraphStore, relation: Relation, anchor: Plan, plan: Plan, find: Find, tolerance: float, most: int
) -> Read:
    """The rows of the anchor; where the others are fewer and say where it matters, those near them."""
    near = _near_rows(store, relation, plan, tolerance, most)
    told = Read(()) if near is None else find(anchor, most, False, near)
    return told if told.rows else find(anchor, most, _lasts(relation), None)


def _near_rows(store: GraphStore, relation: Relation, plan: Plan, tolerance: float, most: int) -> Spans | None:
    """Where an anchor can matter that is costly to tell (by its kind): within reach of the rows that are related to it."""
    where, anchor, within = plan.where, relation.anchor, relation.within_s
    if within is None or plan.of != "events" or anchor.of != "events" or not anchor.where.kinds or where.kinds:
        return None
    if relation.kind == "during" or not (relation.kind == "before" or _by_start(relation)):
        return None
    rows, others = (store.read(Count(of="events", where=one)) for one in (where, replace(anchor.where, kinds=())))
    if rows > min(others, most):
        return None
    slack = tolerance + 0.002
    ahead, behind = (slack, within + slack) if relation.kind == "before" else (within + slack, slack)
    return tuple(union((at - ahead, at + behind) for at in store.read(Begun(where=where))))


def _by_start(relation: Relation) -> bool:
    """Whether the anchor is meant for the moment at which it began."""
    anchor = relation.anchor
    return anchor.kind == "when" or (relation.kind == "after" and bool(set(anchor.where.types) & _GOES_ON))


def _lasts(relation: Relation) -> bool:
    """Whether the anchor is meant for as long as its things stayed, so that these must be known."""
    anchor = relation.anchor
    stopped = anchor.where.types == (EventType.OBJECT_STOPPED,) and anchor.kind != "when"
    return relation.kind == "during" and (stopped or anchor.where.types == PRESENCE)


def window_of(span: Span, where: Filter) -> Filter | None:
    """The filter's window cut to a stretch of seconds since 1970; None where nothing is left of it."""
    since = instant(span[0]) if span[0] > 0 else None
    until = instant(span[1]) if span[1] < FOREVER else None
    low = max((at for at in (since, where.since) if at), default=None)
    high = min((at for at in (until, where.until) if at), default=None)
    if low and high and high <= low:
        return None
    return replace(where, since=low, until=high)
