"""What an answer is put together from: its sentence, claims with the events that show them, and what was not watched."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from agent.ask.covering import covered, merged, whole
from agent.ask.likeness import Likeness
from agent.ask.lookup import Found
from agent.ask.names import Known
from agent.ask.relating import window_of
from agent.ask.say import Clock, lasting
from vidette.answers import Answer, Claim, Covered, Plan
from vidette.moments import Moment, Moments
from vidette.ports import GraphStore
from vidette.queries import Events, Filter, Tracks
from vidette.rows import EventRow, TrackRow

MOST_CLAIMS = 10
MOST_ROWS = 100
_MOST_WINDOWS = 12
_MOST_CITED = 10_000
Rows = Sequence[Moment]
AnyRow = EventRow | TrackRow
Value = float | int | bool | str | None


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with all that is needed to answer it."""

    question: str
    plan: Plan
    store: GraphStore
    clock: Clock
    coverage: Covered
    known: Known
    likeness: Likeness = field(default_factory=Likeness)


def unknown(asked: Asked, text: str) -> Answer:
    """The answer that nothing here can tell."""
    return Answer(question=asked.question, plan=asked.plan, answer=f"{text}.", coverage=asked.coverage, unknown=True)


def seen_so(asked: Asked, found: Found) -> Asked:
    """The question as it was run, with the coverage of the time that its relations leave."""
    notes = tuple(dict.fromkeys((*asked.plan.notes, *found.notes)))
    asked = replace(asked, plan=replace(found.plan, words=asked.plan.words, notes=notes))
    if found.windows is None:
        return asked
    spans = found.windows
    if len(spans) > _MOST_WINDOWS:
        spans = ((spans[0][0], spans[-1][1]),)
    wheres = [where for span in spans if (where := window_of(span, asked.plan.where))]
    parts = [covered(asked.store, where, asked.clock.footage) for where in wheres]
    return replace(asked, coverage=merged(parts))


def number(found: Found) -> int:
    """How many rows, or how many different things: by the database's count where it has one."""
    if found.total is not None:
        return found.total
    return len({row.thing for row in found.rows}) if found.plan.distinct else len(found.rows)


def full(
    asked: Asked, found: Found, text: str, rows: Rows, value: Value, unit: str | None, *, total: int | None = None
) -> Answer:
    """An answer of what was found, with how much was not watched."""
    more = missed(asked.coverage)
    return made(asked, sentence(text, found.remark) + more, rows, value, unit, total=total)


def made(asked: Asked, text: str, rows: Rows, value: Value, unit: str | None, *, total: int | None = None) -> Answer:
    """An answer with the rows, at most a hundred of them, and the events that show them; `total` is how many there are."""
    shown = whole_rows(asked.store, rows[:MOST_ROWS])
    return Answer(
        question=asked.question,
        plan=asked.plan,
        answer=text,
        claims=_claims(asked, shown, max(len(rows), total or 0)),
        rows=shown,
        coverage=asked.coverage,
        value=value,
        unit=unit,
    )


def _claims(asked: Asked, rows: Sequence[AnyRow], total: int) -> tuple[Claim, ...]:
    """One claim a row, of the first ten; the rest in one."""
    cited = citations(asked.store, rows)
    out = [Claim(text=asked.clock.claim(row), citations=cited.get(row.id, ())) for row in rows[:MOST_CLAIMS]]
    if len(rows) > MOST_CLAIMS:
        ids = tuple(dict.fromkeys(event for row in rows[MOST_CLAIMS:] for event in cited.get(row.id, ())))
        out.append(Claim(text=f"and {total - MOST_CLAIMS} more", citations=ids))
    return tuple(out)


def citations(store: GraphStore, rows: Sequence[AnyRow | Moment]) -> dict[str, tuple[str, ...]]:
    """Event ids by row: an event cites itself, a track the events it takes part in."""
    tracks = tuple(row.id for row in rows if is_track(row))
    out: dict[str, tuple[str, ...]] = {row.id: (row.id,) for row in rows if not is_track(row)}
    where = Filter(tracks=tracks)
    for event in store.read(Moments(of="events", where=where, limit=_MOST_CITED)) if tracks else []:
        for track in event.tracks:
            out[track] = (*out.get(track, ()), event.id)
    return out


def is_track(row: AnyRow | Moment) -> bool:
    """Whether a row is a track, not an event."""
    return isinstance(row, TrackRow) or (isinstance(row, Moment) and row.type is None)


def whole_rows(store: GraphStore, rows: Rows) -> tuple[AnyRow, ...]:
    """The rows that moments stand for, with their evidence, runs and paths; at most a hundred."""
    events = tuple(row.id for row in rows if row.type)
    tracks = tuple(row.id for row in rows if not row.type)
    read: dict[str, AnyRow] = {}
    if events:
        read.update({row.id: row for row in store.read(Events(where=Filter(ids=events, retracted=True)))})
    if tracks:
        read.update({row.id: row for row in store.read(Tracks(where=Filter(ids=tracks)))})
    return tuple(read[row.id] for row in rows if row.id in read)


def claim(asked: Asked, row: Moment) -> str:
    """What one row says, with its times."""
    return "; ".join(asked.clock.claim(whole) for whole in whole_rows(asked.store, (row,)))


def sentence(text: str, remark: str) -> str:
    """A sentence with its remark."""
    text = f"{text}; {remark}" if remark else text
    return text[:1].upper() + text[1:] + "."


def in_watched(coverage: Covered) -> str:
    """What "none" holds for, where not all was watched."""
    if whole(coverage):
        return ""
    missing = coverage.total_s - coverage.watched_s
    return f" in the {lasting(coverage.watched_s)} that were watched; {lasting(missing)} of the {lasting(coverage.total_s)} asked were not ({_reasons(coverage)})"


def missed(coverage: Covered) -> str:
    """How much of the time asked was not watched, and why; empty where all of it was."""
    if whole(coverage):
        return ""
    missing = coverage.total_s - coverage.watched_s
    return (
        f" Not watched: {lasting(missing)} of {lasting(coverage.total_s)} ({_reasons(coverage)}), so there may be more."
    )


def _reasons(coverage: Covered) -> str:
    reasons = list(dict.fromkeys(gap.reason for gap in coverage.gaps))
    return ", ".join(reasons[:3]) or "not watched"


def footage_said(asked: Asked) -> str:
    """From when to when there is footage."""
    start, end = asked.clock.footage.extent
    length = lasting(asked.clock.footage.longest_s)
    return f"footage runs from {asked.clock.at(start)} to {asked.clock.at(end)} (at most {length} a stream)"
