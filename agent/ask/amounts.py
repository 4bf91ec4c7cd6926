"""Answers that measure: the longest, the most, averages, peaks, comparisons, the time between two things."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from agent.ask.covering import covered, merged, watched_spans
from agent.ask.evidence import MOST_CLAIMS, Asked, Value, citations, claim, full, number, seen_so, unknown
from agent.ask.footage import Footage
from agent.ask.groups import Group, ceiling, floor, groups, with_empty
from agent.ask.lookup import Found, find
from agent.ask.relating import Rows
from agent.ask.say import did, lasting, plain, things
from agent.ask.stays import Stay, instant, since_1970, stays
from agent.ask.telling import moment
from vidette.answers import Answer, Claim, Plan
from vidette.codec import instant as iso
from vidette.intervals import total, union

_CITED = 8


def _longest(asked: Asked, found: Found) -> Answer:
    plan = asked.plan
    lasted = stays(asked.store, found.rows, asked.clock.footage.reach)
    if plan.kind == "shortest":
        lasted = [stay for stay in lasted if not stay.open] or lasted
    pick = max if plan.kind == "longest" else min
    best = pick(lasted, key=lambda stay: (stay.seconds, -stay.span[0]))
    so_far = " so far" if best.open else ""
    others = sum(1 for stay in lasted if round(stay.seconds, 3) == round(best.seconds, 3)) - 1
    alike = f"; {others} more lasted as long" if others else ""
    text = f"the {plan.kind} of {things(plan, len(lasted))} that {did(plan, len(lasted))}: {lasting(best.seconds)}{so_far}, {moment(asked, best.row)}{alike}"
    return full(asked, found, text, (best.row,), round(best.seconds, 3), "s")


def _average(asked: Asked, found: Found) -> Answer:
    return _rate(asked, found) if asked.plan.by else _mean(asked, found)


def _mean(asked: Asked, found: Found) -> Answer:
    plan = asked.plan
    if not found.rows:
        return _none_seen(asked, found)
    lasted = stays(asked.store, found.rows, asked.clock.footage.reach)
    mean = sum(stay.seconds for stay in lasted) / len(lasted)
    open_ = sum(stay.open for stay in lasted)
    so_far = f"; {open_} not over yet" if open_ else ""
    many = len(lasted)
    text = f"{lasting(mean)} on average over {things(plan, many)} that {did(plan, many)}{so_far}"
    return full(asked, found, text, tuple(stay.row for stay in lasted), round(mean, 3), "s")


def _rate(asked: Asked, found: Found) -> Answer:
    """So many an hour: over the time in which anything was watched; days count whole."""
    plan, many = asked.plan, number(found)
    spans = union(s for parts in watched_spans(asked.store, plan.where, asked.clock.footage).values() for s in parts)
    if not spans:
        return _none_seen(asked, found)
    units = _units(spans, asked)
    share = many / units
    text = f"{_figure(share)} {plan.subjects} {did(plan, 2)} per {plan.by} on average: {many} in {_figure(units)} watched {plan.by}s"
    return full(asked, found, text, found.rows, round(share, 3), f"{plan.subjects} per {plan.by}", total=many)


def _figure(number: float) -> str:
    """Three digits, but never as a power of ten."""
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def _units(spans: list[tuple[float, float]], asked: Asked) -> float:
    by, tz = asked.plan.by or "hour", asked.clock.footage.tz
    if by != "day":
        return total(spans) / (60 if by == "minute" else 3600)
    days: set[datetime] = set()
    for low, high in spans:
        day = floor(instant(low), "day", tz)
        while since_1970(day) < high and len(days) < 10_000:
            days.add(day)
            day = ceiling(day, "day", tz)
    return float(len(days))


def _most(asked: Asked, found: Found) -> Answer:
    """The group with the most or the fewest; several that are alike are named, none is picked."""
    plan, counted = asked.plan, groups(asked, found)
    if plan.kind == "fewest":
        seen, counted = len(counted), with_empty(asked, counted)
        if len(counted) == 1 < seen:
            return unknown(
                asked, f"cannot tell: no other {plan.by} was watched as long as {group_said(asked, counted[0])}"
            )
    if not counted or asked.coverage.watched_s <= 0:
        return _none_seen(asked, found)
    pick = max if plan.kind == "most" else min
    count = pick(group.count for group in counted)
    best = [group for group in counted if group.count == count]
    names = ", ".join(group_said(asked, group) for group in best[:5]) + (
        f" and {len(best) - 5} more" if len(best) > 5 else ""
    )
    one = len(best) == 1
    what = f"{things(plan, count)} {did(plan, count).replace(' in a zone', ' there').replace(' a zone', ' it').replace(' a line', ' it')}"
    text = f"{names}{'' if one else ' alike'}: {what}{' each' if not one else ''}"
    answer = full(asked, found, text, (), _value(best[0]) if one else None, plan.by if one else None)
    order = sorted(counted, key=lambda group: (-group.count if plan.kind == "most" else group.count, group.name))
    return replace(answer, claims=_group_claims(asked, found, order))


def _value(group: Group) -> str:
    return iso(group.start) if group.start else group.name


def group_said(asked: Asked, group: Group) -> str:
    """A group's name for a person."""
    if group.start is None:
        return plain(group.name, 60)
    by, tz = asked.plan.by or "hour", asked.clock.footage.tz
    local = group.start.astimezone(tz)
    if by == "day":
        return f"{local:%A %Y-%m-%d}"
    return f"{local:%Y-%m-%d %H:%M} to {ceiling(group.start, by, tz).astimezone(tz):%H:%M}"


def _group_claims(asked: Asked, found: Found, order: list[Group]) -> tuple[Claim, ...]:
    """A claim a group, with the events of its rows as far as these were read."""
    shown = order[:MOST_CLAIMS]
    plans = [_where_of(asked, found.plan, group) for group in shown]
    rows = [() if plan is None else _read(asked, plan) for plan in plans]
    cited = citations(asked.store, [row for some in rows for row in some])
    return tuple(
        Claim(
            text=f"{group_said(asked, group)}: {group.count}",
            citations=tuple(dict.fromkeys(event for row in some for event in cited.get(row.id, ()))),
        )
        for group, some in zip(shown, rows, strict=True)
    )


def _where_of(asked: Asked, plan: Plan, group: Group) -> Plan | None:
    """The plan of one group's rows."""
    where = plan.where
    match asked.plan.by:
        case "stream":
            where = replace(where, streams=(group.name,))
        case "zone":
            where = replace(where, zones=(group.name,))
        case "line":
            where = replace(where, lines=(group.name,))
        case _ if group.start:
            end = ceiling(group.start, asked.plan.by or "hour", asked.clock.footage.tz)
            since = max(at_ for at_ in (group.start, where.since) if at_)
            until = min(at_ for at_ in (end, where.until) if at_)
            where = replace(where, since=since, until=until, starts_inside=True)
        case _:
            return None
    return replace(plan, where=where, kind="list", by=None)


def _read(asked: Asked, plan: Plan) -> Rows:
    return find(asked.store, plan, asked.clock.footage, most=_CITED).rows[:_CITED]


def _by(asked: Asked, found: Found) -> Answer:
    """Which cameras, zones or days, or how many of them."""
    plan, counted = asked.plan, groups(asked, found)
    order = sorted(counted, key=lambda group: (group.start is None, group.start, -group.count, group.name) if group.start else (True, -group.count, group.name))  # fmt: skip
    names = ", ".join(group_said(asked, group) for group in order[:5]) + (
        f" and {len(order) - 5} more" if len(order) > 5 else ""
    )
    count = len(order)
    text = f"{count} {plan.by}{'s' if count != 1 else ''}: {names}; {things(plan, number(found))} {did(plan, number(found))}"
    return replace(full(asked, found, text, (), count, f"{plan.by}s"), claims=_group_claims(asked, found, order))


def _peak(asked: Asked, found: Found) -> Answer:
    """The most things at one moment: a sweep over starts and ends; what ends as another starts is not with it."""
    plan = asked.plan
    lasted = stays(asked.store, found.rows, asked.clock.footage.reach)
    by_thing: dict[str, list[Stay]] = {}
    for stay in lasted:
        by_thing.setdefault(stay.row.thing, []).append(stay)
    steps = sorted((t, step) for parts in by_thing.values() for a, b in union(s.span for s in parts) for t, step in ((a, 1), (b, -1)))  # fmt: skip
    most = now = 0
    moment_ = 0.0
    for t, step in steps:
        now += step
        if now > most:
            most, moment_ = now, t
    rows = tuple(stay.row for stay in lasted if stay.span[0] <= moment_ < stay.span[1])
    first = f", first at {asked.clock.at(instant(moment_))}" if most else ""
    text = f"at most {things(plan, most)} {did(plan, most)} at one time{first}"
    return full(asked, found, text, rows, most, plan.subjects)


def _gap(asked: Asked, found: Found) -> Answer:
    """How long from the anchor to the first row after it, or from the last row before it."""
    relation = asked.plan.relations[0]
    told = find(asked.store, relation.anchor, asked.clock.footage).rows
    start = (max if relation.anchor.pick == "last" else min)(told, key=lambda row: row.start)
    row = found.rows[0] if relation.kind == "after" else max(found.rows, key=lambda row: row.start)
    seconds = abs((row.start - start.start).total_seconds())
    text = f"{lasting(seconds)}: {claim(asked, start)}; {claim(asked, row)}"
    return full(asked, found, text, (start, row), round(seconds, 3), "s")


def _compare(asked: Asked, _: Found) -> Answer:
    """Two counts, each with its own coverage; nothing is said where one of the times was not watched at all."""
    sides = [_side(asked, plan) for plan in asked.plan.sides]
    coverage = merged([side.coverage for side, _, _ in sides])
    asked = replace(asked, coverage=coverage)
    for side, _, count in sides:
        if side.coverage.watched_s <= 0 and not count:
            return unknown(asked, f"cannot tell: nothing was watched of {plain(side.plan.said, 60)!r}")
    (a, found_a, x), (b, found_b, y) = sides
    text, value, unit = _compared(asked.plan, a.plan, b.plan, x, y)
    rows = (*found_a.rows[:5], *found_b.rows[:5])
    remarks = "; ".join(dict.fromkeys(r for r in (found_a.remark, found_b.remark) if r))
    return full(asked, replace(found_a, remark=remarks), text, rows, value, unit, total=len(rows))


def _side(asked: Asked, plan: Plan) -> tuple[Asked, Found, int]:
    footage = _of(asked.clock.footage, plan.where.streams)
    side = replace(asked, plan=plan, coverage=covered(asked.store, plan.where, footage))
    found = find(asked.store, plan, footage)
    return seen_so(side, found), found, number(found)


def _of(footage: Footage, streams: tuple[str, ...]) -> Footage:
    return replace(footage, streams=tuple(s for s in footage.streams if not streams or s.name in streams))


def _compared(plan: Plan, a: Plan, b: Plan, x: int, y: int) -> tuple[str, Value, str | None]:
    one, two = _named(a), _named(b)
    said = f"{one}: {things(a, x)} {did(a, x)}; {two}: {things(b, y)} {did(b, y)}"
    match plan.more:
        case "which":
            if x == y:
                return f"as many of both ({said})", None, None
            return f"{one if x > y else two} ({said})", plain((a if x > y else b).said, 60), None
        case "difference":
            return f"{x - y} more ({said})", x - y, a.subjects
        case "equal":
            yes = x == y
        case "fewer":
            yes = x < y
        case _:
            yes = x > y
    return f"{'yes' if yes else 'no'} ({said})", yes, None


def _named(side: Plan) -> str:
    """What a side is called, without the thing that is counted anyway: "on Monday"."""
    name = plain(side.said, 60).removeprefix(f"{side.subjects} ")
    return re.sub(r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b", lambda found: found[0].capitalize(), name)


def _none_seen(asked: Asked, found: Found) -> Answer:
    if asked.coverage.watched_s <= 0:
        return unknown(asked, "cannot tell: none of the time asked was watched")
    plan = asked.plan
    return full(asked, found, f"no {plan.subject} {did(plan, 1)}", (), None, None)


AMOUNTS: dict[str, Callable[[Asked, Found], Answer]] = {
    "longest": _longest,
    "shortest": _longest,
    "average": _average,
    "most": _most,
    "fewest": _most,
    "by": _by,
    "peak": _peak,
    "gap": _gap,
    "compare": _compare,
}
"""Answers by what is measured; `by` are the groups themselves, `gap` the time between two things."""
