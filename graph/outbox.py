"""Deliveries that are due, inside the caller's transaction: claimed for a while, tried, done.

Delivered and dead are done; a done one holds nothing back. Within one (alert, sink) only the lowest sequence that is
not done may be sent. `next_at` of one that is being sent is the end of its lease (wall time).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from graph.reading.alerts import DELIVERY, delivery_of, of_deliveries
from graph.rows import Connection, Value, many, to_instant, to_ms, upsert
from vidette import codec
from vidette.alerts import Attempt, Delivery, DeliveryFilter, DeliveryStatus
from vidette.errors import StoreError

_DAY_MS = 86_400_000
_WAITING = (
    " FROM deliveries d WHERE d.status IN ('pending', 'sending')"
    " AND NOT EXISTS (SELECT 1 FROM deliveries e WHERE e.alert_id = d.alert_id AND e.sink = d.sink"
    " AND e.sequence < d.sequence AND e.status IN ('pending', 'sending'))"
)
_DUE = (
    f"SELECT d.seq{_WAITING} AND d.sink = ?1 AND d.next_at <= ?2"  # noqa: S608  fixed text
    " AND NOT EXISTS (SELECT 1 FROM sink_states WHERE sink = ?1) ORDER BY d.next_at, d.seq LIMIT ?3"
)
_NEXT = (
    f"SELECT min((SELECT d.next_at{_WAITING} AND d.sink = asked.value ORDER BY d.next_at LIMIT 1))"  # noqa: S608  fixed text
    " FROM json_each(?) asked WHERE NOT EXISTS (SELECT 1 FROM sink_states s WHERE s.sink = asked.value)"
)


def claim(connection: Connection, sink: str, now: datetime, lease_s: float, limit: int) -> list[Delivery]:
    """Take due deliveries, longest due first, until the lease ends; none of a disabled sink."""
    found = connection.execute(_DUE, (sink, to_ms(now), max(0, limit))).fetchall()
    until = to_ms(now + timedelta(seconds=lease_s))
    taken = []
    for row in found:
        connection.execute("UPDATE deliveries SET status = 'sending', next_at = ? WHERE seq = ?", (until, row["seq"]))
        taken.append(delivery_of(connection.execute(DELIVERY + " WHERE d.seq = ?", (row["seq"],)).fetchone()))
    return taken


def record(connection: Connection, attempt: Attempt) -> None:
    """Keep an attempt, once; what is delivered stays so, and what is dead is only moved by being delivered."""
    known = connection.execute("SELECT status, sink FROM deliveries WHERE id = ?", (attempt.delivery,)).fetchone()
    if known is None:
        raise StoreError(f"delivery {attempt.delivery!r} is not in memory; record what was claimed here")
    before = connection.total_changes
    connection.execute(
        "INSERT INTO attempts VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (attempt.delivery, attempt.number, to_ms(attempt.at), attempt.status, codec.encode(attempt).decode()),
    )
    if connection.total_changes == before:
        return
    connection.execute(
        "UPDATE deliveries SET tries = tries + 1 WHERE id = ?",
        (attempt.delivery,),
    )
    done = attempt.status is DeliveryStatus.DELIVERED
    _keep_trouble(connection, known["sink"], attempt)
    if done or known["status"] in ("pending", "sending"):
        connection.execute(
            "UPDATE deliveries SET status = ?, next_at = ? WHERE id = ?",
            (attempt.status, to_ms(attempt.next_at or attempt.at), attempt.delivery),
        )


def _keep_trouble(connection: Connection, sink: str, attempt: Attempt) -> None:
    """Since when the sink has taken nothing. It begins anew where nobody tried for a day: that says nothing of the sink."""
    if attempt.status is DeliveryStatus.DELIVERED:
        connection.execute("DELETE FROM sink_troubles WHERE sink = ?", (sink,))
        return
    connection.execute(
        "INSERT INTO sink_troubles VALUES (?1, ?2, ?2) ON CONFLICT (sink) DO UPDATE SET"
        " since = CASE WHEN ?2 - last > ?3 THEN ?2 ELSE min(since, ?2) END, last = max(last, ?2)",
        (sink, to_ms(attempt.at), _DAY_MS),
    )


def next_due(connection: Connection, sinks: Sequence[str]) -> datetime | None:
    """When the first that may be sent is due, of these sinks that are not disabled."""
    least: int | None = connection.execute(_NEXT, (many(sinks),)).fetchone()[0]
    return None if least is None else to_instant(least)


def replay(connection: Connection, where: DeliveryFilter, now: datetime) -> int:
    """Make those that are done due again, as if they had never been tried; -> how many."""
    matching = of_deliveries(where)
    matching.add("d.status IN ('delivered', 'dead')")
    moved = connection.execute(
        "".join(
            (
                "UPDATE deliveries SET status = 'pending', tries = 0, next_at = ? WHERE seq IN (SELECT d.seq FROM deliveries d",
                matching.text,
                ")",
            )
        ),
        (to_ms(now), *matching.values),
    )
    return moved.rowcount


def disable(connection: Connection, sink: str, address: str, now: datetime, reason: str) -> None:
    """Give up on a sink: what waits for it is dead; what is being sent right now ends as it ends."""
    row: dict[str, Value] = {"sink": sink, "address": address, "disabled_at": to_ms(now), "reason": reason}
    upsert(connection, "sink_states", "sink", row)
    connection.execute(
        "UPDATE deliveries SET status = 'dead' WHERE sink = ?1"
        " AND (status = 'pending' OR (status = 'sending' AND next_at <= ?2))",
        (sink, to_ms(now)),
    )


def enable(connection: Connection, sink: str) -> None:
    """Take a sink's deliveries again, those that came meanwhile first."""
    connection.execute("DELETE FROM sink_states WHERE sink = ?", (sink,))
    connection.execute("DELETE FROM sink_troubles WHERE sink = ?", (sink,))
