"""Counts by groups, where things were, and how long they stayed: computed by the database."""

from collections.abc import Callable
from dataclasses import replace

from graph.reading import where as conditions
from graph.rows import Connection, Named, Value, to_instant, to_ms
from vidette.aggregates import Breakdown, Grouped, Heat, HeatCell, Visit, Visits
from vidette.errors import ConfigError
from vidette.models import Label
from vidette.queries import Filter

_LABEL_OF_TRACK = (
    "(SELECT n.label FROM identities i JOIN entities n ON n.seq = i.entity_seq WHERE i.track_seq = tracks.seq)"
)
_LABEL_OF_EVENT = (
    "(SELECT n.label FROM says JOIN takes_part t ON t.assertion_seq = says.assertion_seq"
    " LEFT JOIN identities i ON i.track_seq = t.track_seq"
    " JOIN entities n ON n.seq = coalesce(t.entity_seq, i.entity_seq) WHERE says.event_seq = events.seq"
    " ORDER BY t.role = 'subject' DESC, t.place, n.id LIMIT 1)"
)
_GROUPS = {
    "events": {
        "stream": "(SELECT name FROM streams WHERE streams.id = events.stream_id)",
        "type": "events.type",
        "label": _LABEL_OF_EVENT,
        "zone": "events.zone",
        "line": "events.line",
        "way": "json_extract(events.attributes_json, '$.direction')",
    },
    "tracks": {
        "stream": "(SELECT name FROM streams WHERE streams.id = tracks.stream_id)",
        "label": _LABEL_OF_TRACK,
        "heading": "json_extract(tracks.attributes_json, '$.heading')",
    },
}
_VALUES = {
    ("events", "duration"): "events.end_pts - events.start_pts",
    ("tracks", "duration"): "tracks.end_pts - tracks.start_pts",
    ("tracks", "speed"): "json_extract(tracks.attributes_json, '$.speed')",
}
_RANKED = (
    "ranked AS (SELECT *, row_number() OVER (PARTITION BY {by} ORDER BY v IS NULL, v) AS place,"
    " count(v) OVER (PARTITION BY {by}) AS known FROM found)"
    " SELECT {by}, count(*) AS count, count(v) AS valued, sum(v) AS total, min(v) AS least, max(v) AS most,"
    " max(CASE WHEN place = (known + 1) / 2 THEN v END) AS median,"
    " max(CASE WHEN place = (9 * known + 9) / 10 THEN v END) AS p90"
    " FROM ranked GROUP BY {by} ORDER BY count(*) DESC, {by} LIMIT ?"
)
_WHERE: dict[str, Callable[[Filter], conditions.Where]] = {"events": conditions.events, "tracks": conditions.tracks}


def read_breakdown(connection: Connection, query: Breakdown) -> list[Grouped]:
    """Groups with their counts, the largest first."""
    keys, values = _keys(query)
    where = _WHERE[query.of](replace(query.where, starts_inside=True))
    names = [f"k{place}" for place in range(len(keys))]
    by = ", ".join(names)
    columns = ", ".join(f"coalesce({key}, '') AS {name}" for key, name in zip(keys, names, strict=True))
    statement = (
        f"WITH found AS (SELECT {columns}, {_value(query)} AS v FROM {query.of}{where.text}), ",  # noqa: S608  names from this file
        _RANKED.replace("{by}", by),
    )
    found = connection.execute("".join(statement), (*values, *where.values, query.limit))
    return [grouped(row, names[: len(query.by)]) for row in found]


def _keys(query: Breakdown) -> tuple[list[str], list[Value]]:
    """SQL of the groups, with its parameters. Raises ConfigError."""
    keys: list[str] = []
    values: list[Value] = []
    for group in query.by:
        if group == "bucket":
            key, bound = _bucket(query)
            keys.append(key)
            values += bound
        elif group in _GROUPS[query.of]:
            keys.append(_GROUPS[query.of][group])
        else:
            raise ConfigError(f"{query.of} have no {group!r}; choices: {', '.join((*_GROUPS[query.of], 'bucket'))}")
    return keys or ["''"], values


def _bucket(query: Breakdown) -> tuple[str, list[Value]]:
    width = round(query.bucket_s * 1000)
    if width < 1:
        raise ConfigError(f"buckets of {query.bucket_s!r} s; give at least 0.001")
    if query.origin is None:
        return f"CAST(floor(round({query.of}.start_pts * 1000) / ?) AS INTEGER)", [float(width)]
    return f"CAST(floor(({query.of}.start - ?) / ?) AS INTEGER)", [to_ms(query.origin), float(width)]


def _value(query: Breakdown) -> str:
    if query.value is None:
        return "NULL"
    if (query.of, query.value) not in _VALUES:
        raise ConfigError(f"{query.of} have no {query.value!r}; choices: duration, and speed for tracks")
    return _VALUES[query.of, query.value]


def grouped(row: Named, names: list[str]) -> Grouped:
    """A group in a row: its keys by these names, and its figures."""
    keys = tuple(str(row[name]) for name in names)
    stats = {name: row[name] or 0.0 for name in ("total", "least", "median", "p90", "most")}
    return Grouped(keys=keys, count=row["count"], valued=row["valued"], **stats)


def read_heat(connection: Connection, query: Heat) -> list[HeatCell]:
    """Cells in which tracks stood."""
    if min(query.columns, query.rows) < 1:
        raise ConfigError(f"a grid of {query.columns} x {query.rows} cells; give at least 1 x 1")
    where = conditions.tracks(query.where)
    found = connection.execute(
        "".join(
            (
                "WITH chosen AS (SELECT tracks.seq FROM tracks",
                where.text,
                " ORDER BY tracks.id LIMIT ?),"
                " feet AS (SELECT path.track_seq AS id, (path.x1 + path.x2) / 2 AS x, path.y2 AS y,"
                " lead((path.x1 + path.x2) / 2) OVER way AS next_x, lead(path.y2) OVER way AS next_y"
                " FROM chosen JOIN path ON path.track_seq = chosen.seq"
                " WINDOW way AS (PARTITION BY path.track_seq ORDER BY path.pts))"
                " SELECT max(0, min(? - 1, CAST((x + part.value * coalesce(next_x - x, 0)) * ? AS INTEGER))) AS x,"
                " max(0, min(? - 1, CAST((y + part.value * coalesce(next_y - y, 0)) * ? AS INTEGER))) AS y,"
                " count(DISTINCT feet.id) AS count FROM feet JOIN json_each('[0,0.25,0.5,0.75]') part GROUP BY 2, 1 ORDER BY 2, 1",
            )
        ),
        (*where.values, query.most, query.columns, query.columns, query.rows, query.rows),
    )
    return [HeatCell(row["x"], row["y"], row["count"]) for row in found]


def read_visits(connection: Connection, query: Visits) -> list[Visit]:
    """Stays by start."""
    where = conditions.tracks(query.where)
    found = connection.execute(
        "".join(
            (
                "WITH seen AS (SELECT tracks.*, streams.name AS stream, streams.start AS origin, entities.label AS told FROM tracks"
                " JOIN streams ON streams.id = tracks.stream_id JOIN identities ON identities.track_seq = tracks.seq"
                " JOIN entities ON entities.seq = identities.entity_seq",
                where.text,
                ") ",
                _IN_ZONES if query.zones else _IN_VIEW,
                " ORDER BY since, track, zone LIMIT ?",
            )
        ),
        (*where.values, query.limit),
    )
    return [visit for row in found if (visit := visit_of(row)) and meets(visit, query)]


_IN_VIEW = "SELECT stream, origin, told, id AS track, '' AS zone, start AS since, \"end\" AS until FROM seen"
# A stay lasts from entering to the next leaving of that zone by that track, else to the track's end.
_IN_ZONES = (
    "SELECT DISTINCT seen.stream, seen.origin, seen.told, seen.id AS track, e.zone, e.start AS since, coalesce("
    "(SELECT min(x.start) FROM takes_part u JOIN says r ON r.assertion_seq = u.assertion_seq"
    " JOIN events x ON x.seq = r.event_seq WHERE u.track_seq = seen.seq AND x.type = 'zone_exited'"
    " AND x.zone = e.zone AND x.start >= e.start AND x.state != 'retracted'), seen.\"end\") AS until"
    " FROM seen JOIN takes_part t ON t.track_seq = seen.seq JOIN says s ON s.assertion_seq = t.assertion_seq"
    " JOIN events e ON e.seq = s.event_seq WHERE e.type = 'zone_entered' AND e.zone IS NOT NULL AND e.state != 'retracted'"
)


def visit_of(row: Named) -> Visit:
    """A stay in a row of stream, origin, told (label), track, zone, since and until."""
    end = row["until"]
    return Visit(
        stream=row["stream"],
        zone=row["zone"],
        track=row["track"],
        label=Label(row["told"]),
        start=to_instant(row["since"]),
        start_s=(row["since"] - row["origin"]) / 1000,
        end=None if end is None else to_instant(end),
        end_s=None if end is None else (end - row["origin"]) / 1000,
    )


def meets(visit: Visit, query: Visits) -> bool:
    """Whether a stay in a zone is in the window: its track is, the stay may not be."""
    asked = query.where
    if (asked.until and visit.start >= asked.until) or (asked.to_s is not None and visit.start_s >= asked.to_s):
        return False
    if asked.since and visit.end and visit.start < asked.since >= visit.end:
        return False
    return not (asked.from_s is not None and visit.end_s is not None and visit.start_s < asked.from_s >= visit.end_s)
