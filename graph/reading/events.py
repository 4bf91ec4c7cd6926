"""Events as rows."""

import json
from collections import defaultdict
from collections.abc import Iterable
from operator import itemgetter
from typing import TypeVar

from graph.assertions import assertions_of
from graph.reading.finding import find
from graph.rows import Connection, Row, to_box, to_instant
from vidette.models import Assertion, EventType, Evidence, Label, Run, State
from vidette.queries import AssertionsOf, Events
from vidette.rows import EntityRow, EventRow

T = TypeVar("T")
_COLUMNS = (
    "seq", "id", "type", "stream", "start", "end", "start_pts", "end_pts", "confidence", "caption", "state", "zone",
    "line", "attributes_json",
)  # fmt: skip
_TYPES: dict[str, EventType] = {str(one): one for one in EventType}
_STATES: dict[str, State] = {str(one): one for one in State}
_LABELS: dict[str, Label] = {str(one): one for one in Label}


def read_events(connection: Connection, query: Events) -> list[EventRow]:
    """Events that match."""
    place = {seq: at for at, seq in enumerate(find(connection, query))}
    found = connection.execute(
        "SELECT events.*, streams.name AS stream FROM events JOIN streams ON streams.id = events.stream_id"
        " WHERE events.seq IN (SELECT value FROM json_each(?))",
        (json.dumps(list(place)),),
    ).fetchall()
    return rows(connection, sorted(found, key=lambda row: place[row["seq"]]), brief=query.brief)


def rows(connection: Connection, found: list[Row], *, brief: bool = False) -> list[EventRow]:
    """EventRows of rows of `events` with their stream's name; `brief` leaves out evidence and runs."""
    if not found:
        return []
    listed = json.dumps([row["seq"] for row in found])
    entities, tracks = _parts(connection, listed)
    evidence = {} if brief else _evidence(connection, listed)
    runs = {} if brief else _runs(connection, listed)
    names = found[0].keys()
    columns = itemgetter(*map(names.index, _COLUMNS))  # by place: by name a row is searched for each
    return [
        EventRow(
            id=id_,
            type=_TYPES[type_],
            stream=stream,
            start=to_instant(start),
            end=None if end is None else to_instant(end),
            start_s=start_s,
            end_s=end_s,
            confidence=confidence,
            caption=caption,
            state=_STATES[state],
            zone=zone,
            line=line,
            entities=unique(entities.get(seq, ())),
            tracks=tuple(dict.fromkeys(tracks.get(seq, ()))),
            evidence=unique(evidence.get(seq, ())),
            runs=unique(runs.get(seq, ())),
            attributes={} if said == "{}" else json.loads(said),
        )
        for seq, id_, type_, stream, start, end, start_s, end_s, confidence, caption, state, zone, line, said in map(
            columns, found
        )
    ]


def unique(items: Iterable[T]) -> tuple[T, ...]:
    """Items without repetition, in order; they may hold dicts."""
    listed = tuple(items)
    return listed if len(listed) < 2 else tuple({repr(item): item for item in listed}.values())


def _parts(connection: Connection, listed: str) -> tuple[dict[int, list[EntityRow]], dict[int, list[str]]]:
    found = connection.execute(
        "SELECT says.event_seq, t.role, k.id, n.id, n.label, n.attributes_json FROM says"
        " JOIN assertions a ON a.seq = says.assertion_seq JOIN takes_part t ON t.assertion_seq = a.seq"
        " LEFT JOIN names k ON k.seq = t.track_seq"
        " LEFT JOIN identities i ON i.track_seq = t.track_seq"
        " LEFT JOIN entities n ON n.seq = coalesce(t.entity_seq, i.entity_seq)"
        " WHERE says.event_seq IN (SELECT value FROM json_each(?))"
        " ORDER BY a.look = 'deep', a.start_pts, a.id, t.place",
        (listed,),
    )
    entities: dict[int, list[EntityRow]] = defaultdict(list)
    tracks: dict[int, list[str]] = defaultdict(list)
    for event, role, track, id_, label, attributes in found:
        if track:
            tracks[event].append(track)
        if id_:
            said = {} if attributes == "{}" else json.loads(attributes)
            thing = EntityRow(id=id_, label=_LABELS[label], role=role, attributes=said)
            entities[event].append(thing)
    return entities, tracks


def _evidence(connection: Connection, listed: str) -> dict[int, list[Evidence]]:
    found = connection.execute(
        "SELECT says.event_seq, s.* FROM says JOIN shown_in s ON s.assertion_seq = says.assertion_seq"
        " JOIN assertions a ON a.seq = says.assertion_seq"
        " WHERE says.event_seq IN (SELECT value FROM json_each(?)) ORDER BY s.pts, s.kind, s.sha256, a.id",
        (listed,),
    )
    out: dict[int, list[Evidence]] = defaultdict(list)
    for row in found:
        picture = Evidence(
            kind=row["kind"], sha256=row["sha256"], uri=row["uri"], pts_s=row["pts"], box=to_box(row["box_json"])
        )
        out[row["event_seq"]].append(picture)
    return out


def _runs(connection: Connection, listed: str) -> dict[int, list[Run]]:
    found = connection.execute(
        "SELECT DISTINCT says.event_seq, r.id, r.model, r.revision, r.prompt_hash, r.params_json FROM says"
        " JOIN assertions a ON a.seq = says.assertion_seq JOIN runs r ON r.seq = a.run_seq"
        " WHERE says.event_seq IN (SELECT value FROM json_each(?)) ORDER BY a.look = 'deep', r.id",
        (listed,),
    )
    out: dict[int, list[Run]] = defaultdict(list)
    known: dict[str, Run] = {}  # a few speak of very many events
    for event, id_, model, revision, prompt_hash, params in found:
        if id_ not in known:
            known[id_] = Run(id=id_, model=model, revision=revision, prompt_hash=prompt_hash, params=json.loads(params))
        out[event].append(known[id_])
    return out


def read_assertions(connection: Connection, query: AssertionsOf) -> list[Assertion]:
    """Every assertion that supports an event, oldest (by media time) first."""
    found = connection.execute(
        "SELECT a.* FROM events e JOIN says ON says.event_seq = e.seq"
        " JOIN assertions a ON a.seq = says.assertion_seq WHERE e.seq = (SELECT seq FROM names WHERE id = ?)"
        " ORDER BY a.start_pts, a.look = 'deep', a.seq",
        (query.event_id,),
    ).fetchall()
    return assertions_of(connection, found)
