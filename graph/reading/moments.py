"""Events and tracks as narrow rows: read in one pass, what they are about in another."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from graph.reach import near_media
from graph.reading import sorts
from graph.reading import where as conditions
from graph.reading.finding import few_events, find, order_by, plain, stretches
from graph.reading.spread import spread
from graph.reading.where import Where
from graph.rows import Connection, Value, to_ms
from vidette.models import EventType, Label
from vidette.moments import Begun, Moment, Moments, Rejoined
from vidette.queries import Events, Filter

_FEW = 2_000
"""So many rows at most are looked for along the time until there are enough; of more, all are read and sorted."""
_EVENTS = (
    'SELECT events.seq, events.id, events.stream_id, events.start, events."end", events.start_pts, events.type,'
    " events.zone, events.line FROM events"
)
_TRACKS = 'SELECT tracks.seq, tracks.id, tracks.stream_id, tracks.start, tracks."end", tracks.start_pts, tracks.label, tracks.kind, n.id FROM '  # fmt: skip
_BY_TIME = "tracks JOIN identities i ON i.track_seq = tracks.seq JOIN entities n ON n.seq = i.entity_seq"
_BY_THING = "entities n CROSS JOIN identities i ON i.entity_seq = n.seq CROSS JOIN tracks ON tracks.seq = i.track_seq"  # in this order
_PARTS = (
    "SELECT says.event_seq, t.role, k.id, n.id, n.label, n.kind FROM says"
    " JOIN takes_part t ON t.assertion_seq = says.assertion_seq LEFT JOIN names k ON k.seq = t.track_seq"
    " LEFT JOIN identities i ON i.track_seq = t.track_seq LEFT JOIN entities n ON n.seq = coalesce(t.entity_seq, i.entity_seq)"
    " WHERE says.event_seq IN (SELECT value FROM json_each(?))"
)
_IN_ORDER = _PARTS.replace("FROM says", "FROM says JOIN assertions a ON a.seq = says.assertion_seq") + (
    " ORDER BY a.look = 'deep', a.start_pts, a.id, t.place"
)
_TYPES = {type_.value: type_ for type_ in EventType}
_LABELS = {label.value: label for label in Label}
_AGENTS = ("bringer", "taker")

Part = Sequence[str | None]
"""Role, track, and the entity's id, label and kind."""
About = tuple[tuple[str, ...], str, tuple[Label, ...], str | None]
"""Tracks, thing (empty: not known), labels and kind."""
_NOTHING: About = ((), "", (), None)


def read_moments(connection: Connection, query: Moments) -> list[Moment]:
    """Rows that match, in the query's order."""
    names: dict[str, str] = dict(_narrow(connection, "SELECT id, name FROM streams", ()))
    if query.of == "tracks":
        return [_track(names[row[2]], *row) for row in _tracks(connection, query)]
    rows = _events(connection, query)
    about = _about(connection, [row[0] for row in rows]) if query.things else {}
    return [_event(names[row[2]], about.get(row[0]), *row) for row in rows]


def read_begun(connection: Connection, query: Begun) -> list[float]:
    """Starts of events, which the index of shapes holds."""
    lots = stretches(query.where) if plain(query.where) else [conditions.events(query.where)]
    select = "SELECT events.start / 1000.0 FROM events"
    return [row[0] for where in lots for row in _narrow(connection, "".join((select, where.text)), where.values)]


def read_rejoined(connection: Connection, query: Rejoined) -> tuple[str, ...]:
    """Ids of things with several tracks."""
    del query  # it has no conditions
    several = "SELECT n.id FROM rejoined CROSS JOIN entities n ON n.seq = rejoined.entity_seq ORDER BY n.seq"
    return tuple(row[0] for row in _narrow(connection, several, ()))


def _narrow(connection: Connection, statement: str, values: Iterable[Value]) -> list[Any]:
    """Plain tuples, which take half as long to read as named rows."""
    cursor = connection.cursor()
    cursor.row_factory = None
    return cursor.execute(statement, tuple(values)).fetchall()


def _read(connection: Connection, query: Moments, select: str, lots: list[Where], by: str) -> list[Any]:
    """The first rows of lots that follow one another in time."""
    out: list[Any] = []
    for where in reversed(lots) if query.order == "-start" else lots:
        left = query.limit - len(out)
        out += _narrow(connection, "".join((select, where.text, by, " LIMIT ?")), (*where.values, left))
        if len(out) >= query.limit:
            break
    return out


def _unindexed(by: str) -> str:
    """An order that does not draw the planner to the index of time: all rows are read."""
    return by.replace("BY ", "BY +")


# Events ------------------------------------------------------------------------------------------


def _events(connection: Connection, query: Moments) -> list[Any]:
    asked = query.where
    if query.spans is not None:
        return spread(connection, query, _EVENTS, conditions.events(asked))
    if query.limit <= _FEW or asked.text or query.order not in ("start", "-start"):
        return _placed(connection, find(connection, Events(where=asked, limit=query.limit, order=query.order)))
    lots = stretches(asked) if plain(asked) else [conditions.events(asked)]
    return _read(connection, query, _EVENTS, lots, _unindexed(order_by("events", query.order)))


def _placed(connection: Connection, found: list[int]) -> list[Any]:
    """The events of these numbers, in their order."""
    place = {seq: at for at, seq in enumerate(found)}
    listed = "".join((_EVENTS, " WHERE events.seq IN (SELECT value FROM json_each(?))"))
    return sorted(_narrow(connection, listed, (json.dumps(found),)), key=lambda row: place[row[0]])


def _about(connection: Connection, seqs: Sequence[int]) -> dict[int, About]:
    """What each event is about; read in order where several take part."""
    one: dict[int, Part] = {}
    several: dict[int, dict[Part, None]] = {}
    for seq, *part in _narrow(connection, _PARTS, (json.dumps(seqs),)):
        if one.setdefault(seq, part) != part:
            several[seq] = {}
    for seq, *part in _narrow(connection, _IN_ORDER, (json.dumps(list(several)),)) if several else ():
        several[seq][tuple(part)] = None
    told = {seq: _told((part,)) for seq, part in one.items()}
    return told | {seq: _told(tuple(parts)) for seq, parts in several.items()}


def _told(parts: Sequence[Part]) -> About:
    """Tracks, and whom it happened to: its subjects, else all but who brought or took them."""
    tracks = tuple(dict.fromkeys(part[1] for part in parts if part[1]))
    meant = [part for part in parts if part[0] == "subject" and part[2]]
    meant = meant or [part for part in parts if part[0] not in _AGENTS and part[2]]
    if not meant:
        return tracks, "", (), None
    return tracks, meant[0][2] or "", tuple(_LABELS[part[3] or ""] for part in meant), meant[0][4]


def _event(
    stream: str, about: About | None, _seq: int, id_: str, _stream: str, start: int, end: int | None, start_s: float,
    type_: str, zone: str | None, line: str | None,
) -> Moment:  # fmt: skip
    until = None if end is None else end / 1000
    tracks, thing, labels, kind = about or _NOTHING
    return Moment(
        id_, stream, start / 1000, until, start_s, _TYPES[type_], zone, line, tracks, thing or id_, labels, kind
    )


# Tracks ------------------------------------------------------------------------------------------


def _tracks(connection: Connection, query: Moments) -> list[Any]:
    asked, by = query.where, order_by("tracks", query.order)
    if query.about is not None or query.spans is not None:
        where = _named(connection, asked)
        where.named("i.entity_seq", query.about or ())
        if query.about == ():
            return []
        if query.spans is not None:
            return spread(connection, query, _TRACKS + _BY_TIME, where)
        return _read(connection, query, _TRACKS + _BY_TIME, [where], _unindexed(by))
    if _few_things(connection, query):
        return _read(connection, query, _TRACKS + _BY_THING, [_by_thing(asked)], _unindexed(by))
    if query.order not in ("start", "-start"):
        return _read(connection, query, _TRACKS + _BY_TIME, [_named(connection, asked)], by)
    only = _only_stream(connection, asked)
    lots = _by_instant(connection, asked) if only is None else _by_media(connection, asked, *only)
    by = by if only is None else by.replace("tracks.start", "tracks.start_pts")
    return _read(connection, query, _TRACKS + _BY_TIME, lots, by if query.limit <= _FEW else _unindexed(by))


def _few_things(connection: Connection, query: Moments) -> bool:
    """Whether fewer rows are read by going from the things of a label to their tracks than by going along the time.

    Along the time, one in (all / those that match) rows counts, until there are enough.
    """
    asked = query.where
    borders = (asked.since, asked.until, asked.from_s, asked.to_s)
    if not asked.labels or asked.ids or asked.tracks or any(border is not None for border in borders):
        return False
    those, all_ = (
        sorts.count(connection, known)
        for one in (
            Filter(streams=asked.streams, labels=asked.labels, kinds=asked.kinds),
            Filter(streams=asked.streams),
        )
        if (known := sorts.counted(one)) is not None
    )
    return those * those <= query.limit * all_


def _by_thing(asked: Filter) -> Where:
    """Conditions on things and their tracks; a thing is of the stream of its tracks."""
    where = Where()
    conditions.streams(where, "n", asked)
    if not asked.streams:
        where.add("n.stream_id IN (SELECT id FROM streams)")  # the index is by stream and label
    where.among("n.label", asked.labels)
    where.among("n.kind", asked.kinds)
    return _and(where, conditions.tracks(replace(asked, streams=(), labels=(), kinds=())))


def _and(one: Where, other: Where) -> Where:
    return Where([*one.conditions, *other.conditions], [*one.values, *other.values])


def _named(connection: Connection, asked: Filter) -> Where:
    """Conditions on tracks, with those on the label and kind of the thing that is joined anyway."""
    where = conditions.tracks(replace(asked, labels=(), kinds=()), few=few_events(connection, asked))
    where.among("n.label", asked.labels)
    where.among("n.kind", asked.kinds)
    return where


def _by_instant(connection: Connection, asked: Filter) -> list[Where]:
    """Tracks that reach into the window, and those that begin in it."""
    if asked.since is None or asked.starts_inside or asked.from_s is not None or asked.to_s is not None:
        return [_named(connection, asked)]
    reaching = replace(asked, until=asked.since if asked.until is None else min(asked.since, asked.until))
    return [_named(connection, reaching), _named(connection, replace(asked, starts_inside=True))]


def _only_stream(connection: Connection, asked: Filter) -> tuple[str, int] | None:
    """Id and media time 0, in ms since 1970, of the one stream that is asked."""
    if len(asked.streams) != 1:
        return None
    found = _narrow(connection, "SELECT id, start FROM streams WHERE id = ?1 OR name = ?1", asked.streams)
    return found[0] if len(found) == 1 else None


def _by_media(connection: Connection, asked: Filter, stream_id: str, origin: int) -> list[Where]:
    """The same of one stream, by its media time, which an index holds in that order."""
    instants = [None if at is None else (to_ms(at) - origin) / 1000 for at in (asked.since, asked.until)]
    low = max((at for at in (instants[0], asked.from_s) if at is not None), default=None)
    high = min((at for at in (instants[1], asked.to_s) if at is not None), default=None)
    bare = replace(asked, streams=(), since=None, until=None, from_s=None, to_s=None)
    inside = _named(connection, replace(bare, from_s=low, to_s=high, starts_inside=True))
    inside.add("tracks.stream_id = ?", stream_id)
    if low is None or asked.starts_inside:
        return [inside]
    reaching = _named(connection, bare)
    near, values = near_media("tracks", low, low if high is None else min(low, high), stream_id)
    reaching.add(f"tracks.seq IN ({near})", *values)
    reaching.add("tracks.start_pts < ?", low if high is None else min(low, high))
    reaching.add("(tracks.end_pts > ? OR tracks.end_pts IS NULL)", low)
    return [reaching, inside]


def _track(
    stream: str, _seq: int, id_: str, _stream: str, start: int, end: int | None, start_s: float, label: str,
    kind: str | None, thing: str,
) -> Moment:  # fmt: skip
    until = None if end is None else end / 1000
    return Moment(id_, stream, start / 1000, until, start_s, None, None, None, (id_,), thing, (_LABELS[label],), kind)
