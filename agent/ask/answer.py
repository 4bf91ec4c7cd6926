"""Runs a plan and puts what the rows say into words; every number is counted from rows."""

from collections.abc import Callable
from dataclasses import replace

from agent.ask.amounts import AMOUNTS
from agent.ask.digest import digest
from agent.ask.evidence import (
    MOST_CLAIMS,
    MOST_ROWS,
    Asked,
    Value,
    claim,
    footage_said,
    full,
    in_watched,
    made,
    number,
    seen_so,
    sentence,
    unknown,
    whole_rows,
)
from agent.ask.lookup import Found, by_meaning, cannot_look_for, find
from agent.ask.relating import Untold
from agent.ask.say import conditions_told, did, lasting, place, stands_alone, things
from agent.ask.stays import Stay, since_1970, stays
from agent.ask.telling import alone, at, first_at, moment, one, times
from vidette.answers import Answer, Plan
from vidette.geometry import Box
from vidette.intervals import total, union
from vidette.moments import Moment, Moments
from vidette.ports import GraphStore
from vidette.queries import Filter, Tracks
from vidette.rows import EventRow, TrackRow


def answer(asked: Asked) -> Answer:
    """The answer to a plan about events or tracks."""
    for plan in asked.plan.sides or (asked.plan,):
        if reason := cannot_look_for(asked.store, plan):
            return unknown(asked, f"cannot tell: {reason}")
    try:
        return _as_asked(_answered(asked), asked.plan)
    except Untold as error:
        return unknown(asked, f"cannot tell: {error}")


def _answered(asked: Asked) -> Answer:
    """The answer of rows. Raises Untold."""
    if asked.plan.sides:
        return AMOUNTS["compare"](asked, Found(plan=asked.plan, rows=()))
    found = find(asked.store, asked.plan, asked.clock.footage)
    asked = seen_so(asked, found)
    if not found.rows and asked.plan.kind not in ("most", "fewest", "average"):
        return _nothing(asked, found)
    return _of_kind(asked.plan)(asked, found)


def _as_asked(answered: Answer, plan: Plan) -> Answer:
    """The answer with the thing that was asked for in its plan, told or not: the next question may go on from it."""
    where = replace(answered.plan.where, labels=plan.where.labels, kinds=plan.where.kinds)
    named = replace(answered.plan, where=where, subject=plan.subject, subjects=plan.subjects)
    return replace(answered, plan=named)


def _of_kind(plan: Plan) -> Callable[[Asked, Found], Answer]:
    if plan.nth is not None:
        return _ranked
    if plan.gap:
        return AMOUNTS["gap"]
    return AMOUNTS["by"] if plan.by and plan.kind in ("list", "count") else {**_KINDS, **AMOUNTS}[plan.kind]


def _nothing(asked: Asked, found: Found) -> Answer:
    """ "None", but only where somebody looked."""
    coverage, plan = asked.coverage, asked.plan
    seen_s = coverage.examined_s if by_meaning(plan) else coverage.watched_s
    if seen_s <= 0:
        done = "examined" if by_meaning(plan) else "watched"
        why = (
            "there is no footage of the time asked"
            if coverage.total_s <= 0
            else f"none of the {lasting(coverage.total_s)} asked was {done}"
        )
        return unknown(asked, f"cannot tell: {why}; {footage_said(asked)}")
    in_view = _in_view(asked) if plan.verb == "happened" and not plan.relations else ()
    none = (
        f"no event began, but {len(in_view)} thing{'s were' if len(in_view) > 1 else ' was'} in view"
        if in_view
        else _none(plan)
    )
    value, unit = _zero(plan)
    text = sentence(f"{none}{in_watched(coverage)}", found.remark)
    return made(asked, f"Yes: {text[:1].lower()}{text[1:]}" if value is True else text, in_view, value, unit)


def _zero(plan: Plan) -> tuple[Value, str | None]:
    """What no row at all is worth."""
    match plan.kind:
        case "count" | "list" | "describe":
            return 0, plan.by + "s" if plan.by else plan.subjects
        case "exists":
            return _holds(plan, 0), None
        case "how_long" if not plan.gap:
            return 0.0, "s"
        case "peak":
            return 0, plan.subjects
    return None, None


def _holds(plan: Plan, count: int) -> bool:
    """Whether so many are what was asked for."""
    low = 1 if plan.at_least is None and plan.at_most is None else plan.at_least or 0
    enough = count >= low and (plan.at_most is None or count <= plan.at_most)
    return enough != plan.negated


def _in_view(asked: Asked) -> tuple[Moment, ...]:
    """What was in view while no event began."""
    where = replace(asked.plan.where, starts_inside=False)
    return tuple(asked.store.read(Moments(of="tracks", where=where, limit=MOST_ROWS)))


def _none(plan: Plan) -> str:
    if plan.kind == "describe" or plan.verb == "happened":
        return "nothing happened"
    if stands_alone(plan):
        yes = "no, " if plan.kind == "exists" else ""
        return f"no sign of {plan.verb}" if plan.subject == "scene" else f"{yes}{plan.subject} was not {plan.verb}"
    return f"no {plan.subject} {did(plan, 1)}"


def _count(asked: Asked, found: Found) -> Answer:
    plan, rows = asked.plan, found.rows
    many = number(found)
    if stands_alone(plan):
        text = f"{alone(plan)} {times(many)}"
        return full(asked, found, text, rows, many, "times", total=many)
    least = "at least " if found.more and (found.total is None or plan.distinct) else ""
    return full(asked, found, f"{least}{things(plan, many)} {did(plan, many)}", rows, many, plan.subjects, total=many)


def _list(asked: Asked, found: Found) -> Answer:
    plan, many = asked.plan, number(found)
    if stands_alone(plan):
        return full(asked, found, f"{alone(plan)} {times(many)}", found.rows, many, "times", total=many)
    return full(asked, found, f"{things(plan, many)} {did(plan, many)}", found.rows, many, plan.subjects, total=many)


def _exists(asked: Asked, found: Found) -> Answer:
    plan, rows, many = asked.plan, found.rows, number(found)
    if plan.now:
        return _now(asked, found)
    yes = _holds(plan, many)
    what = f"{alone(plan)} {times(many)}" if stands_alone(plan) else f"{things(plan, many)} {did(plan, many)}"
    text = f"{'yes' if yes else 'no'}, {what}, {first_at(asked, rows)}"
    return full(asked, found, text, rows, yes, None, total=many)


def _now(asked: Asked, found: Found) -> Answer:
    """What is so at the end of what was watched: an event still open, or one that ended there."""
    ends = asked.clock.footage.reach
    still = [row for row in found.rows if row.end_s is None or row.end_s >= ends.get(row.stream, 0.0) - 0.5]
    plan = asked.plan
    if still:
        return full(asked, found, f"yes, {alone(plan)} since {at(asked, still[0])}", still, True, None)
    earlier = f"not at the end of what was watched; {alone(plan)} {times(len(found.rows))} before"
    return full(asked, found, f"no, {earlier}", found.rows, False, None)


def _when(asked: Asked, found: Found) -> Answer:
    plan, rows, many = asked.plan, found.rows, number(replace(found, plan=replace(found.plan, distinct=False)))
    if many == 1:
        return full(asked, found, f"{one(plan)} {moment(asked, rows[0])}", rows, rows[0].start_s, "s")
    shown = ", ".join(at(asked, row) + asked.clock.on(row.stream) for row in rows[:MOST_CLAIMS])
    more = f" and {many - MOST_CLAIMS} more" if many > MOST_CLAIMS else ""
    head = f"{alone(plan)} {times(many)}" if stands_alone(plan) else f"{things(plan, many)} {did(plan, many)}"
    return full(asked, found, f"{head}: at {shown}{more}", rows, None, None, total=many)


def _ranked(asked: Asked, found: Found) -> Answer:
    """The second, the third, ... of them."""
    plan, nth = asked.plan, asked.plan.nth or 1
    rows = tuple({row.thing: row for row in reversed(found.rows)}.values()) if plan.where.types else found.rows
    rows = tuple(sorted(rows, key=lambda row: (row.start, row.id)))
    if nth > len(rows):
        return full(asked, found, f"there is none: {things(plan, len(rows))} {did(plan, len(rows))}", rows, None, None)
    kept = replace(found, rows=(rows[nth - 1],), plan=replace(plan, nth=None), total=None)
    return _of_kind(kept.plan)(replace(asked, plan=replace(plan, pick=None)), kept)


def _end(asked: Asked, found: Found) -> Answer:
    """The first or the last of them."""
    plan = asked.plan
    row = found.rows[0] if plan.kind == "first" else max(found.rows, key=lambda row: row.start)
    name = plan.verb if plan.subject == "scene" else plan.subject
    verb = "" if stands_alone(plan) and plan.subject == "scene" else f" {did(plan, 1)}"
    text = f"the {plan.kind} {name}{verb} {moment(asked, row)}"
    if plan.subject == "event":
        text = f"the {plan.kind} event{conditions_told(plan)}: {claim(asked, row)}"
    return full(asked, found, text, (row,), row.start_s, "s")


def _how_long(asked: Asked, found: Found) -> Answer:
    plan, rows = asked.plan, found.rows
    if plan.pick:
        rows = (rows[0] if plan.pick == "first" else max(rows, key=lambda row: row.start),)
    lasted = [
        clipped
        for stay in stays(asked.store, rows, asked.clock.footage.reach)
        if (clipped := _inside(stay, plan.where))
    ]
    by_stream: dict[str, list[tuple[float, float]]] = {}
    for stay in lasted:
        by_stream.setdefault(stay.row.stream, []).append(stay.span)
    seconds = sum(total(union(spans)) for spans in by_stream.values())
    open_ = " so far" if any(stay.open for stay in lasted) else ""
    if len(lasted) <= 1:
        text = f"{lasting(seconds)}{open_}: {claim(asked, rows[0])}"
    else:
        longest = max(stay.seconds for stay in lasted)
        text = f"{lasting(seconds)} in all{open_}: {things(plan, len(lasted))} {did(plan, len(lasted))}, the longest for {lasting(longest)}"
    return full(asked, found, text, tuple(stay.row for stay in lasted) or rows, round(seconds, 3), "s")


def _inside(stay: Stay, where: Filter) -> Stay | None:
    """What of a stay lies in the window asked."""
    zero = since_1970(stay.row.start) - stay.row.start_s
    low, high = stay.span
    low = max([low, *([zero + where.from_s] if where.from_s is not None else [])])
    high = min([high, *([zero + where.to_s] if where.to_s is not None else [])])
    low = max(low, since_1970(where.since)) if where.since else low
    high = min(high, since_1970(where.until)) if where.until else high
    return replace(stay, span=(low, high)) if high >= low else None


def _where(asked: Asked, found: Found) -> Answer:
    plan = asked.plan
    row = max(found.rows, key=lambda row: row.start) if plan.pick == "last" else found.rows[0]
    (whole,) = whole_rows(asked.store, (row,))
    box = _box(asked.store, whole)
    zone = f"in the zone {row.zone}" if row.zone else ""
    spot = " ".join(part for part in (zone, place(box) if box else "") if part)
    if not spot:
        return unknown(asked, f"cannot tell: no place is stored of it; {asked.clock.claim(whole)}")
    many = len(found.rows) if found.total is None else found.total
    more = f" (the {plan.pick or 'first'} of {many})" if many > 1 else ""
    return full(asked, found, f"{spot}, at {at(asked, row)}{more}", (row,) if plan.pick else found.rows, None, None)


_KINDS: dict[str, Callable[[Asked, Found], Answer]] = {
    "count": _count,
    "list": _list,
    "exists": _exists,
    "when": _when,
    "first": _end,
    "last": _end,
    "how_long": _how_long,
    "where": _where,
    "describe": digest,
}


def _box(store: GraphStore, row: EventRow | TrackRow) -> Box | None:
    if isinstance(row, EventRow):
        boxes = [evidence.box for evidence in row.evidence if evidence.box]
        tracks = store.read(Tracks(where=Filter(ids=row.tracks), limit=1)) if row.tracks and not boxes else []
        path = [min(t.path, key=lambda p: abs(p.pts_s - row.start_s)).box for t in tracks if t.path]
        return next(iter(boxes + path), None)
    return row.path[0].box if row.path else None
