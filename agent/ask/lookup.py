"""What the store holds for a plan: rows, and what to say where it cannot tell the asker's word from others."""

from dataclasses import dataclass, field, replace

from agent.ask.footage import Footage
from agent.ask.sieve import Rows, Untold, conditioned, sieved, subjects, thing_of
from agent.ask.words import ANY, THINGS
from vidette.answers import Plan
from vidette.intervals import Span
from vidette.models import EventRow, EventType, Label
from vidette.ports import GraphStore
from vidette.queries import Count, Entities, Events, Filter, Order, Runs, Tally, Tracks

MOST = 10_000
SHOWN = 101
SEEN_BY_PIXELS = frozenset(
    {
        EventType.OBJECT_ENTERED,
        EventType.OBJECT_EXITED,
        EventType.OBJECT_STOPPED,
        EventType.OBJECT_MOVED_OFF,
        EventType.LINE_CROSSED,
        EventType.ZONE_ENTERED,
        EventType.ZONE_EXITED,
        EventType.LOITERING,
        EventType.RUNNING,
        EventType.CROWD_FORMED,
        EventType.COUNT_CHANGED,
        EventType.OBJECT_LEFT,
        EventType.OBJECT_ABANDONED,
        EventType.OBJECT_REMOVED,
        EventType.PICTURE_FROZEN,
        EventType.SCENE_CHANGED,
        EventType.CAMERA_MOVED,
        EventType.VIEW_BLOCKED,
        EventType.TOO_DARK,
        EventType.TOO_BRIGHT,
        EventType.BLURRED,
    }
)
_SYSTEM = frozenset({EventType.PICTURE_LOOPED, EventType.SIGNAL_LOST, EventType.SIGNAL_RESTORED})


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


def find(store: GraphStore, plan: Plan, footage: Footage) -> Found:
    """The rows of a plan about events or tracks, without evidence and paths.

    Where nothing here tells the asker's word from others, the rows are those of the things that
    nothing put a name to, and the plan and the remark say so (design §7). Raises Untold where
    something that the plan hangs on was not seen.
    """
    told, remark = _tellable(store, plan)
    nameless = bool(plan.where.labels) and not told.where.labels
    total = None if nameless or _by_rows(told) else _total(store, told)
    rows = _rows(store, told, nameless=nameless, most=MOST if total is None else SHOWN)
    more = len(rows) >= MOST
    found = Found(plan=told, rows=rows, remark=remark, more=more, total=total)
    if conditioned(told):
        return _conditioned(store, told, found, footage)
    if nameless and not rows:
        return Found(plan=plan, rows=())
    return replace(found, remark=_undecided(store, plan)) if plan.where.labels and not remark else found


def _conditioned(store: GraphStore, plan: Plan, found: Found, footage: Footage) -> Found:
    def other(wanted: Plan) -> Rows:
        if reason := cannot_look_for(store, wanted):
            raise Untold(reason)
        return find(store, wanted, footage).rows

    kept = sieved(store, plan, found.rows, footage, other)
    unsure = f"{kept.doubtful} more may have, while nobody looked" if kept.doubtful else ""
    remark = "; ".join(part for part in (found.remark, unsure) if part)
    return replace(found, rows=kept.rows, remark=remark, windows=kept.windows, notes=kept.notes, total=None)


def _by_rows(plan: Plan) -> bool:
    """Whether only the rows themselves say how many there are, or all of them are needed."""
    return (
        conditioned(plan)
        or plan.now
        or plan.nth is not None
        or plan.kind in ("how_long", "longest", "shortest", "average", "peak")
        or bool(set(plan.where.types) & THINGS)
    )


def _total(store: GraphStore, plan: Plan) -> int:
    if plan.distinct and plan.of == "events":
        return sum(
            share.count for share in store.read(Tally(of="events", by="stream", where=plan.where, distinct=True))
        )
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
    if not _has(store, Filter(labels=where.labels)):
        where = replace(where, labels=(), kinds=())
        return replace(plan, where=where, subject=ANY.singular, subjects=ANY.plural), remark
    if where.kinds and not _kinds_told(store, where):
        singular = " or ".join(label.value for label in where.labels)
        plural = " or ".join({"person": "people"}.get(label.value, f"{label.value}s") for label in where.labels)
        return replace(plan, where=replace(where, kinds=()), subject=singular, subjects=plural), remark
    return plan, ""


def _kinds_told(store: GraphStore, where: Filter) -> bool:
    """Whether anything with these labels has a finer kind."""
    if store.read(Entities(where=Filter(labels=where.labels, kinds=where.kinds), limit=1)):
        return True
    things = store.read(Entities(where=Filter(labels=where.labels), limit=MOST))
    return any(thing.attributes.get("kind") for thing in things)


def _has(store: GraphStore, where: Filter) -> bool:
    return bool(store.read(Entities(where=where, limit=1)))


def _rows(store: GraphStore, plan: Plan, *, nameless: bool, most: int) -> Rows:
    order: Order = "-start" if plan.kind == "last" or plan.pick == "last" else "start"
    if plan.of == "tracks":
        where = replace(_where(plan), labels=(Label.OBJECT,)) if nameless else _where(plan)
        return tuple(store.read(Tracks(where=where, limit=most, order=order, brief=True)))
    events = store.read(Events(where=plan.where, limit=most, order=order, brief=True))
    kept = tuple(row for row in events if not nameless or _nameless(row))
    return _one_a_thing(kept) if plan.where.types else kept


def _one_a_thing(events: tuple[EventRow, ...]) -> tuple[EventRow, ...]:
    """A thing that was left and later counted as abandoned is said once, from when it was left."""
    left = {thing_of(row) for row in events if row.type == EventType.OBJECT_LEFT}
    return tuple(row for row in events if row.type != EventType.OBJECT_ABANDONED or thing_of(row) not in left)


def _nameless(row: EventRow) -> bool:
    return all(thing.label == Label.OBJECT for thing in subjects(row))


def _undecided(store: GraphStore, plan: Plan) -> str:
    """How many further things nothing put a name to."""
    where = replace(_where(plan), labels=(Label.OBJECT,), kinds=())
    if Label.OBJECT in plan.where.labels:
        return ""
    rest = store.read(Count(of="tracks" if plan.of == "tracks" else "events", where=where))
    return f"{rest} more object{'s' if rest > 1 else ''} could not be told apart" if rest else ""
