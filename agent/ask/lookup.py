"""What the store holds for a plan: rows, and what to say where it cannot tell the asker's word from others."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Literal

from agent.ask.absence import absent
from agent.ask.allen import shared
from agent.ask.both import Both, both
from agent.ask.footage import Footage
from agent.ask.relating import FOREVER, Find, Read, Rows, Spans, Untold, oldest, related, tolerance_s
from agent.ask.sieve import conditioned, sieved
from agent.ask.stays import since_1970
from agent.ask.words import ANY, COLOURS
from vidette.aggregates import Told
from vidette.answers import Plan
from vidette.families import PICTURE, PRESENCE, SIGNAL, THINGS
from vidette.intervals import Span, union
from vidette.models import EventType, Label
from vidette.moments import Moment, Moments, Things
from vidette.ports import GraphStore
from vidette.queries import Count, Events, Filter, Order, Runs

MOST = 100_000
_ENDS = 2
_NEAR = 8
SHOWN = 101
SEEN_BY_PIXELS = PRESENCE | THINGS | PICTURE - {EventType.PICTURE_LOOPED}
_TOLD = frozenset({"list", "count", "exists", "when", "first", "last", "where", "describe"})
_SYSTEM = SIGNAL | {EventType.PICTURE_LOOPED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Rows of a plan; `plan` is as it was run, `remark` what could not be told, `more` that there are
    rows beyond the limit, `total` how many (things, where the plan counts things) there are by the database's
    own count, where that is the same thing. `windows` is the time that relations leave."""

    plan: Plan
    rows: Rows
    remark: str = ""
    more: bool = False
    total: int | None = None
    windows: tuple[Span, ...] | None = None
    notes: tuple[str, ...] = field(default=())


def find(
    store: GraphStore, plan: Plan, footage: Footage, *, most: int = 0, things: bool = False, near: Spans | None = None
) -> Found:
    """The rows of a plan about events or tracks, without evidence and paths.

    Where the rows themselves are needed, or `most` is given, so many at most are read: the newest ones, or the oldest
    where the first is asked for; else the first few, with their number. Where `things`, or the plan itself,
    ask for it, they tell what they are about; of a plan without further conditions, only rows that begin `near`. Where nothing here tells the asker's word
    from others, the rows are those of the things that nothing put a name to, and the plan and the remark say so
    (design §7). Raises Untold where something that the plan hangs on was not seen.
    """
    told, remark = _tellable(store, plan)
    nameless = bool(plan.where.labels) and not told.where.labels
    if told.where.text and told.kind != "search":
        remark = "; ".join(part for part in (remark, _colourless(store, told, nameless=nameless)) if part)
    if conditioned(told):
        if told.narrow and told.where.labels and not remark:
            remark = _undecided(store, told)
        return _conditioned(store, told, footage, remark, nameless=nameless, things=things)
    if told.kind in ("first", "last") and told.nth is None and not nameless and not _by_rows(told):
        most = most or _ENDS  # of the first or the last, no more are needed, nor how many there are
    total = None if nameless or most or _by_rows(told) else _total(store, told)
    several = most or (MOST if total is None else SHOWN)
    things = things or nameless or _about_things(told)
    rows, more = _rows(store, told, nameless=nameless, most=several, things=things, spans=near, begins=True)
    if nameless and not rows:
        return Found(plan=plan, rows=())
    if plan.where.labels and not remark and most in (0, _ENDS):
        remark = _undecided(store, plan)
    if more and total is None and not most:
        remark = "; ".join(part for part in (_bounded(told, MOST), remark) if part)
    return Found(plan=told, rows=rows, remark=remark, more=more and total is None, total=total)


def _conditioned(
    store: GraphStore, plan: Plan, footage: Footage, remark: str, *, nameless: bool, things: bool
) -> Found:
    def other(wanted: Plan, most: int, things: bool, near: Spans | None) -> Read:
        if reason := cannot_look_for(store, wanted):
            raise Untold(reason)
        found = find(store, wanted, footage, most=most, things=things, near=near)
        return Read(found.rows, found.more)

    if plan.never and not nameless and (few := absent(store, plan, _where(plan), footage, other, SHOWN, MOST)):
        remark = "; ".join(part for part in (remark, _unsure(few.doubtful)) if part)
        return Found(plan=plan, rows=few.rows, remark=remark, total=few.total)
    if plan.also and not nameless and (many := _both(store, plan, footage, other)):
        return Found(plan=plan, rows=many.rows, remark=remark, total=many.total)
    tolerance = tolerance_s(store) if plan.relations else 0.0
    told = [related(store, one, plan, footage, other, tolerance, MOST) for one in plan.relations]
    windows = None if not told else reduce(shared, (one.windows for one in told))
    if windows is None:
        rows, more = _rows(store, plan, nameless=nameless, most=MOST)
    else:
        begun, about = all(one.begun for one in told), things or nameless or _about_things(replace(plan, relations=()))
        rows, more = _in_windows(store, plan, _within(windows, plan.where, tolerance), begun, nameless, about)
    rows = tuple(row for row in rows if all(one.stands(row) for one in told))
    kept = sieved(store, plan, rows, footage, other)
    bounded = _bounded(plan, MOST) if more else ""
    remarks = dict.fromkeys((bounded, *(one.remark for one in told), remark, _unsure(kept.doubtful)))
    return Found(
        plan=plan,
        rows=kept.rows,
        remark="; ".join(part for part in remarks if part),
        more=more or any(one.remark for one in told),
        windows=windows,
        notes=tuple(one.note for one in told if one.note),
    )


def _both(store: GraphStore, plan: Plan, footage: Footage, other: Find) -> Both | None:
    def read(most: int) -> Rows:
        return tuple(store.read(Moments(of="events", where=plan.where, limit=most)))

    def sieve(rows: Rows) -> Rows:
        return sieved(store, plan, rows, footage, other).rows

    return both(store, plan, read, sieve, SHOWN, MOST)


def _unsure(doubtful: int) -> str:
    """How many may have done what they were not seen to do."""
    return f"{doubtful} more may have, while nobody looked" if doubtful else ""


def _bounded(plan: Plan, most: int) -> str:
    """That not all rows were looked at, and which were."""
    return f"only the {'oldest' if oldest(plan) else 'newest'} {most:,} {plan.subjects} were looked at"


def _within(windows: tuple[Span, ...], where: Filter, tolerance: float) -> tuple[Span, ...]:
    """What of the time that relations leave is in the time asked, with some slack."""
    slack = tolerance + 0.001
    low = float("-inf") if where.since is None else since_1970(where.since)
    high = FOREVER if where.until is None else since_1970(where.until)
    return tuple(union((max(a - slack, low), min(b + slack, high)) for a, b in windows))


def _in_windows(
    store: GraphStore, plan: Plan, windows: tuple[Span, ...], begun: bool, nameless: bool, things: bool
) -> tuple[Rows, bool]:
    """The rows that meet (or begin in) the time that relations leave, by their start."""
    part = replace(plan, where=replace(plan.where, since=None, until=None, starts_inside=False))
    rows, more = _rows(store, part, nameless=nameless, most=MOST, things=things, spans=windows, begins=begun)
    kept = (row for row in rows if _inside(row, plan.where))
    return tuple(sorted(kept, key=lambda row: (row.since, row.id))), more


def _about_things(plan: Plan) -> bool:
    """Whether what rows are about can matter, besides what the filter asks of it."""
    told = plan.kind in _TOLD and not plan.by and plan.nth is None and not plan.distinct
    return not told or conditioned(plan) or bool(set(plan.where.types) & THINGS)


def _inside(row: Moment, where: Filter) -> bool:
    """Whether a row that meets the window began in it, where that is asked."""
    late = where.since is None or row.start >= where.since
    return not where.starts_inside or (late and (where.from_s is None or row.start_s >= where.from_s))


def _by_rows(plan: Plan) -> bool:
    """Whether only the rows themselves say how many there are, or all of them are needed."""
    return (
        conditioned(plan)
        or plan.now
        or plan.nth is not None
        or plan.kind in ("how_long", "longest", "shortest", "peak")
        or (plan.kind == "average" and not plan.by)
        or bool(set(plan.where.types) & THINGS)
    )


def _total(store: GraphStore, plan: Plan) -> int:
    if plan.distinct and plan.of == "events":
        return store.read(Things(where=plan.where))
    return store.read(Count(of="tracks" if plan.of == "tracks" else "events", where=_where(plan)))


def _where(plan: Plan) -> Filter:
    return replace(plan.where, moving=True) if plan.moving and plan.of == "tracks" else plan.where


def cannot_look_for(store: GraphStore, plan: Plan) -> str:
    """Why nothing here could have seen what is asked, or empty."""
    types = set(plan.where.types)
    if not types or types & SEEN_BY_PIXELS:
        return ""
    if any(run.prompt_hash for run in store.read(Runs())) or store.read(Events(where=Filter(types=plan.where.types), limit=1, brief=True)):  # fmt: skip
        return ""
    what = " or ".join(sorted(t.value.replace("_", " ") for t in types))
    return f"nothing here looks for {what}" + ("" if types <= _SYSTEM else " (needs a vision-language model)")


def by_meaning(plan: Plan) -> bool:
    """Whether only a closer look could tell, so that not having been examined is not having been seen."""
    return bool(plan.where.types) and not set(plan.where.types) & (SEEN_BY_PIXELS | _SYSTEM)


def _tellable(store: GraphStore, plan: Plan) -> tuple[Plan, str]:
    """The plan with the labels and kinds that something here can tell, and the remark on those it cannot."""
    where, remark = plan.where, f"nothing here tells {plan.subjects} from others"
    if not where.labels:
        return plan, ""
    if len(where.labels) > 1 and (some := _of_several(store, plan)):
        return some
    told = store.read(Told(labels=where.labels, kinds=where.kinds))
    if not told.labels:
        where = replace(where, labels=(), kinds=())
        return replace(plan, where=where, subject=ANY.singular, subjects=ANY.plural), remark
    if where.kinds and not told.any_kind:
        singular = " or ".join(label.value for label in where.labels)
        plural = " or ".join({"person": "people"}.get(label.value, f"{label.value}s") for label in where.labels)
        return replace(plan, where=replace(where, kinds=()), subject=singular, subjects=plural), remark
    return plan, ""


def _colourless(store: GraphStore, plan: Plan, *, nameless: bool) -> str:
    """Of how many things no colour was told. Raises Untold where that is so of all."""
    where = replace(_where(plan), labels=(Label.OBJECT,)) if nameless else _where(plan)
    of: Literal["events", "tracks"] = "tracks" if plan.of == "tracks" else "events"
    told = store.read(Count(of=of, where=replace(where, text=" ".join(COLOURS), any_word=True)))
    rest = store.read(Count(of=of, where=replace(where, text="", any_word=False))) - told
    if rest and not told:
        raise Untold(
            f"no caption tells the colour of the {rest:,} {plan.subject if rest == 1 else plan.subjects} that {'was' if rest == 1 else 'were'} found"
        )
    return f"the colour of {rest:,} more was not told" if rest else ""


def _of_several(store: GraphStore, plan: Plan) -> tuple[Plan, str] | None:
    """The plan and the remark where only some of several labels are told: "people and cars" without any cars."""
    untold = tuple(label for label in plan.where.labels if not store.read(Told(labels=(label,))).labels)
    if not untold or len(untold) == len(plan.where.labels):
        return None
    names = " or ".join({"person": "people"}.get(label.value, f"{label.value}s") for label in untold)
    rest = _undecided(store, plan)
    return plan, f"nothing here tells {names} from others" + (f", and {rest}" if rest else "")


def _rows(
    store: GraphStore, plan: Plan, *, nameless: bool, most: int, things: bool = True,
    spans: tuple[Span, ...] | None = None, begins: bool = False,
) -> tuple[Rows, bool]:  # fmt: skip
    """Rows by their start, of the last one the newest first; and whether there are more of them."""
    last = plan.kind == "last" or plan.pick == "last"
    order: Order = "-start" if last or (most > SHOWN and not oldest(plan)) else "start"
    where = replace(_where(plan), labels=(Label.OBJECT,)) if nameless and plan.of == "tracks" else _where(plan)
    asked = Moments(
        of="tracks" if plan.of == "tracks" else "events", where=where, limit=most, order=order, things=things,
        spans=spans, begins=begins,
    )  # fmt: skip
    few = where.kinds and plan.of == "events" and most <= SHOWN and spans is None
    rows = (_of_kinds(store, asked) if few else []) or store.read(asked)
    more = len(rows) >= most
    if order == "-start" and not last:
        rows.reverse()
    if plan.of == "events" and nameless:
        rows = [row for row in rows if all(label == Label.OBJECT for label in row.labels)]
    return (_one_a_thing(rows) if plan.where.types else tuple(rows)), more


def _of_kinds(store: GraphStore, asked: Moments) -> list[Moment]:
    """A few events of things of such kinds, looked for among the nearest of any kind; none where these are not enough."""
    most = _NEAR * asked.limit
    near = store.read(replace(asked, where=replace(asked.where, kinds=()), limit=most, things=False))
    those = replace(asked.where, ids=tuple(row.id for row in near))
    kept = store.read(replace(asked, where=those)) if near else []
    return kept if len(kept) >= asked.limit or len(near) < most else []


def _one_a_thing(events: Sequence[Moment]) -> Rows:
    """A thing that was left and later counted as abandoned is said once, from when it was left."""
    left = {row.thing for row in events if row.type == EventType.OBJECT_LEFT}
    return tuple(row for row in events if row.type != EventType.OBJECT_ABANDONED or row.thing not in left)


def _undecided(store: GraphStore, plan: Plan) -> str:
    """How many further things nothing put a name to."""
    where = replace(_where(plan), labels=(Label.OBJECT,), kinds=())
    if Label.OBJECT in plan.where.labels:
        return ""
    rest = store.read(Count(of="tracks" if plan.of == "tracks" else "events", where=where))
    return f"{rest} more object{'s' if rest > 1 else ''} could not be told apart" if rest else ""
