"""What people and time made of alerts, and which alerts lie next to another."""

from collections.abc import Iterator

from graph.reading.where import Where
from graph.rows import Connection, Row, many, to_instant, to_ms
from vidette import codec
from vidette.alerts import Feedback, Silence, Storm, Timer
from vidette.handling import (
    DueStorms,
    DueTimers,
    FeedbackOf,
    Judged,
    Neighbour,
    NextTo,
    Precision,
    Silences,
    StormOf,
)

_ZONES = (
    "WITH RECURSIVE found (zone) AS (SELECT min(zone) FROM alert_places WHERE stream = ?1 UNION ALL"
    " SELECT (SELECT min(zone) FROM alert_places WHERE stream = ?1 AND zone > found.zone)"
    " FROM found WHERE found.zone IS NOT NULL) SELECT zone FROM found WHERE zone IS NOT NULL"
)
_PLACE = "SELECT alert_id FROM alert_places WHERE stream = ? AND zone = ? AND alert_id <> ?"
_BEFORE = " AND at BETWEEN ? AND ? ORDER BY at DESC LIMIT 1"
_AFTER = " AND at BETWEEN ? AND ? ORDER BY at LIMIT 1"
_FIRST = (
    "SELECT a.id, a.incident, f.id AS first, f.at AS first_at FROM alerts a JOIN alerts f"
    " ON f.id = (SELECT id FROM alerts WHERE incident = a.incident ORDER BY at, id LIMIT 1) WHERE a.id = ?"
)
_PRECISION = (
    "SELECT a.rule, s.stream, count(*) AS alerts, sum(a.body_json ->> '$.feedback' IS 'confirmed') AS confirmed,"
    " sum(a.body_json ->> '$.feedback' IS 'dismissed') AS dismissed"
    " FROM alerts a JOIN alert_streams s ON s.alert_id = a.id"
)


def read_silences(connection: Connection, query: Silences) -> list[Silence]:
    """Silences by end."""
    where = Where()
    where.among("id", query.ids)
    if query.at is not None:
        where.add("end > ?", to_ms(query.at))
        where.add("start <= ?", to_ms(query.at))
    text = "".join(("SELECT body_json FROM silences", where.text, " ORDER BY end, id LIMIT ?"))
    found = connection.execute(text, (*where.values, query.limit))
    return [codec.decode(Silence, row["body_json"]) for row in found]


def read_feedback(connection: Connection, query: FeedbackOf) -> list[Feedback]:
    """What people said, oldest first."""
    where = Where()
    where.among("alert_id", query.alerts)
    text = "".join(("SELECT body_json FROM feedback", where.text, " ORDER BY at, alert_id, says LIMIT ?"))
    found = connection.execute(text, (*where.values, query.limit))
    return [codec.decode(Feedback, row["body_json"]) for row in found]


def read_precision(connection: Connection, query: Precision) -> list[Judged]:
    """Alerts by rule and stream, and how many of them people confirmed and dismissed."""
    where = Where()
    if query.since is not None:
        where.add("a.at >= ?", to_ms(query.since))
    if query.until is not None:
        where.add("a.at < ?", to_ms(query.until))
    found = connection.execute("".join((_PRECISION, where.text, " GROUP BY 1, 2 ORDER BY 1, 2")), where.values)
    return [Judged(row["rule"], row["stream"], row["alerts"], row["confirmed"], row["dismissed"]) for row in found]


def read_due_timers(connection: Connection, query: DueTimers) -> list[Timer]:
    """Timers that are due."""
    found = connection.execute(
        "SELECT timers.* FROM json_each(?) asked JOIN timers ON timers.rule = asked.value AND timers.due_at <= ?"
        " ORDER BY timers.due_at, timers.alert_id, timers.kind LIMIT ?",
        (many(query.rules), to_ms(query.now), query.limit),
    )
    return [
        Timer(alert=row["alert_id"], rule=row["rule"], kind=row["kind"], due_at=to_instant(row["due_at"]))
        for row in found
    ]


def read_storm(connection: Connection, query: StormOf) -> Storm | None:
    """One window of one sink."""
    found = connection.execute(
        "SELECT body_json FROM storms WHERE sink = ? AND start = ?", (query.sink, to_ms(query.start))
    ).fetchone()
    return codec.decode(Storm, found["body_json"]) if found else None


def read_due_storms(connection: Connection, query: DueStorms) -> list[Storm]:
    """Windows that are due."""
    found = connection.execute(
        "SELECT storms.body_json FROM json_each(?1) asked JOIN storms ON storms.sink = asked.value"
        " WHERE storms.due_at <= ?2 OR (?3 AND storms.holding) ORDER BY storms.due_at, storms.sink, storms.start LIMIT ?4",
        (many(query.sinks), to_ms(query.now), query.ending, query.limit),
    )
    return [codec.decode(Storm, row["body_json"]) for row in found]


def read_next_to(connection: Connection, query: NextTo) -> list[Neighbour]:
    """The nearest alerts of each place and of the subject, with the first alert of their incidents."""
    found: dict[str, str] = {}
    for by, alert in _nearest(connection, query):
        found.setdefault(alert, by)
    rows = ((by, connection.execute(_FIRST, (alert,)).fetchone()) for alert, by in found.items())
    return [_neighbour(row, by) for by, row in rows]


def _neighbour(row: Row, by: str) -> Neighbour:
    return Neighbour(row["id"], row["incident"], by, row["first"], to_instant(row["first_at"]))


def _nearest(connection: Connection, query: NextTo) -> Iterator[tuple[str, str]]:
    """(what they have in common, alert), the subject first."""
    at, within = to_ms(query.at), round(query.within_s * 1000)
    asked = [("the same thing", "", query.subject)] if query.subject is not None else []
    for stream, zone in query.places:
        asked.append((f"zone {zone} on {stream}" if zone else f"the same place on {stream}", stream, zone))
    for stream in query.near:
        zones = connection.execute(_ZONES, (stream,)).fetchall()
        asked += [(f"stream {stream} near by", stream, row["zone"]) for row in zones]
    for by, stream, zone in asked:
        for order, since, until in ((_BEFORE, at - within, at), (_AFTER, at, at + within)):
            for row in connection.execute(_PLACE + order, (stream, zone, query.alert, since, until)):
                yield by, row[0]
