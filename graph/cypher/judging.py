"""Putting an observation to the judge, and writing what follows to a Neo4j server, inside the caller's transaction."""

from collections.abc import Sequence
from dataclasses import replace

from graph.cypher import known
from graph.cypher.driver import KEPT, Row, Transaction, do, one, rows
from graph.cypher.handling import write_life, write_places
from graph.cypher.opening import last_commit, read_stream, stream_of
from graph.cypher.patterns import write_patterns
from graph.cypher.placing import PLACED
from graph.cypher.reading.events import event_rows
from graph.cypher.scene import Scene
from graph.judging import case_of, telling_of, verdicts_of
from graph.rows import to_ms
from vidette import codec
from vidette.alerts import Alert, Decision, Delivery, Judgement, Telling
from vidette.errors import StoreError
from vidette.looks import Verdicts
from vidette.models import Commit, Observation
from vidette.ports import Judge, Reader
from vidette.queries import Filter
from vidette.streams import Stream

_MANY = 1_000_000
# What rules remember belongs to no stream, so that its lock does not guard it. Whoever has a stream took it before this.
_TURN = KEPT + "MERGE (c:Counter {name: 'judge'}) SET c.turn = coalesce(c.turn, 0) + 1 RETURN c.turn AS turn"
_LEFT = (
    "UNWIND $rows AS r MATCH (a:Alert {id: r.id})-[x:ABOUT]->(e:Event) WHERE NOT e.id IN r.events DELETE x",
    "UNWIND $rows AS r MATCH (a:Alert {id: r.id})-[x:ON]->(s:Stream)"
    " WHERE NOT (s.id IN r.streams OR s.name IN r.streams) DELETE x",
    "UNWIND $rows AS r MATCH (a:Alert {id: r.id})-[x:PART_OF]->(i:Incident) WHERE i.id <> r.incident DELETE x",
    "UNWIND $rows AS r MATCH (a:Alert {id: r.id})-[x:BY]->(u:Rule) WHERE u.id <> r.rule OR x.version <> r.version DELETE x",
)
"""What an alert is related to no more. What it still is stays untouched: its stream may be locked by one who waits for us."""


def take_turn(transaction: Transaction) -> None:
    """Have all that judges read and write to oneself until the transaction ends; what was asked before may be old."""
    one(transaction, _TURN)


def judge_changed(scene: Scene, judge: Judge, read: Reader) -> None:
    """The case of one observation: the events it changed, as they are now, in time order."""
    transaction, observation = scene.transaction, scene.observation
    events = sorted(event_rows(transaction, sorted(scene.changed)), key=lambda row: (row.start, row.id))
    case = case_of(observation.stream_id, _stream(scene), _commit(scene), observation.look, events)
    telling, verdicts = _telling(transaction, observation), verdicts_of(observation, read)
    take_turn(transaction)
    write(transaction, judge.judge(replace(case, telling=telling, verdicts=verdicts), read))


def _stream(scene: Scene) -> Stream:
    return stream_of(scene.known.stream, scene.known.zones, scene.known.lines)


def _commit(scene: Scene) -> Commit | None:
    """The newest settled fast observation: this one, or that which was there; nobody judges by what it carries."""
    observation, stream = scene.observation, scene.known.stream
    if observation.look == "fast" and observation.sequence is not None:
        sequence, watermark, final = observation.sequence, observation.watermark_s, observation.final
    elif stream["commit_sequence"] is not None:
        sequence, watermark, final = (stream[f"commit_{name}"] for name in ("sequence", "watermark", "final"))
    else:
        return None
    return Commit(
        stream_id=observation.stream_id, sequence=sequence, watermark_s=watermark, carry=b"", final=final, run_id=""
    )


def _telling(transaction: Transaction, observation: Observation) -> Telling | None:
    """What a deep look says of the segment that it examined, by the events that it supports."""
    if observation.look != "deep" or observation.segment_id is None:
        return None
    found = rows(transaction, PLACED, ids=[one.id for one in observation.assertions])
    return telling_of(observation, {row["said"]: row["event"] for row in found})


def judge_all(transaction: Transaction, stream_id: str, judge: Judge, read: Reader) -> None:
    """The case of a whole stream: every stored event of it, retracted ones too, and every answer, in time order."""
    known.hold(transaction, stream_id)
    asked = "MATCH (e:Event {stream_id: $id}) RETURN e.id AS id ORDER BY e.start, e.id"
    ids = [row["id"] for row in rows(transaction, asked, id=stream_id)]
    verdicts = tuple(read(Verdicts(where=Filter(streams=(stream_id,)), limit=_MANY)))
    stream, commit = read_stream(transaction, stream_id), last_commit(transaction, stream_id)
    case = case_of(stream_id, stream, commit, "fast", event_rows(transaction, ids))
    take_turn(transaction)
    write(transaction, judge.judge(replace(case, verdicts=verdicts), read))


def write(transaction: Transaction, judgement: Judgement) -> None:
    """Keep a judgement: newer alerts, fresh deliveries, decisions, rule states."""
    _write_alerts(transaction, judgement.alerts)
    _refuse_orphans(transaction, judgement)
    _write_deliveries(transaction, judgement.deliveries)
    _write_decisions(transaction, judgement.decisions)
    states = [
        {
            "key": f"{state.stream_id}|{state.rule}|{state.version}",
            "row": {
                "stream_id": state.stream_id,
                "rule": state.rule,
                "version": state.version,
                "state_json": state.state,
            },
        }
        for state in judgement.states
    ]
    do(transaction, "UNWIND $rows AS r MERGE (n:RuleState {key: r.key}) SET n += r.row", rows=states)
    write_life(transaction, judgement)
    write_patterns(transaction, judgement)


def _refuse_orphans(transaction: Transaction, judgement: Judgement) -> None:
    """Raises StoreError where something tells of an alert that is not there."""
    told = {one.message.id for one in judgement.deliveries}
    told |= {one.alert for one in judgement.feedback} | {one.alert for one in judgement.timers}
    missing = told - {alert.id for alert in judgement.alerts}
    if missing:
        asked = "MATCH (a:Alert) WHERE a.id IN $ids RETURN a.id AS id"
        missing -= {row["id"] for row in rows(transaction, asked, ids=list(missing))}
    if missing:
        raise StoreError(f"alert {min(missing)!r} is not in memory; write it with what tells of it")


def _write_alerts(transaction: Transaction, alerts: Sequence[Alert]) -> None:
    """Keep alerts, unless a later sequence of one is known."""
    if not alerts:
        return
    kept = rows(
        transaction,
        "UNWIND $rows AS r MERGE (a:Alert {id: r.id}) WITH a, r WHERE coalesce(a.sequence, 0) <= r.row.sequence"
        " SET a += r.row RETURN a.id AS id",
        rows=[{"id": alert.id, "row": _alert_row(alert)} for alert in alerts],
    )
    ids = {row["id"] for row in kept}
    _join(transaction, [one for one in alerts if one.id in ids])


def _join(transaction: Transaction, alerts: Sequence[Alert]) -> None:
    """Relate alerts to their rules, incidents, events, streams and zones, and to no others."""
    given = [
        {
            "id": one.id,
            "events": list(one.events),
            "streams": list(one.streams),
            "rule": one.rule,
            "version": one.rule_version,
            "incident": one.incident,
        }
        for one in alerts
    ]
    write_places(transaction, alerts)
    for left in _LEFT:
        do(transaction, left, rows=given)
    do(
        transaction,
        "UNWIND $rows AS r MATCH (a:Alert {id: r.id}) MERGE (u:Rule {id: r.rule}) SET u.version = r.version"
        " MERGE (i:Incident {id: r.incident}) MERGE (a)-[:BY {version: r.version}]->(u) MERGE (a)-[:PART_OF]->(i)",
        rows=given,
    )
    do(
        transaction,
        "UNWIND $rows AS r MATCH (a:Alert {id: r.id}) UNWIND r.events AS id MATCH (e:Event {id: id}) MERGE (a)-[:ABOUT]->(e)",
        rows=given,
    )
    do(
        transaction,
        "UNWIND $rows AS r MATCH (a:Alert {id: r.id}) UNWIND r.streams AS name"
        " MATCH (s:Stream) WHERE s.name = name OR s.id = name MERGE (a)-[:ON]->(s)",
        rows=given,
    )


def _alert_row(alert: Alert) -> Row:
    return {
        "rule": alert.rule,
        "rule_version": alert.rule_version,
        "severity": str(alert.severity),
        "state": str(alert.state),
        "change": str(alert.change),
        "sequence": alert.sequence,
        "at": to_ms(alert.at),
        "raised_at": to_ms(alert.raised_at),
        "incident": alert.incident,
        "subject": alert.subject,
        "streams": list(alert.streams),
        "events": list(alert.events),
        "held": [one.sha256 for one in alert.evidence],
        "feedback": alert.feedback,
        "body_json": codec.encode(alert).decode(),
    }


def _write_deliveries(transaction: Transaction, deliveries: Sequence[Delivery]) -> None:
    """Keep deliveries; one that is known is on its way already."""
    do(
        transaction,
        "UNWIND $rows AS r MERGE (d:Delivery {id: r.id}) ON CREATE SET d += r.row"
        " WITH d, r MATCH (a:Alert {id: r.row.alert_id}) MERGE (k:Sink {id: r.row.sink}) MERGE (d)-[:OF]->(a) MERGE (d)-[:TO]->(k)",
        rows=[
            {
                "id": one.id,
                "row": {
                    "sink": one.sink,
                    "alert_id": one.message.id,
                    "sequence": one.message.sequence,
                    "raised_at": to_ms(one.message.raised_at),
                    "status": str(one.status),
                    "next_at": to_ms(one.next_at),
                    "tries": one.tries,
                    "message_json": codec.encode(one.message).decode(),
                },
            }
            for one in deliveries
        ],
    )


def _write_decisions(transaction: Transaction, decisions: Sequence[Decision]) -> None:
    do(
        transaction,
        "UNWIND $rows AS r MERGE (d:Decision {key: r.key}) SET d += r.row",
        rows=[
            {
                "key": f"{one.rule}|{one.event}|{one.verdict}",
                "row": {
                    "rule": one.rule,
                    "event_id": one.event,
                    "verdict": str(one.verdict),
                    "alert_id": one.alert,
                    "at": to_ms(one.at),
                    "body_json": codec.encode(one).decode(),
                },
            }
            for one in decisions
        ],
    )
