"""What people and time made of alerts, written inside the caller's transaction."""

from graph.rows import Connection, Value, to_ms, upsert
from vidette import codec
from vidette.alerts import Alert, Feedback, Judgement, Silence, Storm, Timer


def write_places(connection: Connection, alert: Alert) -> None:
    """Where an alert was, for its neighbours; one on trial, or about no event, is nobody's neighbour."""
    connection.execute("DELETE FROM alert_places WHERE alert_id = ?", (alert.id,))
    if alert.shadow or not alert.events:
        return
    places = [(stream, zone) for stream in alert.streams for zone in alert.zones or ("",)]
    places += [("", alert.subject)] if alert.subject else []
    connection.executemany(
        "INSERT OR IGNORE INTO alert_places VALUES (?, ?, ?, ?)",
        [(*place, to_ms(alert.at), alert.id) for place in places],
    )


def write_life(connection: Connection, judgement: Judgement) -> None:
    """What people and time made of alerts."""
    for silence in judgement.silences:
        _write_silence(connection, silence)
    for feedback in judgement.feedback:
        _write_feedback(connection, feedback)
    for timer in judgement.timers:
        _write_timer(connection, timer)
    for storm in judgement.storms:
        _write_storm(connection, storm)


def _write_silence(connection: Connection, silence: Silence) -> None:
    row: dict[str, Value] = {
        "id": silence.id,
        "start": to_ms(silence.start),
        "end": to_ms(silence.end),
        "body_json": codec.encode(silence).decode(),
    }
    upsert(connection, "silences", "id", row)


def _write_feedback(connection: Connection, feedback: Feedback) -> None:
    row: dict[str, Value] = {
        "alert_id": feedback.alert,
        "at": to_ms(feedback.at),
        "says": feedback.says,
        "body_json": codec.encode(feedback).decode(),
    }
    upsert(connection, "feedback", "alert_id, at, says", row)


def _write_timer(connection: Connection, timer: Timer) -> None:
    if timer.due_at is None:
        connection.execute("DELETE FROM timers WHERE alert_id = ? AND kind = ?", (timer.alert, timer.kind))
        return
    row: dict[str, Value] = {
        "alert_id": timer.alert,
        "kind": timer.kind,
        "rule": timer.rule,
        "due_at": to_ms(timer.due_at),
    }
    upsert(connection, "timers", "alert_id, kind", row)


def _write_storm(connection: Connection, storm: Storm) -> None:
    if storm.over:
        connection.execute("DELETE FROM storms WHERE sink = ? AND start = ?", (storm.sink, to_ms(storm.start)))
        return
    row: dict[str, Value] = {
        "sink": storm.sink,
        "start": to_ms(storm.start),
        "due_at": to_ms(storm.due_at),
        "holding": bool(storm.held),
        "body_json": codec.encode(storm).decode(),
    }
    upsert(connection, "storms", "sink, start", row)
