"""Which queue takes which jobs, and what is what of it in Redis: names alone, so that nothing of Celery is read for them."""

from typing import Literal

Kind = Literal["watch", "decode", "settle", "look", "deliver"]
QUEUE_OF: dict[Kind, str] = {
    "watch": "ingest",
    "decode": "ingest",
    "settle": "settle",
    "look": "vision",
    "deliver": "deliver",
}
QUEUES = tuple(dict.fromkeys(QUEUE_OF.values()))
"""Every queue, in the order in which jobs come by them."""
PREFIX = "vidette:"
"""All keys in Redis begin with it: those of the queues too (kombu's `global_keyprefix`)."""
PRIORITIES = tuple(range(10))
"""0 goes first."""
HINTS = {"ingest": 9}
"""The priority at which only hints wait: jobs that others do if nobody takes them, so that they are no backlog."""
_SEP = "\x06\x16"  # kombu's, between the name of a queue and a priority


def name_of(kind: str) -> str:
    """The task's name for a kind of job."""
    return f"vidette.{kind}"


def waiting_key(queue: str, priority: int) -> str:
    """The list in which jobs of this priority wait: new ones are put at its left, taken from its right."""
    return f"{PREFIX}{queue}{_SEP}{priority}" if priority else f"{PREFIX}{queue}"


def under_way_key(queue: str) -> str:
    """The hash of what was taken and is not acknowledged: `[message, exchange, routing key]` by delivery tag."""
    return f"{PREFIX}{unacked(queue)}"


def unacked(queue: str) -> str:
    """As `under_way_key`, without the prefix that all keys of the queues get."""
    return f"unacked:{queue}"
