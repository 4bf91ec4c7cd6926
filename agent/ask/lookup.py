"""What the store holds for a plan: rows, and what to say where it cannot tell the asker's word from others."""

from dataclasses import dataclass, replace

from agent.ask.words import ANY
from vidette.answers import Plan
from vidette.models import EventRow, EventType, TrackRow
from vidette.ports import GraphStore
from vidette.queries import Count, Entities, Events, Filter, Tracks

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
    """Rows of a plan; `plan` is as it was run, `remark` what could not be told, `more` that there
    may be rows beyond the limit."""

    plan: Plan
    rows: tuple[EventRow | TrackRow, ...]
    remark: str = ""
    more: bool = False


def find(store: GraphStore, plan: Plan) -> Found:
    """The rows of a plan about events or tracks."""
    asked, plan, remark = plan, *_tellable(store, plan)
    rows = _rows(store, plan)
    kept = tuple(row for row in rows if not (plan.moving and row.attributes.get("still")))
    found = Found(
        plan=plan, rows=_one_a_thing(kept) if plan.where.types else kept, remark=remark, more=len(rows) >= MOST
    )
    return replace(found, remark=_undecided(store, asked, found)) if asked.where.labels and not remark else found


def cannot_look_for(store: GraphStore, plan: Plan) -> str:
    """Why nothing here could have seen what is asked, or empty."""
    types = set(plan.where.types)
    if not types or types & (_SEEN_BY_PIXELS - {EventType.LINE_CROSSED}):
        return ""
    if types == {EventType.LINE_CROSSED}:
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
    """The plan with the labels that something here can tell, and the remark on those it cannot."""
    where, remark = plan.where, ""
    if where.kinds and not _has(store, Filter(labels=where.labels, kinds=where.kinds)):
        remark = f"nothing here tells {plan.subjects} from others"
        singular = " or ".join(label.value for label in where.labels)
        plural = " or ".join({"person": "people"}.get(label.value, f"{label.value}s") for label in where.labels)
        plan = replace(plan, where=replace(where, kinds=()), subject=singular, subjects=plural)
    if plan.where.labels and not _has(store, Filter(labels=plan.where.labels)):
        remark = remark or f"nothing here tells {plan.subjects} from others"
        where = replace(plan.where, labels=(), kinds=())
        plan = replace(plan, where=where, subject=ANY.singular, subjects=ANY.plural)
    return plan, remark


def _has(store: GraphStore, where: Filter) -> bool:
    return bool(store.read(Count(of="tracks", where=where))) or bool(store.read(Entities(where=where, limit=1)))


def _rows(store: GraphStore, plan: Plan) -> list[EventRow] | list[TrackRow]:
    if plan.of == "tracks":
        return store.read(Tracks(where=plan.where, limit=MOST))
    return store.read(Events(where=plan.where, limit=MOST))


def _one_a_thing(rows: tuple[EventRow | TrackRow, ...]) -> tuple[EventRow | TrackRow, ...]:
    """A thing that was left and later counted as abandoned is said once, from when it was left."""
    events = [row for row in rows if isinstance(row, EventRow)]
    left = {thing for row in events if row.type == EventType.OBJECT_LEFT for thing in _subjects(row)}
    again = {row.id for row in events if row.type == EventType.OBJECT_ABANDONED and _subjects(row) & left}
    return tuple(row for row in rows if row.id not in again)


def _subjects(row: EventRow) -> set[str]:
    return {entity.id for entity in row.entities if entity.role == "subject"}


def _undecided(store: GraphStore, asked: Plan, found: Found) -> str:
    """How many further things nothing put a name to."""
    where = replace(asked.where, labels=(), kinds=())
    every = find(store, replace(asked, where=where)).rows
    ids = {row.id for row in found.rows}
    rest = [row for row in every if row.id not in ids and _nameless(row)]
    return f"{len(rest)} more could not be told apart" if rest else ""


def _nameless(row: EventRow | TrackRow) -> bool:
    if isinstance(row, TrackRow):
        return row.label.value == "object"
    return all(entity.label.value == "object" for entity in row.entities)
