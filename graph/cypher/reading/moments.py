"""Events and tracks as narrow rows, and how many different things events happened to."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from graph.cypher import where as conditions
from graph.cypher.assertions import roles_of
from graph.cypher.driver import Row, Transaction, one, rows
from graph.cypher.reading.finding import order_by
from graph.cypher.reading.timely import first, is_timely
from graph.cypher.where import Where
from vidette.models import EventType, Label
from vidette.moments import Begun, Doers, Moment, Moments, Rejoined, Things
from vidette.queries import Filter

_AGENTS = ("bringer", "taker")
# Who takes part in an event, said by said: an entity that is named, else the one that the track is.
_PARTS = (
    "MATCH (a:Assertion)-[:SAYS]->(e:Event) WHERE e.id IN $ids AND a.roles_json <> '[]'"
    " RETURN e.id AS event, a.roles_json AS roles_json ORDER BY a.look = 'deep', a.start_pts, a.id"
)
_TRACKED = "MATCH (t:Track)-[:IS]->(n:Entity) WHERE t.id IN $ids RETURN t.id AS id, n{.id, .label, .kind} AS thing"
_NAMED = "MATCH (n:Entity) WHERE n.id IN $ids AND n.label IS NOT NULL RETURN n.id AS id, n{.id, .label, .kind} AS thing"
_OF_IDS = "UNWIND range(0, size($ids) - 1) AS place MATCH (e:Event {id: $ids[place]})"
_TOLD = (
    " MATCH (s:Stream {id: e.stream_id})"
    " RETURN e{.id, .start, .end, .start_pts, .end_pts, .type, .zone, .line} AS e, s.name AS stream"
)

Part = tuple[str, str | None, Row | None]
"""Role, track, thing."""


def read_moments(transaction: Transaction, query: Moments) -> list[Moment]:
    """Rows that match, in the query's order."""
    if query.limit < 1 or query.about == () or query.spans == ():
        return []
    return _tracks(transaction, query) if query.of == "tracks" else _events(transaction, query)


def _events(transaction: Transaction, query: Moments) -> list[Moment]:
    if query.spans is None and query.order in ("start", "-start") and is_timely(query.where):
        ids = first(transaction, query.where, query.order, query.limit)
        found = rows(transaction, f"{_OF_IDS}{_TOLD} ORDER BY place", ids=ids)
    else:
        found = _found(transaction, query)
    parts = parts_of(transaction, [row["e"]["id"] for row in found]) if query.things else {}
    return [_event(row, parts.get(row["e"]["id"], ()) if query.things else None) for row in found]


def _found(transaction: Transaction, query: Moments) -> list[Row]:
    where = _met(conditions.events(transaction, query.where), query, "e")
    ranked = query.order == "rank" and query.where.text
    order = " ORDER BY score DESC, e.start, e.id" if ranked else order_by("e", _order(query))
    names = "e, score" if query.where.text else "e"
    text = f"{where.first(names, order)}{_TOLD}{order}"
    return rows(transaction, text, **where.values, limit=query.limit)


def _order(query: Moments) -> str:
    return query.order if query.spans is None or query.order == "-start" else "start"


def _met(where: Where, query: Moments, variable: str) -> Where:
    """Rows that meet one of the spans, or begin in one."""
    if query.spans is None:
        return where
    spans = [[_ms(low), _ms(high)] for low, high in query.spans]
    reaching = "" if query.begins else f" OR {variable}.end IS NULL OR {variable}.end > span[0]"
    met = f"any(span IN $spans WHERE {variable}.start < span[1] AND ({variable}.start >= span[0]{reaching}))"
    return where.also(met, spans=spans)


def _ms(seconds: float) -> int:
    return round(1000 * max(-1e12, min(seconds, 1e12)))


def parts_of(transaction: Transaction, ids: Sequence[str]) -> dict[str, list[Part]]:
    """Who takes part in events, each once, in the order in which it was said."""
    said = [(row["event"], role) for row in rows(transaction, _PARTS, ids=list(ids)) for role in roles_of(row)]
    tracked = _things(transaction, _TRACKED, (role.track_id for _, role in said if role.entity_id is None))
    named = _things(transaction, _NAMED, (role.entity_id for _, role in said))
    out: dict[str, dict[tuple[str, str | None, str | None], Part]] = {}
    for event, role in said:
        thing = named.get(role.entity_id) if role.entity_id else tracked.get(role.track_id or "")
        key = role.role, role.track_id, thing["id"] if thing else None
        out.setdefault(event, {})[key] = (role.role, role.track_id, thing)
    return {event: list(parts.values()) for event, parts in out.items()}


def _things(transaction: Transaction, asked: str, ids: Iterable[str | None]) -> dict[str, Row]:
    given = sorted({id_ for id_ in ids if id_})
    return {row["id"]: row["thing"] for row in rows(transaction, asked, ids=given)} if given else {}


def _event(row: Row, parts: Sequence[Part] | None) -> Moment:
    event = row["e"]
    meant = [part for part in parts or () if part[0] == "subject" and part[2]]
    meant = meant or [part for part in parts or () if part[0] not in _AGENTS and part[2]]
    things = [part[2] for part in meant if part[2]]
    return Moment(
        event["id"],
        row["stream"],
        event["start"] / 1000,
        None if event["end"] is None else event["end"] / 1000,
        event["start_pts"],
        EventType(event["type"]),
        event["zone"],
        event["line"],
        tuple(dict.fromkeys(part[1] for part in parts or () if part[1])),
        things[0]["id"] if things else event["id"],
        tuple(Label(thing["label"]) for thing in things),
        things[0]["kind"] if things else None,
    )


def _tracks(transaction: Transaction, query: Moments) -> list[Moment]:
    where = _met(conditions.tracks(transaction, query.where), query, "t")
    if query.about is not None:
        where.add("n.id IN $about", about=list(query.about))
    order = order_by("t", _order(query))
    found = rows(
        transaction,
        f"{where.first('t, n', order)} MATCH (s:Stream {{id: t.stream_id}})"
        f" RETURN t{{.id, .start, .end, .start_pts, .end_pts, .label, .kind}} AS t, n.id AS thing, s.name AS stream{order}",
        **where.values,
        limit=query.limit,
    )
    return [_track(row) for row in found]


def _track(row: Row) -> Moment:
    track = row["t"]
    until = None if track["end"] is None else track["end"] / 1000
    return Moment(
        track["id"], row["stream"], track["start"] / 1000, until, track["start_pts"], None, None, None, (track["id"],),
        row["thing"], (Label(track["label"]),), track["kind"],
    )  # fmt: skip


def read_begun(transaction: Transaction, query: Begun) -> list[float]:
    """Starts of events."""
    where = conditions.events(transaction, query.where)
    return [row["at"] for row in rows(transaction, f"{where.text} RETURN e.start / 1000.0 AS at", **where.values)]


def read_rejoined(transaction: Transaction, _query: Rejoined) -> tuple[str, ...]:
    """Ids of things with several tracks."""
    asked = (
        "MATCH (t:Track)-[:IS]->(n:Entity) WITH n, count(t) AS tracks WHERE tracks > 1 RETURN n.id AS id ORDER BY id"
    )
    return tuple(row["id"] for row in rows(transaction, asked))


def read_things(transaction: Transaction, query: Things) -> int:
    """How many things."""
    found = _subjects(transaction, query.where)
    for other in query.also:
        labels, streams = _held(transaction, query.where)
        asked = replace(other, labels=labels, kinds=(), streams=other.streams or streams)
        found &= {thing for thing in _subjects(transaction, asked) if not thing.startswith("event ")}
    return len(found)


def _held(transaction: Transaction, asked: Filter) -> tuple[tuple[Label, ...], tuple[str, ...]]:
    """The labels and streams that the things of these events can have."""
    where = conditions.events(transaction, Filter(streams=asked.streams, types=asked.types, zones=asked.zones, lines=asked.lines, labels=asked.labels, retracted=asked.retracted))  # fmt: skip
    found = rows(transaction, f"{where.text} RETURN DISTINCT e.stream_id AS stream, e.labels AS labels", **where.values)
    labels = sorted({label for row in found for label in row["labels"]})
    return tuple(Label(label) for label in labels), tuple(sorted({row["stream"] for row in found}))


def _subjects(transaction: Transaction, asked: Filter) -> set[str]:
    """The things that events happened to; `event …` where none is known."""
    where = conditions.events(transaction, asked)
    ids = [row["id"] for row in rows(transaction, f"{where.text} RETURN e.id AS id", **where.values)]
    parts = parts_of(transaction, ids)
    return {_subject(parts.get(id_, ())) or f"event {id_}" for id_ in ids}


def _subject(parts: Sequence[Part]) -> str:
    """The first subject, or else the first that neither brought nor took; empty where none is known."""
    meant = [part for part in parts if part[2] and part[0] not in _AGENTS]
    meant.sort(key=lambda part: part[0] != "subject")
    return meant[0][2]["id"] if meant and meant[0][2] else ""


def read_doers(transaction: Transaction, query: Doers) -> int:
    """How many tracks."""
    things = [thing for thing in _subjects(transaction, query.did) if not thing.startswith("event ")]
    where = conditions.tracks(transaction, query.where).also("n.id IN $things", things=things)
    found = one(transaction, f"{where.text} RETURN count(DISTINCT t) AS count", **where.values)
    return int(found["count"]) if found else 0
