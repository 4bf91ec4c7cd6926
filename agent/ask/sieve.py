"""Which rows of a plan stand its further conditions: relations in time, durations, what else their things did or never did."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from agent.ask.allen import Anchors, anchors, during
from agent.ask.footage import Footage
from agent.ask.fragment import PRESENCE
from agent.ask.stays import AnyRow, Stay, instant, since_1970, span_of, stays
from vidette.answers import Plan, Relation
from vidette.intervals import Span, union
from vidette.models import CoverageRow, EntityRow, EventRow, EventType, FastState, Label, TrackRow
from vidette.ports import GraphStore
from vidette.queries import CoverageIn, Filter, Runs

Rows = tuple[AnyRow, ...]
Find = Callable[[Plan], Rows]
_FOREVER = float("inf")
_RATE = 5.0
_MOST = 50_000


class Untold(Exception):
    """What is asked hangs on something that nothing here tells; the text says on what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sieved:
    """Rows that stand; `windows` is the time that the relations leave (seconds since 1970), None where all of it."""

    rows: Rows
    windows: tuple[Span, ...] | None = None
    notes: tuple[str, ...] = ()
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
    """The rows that stand all conditions; `find` reads the rows of other plans. Raises Untold."""
    rows = tuple(row for row in rows if not any(_holds(out, row) for out in plan.without))
    rows = _narrowed(plan, rows)
    windows, notes = None, []
    tolerance = tolerance_s(store) if plan.relations else 0.0
    for relation in plan.relations:
        rows, spans, note = _related(store, relation, rows, footage, find, tolerance)
        windows = spans if windows is None else _both(windows, spans)
        notes += [note] if note else []
    for other in plan.also:
        rows = _with(store, rows, other, find, ordered=plan.ordered)
    doubtful = 0
    for other in plan.never:
        rows, unsure = _without(store, rows, other, find, footage)
        doubtful += unsure
    if plan.longer_s is not None or plan.shorter_s is not None:
        low, high = plan.longer_s or 0.0, _FOREVER if plan.shorter_s is None else plan.shorter_s
        lasted = stays(store, rows, footage.reach)
        rows = tuple(stay.row for stay in lasted if low <= round(stay.seconds, 3) and _ended(stay, high))
    return Sieved(rows=rows, windows=windows, notes=tuple(notes), doubtful=doubtful)


def _ended(stay: Stay, high: float) -> bool:
    """What has not ended yet may still get longer than any limit."""
    return high == _FOREVER or (round(stay.seconds, 3) < high and not stay.open)


def tolerance_s(store: GraphStore) -> float:
    """One sampling interval, of the fastest fast look that spoke here."""
    rates = []
    for run in store.read(Runs()):
        try:
            rates.append(float(run.params.get("sample", _RATE)))
        except (TypeError, ValueError):
            continue
    return 1.0 / max([rate for rate in rates if rate > 0] or [_RATE])


def _narrowed(plan: Plan, rows: Rows) -> Rows:
    """Without things of other kinds than those meant, where anything tells kinds of that label."""
    kinds = {label: of for label, of in plan.narrow if any(_label(r) == label and _kind(r) for r in rows)}
    return tuple(row for row in rows if _label(row) not in kinds or _kind(row) in kinds[Label(_label(row))])


def _holds(out: Filter, row: AnyRow) -> bool:
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
    return not out.kinds or _kind(row) in out.kinds


def _label(row: AnyRow) -> str:
    if isinstance(row, EventRow):
        found = subjects(row)
        return found[0].label if found else ""
    return row.label


def _kind(row: AnyRow) -> object:
    if isinstance(row, EventRow):
        found = subjects(row)
        return found[0].attributes.get("kind") if found else None
    return row.attributes.get("kind")


def subjects(row: EventRow) -> tuple[EntityRow, ...]:
    """The things that an event happened to, without who brought or took them."""
    named = tuple(thing for thing in row.entities if thing.role == "subject")
    return named or tuple(thing for thing in row.entities if thing.role not in ("bringer", "taker"))


def thing_of(row: AnyRow) -> str:
    """The id of the thing that a row is about; the row's own where none is known."""
    if isinstance(row, EventRow):
        found = subjects(row)
        return found[0].id if found else row.id
    return row.entity or row.id


def _related(
    store: GraphStore, relation: Relation, rows: Rows, footage: Footage, find: Find, tolerance: float
) -> tuple[Rows, tuple[Span, ...], str]:
    """Rows that stand in the relation, the time in which they could, and how several anchors were read."""
    told = find(relation.anchor)
    if not told:
        raise Untold(f"{_none(relation.anchor)} to relate to")
    spans = _spans(store, relation, told, footage)
    many = anchors(spans)
    own = {row.id for row in told}
    others = [(row, span_of(row, footage.reach)) for row in rows if row.id not in own]
    if relation.kind == "during":
        kept = tuple(row for row, span in others if many.is_during(span, tolerance))
        return kept, tuple(union((a - tolerance, b + tolerance) if a == b else (a, b) for a, b in spans)), ""
    if relation.within_s is not None:
        stands = many.is_before if relation.kind == "before" else many.is_after
        kept = tuple(row for row, span in others if stands(_begun(span), tolerance, relation.within_s))
        return kept, tuple(union(_near(span, relation) for span in spans)), ""
    return _of_one(relation, told, spans, others, tolerance)


def _of_one(
    relation: Relation, told: Rows, spans: list[Span], others: list[tuple[AnyRow, Span]], tolerance: float
) -> tuple[Rows, tuple[Span, ...], str]:
    """Relation to the first of several anchors, or the last where that is meant."""
    nth = relation.anchor.nth
    if nth is not None and nth > len(spans):
        raise Untold(f"there were only {len(spans)} {relation.anchor.subjects} to relate to")
    ordered = sorted(spans)
    chosen = ordered[-1] if relation.anchor.pick == "last" else ordered[(nth or 1) - 1]
    one: Anchors = anchors([chosen])
    stands = one.is_before if relation.kind == "before" else one.is_after
    later = relation.kind == "after"  # what was in view then was in view after it, whenever it came
    kept = tuple(
        row
        for row, span in others
        if stands(_ended_at(span) if later and isinstance(row, TrackRow) else _begun(span), tolerance, _FOREVER)
    )
    window = (0.0, chosen[0]) if relation.kind == "before" else (chosen[1], _FOREVER)
    several = len(told) > 1 and relation.anchor.pick is None and nth is None
    note = f"{len(told)} {relation.anchor.subjects} {relation.anchor.verb}; read as the first" if several else ""
    return kept, (window,), note


def _ended_at(span: Span) -> Span:
    return span[1], span[1]


def _begun(span: Span) -> Span:
    """Before and after are told of when something began: a person who came before is not one who had gone by then."""
    return span[0], span[0]


def _near(span: Span, relation: Relation) -> Span:
    within = relation.within_s or 0.0
    return (span[0] - within, span[0]) if relation.kind == "before" else (span[1], span[1] + within)


def _spans(store: GraphStore, relation: Relation, told: Rows, footage: Footage) -> list[Span]:
    """The stretches of the anchor: stays where it lasts, the moment it began where that is meant."""
    anchor = relation.anchor
    stopped = anchor.where.types == (EventType.OBJECT_STOPPED,) and anchor.kind != "when"
    if relation.kind == "during" and (stopped or anchor.where.types == PRESENCE):
        return [stay.span for stay in stays(store, told, footage.reach)]
    if anchor.kind == "when" or (relation.kind == "after" and _lasts(anchor)):
        return [(since_1970(row.start), since_1970(row.start)) for row in told]
    return [span_of(row, footage.reach) for row in told]


def _lasts(anchor: Plan) -> bool:
    """What was left or abandoned goes on; "after the bag was left" is after it was put down."""
    return bool(set(anchor.where.types) & {EventType.OBJECT_LEFT, EventType.OBJECT_ABANDONED})


def _none(plan: Plan) -> str:
    return f"no {plan.subject} was seen that {plan.verb}" if plan.verb else f"no {plan.subject} was seen"


def _both(a: Sequence[Span], b: Sequence[Span]) -> tuple[Span, ...]:
    """The time in both."""
    return tuple(union((max(x[0], y[0]), min(x[1], y[1])) for x in a for y in b if during(x, y, 0.0)))


def _of_these(plan: Plan, rows: Rows) -> Plan:
    """The other plan asked of the tracks of these rows, whatever they are called and whenever it was."""
    tracks = tuple(dict.fromkeys(track for row in rows for track in _tracks(row)))
    return replace(
        plan,
        where=replace(
            plan.where, tracks=tracks, labels=(), kinds=(), since=None, until=None, from_s=None, to_s=None,
            starts_inside=False,
        ),
    )  # fmt: skip


def _tracks(row: AnyRow) -> tuple[str, ...]:
    return row.tracks if isinstance(row, EventRow) else (row.id,)


def _with(store: GraphStore, rows: Rows, other: Plan, find: Find, *, ordered: bool) -> Rows:
    """Rows whose thing also did the other, later if `ordered`."""
    if not rows:
        return ()
    last: dict[str, float] = {}
    for row in find(_of_these(other, rows)):
        thing = thing_of(row)
        last[thing] = max(last.get(thing, 0.0), since_1970(row.start))
    return tuple(row for row in rows if last.get(thing_of(row), -1.0) >= (since_1970(row.start) if ordered else 0.0))


def _without(store: GraphStore, rows: Rows, other: Plan, find: Find, footage: Footage) -> tuple[Rows, int]:
    """Rows whose thing never did the other while it was watched; -> them, and how many may have done it unseen."""
    if not rows:
        return (), 0
    did = {thing_of(row) for row in find(_of_these(other, rows))}
    left = tuple(row for row in rows if thing_of(row) not in did)
    streams = tuple({row.stream for row in left})
    dark = _dark(store.read(CoverageIn(where=Filter(streams=streams)))) if left else {}
    lasted = {stay.row.id: stay for stay in stays(store, left, footage.reach)} if dark else {}
    sure = tuple(row for row in left if row.id not in lasted or not _unseen(lasted[row.id], dark.get(row.stream, [])))
    return sure, len(left) - len(sure)


def _dark(rows: Sequence[CoverageRow]) -> dict[str, list[Span]]:
    out: dict[str, list[Span]] = {}
    for row in rows:
        if row.state != FastState.WATCHED:
            out.setdefault(row.stream, []).append((since_1970(row.start), since_1970(row.end)))
    return out


def _unseen(stay: Stay, dark: Sequence[Span]) -> bool:
    """Whether nobody looked for part of the stay, or from its end on."""
    return any(span[0] <= stay.span[1] + 1.0 and stay.span[0] < span[1] for span in dark)


def window_of(span: Span, where: Filter) -> Filter | None:
    """The filter's window cut to a stretch of seconds since 1970; None where nothing is left of it."""
    since = instant(span[0]) if span[0] > 0 else None
    until = instant(span[1]) if span[1] < _FOREVER else None
    low = max((at for at in (since, where.since) if at), default=None)
    high = min((at for at in (until, where.until) if at), default=None)
    if low and high and high <= low:
        return None
    return replace(where, since=low, until=high)
