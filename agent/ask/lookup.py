"""What the store holds for a plan: rows, and what to say where it cannot tell the asker's word from others."""

from dataclasses import dataclass, replace

from agent.ask.words import ANY, THINGS
from vidette.answers import Plan
from vidette.models import EntityRow, EventRow, EventType, Label, TrackRow
from vidette.ports import GraphStore
from vidette.queries import Count, Entities, Events, Filter, Order, Tracks

MOST = 10_000
_SEEN_BY_PIXELS = frozenset(
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
    rows beyond the limit, `total` how many there are by the database's own count, where that is the same thing."""

    plan: Plan
    rows: tuple[EventRow | TrackRow, ...]
    remark: str = ""
    more: bool = False
    total: int | None = None


def find(store: GraphStore, plan: Plan) -> Found:
    """The rows of a plan about events or tracks.

    Where nothing here tells the asker's word from others, the rows are those of the things that
    nothing put a name to, and the plan and the remark say so (design §7).
    """
    told, remark = _tellable(store, plan)
    nameless = bool(plan.where.labels) and not told.where.labels
    rows = _rows(store, told, nameless=nameless)
    if nameless and not rows:
        return Found(plan=plan, rows=())
    total = None if nameless or told.moving or set(told.where.types) & THINGS else _total(store, told)
    found = Found(plan=told, rows=rows, remark=remark, more=len(rows) >= MOST, total=total)
    return replace(found, remark=_undecided(store, plan)) if plan.where.labels and not remark else found


def _total(store: GraphStore, plan: Plan) -> int:
    return store.read(Count(of="tracks" if plan.of == "tracks" else "events", where=plan.where))


def cannot_look_for(store: GraphStore, plan: Plan) -> str:
    """Why nothing here could have seen what is asked, or empty."""
    types = set(plan.where.types)
    if not types or types & _SEEN_BY_PIXELS:
        return ""
    if store.read(Count(of="events", where=Filter(types=plan.where.types))) or _prompted(store):
        return ""
    what = " or ".join(sorted(t.value.replace("_", " ") for t in types))
    return f"nothing here looks for {what}" + ("" if types <= _SYSTEM else " (needs a vision-language model)")


def _prompted(store: GraphStore) -> bool:
    """Whether a model with a prompt spoke of any of the newest events."""
    newest = store.read(Events(order="-start", limit=1000))
    return any(run.prompt_hash for row in newest for run in row.runs)


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
    things = store.read(Entities(where=Filter(labels=where.labels), limit=MOST))
    return any(thing.attributes.get("kind") for thing in things)


def _has(store: GraphStore, where: Filter) -> bool:
    return bool(store.read(Count(of="tracks", where=where))) or bool(store.read(Entities(where=where, limit=1)))


def _rows(store: GraphStore, plan: Plan, *, nameless: bool) -> tuple[EventRow | TrackRow, ...]:
    order: Order = "-start" if plan.kind == "last" or plan.pick == "last" else "start"
    if plan.of == "tracks":
        where = replace(plan.where, labels=(Label.OBJECT,)) if nameless else plan.where
        tracks = store.read(Tracks(where=where, limit=MOST, order=order))
        return tuple(row for row in tracks if not (plan.moving and row.attributes.get("still")))
    events = store.read(Events(where=plan.where, limit=MOST, order=order))
    kept = tuple(row for row in events if not nameless or _nameless(row))
    return _one_a_thing(kept) if plan.where.types else kept


def _one_a_thing(events: tuple[EventRow, ...]) -> tuple[EventRow, ...]:
    """A thing that was left and later counted as abandoned is said once, from when it was left."""
    left = {thing.id for row in events if row.type == EventType.OBJECT_LEFT for thing in subjects(row)}
    return tuple(
        row
        for row in events
        if row.type != EventType.OBJECT_ABANDONED or not left & {thing.id for thing in subjects(row)}
    )


def subjects(row: EventRow) -> tuple[EntityRow, ...]:
    """The things that an event happened to, without who brought or took them."""
    named = tuple(thing for thing in row.entities if thing.role == "subject")
    return named or tuple(thing for thing in row.entities if thing.role not in ("bringer", "taker"))


def _nameless(row: EventRow) -> bool:
    return all(thing.label == Label.OBJECT for thing in subjects(row))


def _undecided(store: GraphStore, plan: Plan) -> str:
    """How many further things nothing put a name to."""
    rest = len(_rows(store, replace(plan, where=replace(plan.where, labels=(), kinds=())), nameless=True))
    return f"{rest} more object{'s' if rest > 1 else ''} could not be told apart" if rest else ""
