"""What people and time made of alerts, written to a Neo4j server inside the caller's transaction."""

from collections.abc import Sequence

from graph.cypher.driver import Row, Transaction, do
from graph.rows import to_ms
from vidette import codec
from vidette.alerts import Alert, Judgement, Storm, Timer


def write_places(transaction: Transaction, alerts: Sequence[Alert]) -> None:
    """Where alerts were, for their neighbours; one on trial, or about no event, is nobody's neighbour."""
    do(transaction, "MATCH (p:AlertPlace) WHERE p.alert_id IN $ids DETACH DELETE p", ids=[one.id for one in alerts])
    places = [
        {
            "key": f"{alert.id}|{stream}|{zone}",
            "alert_id": alert.id,
            "stream": stream,
            "zone": zone,
            "at": to_ms(alert.at),
        }
        for alert in alerts
        if alert.events and not alert.shadow
        for stream, zone in _places(alert)
    ]
    do(transaction, "UNWIND $rows AS r MERGE (p:AlertPlace {key: r.key}) SET p += r", rows=places)


def _places(alert: Alert) -> list[tuple[str, str]]:
    """Each zone of each stream (empty: outside of its zones), and, with no stream, the subject."""
    places = [(stream, zone) for stream in alert.streams for zone in alert.zones or ("",)]
    return places + ([("", alert.subject)] if alert.subject else [])


def write_life(transaction: Transaction, judgement: Judgement) -> None:
    """What people and time made of alerts."""
    silences = [
        {"id": one.id, "start": to_ms(one.start), "end": to_ms(one.end), "body_json": codec.encode(one).decode()}
        for one in judgement.silences
    ]
    do(transaction, "UNWIND $rows AS r MERGE (n:Silence {id: r.id}) SET n += r", rows=silences)
    feedback = [
        {
            "key": f"{one.alert}|{to_ms(one.at)}|{one.says}",
            "alert_id": one.alert,
            "at": to_ms(one.at),
            "says": one.says,
            "body_json": codec.encode(one).decode(),
        }
        for one in judgement.feedback
    ]
    do(transaction, "UNWIND $rows AS r MERGE (n:Feedback {key: r.key}) SET n += r", rows=feedback)
    _write_timers(transaction, judgement.timers)
    _write_storms(transaction, judgement.storms)


def _write_timers(transaction: Transaction, timers: Sequence[Timer]) -> None:
    """The last word on a timer stands."""
    last = {f"{one.alert}|{one.kind}": one for one in timers}
    gone = [key for key, one in last.items() if one.due_at is None]
    do(transaction, "MATCH (n:Timer) WHERE n.key IN $keys DETACH DELETE n", keys=gone)
    given = [
        {"key": key, "alert_id": one.alert, "kind": one.kind, "rule": one.rule, "due_at": to_ms(one.due_at)}
        for key, one in last.items()
        if one.due_at is not None
    ]
    do(transaction, "UNWIND $rows AS r MERGE (n:Timer {key: r.key}) SET n += r", rows=given)


def _write_storms(transaction: Transaction, storms: Sequence[Storm]) -> None:
    last = {f"{one.sink}|{to_ms(one.start)}": one for one in storms}
    gone = [key for key, one in last.items() if one.over]
    do(transaction, "MATCH (n:Storm) WHERE n.key IN $keys DETACH DELETE n", keys=gone)
    given: list[Row] = [
        {
            "key": key,
            "sink": one.sink,
            "start": to_ms(one.start),
            "due_at": to_ms(one.due_at),
            "holding": bool(one.held),
            "body_json": codec.encode(one).decode(),
        }
        for key, one in last.items()
        if not one.over
    ]
    do(transaction, "UNWIND $rows AS r MERGE (n:Storm {key: r.key}) SET n += r", rows=given)
