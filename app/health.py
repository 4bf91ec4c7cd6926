"""Whether one part of the cluster works on this machine: what a container's health check asks."""

import socket
from typing import TYPE_CHECKING

from vidette.errors import ConfigError, StoreError
from workers.queue.routing import QUEUES

if TYPE_CHECKING:
    from workers.shared.broker import Broker

BEAT = "beat"
PARTS = (*QUEUES, BEAT)
"""A queue stands for its worker."""


def check(part: str, broker: "Broker") -> None:
    """Raise StoreError unless a worker of this queue says on this machine that it is there; of beats, any on any machine.

    ConfigError for a part that there is none of.
    """
    if part not in PARTS:
        raise ConfigError(f"--health: no part {part!r}; choose from {', '.join(PARTS)}")
    from workers.shared.leases import Leases
    from workers.shared.presence import workers

    host = socket.gethostname()
    if part == BEAT:
        there = any(row.name == BEAT for row in Leases(broker, ttl_s=1).rows())
    else:
        there = any(row.host == host and part in row.queues for row in workers(broker))
    if not there:
        start = "vidette beat" if part == BEAT else f"vidette worker --queues {part}"
        where = "" if part == BEAT else f" on {host!r}"
        raise StoreError(f"no {part} is at work{where}; start one: {start}")
