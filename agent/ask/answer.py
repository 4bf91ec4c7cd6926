"""Runs a plan and puts what the rows say into words; every number is counted from rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from agent.ask.covering import whole
from agent.ask.durations import duration_s, seconds_in_view
from agent.ask.lookup import Found, cannot_look_for, find, subjects
from agent.ask.say import Clock, did, lasting, place, things
from vidette.answers import Answer, Claim, Covered, Plan
from vidette.models import Box, EventRow, TrackRow
from vidette.ports import GraphStore
from vidette.queries import Events, Filter, Tracks

_MOST_CLAIMS = 10
_MOST_ROWS = 100
Rows = Sequence[EventRow | TrackRow]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with all that is needed to answer it."""

    question: str
    plan: Plan
    store: GraphStore
    clock: Clock
    coverage: Covered


def answer(asked: Asked) -> Answer:
    """The answer to a plan about events or tracks."""
    if reason := cannot_look_for(asked.store, asked.plan):
        return unknown(asked, f"cannot tell: {reason}")
    found = find(asked.store, asked.plan)
    asked = replace(asked, plan=replace(found.plan, words=asked.plan.words))
    if not found.rows:
        return _nothing(asked, found)
    return _KINDS[asked.plan.kind](asked, found)


def unknown(asked: Asked, text: str) -> Answer:
    """The answer that nothing here can tell."""
    return Answer(question=asked.question, plan=asked.plan, answer=f"{text}.", coverage=asked.coverage, unknown=True)


def _nothing(asked: Asked, found: Found) -> Answer:
    """ "None", but only where somebody looked."""
    coverage, plan = asked.coverage, asked.plan
    if coverage.watched_s <= 0:
        why = "there is no footage of the time asked" if coverage.total_s <= 0 else f"none of the {lasting(coverage.total_s)} asked was watched"  # fmt: skip
        return unknown(asked, f"cannot tell: {why}; {_footage(asked)}")
    in_view = _in_view(asked) if plan.verb == "happened" else ()
    none = (
        f"no event began, but {len(in_view)} thing{'s were' if len(in_view) > 1 else ' was'} in view"
        if in_view
        else _none(plan)
    )
    text = _sentence(f"{none}{_in_watched(coverage)}", found.remark)
    value = {"count": 0, "exists": False, "how_long": 0.0}.get(plan.kind)
    units = {"count": plan.subjects, "how_long": "s"}
    if plan.kind in ("list", "describe"):
        value, units = 0, {plan.kind: plan.subjects}
    return _made(asked, text, in_view, value, units.get(plan.kind))


def _in_view(asked: Asked) -> tuple[TrackRow, ...]:
    """What was in view while no event began."""
    where = replace(asked.plan.where, starts_inside=False)
    return tuple(asked.store.read(Tracks(where=where, limit=_MOST_ROWS)))


def _none(plan: Plan) -> str:
    if plan.kind == "describe" or plan.verb == "happened":
        return "nothing happened"
    if _stands_alone(plan):
        yes = "no, " if plan.kind == "exists" else ""
        return f"no sign of {plan.verb}" if plan.subject == "scene" else f"{yes}{plan.subject} was not {plan.verb}"
    return f"no {plan.subject} {did(plan, 1)}"


def _count(asked: Asked, found: Found) -> Answer:
    plan, rows = asked.plan, found.rows
    number = _number(plan, found)
    if _stands_alone(plan):
        text = f"{_alone(plan)} {_times(number)}"
        return _full(asked, found, text, rows, number, "times")
    least = "at least " if found.more and (found.total is None or plan.distinct) else ""
    return _full(asked, found, f"{least}{things(plan, number)} {did(plan, number)}", rows, number, plan.subjects)


def _list(asked: Asked, found: Found) -> Answer:
    plan, number = asked.plan, _number(asked.plan, found)
    if _stands_alone(plan):
        return _full(asked, found, f"{_alone(plan)} {_times(number)}", found.rows, number, "times")
    return _full(asked, found, f"{things(plan, number)} {did(plan, number)}", found.rows, number, plan.subjects)


def _exists(asked: Asked, found: Found) -> Answer:
    plan, rows = asked.plan, found.rows
    if plan.now:
        return _now(asked, found)
    if _stands_alone(plan):
        text = f"yes, {_alone(plan)} {_times(len(rows))}, {_first_at(asked, rows)}"
    else:
        number = _number(plan, found)
        text = f"yes, {things(plan, number)} {did(plan, number)}, {_first_at(asked, rows)}"
    return _full(asked, found, text, rows, True, None)


def _now(asked: Asked, found: Found) -> Answer:
    """What is so at the end of what was watched: an event still open, or one that ended there."""
    ends = {stream.name: stream.watched_s for stream in asked.clock.footage.streams}
    still = [row for row in found.rows if row.end_s is None or row.end_s >= ends.get(row.stream, 0.0) - 0.5]
    plan = asked.plan
    if still:
        return _full(asked, found, f"yes, {_alone(plan)} since {_at(asked, still[0])}", still, True, None)
    earlier = f"not at the end of what was watched; {_alone(plan)} {_times(len(found.rows))} before"
    return _full(asked, found, f"no, {earlier}", found.rows, False, None)


def _when(asked: Asked, found: Found) -> Answer:
    plan, rows = asked.plan, found.rows
    if len(rows) == 1:
        return _full(asked, found, f"{_one(plan)} {_moment(asked, rows[0])}", rows, rows[0].start_s, "s")
    shown = ", ".join(_at(asked, row) + asked.clock.on(row.stream) for row in rows[:_MOST_CLAIMS])
    more = f" and {len(rows) - _MOST_CLAIMS} more" if len(rows) > _MOST_CLAIMS else ""
    head = (
        f"{_alone(plan)} {_times(len(rows))}"
        if _stands_alone(plan)
        else f"{things(plan, len(rows))} {did(plan, len(rows))}"
    )
    return _full(asked, found, f"{head}: at {shown}{more}", rows, None, None)


def _end(asked: Asked, found: Found) -> Answer:
    """The first or the last of them."""
    plan = asked.plan
    row = found.rows[0] if plan.kind == "first" else max(found.rows, key=lambda row: row.start)
    name = plan.verb if plan.subject == "scene" else plan.subject
    verb = "" if _stands_alone(plan) and plan.subject == "scene" else f" {did(plan, 1)}"
    text = f"the {plan.kind} {name}{verb} {_moment(asked, row)}"
    return _full(asked, found, text, (row,), row.start_s, "s")


def _how_long(asked: Asked, found: Found) -> Answer:
    plan, rows = asked.plan, found.rows
    if plan.pick:
        rows = (rows[0] if plan.pick == "first" else max(rows, key=lambda row: row.start),)
    ends = {stream.name: stream.watched_s for stream in asked.clock.footage.streams}
    rows = _with_tracks(asked.store, rows)
    total = seconds_in_view(rows, ends, plan.where)
    open_ = " so far" if any(row.end_s is None for row in rows) else ""
    if len(rows) == 1:
        text = f"{lasting(total)}{open_}: {asked.clock.claim(rows[0])}"
    else:
        longest = max(duration_s(row, ends, plan.where) for row in rows)
        text = f"{lasting(total)} in all{open_}: {things(plan, len(rows))} {did(plan, len(rows))}, the longest for {lasting(longest)}"
    return _full(asked, found, text, rows, round(total, 3), "s")


def _with_tracks(store: GraphStore, rows: Rows) -> tuple[EventRow | TrackRow, ...]:
    """Events that are instants last as long as their things were in view."""
    out: list[EventRow | TrackRow] = []
    for row in rows[:_MOST_ROWS]:
        instant = isinstance(row, EventRow) and row.end_s is not None and row.end_s <= row.start_s
        tracks = (
            store.read(Tracks(where=Filter(ids=row.tracks)))
            if isinstance(row, EventRow) and instant and row.tracks
            else []
        )
        out += tracks or [row]
    return (*out, *rows[_MOST_ROWS:])


def _where(asked: Asked, found: Found) -> Answer:
    plan = asked.plan
    row = max(found.rows, key=lambda row: row.start) if plan.pick == "last" else found.rows[0]
    box = _box(asked.store, row)
    zone = f"in the zone {row.zone}" if isinstance(row, EventRow) and row.zone else ""
    spot = " ".join(part for part in (zone, place(box) if box else "") if part)
    if not spot:
        return unknown(asked, f"cannot tell: no place is stored of it; {asked.clock.claim(row)}")
    more = f" ({len(found.rows)} in all; this is the {plan.pick or 'first'})" if len(found.rows) > 1 else ""
    return _full(asked, found, f"{spot}, at {_at(asked, row)}{more}", (row,) if plan.pick else found.rows, None, None)


def _describe(asked: Asked, found: Found) -> Answer:
    number = _number(asked.plan, found)
    text = f"{number} event{'s' if number > 1 else ''}: " + "; ".join(asked.clock.claim(row) for row in found.rows[:3])
    more = f"; and {number - 3} more" if number > 3 else ""
    return _full(asked, found, text + more, found.rows, number, "events")


_KINDS: dict[str, Callable[[Asked, Found], Answer]] = {
    "count": _count,
    "list": _list,
    "exists": _exists,
    "when": _when,
    "first": _end,
    "last": _end,
    "how_long": _how_long,
    "where": _where,
    "describe": _describe,
}


def _full(asked: Asked, found: Found, text: str, rows: Rows, value: float | None, unit: str | None) -> Answer:
    more = "" if whole(asked.coverage) else _missed(asked.coverage)
    return _made(asked, _sentence(text, found.remark) + more, rows, value, unit)


def _made(asked: Asked, text: str, rows: Rows, value: float | None, unit: str | None) -> Answer:
    return Answer(
        question=asked.question,
        plan=asked.plan,
        answer=text,
        claims=_claims(asked, rows),
        rows=tuple(rows[:_MOST_ROWS]),
        coverage=asked.coverage,
        value=value,
        unit=unit,
    )


def _claims(asked: Asked, rows: Rows) -> tuple[Claim, ...]:
    cited = _citations(asked.store, rows[:_MOST_ROWS])
    claims = [Claim(text=asked.clock.claim(row), citations=cited.get(row.id, ())) for row in rows[:_MOST_CLAIMS]]
    if rest := rows[_MOST_CLAIMS:]:
        ids = tuple(dict.fromkeys(event for row in rest[:_MOST_ROWS] for event in cited.get(row.id, ())))
        claims.append(Claim(text=f"and {len(rest)} more", citations=ids))
    return tuple(claims)


def _citations(store: GraphStore, rows: Rows) -> dict[str, tuple[str, ...]]:
    """Event ids by row: an event cites itself, a track the events it takes part in."""
    tracks = tuple(row.id for row in rows if isinstance(row, TrackRow))
    out: dict[str, tuple[str, ...]] = {row.id: (row.id,) for row in rows if isinstance(row, EventRow)}
    for event in store.read(Events(where=Filter(tracks=tracks), limit=1000)) if tracks else []:
        for track in set(event.tracks) & set(tracks):
            out[track] = (*out.get(track, ()), event.id)
    return out


def _sentence(text: str, remark: str) -> str:
    text = f"{text}; {remark}" if remark else text
    return text[:1].upper() + text[1:] + "."


def _in_watched(coverage: Covered) -> str:
    if whole(coverage):
        return ""
    missing = coverage.total_s - coverage.watched_s
    return f" in the {lasting(coverage.watched_s)} that were watched; {lasting(missing)} of the {lasting(coverage.total_s)} asked were not ({_reasons(coverage)})"


def _missed(coverage: Covered) -> str:
    missing = coverage.total_s - coverage.watched_s
    return f" {lasting(missing)} of the {lasting(coverage.total_s)} asked were not watched ({_reasons(coverage)}), so there may be more."


def _reasons(coverage: Covered) -> str:
    reasons = list(dict.fromkeys(gap.reason for gap in coverage.gaps))
    return ", ".join(reasons[:3]) or "not watched"


def _footage(asked: Asked) -> str:
    start, end = asked.clock.footage.extent
    length = lasting(asked.clock.footage.longest_s)
    return f"footage runs from {asked.clock.at(start)} to {asked.clock.at(end)} (at most {length} a stream)"


def _stands_alone(plan: Plan) -> bool:
    """The camera's own states and scenes are told by their name, not counted as things."""
    return plan.subject == "scene" or plan.subject.startswith("the ")


def _alone(plan: Plan) -> str:
    return plan.verb if plan.subject == "scene" else f"{plan.subject} {did(plan, 1)}"


def _one(plan: Plan) -> str:
    return _alone(plan) if _stands_alone(plan) else f"{things(plan, 1)} {did(plan, 1)}"


def _times(number: int) -> str:
    return {1: "once", 2: "twice"}.get(number, f"{number} times")


def _at(asked: Asked, row: EventRow | TrackRow) -> str:
    return asked.clock.at(row.start, row.start_s)


def _first_at(asked: Asked, rows: Rows) -> str:
    return f"{'first ' if len(rows) > 1 else ''}at {_at(asked, rows[0])}{asked.clock.on(rows[0].stream)}"


def _moment(asked: Asked, row: EventRow | TrackRow) -> str:
    lasts = row.end is not None and row.end_s is not None and row.end_s - row.start_s >= 1
    on = asked.clock.on(row.stream)
    if lasts and row.end:
        return f"from {_at(asked, row)} to {asked.clock.at(row.end, row.end_s)}{on}"
    return f"at {_at(asked, row)}{on}"


def _number(plan: Plan, found: Found) -> int:
    """How many rows, or how many different things: an event without a known thing counts by itself."""
    rows = found.rows
    if not plan.distinct:
        return len(rows) if found.total is None else found.total
    them_all = [subjects(row) if isinstance(row, EventRow) else () for row in rows]
    return len({them[0].id if them else row.id for row, them in zip(rows, them_all, strict=True)})


def _box(store: GraphStore, row: EventRow | TrackRow) -> Box | None:
    if isinstance(row, EventRow):
        boxes = [evidence.box for evidence in row.evidence if evidence.box]
        tracks = store.read(Tracks(where=Filter(ids=row.tracks), limit=1)) if row.tracks and not boxes else []
        path = [min(t.path, key=lambda p: abs(p.pts_s - row.start_s)).box for t in tracks if t.path]
        return next(iter(boxes + path), None)
    return row.path[0].box if row.path else None
