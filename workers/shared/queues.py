"""What waits in Celery's queues, read where it lies: lists of messages in Redis, and a hash of those under way."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from workers.queue.routing import HINTS, PRIORITIES, QUEUES, under_way_key, waiting_key
from workers.shared.broker import Broker

_MOST_BYTES = 16 << 20  # a message that is larger is none of ours


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRow:
    """A queue: jobs that wait, in all and by priority (0 goes first; those of which none waits left out), jobs under way.

    Hints that wait are no backlog, and not counted.

    `oldest_s`: how long ago the one was sent that waits longest, from the sender's clock to Redis'; None where none waits,
    or it does not say.
    """

    name: str
    waiting: int
    by_priority: dict[int, int] = field(default_factory=dict)
    under_way: int = 0
    oldest_s: float | None = None


class Queues:
    """The queues as they are. Every method raises StoreError, `retryable`."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def rows(self) -> list[QueueRow]:
        """Every queue, in the order in which jobs come by them."""
        return [self.row(name) for name in QUEUES]

    def row(self, name: str) -> QueueRow:
        """One queue."""
        *waiting, under_way = self._broker.together([*_lengths(name), ("HLEN", under_way_key(name))])
        by_priority = {priority: count for priority, count in zip(_priorities(name), waiting, strict=True) if count}
        return QueueRow(
            name=name,
            waiting=sum(by_priority.values()),
            by_priority=by_priority,
            under_way=under_way,
            oldest_s=self._oldest_s(name, list(by_priority)),
        )

    def waiting(self, name: str) -> int:
        """How many jobs wait in a queue."""
        return sum(self._broker.together(_lengths(name)))

    def _oldest_s(self, name: str, priorities: Sequence[int]) -> float | None:
        """Of each list the one whose turn is next, which is at its right."""
        if not priorities:
            return None
        next_ones = [("LINDEX", waiting_key(name, priority), -1) for priority in priorities]
        *messages, (seconds, micros) = self._broker.together([*next_ones, ("TIME",)])
        now = datetime.fromtimestamp(int(seconds) + int(micros) / 1e6, UTC)
        sent = [at for message in messages if (at := sent_at(message)) is not None]
        return max(0.0, (now - min(sent)).total_seconds()) if sent else None


def sent_at(message: bytes | None) -> datetime | None:
    """When the job in a message of the queue was sent; None where it does not say, or is no job."""
    if message is None or len(message) > _MOST_BYTES:
        return None
    try:
        arguments: Any = json.loads(base64.b64decode(json.loads(message)["body"]))
        at = datetime.fromisoformat(json.loads(arguments[0][0])["sent_at"])
    except (ValueError, KeyError, TypeError, IndexError, RecursionError):
        return None
    return at if at.tzinfo else None


def _lengths(name: str) -> list[tuple[str, str]]:
    return [("LLEN", waiting_key(name, priority)) for priority in _priorities(name)]


def _priorities(name: str) -> list[int]:
    return [priority for priority in PRIORITIES if priority != HINTS.get(name)]
