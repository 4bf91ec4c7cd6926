"""Whether one part of the cluster works on this machine: what a container's health check asks."""

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vidette.errors import ConfigError, StoreError
from workers.queue.routing import QUEUES

if TYPE_CHECKING:
    from vidette.settings import Settings
    from workers.shared.broker import Broker

BEAT = "beat"
PARTS = (*QUEUES, BEAT)
"""A queue stands for its worker."""


def reachable(config: str | None) -> "Settings":
    """Settings that reach the broker: all of them, or it alone where others are wrong, which is said on stderr.

    What works goes on with the settings that it began with; a mistake made since is no reason to end it. Raises ConfigError.
    """
    from app.memory import settings_of
    from vidette.configuration import broker_alone
    from vidette.log import redact
    from vidette.text import plain

    try:
        return settings_of(None, config)
    except ConfigError as mistake:
        settings = broker_alone(Path(config) if config else None, os.environ)
        click.echo(f"{plain(redact(str(mistake)))}; of these settings only `broker` was read", err=True)
        return settings


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
