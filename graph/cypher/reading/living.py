"""What people and time made of alerts, and which alerts lie next to another."""

from collections.abc import Iterator

from graph.cypher.driver import Transaction, one, rows
from graph.cypher.where import Where
from graph.rows import to_instant, to_ms
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

_FIRST = (
    "MATCH (a:Alert {id: $id}) CALL (a) { MATCH (f:Alert {incident: a.incident}) RETURN f ORDER BY f.at, f.id LIMIT 1 }"
    " RETURN a.id AS id, a.incident AS incident, f.id AS first, f.at AS first_at"
)
_ZONES = (
    "MATCH (n:AlertPlace {stream: $stream}) WHERE n.zone IS NOT NULL AND n.at IS NOT NULL"
    " RETURN DISTINCT n.zone AS zone ORDER BY zone"
)
_SIDES = (("DESC", "n.at >= $at - $within AND n.at <= $at"), ("", "n.at >= $at AND n.at <= $at + $within"))


def read_silences(transaction: Transaction, query: Silences) -> list[Silence]:
    """Silences by end."""
    where = Where("MATCH (n:Silence)")
    if query.ids:
        where.add("n.id IN $ids", ids=list(query.ids))
    if query.at is not None:
        where.add("n.end > $at AND n.start <= $at", at=to_ms(query.at))
    asked = f"{where.text} RETURN n.body_json AS body ORDER BY n.end, n.id LIMIT $limit"
    return [codec.decode(Silence, row["body"]) for row in rows(transaction, asked, **where.values, limit=query.limit)]


def read_feedback(transaction: Transaction, query: FeedbackOf) -> list[Feedback]:
    """What people said, oldest first."""
    where = Where("MATCH (n:Feedback)")
    if query.alerts:
        where.add("n.alert_id IN $alerts", alerts=list(query.alerts))
    asked = f"{where.text} RETURN n.body_json AS body ORDER BY n.at, n.alert_id, n.says LIMIT $limit"
    return [codec.decode(Feedback, row["body"]) for row in rows(transaction, asked, **where.values, limit=query.limit)]


def read_precision(transaction: Transaction, query: Precision) -> list[Judged]:
    """Alerts by rule and stream, and how many of them people confirmed and dismissed."""
    where = Where("MATCH (a:Alert)")
    if query.since is not None:
        where.add("a.at >= $since", since=to_ms(query.since))
    if query.until is not None:
        where.add("a.at < $until", until=to_ms(query.until))
    found = rows(
        transaction,
        f"{where.text} UNWIND a.streams AS stream WITH DISTINCT a, stream"
        " RETURN a.rule AS rule, stream, count(a) AS alerts,"
        " count(CASE a.feedback WHEN 'confirmed' THEN 1 END) AS confirmed,"
        " count(CASE a.feedback WHEN 'dismissed' THEN 1 END) AS dismissed ORDER BY rule, stream",
        **where.values,
    )
    return [Judged(row["rule"], row["stream"], row["alerts"], row["confirmed"], row["dismissed"]) for row in found]


def read_due_timers(transaction: Transaction, query: DueTimers) -> list[Timer]:
    """Timers that are due."""
    found = rows(
        transaction,
        "MATCH (n:Timer) WHERE n.rule IN $rules AND n.due_at <= $now RETURN n{.*} AS n"
        " ORDER BY n.due_at, n.alert_id, n.kind LIMIT $limit",
        rules=list(query.rules),
        now=to_ms(query.now),
        limit=query.limit,
    )
    return [
        Timer(
            alert=row["n"]["alert_id"],
            rule=row["n"]["rule"],
            kind=row["n"]["kind"],
            due_at=to_instant(row["n"]["due_at"]),
        )
        for row in found
    ]


def read_storm(transaction: Transaction, query: StormOf) -> Storm | None:
    """One window of one sink."""
    key = f"{query.sink}|{to_ms(query.start)}"
    found = one(transaction, "MATCH (n:Storm {key: $key}) RETURN n.body_json AS body", key=key)
    return codec.decode(Storm, found["body"]) if found else None


def read_due_storms(transaction: Transaction, query: DueStorms) -> list[Storm]:
    """Windows that are due."""
    found = rows(
        transaction,
        "MATCH (n:Storm) WHERE n.sink IN $sinks AND n.due_at IS NOT NULL AND (n.due_at <= $now OR ($ending AND n.holding))"
        " RETURN n.body_json AS body ORDER BY n.due_at, n.sink, n.start LIMIT $limit",
        sinks=list(query.sinks),
        now=to_ms(query.now),
        ending=query.ending,
        limit=query.limit,
    )
    return [codec.decode(Storm, row["body"]) for row in found]


def read_next_to(transaction: Transaction, query: NextTo) -> list[Neighbour]:
    """The nearest alerts of each place and of the subject, with the first alert of their incidents."""
    found: dict[str, str] = {}
    for by, alert in _nearest(transaction, query):
        found.setdefault(alert, by)
    out = []
    for alert, by in found.items():
        row = one(transaction, _FIRST, id=alert)
        assert row is not None
        out.append(Neighbour(row["id"], row["incident"], by, row["first"], to_instant(row["first_at"])))
    return out


def _nearest(transaction: Transaction, query: NextTo) -> Iterator[tuple[str, str]]:
    """(what they have in common, alert), the subject first."""
    asked = [("the same thing", "", query.subject)] if query.subject is not None else []
    for stream, zone in query.places:
        asked.append((f"zone {zone} on {stream}" if zone else f"the same place on {stream}", stream, zone))
    for stream in query.near:
        zones = rows(transaction, _ZONES, stream=stream)
        asked += [(f"stream {stream} near by", stream, row["zone"]) for row in zones]
    within = round(query.within_s * 1000)
    for by, stream, zone in asked:
        for down, inside in _SIDES:
            found = one(
                transaction,
                f"MATCH (n:AlertPlace {{stream: $stream, zone: $zone}}) WHERE n.alert_id <> $alert AND {inside}"
                f" RETURN n.alert_id AS alert ORDER BY n.at {down} LIMIT 1",
                stream=stream,
                zone=zone,
                alert=query.alert,
                at=to_ms(query.at),
                within=within,
            )
            if found:
                yield by, found["alert"]
