"""Alerts, and how telling of them went."""

from datetime import datetime

from graph.reading.where import Where
from graph.rows import Connection, Named, many, to_instant, to_ms
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

DELIVERY = "SELECT d.* FROM deliveries d"
_IN = "(SELECT value FROM json_each(?))"
_NAMED = (
    f"(stream IN {_IN} OR stream IN (SELECT name FROM streams WHERE id IN {_IN})"  # noqa: S608  fixed text
    f" OR stream IN (SELECT id FROM streams WHERE name IN {_IN}))"
)
_ON = f"id IN (SELECT alert_id FROM alert_streams WHERE {_NAMED})"  # noqa: S608  fixed text
_ON_ONE_OF_MANY = f"EXISTS (SELECT 1 FROM alert_streams s WHERE s.alert_id = alerts.id AND {_NAMED})"  # noqa: S608  fixed text


def read_alerts(connection: Connection, query: Alerts) -> list[Alert]:
    """Alerts that match, by `at`."""
    where = _of_alerts(query.where)
    order = " ORDER BY at DESC, id DESC LIMIT ?" if query.newest else " ORDER BY at, id LIMIT ?"
    found = connection.execute(
        "".join(("SELECT body_json FROM alerts", where.text, order)), (*where.values, query.limit)
    )
    return [codec.decode(Alert, row["body_json"]) for row in found]


def _of_alerts(asked: AlertFilter) -> Where:
    """Of one rule they are found in the order of time, so that a few need no sorting of all."""
    where = Where()
    where.among("id", asked.ids)
    where.among("severity", asked.severities)
    where.among("state", asked.states)
    where.among("subject", asked.subjects)
    where.among("incident", asked.incidents)
    where.among("event_id", asked.events, "id IN (SELECT alert_id FROM alert_events WHERE {})")
    narrow = bool(asked.ids or asked.subjects or asked.incidents or asked.events)
    if len(asked.rules) == 1:
        where.add("+rule = ?" if narrow else "rule = ?", asked.rules[0])
    else:
        where.among("+rule" if narrow else "rule", asked.rules)
    if asked.streams:
        listed = many(asked.streams)
        where.add(_ON_ONE_OF_MANY if narrow or asked.rules else _ON, listed, listed, listed)
    if asked.since is not None:
        where.add("at >= ?", to_ms(asked.since))
    if asked.until is not None:
        where.add("at < ?", to_ms(asked.until))
    return where


def read_media_held(connection: Connection, query: MediaHeld) -> dict[str, datetime]:
    """Addresses that alerts hold: every alert is read, so ask for many at once."""
    where = Where()
    where.among("e.value ->> '$.sha256'", query.addresses)
    found = connection.execute(
        "".join(
            (
                "SELECT e.value ->> '$.sha256' AS sha256, max(a.raised_at) AS newest"
                " FROM alerts a, json_each(a.body_json, '$.evidence') e",
                where.text,
                " GROUP BY 1",
            )
        ),
        where.values,
    )
    return {row["sha256"]: to_instant(row["newest"]) for row in found}


def read_alert_counts(connection: Connection, _query: AlertCounts) -> dict[tuple[Severity, AlertState], int]:
    """Alerts by severity and state."""
    found = connection.execute("SELECT severity, state, count(*) FROM alerts GROUP BY 1, 2")
    return {(Severity(severity), AlertState(state)): count for severity, state, count in found}


def read_delivery_counts(connection: Connection, _query: DeliveryCounts) -> dict[tuple[str, DeliveryStatus], int]:
    """Deliveries by sink and status."""
    found = connection.execute("SELECT sink, status, count(*) FROM deliveries GROUP BY 1, 2")
    return {(sink, DeliveryStatus(status)): count for sink, status, count in found}


def of_deliveries(asked: DeliveryFilter) -> Where:
    """Conditions on `deliveries d`."""
    where = Where()
    where.among("d.id", asked.ids)
    where.among("d.alert_id", asked.alerts)
    where.among("d.sink", asked.sinks)
    where.among("d.status", asked.statuses)
    if asked.since is not None:
        where.add("d.raised_at >= ?", to_ms(asked.since))
    if asked.until is not None:
        where.add("d.raised_at < ?", to_ms(asked.until))
    return where


def read_deliveries(connection: Connection, query: Deliveries) -> list[Delivery]:
    """Deliveries that match, by when their message was raised."""
    where = of_deliveries(query.where)
    order = " ORDER BY d.raised_at, d.sink, d.sequence, d.id LIMIT ?"
    found = connection.execute("".join((DELIVERY, where.text, order)), (*where.values, query.limit))
    return [delivery_of(row) for row in found]


def delivery_of(row: Named) -> Delivery:
    """The delivery in a row of `deliveries`."""
    return Delivery(
        id=row["id"],
        sink=row["sink"],
        message=codec.decode(Alert, row["message_json"]),
        status=DeliveryStatus(row["status"]),
        next_at=to_instant(row["next_at"]),
        tries=row["tries"],
    )


def read_attempts(connection: Connection, query: Attempts) -> list[Attempt]:
    """Every try of some deliveries."""
    found = connection.execute(
        f"SELECT body_json FROM attempts WHERE delivery_id IN {_IN} ORDER BY at, delivery_id, number",  # noqa: S608  fixed text
        (many(query.deliveries),),
    )
    return [codec.decode(Attempt, row["body_json"]) for row in found]


def read_decisions(connection: Connection, query: Decisions) -> list[Decision]:
    """What rules decided, by time."""
    where = Where()
    where.among("event_id", query.events)
    where.among("alert_id", query.alerts)
    where.among("rule", query.rules)
    found = connection.execute(
        "".join(("SELECT body_json FROM decisions", where.text, " ORDER BY at, rule, event_id, verdict LIMIT ?")),
        (*where.values, query.limit),
    )
    return [codec.decode(Decision, row["body_json"]) for row in found]


def read_rule_states(connection: Connection, query: RuleStates) -> list[RuleState]:
    """What rules remember of a stream, by rule and version."""
    found = connection.execute(
        "SELECT * FROM rule_states WHERE stream_id = ? ORDER BY rule, version", (query.stream_id,)
    )
    return [
        RuleState(rule=row["rule"], version=row["version"], stream_id=row["stream_id"], state=row["state_json"])
        for row in found
    ]


def read_sink_states(connection: Connection, _: SinkStates) -> list[SinkState]:
    """Disabled sinks, by name."""
    found = connection.execute("SELECT * FROM sink_states ORDER BY sink")
    return [
        SinkState(
            sink=row["sink"],
            address=row["address"],
            disabled_at=to_instant(row["disabled_at"]),
            reason=row["reason"],
        )
        for row in found
    ]


def read_sink_troubles(connection: Connection, _: SinkTroubles) -> list[SinkTrouble]:
    """Sinks whose last try failed, by name."""
    found = connection.execute("SELECT * FROM sink_troubles ORDER BY sink")
    return [
        SinkTrouble(sink=row["sink"], since=to_instant(row["since"]), last=to_instant(row["last"])) for row in found
    ]
