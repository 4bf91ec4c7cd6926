"""Deliveries that are due on a Neo4j server, inside the caller's transaction: claimed for a while, tried, done (graph.outbox)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from graph.cypher.driver import Transaction, do, one, rows
from graph.cypher.reading.alerts import of_deliveries
from graph.reading.alerts import delivery_of
from graph.rows import to_instant, to_ms
from vidette import codec
from vidette.alerts import Attempt, Delivery, DeliveryFilter, DeliveryStatus
from vidette.errors import StoreError

_DAY_MS = 86_400_000
# The node of the sink is the lock: two who claim for one sink take turns.
_LOCK = "MERGE (k:Sink {id: $sink}) SET k.turn = coalesce(k.turn, 0) + 1 RETURN k.disabled_at AS disabled_at"
_FIRST = (
    "NOT EXISTS { MATCH (e:Delivery {alert_id: d.alert_id, sink: d.sink}) WHERE e.sequence < d.sequence"
    " AND e.status IN ['pending', 'sending'] }"
)


def claim(transaction: Transaction, sink: str, now: datetime, lease_s: float, limit: int) -> list[Delivery]:
    """Take due deliveries, longest due first, until the lease ends; none of a disabled sink."""
    state = one(transaction, _LOCK, sink=sink)
    if limit < 1 or (state and state["disabled_at"] is not None):
        return []
    found = rows(
        transaction,
        "MATCH (d:Delivery {sink: $sink}) WHERE d.status IN ['pending', 'sending'] AND d.next_at <= $now"
        f" AND {_FIRST} WITH d ORDER BY d.next_at, d.raised_at, d.sequence, d.id LIMIT $limit WITH d, d.next_at AS due"
        " SET d.status = 'sending', d.next_at = $until RETURN d{.*} AS d, due ORDER BY due, d.raised_at, d.sequence, d.id",
        sink=sink,
        now=to_ms(now),
        until=to_ms(now + timedelta(seconds=lease_s)),
        limit=limit,
    )
    return [delivery_of(row["d"]) for row in found]


def record(transaction: Transaction, attempt: Attempt) -> None:
    """Keep an attempt, once; what is delivered stays so, and what is dead is only moved by being delivered."""
    known = one(
        transaction,
        "MATCH (d:Delivery {id: $id}) SET d.turn = 1 RETURN d.status AS status, d.sink AS sink",
        id=attempt.delivery,
    )
    if known is None:
        raise StoreError(f"delivery {attempt.delivery!r} is not in memory; record what was claimed here")
    if not _keep_attempt(transaction, attempt):
        return
    _keep_trouble(transaction, known["sink"], attempt)
    if attempt.status is DeliveryStatus.DELIVERED or known["status"] in ("pending", "sending"):
        do(
            transaction,
            "MATCH (d:Delivery {id: $id}) SET d.status = $status, d.next_at = $next",
            id=attempt.delivery,
            status=str(attempt.status),
            next=to_ms(attempt.next_at or attempt.at),
        )


def _keep_attempt(transaction: Transaction, attempt: Attempt) -> bool:
    """Whether it was not known."""
    id_ = f"{attempt.delivery}/{attempt.number}/{to_ms(attempt.at)}"
    if one(transaction, "MATCH (n:Attempt {id: $id}) RETURN n.id AS id", id=id_):
        return False
    do(
        transaction,
        "MATCH (d:Delivery {id: $delivery}) SET d.tries = d.tries + 1 CREATE (n:Attempt {id: $id}) SET n += $row CREATE (n)-[:OF]->(d)",
        id=id_,
        delivery=attempt.delivery,
        row={
            "delivery_id": attempt.delivery,
            "number": attempt.number,
            "at": to_ms(attempt.at),
            "status": str(attempt.status),
            "body_json": codec.encode(attempt).decode(),
        },
    )
    return True


def _keep_trouble(transaction: Transaction, sink: str, attempt: Attempt) -> None:
    """Since when the sink has taken nothing. It begins anew where nobody tried for a day: that says nothing of the sink."""
    if attempt.status is DeliveryStatus.DELIVERED:
        do(transaction, "MATCH (k:Sink {id: $sink}) REMOVE k.trouble_since, k.trouble_last", sink=sink)
        return
    do(
        transaction,
        "MERGE (k:Sink {id: $sink}) SET k.trouble_since = CASE WHEN k.trouble_since IS NULL OR $at - k.trouble_last > $day"
        " THEN $at WHEN k.trouble_since < $at THEN k.trouble_since ELSE $at END"
        " SET k.trouble_last = CASE WHEN k.trouble_last > $at THEN k.trouble_last ELSE $at END",
        sink=sink,
        at=to_ms(attempt.at),
        day=_DAY_MS,
    )


def next_due(transaction: Transaction, sinks: Sequence[str]) -> datetime | None:
    """When the first that may be sent is due, of these sinks that are not disabled."""
    found = one(
        transaction,
        "MATCH (k:Sink) WHERE k.id IN $sinks AND k.disabled_at IS NULL MATCH (d:Delivery {sink: k.id})"
        f" WHERE d.status IN ['pending', 'sending'] AND d.next_at IS NOT NULL AND {_FIRST} RETURN min(d.next_at) AS due",
        sinks=list(sinks),
    )
    return to_instant(found["due"]) if found and found["due"] is not None else None


def replay(transaction: Transaction, where: DeliveryFilter, now: datetime) -> int:
    """Make those that are done due again, as if they had never been tried; -> how many."""
    matching = of_deliveries(where).also("d.status IN ['delivered', 'dead']")
    moved = one(
        transaction,
        f"{matching.text} SET d.status = 'pending', d.tries = 0, d.next_at = $now RETURN count(d) AS count",
        **matching.values,
        now=to_ms(now),
    )
    return int(moved["count"]) if moved else 0


def disable(transaction: Transaction, sink: str, address: str, now: datetime, reason: str) -> None:
    """Give up on a sink: what waits for it is dead; what is being sent right now ends as it ends."""
    do(
        transaction,
        "MERGE (k:Sink {id: $sink}) SET k.address = $address, k.disabled_at = $now, k.reason = $reason"
        " WITH k MATCH (d:Delivery {sink: $sink}) WHERE d.status IN ['pending', 'sending'] AND d.next_at IS NOT NULL"
        " AND (d.status = 'pending' OR d.next_at <= $now)"
        " SET d.status = 'dead'",
        sink=sink,
        address=address,
        now=to_ms(now),
        reason=reason,
    )


def enable(transaction: Transaction, sink: str) -> None:
    """Take a sink's deliveries again, those that came meanwhile first."""
    do(
        transaction,
        "MATCH (k:Sink {id: $sink}) REMOVE k.address, k.disabled_at, k.reason, k.trouble_since, k.trouble_last",
        sink=sink,
    )
