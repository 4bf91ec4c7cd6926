"""Alerts, and how telling of them went."""

from datetime import datetime

from graph.cypher.driver import Transaction, rows
from graph.cypher.where import Where, stream_ids
from graph.reading.alerts import delivery_of
from graph.rows import to_instant, to_ms
from vidette import codec
from vidette.alerting import (
    AlertCounts,
    Alerts,
    Attempts,
    Decisions,
    Deliveries,
    DeliveryCounts,
    MediaHeld,
    RuleStates,
    SinkStates,
    SinkTroubles,
)
from vidette.alerts import (
    Alert,
    AlertFilter,
    AlertState,
    Attempt,
    Decision,
    Delivery,
    DeliveryFilter,
    DeliveryStatus,
    RuleState,
    Severity,
    SinkState,
    SinkTrouble,
)


def read_alerts(transaction: Transaction, query: Alerts) -> list[Alert]:
    """Alerts that match, by `at`."""
    where = of_alerts(transaction, query.where)
    order = "a.at DESC, a.id DESC" if query.newest else "a.at, a.id"
    asked = f"{where.text} RETURN a.body_json AS body ORDER BY {order} LIMIT $limit"
    found = rows(transaction, asked, **where.values, limit=max(0, query.limit))
    return [codec.decode(Alert, row["body"]) for row in found]


def of_alerts(transaction: Transaction, asked: AlertFilter) -> Where:
    """Conditions on alerts `a`."""
    where = Where("MATCH (a:Alert)")
    where.add("a.sequence IS NOT NULL AND a.at IS NOT NULL")
    for column, given in (
        ("id", asked.ids),
        ("rule", asked.rules),
        ("severity", asked.severities),
        ("state", asked.states),
        ("subject", asked.subjects),
        ("incident", asked.incidents),
    ):
        if given:
            where.add(f"a.{column} IN ${column}s", **{f"{column}s": [str(one) for one in given]})
    if asked.events:
        where.add("any(one IN a.events WHERE one IN $events)", events=list(asked.events))
    if asked.streams:
        where.add("any(one IN a.streams WHERE one IN $streams)", streams=_known_as(transaction, asked.streams))
    if asked.since is not None:
        where.add("a.at >= $since", since=to_ms(asked.since))
    if asked.until is not None:
        where.add("a.at < $until", until=to_ms(asked.until))
    return where


def _known_as(transaction: Transaction, names: tuple[str, ...]) -> list[str]:
    """The names, and the ids of those that are names and the names of those that are ids."""
    asked = "MATCH (s:Stream) WHERE s.id IN $ids RETURN s.name AS name"
    ids = stream_ids(transaction, names)
    return [*names, *ids, *(row["name"] for row in rows(transaction, asked, ids=ids))]


def read_media_held(transaction: Transaction, query: MediaHeld) -> dict[str, datetime]:
    """Addresses that alerts hold."""
    held = "" if not query.addresses else " WHERE one IN $addresses"
    asked = f"MATCH (a:Alert) UNWIND a.held AS one WITH a, one{held} RETURN one AS sha256, max(a.raised_at) AS newest"
    found = rows(transaction, asked, addresses=list(query.addresses))
    return {row["sha256"]: to_instant(row["newest"]) for row in found}


def read_alert_counts(transaction: Transaction, _query: AlertCounts) -> dict[tuple[Severity, AlertState], int]:
    """Alerts by severity and state."""
    found = rows(transaction, "MATCH (a:Alert) RETURN a.severity AS severity, a.state AS state, count(*) AS count")
    return {(Severity(row["severity"]), AlertState(row["state"])): row["count"] for row in found}


def read_delivery_counts(transaction: Transaction, _query: DeliveryCounts) -> dict[tuple[str, DeliveryStatus], int]:
    """Deliveries by sink and status."""
    found = rows(transaction, "MATCH (d:Delivery) RETURN d.sink AS sink, d.status AS status, count(*) AS count")
    return {(row["sink"], DeliveryStatus(row["status"])): row["count"] for row in found}


def of_deliveries(asked: DeliveryFilter) -> Where:
    """Conditions on deliveries `d`."""
    where = Where("MATCH (d:Delivery)")
    where.add("d.raised_at IS NOT NULL AND d.sink IS NOT NULL AND d.sequence IS NOT NULL")
    for column, given in (
        ("id", asked.ids),
        ("alert_id", asked.alerts),
        ("sink", asked.sinks),
        ("status", asked.statuses),
    ):
        if given:
            where.add(f"d.{column} IN ${column}s", **{f"{column}s": [str(one) for one in given]})
    if asked.since is not None:
        where.add("d.raised_at >= $since", since=to_ms(asked.since))
    if asked.until is not None:
        where.add("d.raised_at < $until", until=to_ms(asked.until))
    return where


def read_deliveries(transaction: Transaction, query: Deliveries) -> list[Delivery]:
    """Deliveries that match, by when their message was raised."""
    where = of_deliveries(query.where)
    asked = f"{where.text} RETURN d{{.*}} AS d ORDER BY d.raised_at, d.sink, d.sequence, d.id LIMIT $limit"
    return [delivery_of(row["d"]) for row in rows(transaction, asked, **where.values, limit=max(0, query.limit))]


def read_attempts(transaction: Transaction, query: Attempts) -> list[Attempt]:
    """Every try of some deliveries."""
    asked = (
        "MATCH (n:Attempt)-[:OF]->(d:Delivery) WHERE d.id IN $ids RETURN n.body_json AS body"
        " ORDER BY n.at, n.delivery_id, n.number"
    )
    return [codec.decode(Attempt, row["body"]) for row in rows(transaction, asked, ids=list(query.deliveries))]


def read_decisions(transaction: Transaction, query: Decisions) -> list[Decision]:
    """What rules decided, by time."""
    where = Where("MATCH (d:Decision)")
    where.add("d.at IS NOT NULL")
    for column, given in (("event_id", query.events), ("alert_id", query.alerts), ("rule", query.rules)):
        if given:
            where.add(f"d.{column} IN ${column}s", **{f"{column}s": list(given)})
    asked = f"{where.text} RETURN d.body_json AS body ORDER BY d.at, d.rule, d.event_id, d.verdict LIMIT $limit"
    found = rows(transaction, asked, **where.values, limit=max(0, query.limit))
    return [codec.decode(Decision, row["body"]) for row in found]


def read_rule_states(transaction: Transaction, query: RuleStates) -> list[RuleState]:
    """What rules remember of a stream, by rule and version."""
    asked = "MATCH (r:RuleState {stream_id: $id}) RETURN r{.*} AS r ORDER BY r.rule, r.version"
    return [
        RuleState(
            rule=row["r"]["rule"], version=row["r"]["version"], stream_id=query.stream_id, state=row["r"]["state_json"]
        )
        for row in rows(transaction, asked, id=query.stream_id)
    ]


def read_sink_states(transaction: Transaction, _query: SinkStates) -> list[SinkState]:
    """Disabled sinks, by name."""
    asked = "MATCH (k:Sink) WHERE k.disabled_at IS NOT NULL RETURN k{.*} AS k ORDER BY k.id"
    return [
        SinkState(
            sink=row["k"]["id"],
            address=row["k"]["address"],
            disabled_at=to_instant(row["k"]["disabled_at"]),
            reason=row["k"]["reason"],
        )
        for row in rows(transaction, asked)
    ]


def read_sink_troubles(transaction: Transaction, _query: SinkTroubles) -> list[SinkTrouble]:
    """Sinks whose last try failed, by name."""
    asked = "MATCH (k:Sink) WHERE k.trouble_since IS NOT NULL RETURN k{.*} AS k ORDER BY k.id"
    return [
        SinkTrouble(
            sink=row["k"]["id"],
            since=to_instant(row["k"]["trouble_since"]),
            last=to_instant(row["k"]["trouble_last"]),
        )
        for row in rows(transaction, asked)
    ]
