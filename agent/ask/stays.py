"""How long what rows tell of lasted: in view, in a zone, standing still."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from agent.ask.fragment import PRESENCE
from vidette.aggregates import Visits
from vidette.intervals import Span
from vidette.models import EventType
from vidette.moments import Moment, Moments
from vidette.ports import GraphStore
from vidette.queries import Filter

_MOST = 1_000_000
_ZONED = frozenset(PRESENCE)
_UNTIL = (EventType.OBJECT_MOVED_OFF, EventType.OBJECT_EXITED)


@dataclass(frozen=True, slots=True)
class Stay:
    """A row and the stretch that it tells of, in seconds since 1970; `open` while it has no end yet."""

    row: Moment
    span: Span
    open: bool = False

    @property
    def seconds(self) -> float:
        """How long it lasted."""
        return self.span[1] - self.span[0]


def since_1970(at: datetime) -> float:
    """Seconds since 1970."""
    return at.timestamp()


def instant(seconds: float) -> datetime:
    """The instant of seconds since 1970."""
    return datetime.fromtimestamp(seconds, UTC)


def span_of(row: Moment, reach: Mapping[str, float]) -> Span:
    """The stretch of a row as stored; what is open lasts to where its stream was looked at last."""
    start = row.since
    if row.until is not None:
        return start, max(start, row.until)
    return start, max(start, start - row.start_s + reach.get(row.stream, row.start_s))


def stays(store: GraphStore, rows: Sequence[Moment], reach: Mapping[str, float]) -> list[Stay]:
    """Each row with how long it lasted.

    Entering a zone lasts to leaving it, stopping to moving off, other instants as long as their
    things were in view. Rows that tell of one stay (entered, loitered, left) are one.
    """
    zoned = [row for row in rows if row.type in _ZONED and row.zone and row.tracks]
    stopped = [row for row in rows if row.type == EventType.OBJECT_STOPPED]
    instants = [
        row
        for row in rows
        if row.type and row.until is not None and row.until <= row.since and row.tracks
        and row.type not in _ZONED and row.type != EventType.OBJECT_STOPPED
    ]  # fmt: skip
    told = {**_visits(store, zoned, reach), **_until_moving(store, stopped, reach), **_in_view(store, instants, reach)}
    out: dict[tuple[str, Span], Stay] = {}
    for row in rows:
        stay = told.get(row.id) or Stay(row, span_of(row, reach), row.until is None)
        subject = row.tracks[0] if row.tracks else row.id
        out.setdefault((subject, stay.span), stay)
    return list(out.values())


def _tracks(rows: Iterable[Moment]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(row.tracks[0] for row in rows if row.tracks))


def _visits(store: GraphStore, rows: Sequence[Moment], reach: Mapping[str, float]) -> dict[str, Stay]:
    if not rows:
        return {}
    at: dict[tuple[str, str], list[tuple[float, float, bool]]] = defaultdict(list)
    for visit in store.read(Visits(zones=True, where=Filter(tracks=_tracks(rows)), limit=_MOST)):
        start = since_1970(visit.start)
        open_end = start - visit.start_s + reach.get(visit.stream, visit.start_s)
        end = open_end if visit.end is None else since_1970(visit.end)
        at[visit.track, visit.zone].append((start, max(start, end), visit.end is None))
    out = {}
    for row in rows:
        when = row.since
        near = [v for v in at[row.tracks[0], row.zone or ""] if v[0] <= when + 0.001 and when <= v[1] + 0.001]
        if near:
            start, end, open_ = near[-1]
            out[row.id] = Stay(row, (start, end), open_)
    return out


def _until_moving(store: GraphStore, rows: Sequence[Moment], reach: Mapping[str, float]) -> dict[str, Stay]:
    if not rows:
        return {}
    ends: dict[str, list[float]] = defaultdict(list)
    for event in store.read(Moments(of="events", where=Filter(types=_UNTIL, tracks=_tracks(rows)), limit=_MOST)):
        for track in event.tracks:
            ends[track].append(event.since)
    lasting = _in_view(store, rows, reach)
    out = {}
    for row in rows:
        start = row.since
        later = [end for end in ends[row.tracks[0]] if end >= start] if row.tracks else []
        whole = lasting.get(row.id)
        end = min(later) if later else whole.span[1] if whole else span_of(row, reach)[1]
        out[row.id] = Stay(
            row, (start, max(start, end)), not later and (row.until is None or bool(whole and whole.open))
        )
    return out


def _in_view(store: GraphStore, rows: Sequence[Moment], reach: Mapping[str, float]) -> dict[str, Stay]:
    if not rows:
        return {}
    tracks = {t.id: t for t in store.read(Moments(of="tracks", where=Filter(ids=_tracks(rows)), limit=_MOST))}
    return {
        row.id: Stay(row, span_of(track, reach), track.until is None)
        for row in rows
        if row.tracks and (track := tracks.get(row.tracks[0]))
    }
