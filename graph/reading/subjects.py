"""How many different things events happened to: by their numbers alone, from indexes, without reading a row of events."""

import json
from collections.abc import Sequence
from dataclasses import replace

from graph.reading import where as conditions
from graph.reading.finding import plain, stretches
from graph.reading.where import Where
from graph.rows import Connection
from vidette.moments import Doers, Things
from vidette.queries import Filter

_PART = "says.event_seq, t.role, coalesce(t.entity_seq, i.entity_seq) AS thing FROM says"
_TAKING = (
    " JOIN takes_part t ON t.assertion_seq = says.assertion_seq LEFT JOIN identities i ON i.track_seq = t.track_seq"
    " WHERE says.event_seq IN (SELECT value FROM json_each(?)) AND thing IS NOT NULL AND t.role NOT IN ('bringer', 'taker')"
)
_PARTS = f"SELECT {_PART}{_TAKING}"
_IN_ORDER = (
    f"SELECT {_PART} JOIN assertions a ON a.seq = says.assertion_seq{_TAKING}"
    " ORDER BY t.role != 'subject', a.look = 'deep', a.start_pts, a.id, t.place"
)


_TRACKS_OF = (
    "SELECT count(*) FROM identities i CROSS JOIN tracks ON tracks.seq = i.track_seq"
    " CROSS JOIN entities n ON n.seq = i.entity_seq"
)


def read_things(connection: Connection, query: Things) -> int:
    """How many things."""
    found = _things(connection, query.where)
    for other in query.also:
        known = _things(connection, _of_these(connection, query.where, other))
        found &= {thing for thing in known if thing > 0}
    return len(found)


def read_doers(connection: Connection, query: Doers) -> int:
    """How many tracks."""
    things = [thing for thing in _things(connection, query.did) if thing > 0]
    where = conditions.tracks(replace(query.where, labels=(), kinds=()))
    where.add("i.entity_seq IN (SELECT value FROM json_each(?))", json.dumps(things))
    where.among("n.label", query.where.labels)
    where.among("n.kind", query.where.kinds)
    counted = connection.execute("".join((_TRACKS_OF, where.text)), where.values)
    return int(counted.fetchone()[0])


def _things(connection: Connection, asked: Filter) -> set[int]:
    """Numbers of the things that events happened to; that of the event, below 0, where none is known."""
    lots = stretches(asked) if plain(asked) else [conditions.events(asked)]
    seqs = [row[0] for where in lots for row in _numbers(connection, where)]
    of = _subjects(connection, seqs)
    return {of.get(seq, -seq) for seq in seqs}


def _numbers(connection: Connection, where: Where) -> list[tuple[int]]:
    cursor = connection.cursor()
    cursor.row_factory = None
    return cursor.execute("".join(("SELECT events.seq FROM events", where.text)), where.values).fetchall()


def _subjects(connection: Connection, seqs: Sequence[int]) -> dict[int, int]:
    """The first subject of each event, or else the first that neither brought nor took."""
    cursor = connection.cursor()
    cursor.row_factory = None
    out: dict[int, int] = {}
    several: set[int] = set()
    for seq, _, thing in cursor.execute(_PARTS, (json.dumps(seqs),)):
        if out.setdefault(seq, thing) != thing:
            several.add(seq)
    if several:
        ordered = cursor.execute(_IN_ORDER, (json.dumps(list(several)),)).fetchall()
        out.update((seq, thing) for seq, _, thing in reversed(ordered))
    return out


def _of_these(connection: Connection, asked: Filter, other: Filter) -> Filter:
    """The other filter asked of the labels and streams that the things of the first can have."""
    shapes = conditions.shapes(asked)
    listed = "".join(("SELECT DISTINCT shapes.stream_id, l.label FROM shapes LEFT JOIN shape_labels l ON l.shape = shapes.id", shapes.text))  # fmt: skip
    found = connection.execute(listed, shapes.values).fetchall()
    labels = tuple(sorted({row["label"] for row in found if row["label"]}))
    streams = other.streams or tuple(sorted({row["stream_id"] for row in found}))
    return replace(other, labels=labels, kinds=(), streams=streams)
