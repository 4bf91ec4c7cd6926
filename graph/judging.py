"""Putting an observation to the judge, and writing what follows, inside the caller's transaction."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from graph.handling import write_life, write_places
from graph.names import listed
from graph.opening import last_commit
from graph.patterns import write_patterns
from graph.reading.events import rows
from graph.reading.streams import read_stream
from graph.rows import Connection, Value, insert, to_ms, upsert
from vidette import codec
from vidette.alerts import Alert, Case, Decision, Delivery, Judgement, RuleState, Telling
from vidette.errors import StoreError
from vidette.looks import Verdicts
from vidette.models import Commit, Look, Observation
from vidette.ports import Judge, Reader
from vidette.queries import Filter, StreamOf
from vidette.rows import EventRow, VerdictRow
from vidette.streams import Stream

_ROWS = "SELECT events.*, streams.name AS stream FROM events JOIN streams ON streams.id = events.stream_id WHERE "
_SUPPORTED = (
    "SELECT events.id FROM says JOIN events ON events.seq = says.event_seq"
    " WHERE says.assertion_seq = (SELECT seq FROM names WHERE id = ?)"
)
_MANY = 1_000_000
_TIMELY = " ORDER BY events.start, events.id"


def judge_changed(
    connection: Connection, observation: Observation, changed: Iterable[int], judge: Judge, read: Reader
) -> None:
    """The case of one observation: the events it changed, as they are now, in time order."""
    stream_id, look = observation.stream_id, observation.look
    those = "events.seq IN (SELECT value FROM json_each(?))"
    found = connection.execute(_ROWS + those + _TIMELY, (listed(changed),)).fetchall()
    case = _case(connection, stream_id, look, rows(connection, found))
    telling, verdicts = _telling(connection, observation), verdicts_of(observation, read)
    write(connection, judge.judge(replace(case, telling=telling, verdicts=verdicts), read))


def _telling(connection: Connection, observation: Observation) -> Telling | None:
    """What a deep look says of the segment that it examined, by the events that it supports."""
    if observation.look != "deep" or observation.segment_id is None:
        return None
    found = {said.id: connection.execute(_SUPPORTED, (said.id,)).fetchone() for said in observation.assertions}
    return telling_of(observation, {said: row["id"] for said, row in found.items() if row is not None})


def telling_of(observation: Observation, supported: Mapping[str, str]) -> Telling:
    """What a deep look says; `supported` are events by the ids of its assertions."""
    captions: dict[str, str] = {}
    for said in observation.assertions:
        if said.id in supported:
            captions[supported[said.id]] = captions.get(supported[said.id]) or said.caption
    return Telling(
        run_id=observation.run.id,
        start_s=observation.start_s,
        end_s=observation.end_s,
        caption=next((segment.caption for segment in observation.segments), ""),
        events=captions,
        things={one.id: one.description for one in observation.entities if one.description},
    )


def verdicts_of(observation: Observation, read: Reader) -> tuple[VerdictRow, ...]:
    """What this look answered to closed questions."""
    if not observation.verdicts:
        return ()
    said = (observation.segment_id, observation.run.id)
    window = Filter(streams=(observation.stream_id,), from_s=observation.start_s, to_s=observation.end_s)
    found = read(Verdicts(where=window, limit=_MANY))
    return tuple(one for one in found if (one.segment, one.run.id) == said)


def judge_all(connection: Connection, stream_id: str, judge: Judge, read: Reader) -> None:
    """The case of a whole stream: every stored event of it, retracted ones too, and every answer, in time order."""
    found = connection.execute(_ROWS + "events.stream_id = ?" + _TIMELY, (stream_id,)).fetchall()
    verdicts = tuple(read(Verdicts(where=Filter(streams=(stream_id,)), limit=_MANY)))
    case = _case(connection, stream_id, "fast", rows(connection, found))
    write(connection, judge.judge(replace(case, verdicts=verdicts), read))


def _case(connection: Connection, stream_id: str, look: Look, events: list[EventRow]) -> Case:
    stream, commit = read_stream(connection, StreamOf(name=stream_id)), last_commit(connection, stream_id)
    return case_of(stream_id, stream, commit, look, events)


def case_of(
    stream_id: str, stream: Stream | None, commit: Commit | None, look: Look, events: Iterable[EventRow]
) -> Case:
    """The case of a stream. Raises StoreError where there is none."""
    if stream is None:
        raise StoreError(f"stream {stream_id!r} is not in memory; watch it first")
    return Case(
        stream=stream,
        look=look,
        watermark_s=commit.watermark_s if commit else 0.0,
        final=commit.final if commit else False,
        events=tuple(events),
    )


def write(connection: Connection, judgement: Judgement) -> None:
    """Keep a judgement: newer alerts, fresh deliveries, decisions, rule states."""
    for alert in judgement.alerts:
        _write_alert(connection, alert)
    for delivery in judgement.deliveries:
        _write_delivery(connection, delivery)
    for decision in judgement.decisions:
        _write_decision(connection, decision)
    for state in judgement.states:
        _write_state(connection, state)
    write_life(connection, judgement)
    write_patterns(connection, judgement)


def _write_alert(connection: Connection, alert: Alert) -> None:
    """Keep an alert, unless a later sequence of it is known."""
    known = connection.execute("SELECT sequence FROM alerts WHERE id = ?", (alert.id,)).fetchone()
    if known is not None and known["sequence"] > alert.sequence:
        return
    row: dict[str, Value] = {
        "id": alert.id,
        "rule": alert.rule,
        "rule_version": alert.rule_version,
        "severity": alert.severity,
        "state": alert.state,
        "change": alert.change,
        "sequence": alert.sequence,
        "at": to_ms(alert.at),
        "raised_at": to_ms(alert.raised_at),
        "incident": alert.incident,
        "subject": alert.subject,
        "body_json": codec.encode(alert).decode(),
    }
    upsert(connection, "alerts", "id", row)
    connection.execute("DELETE FROM alert_streams WHERE alert_id = ?", (alert.id,))
    connection.execute("DELETE FROM alert_events WHERE alert_id = ?", (alert.id,))
    connection.executemany(
        "INSERT OR IGNORE INTO alert_streams VALUES (?, ?)", [(alert.id, stream) for stream in alert.streams]
    )
    connection.executemany(
        "INSERT OR IGNORE INTO alert_events VALUES (?, ?)", [(alert.id, event) for event in alert.events]
    )
    write_places(connection, alert)


def _write_delivery(connection: Connection, delivery: Delivery) -> None:
    """Keep a delivery; one that is known is on its way already."""
    row: dict[str, Value] = {
        "id": delivery.id,
        "sink": delivery.sink,
        "alert_id": delivery.message.id,
        "sequence": delivery.message.sequence,
        "raised_at": to_ms(delivery.message.raised_at),
        "status": delivery.status,
        "next_at": to_ms(delivery.next_at),
        "tries": delivery.tries,
        "message_json": codec.encode(delivery.message).decode(),
    }
    insert(connection, "deliveries", row, conflict="(id) DO NOTHING")


def _write_decision(connection: Connection, decision: Decision) -> None:
    row: dict[str, Value] = {
        "rule": decision.rule,
        "event_id": decision.event,
        "verdict": decision.verdict,
        "alert_id": decision.alert,
        "at": to_ms(decision.at),
        "body_json": codec.encode(decision).decode(),
    }
    upsert(connection, "decisions", "rule, event_id, verdict", row)


def _write_state(connection: Connection, state: RuleState) -> None:
    row: dict[str, Value] = {
        "stream_id": state.stream_id,
        "rule": state.rule,
        "version": state.version,
        "state_json": state.state,
    }
    upsert(connection, "rule_states", "stream_id, rule, version", row)
