"""What a process has once: its connection to the broker, its leases, and the time by which they all go."""

import os
from functools import lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

from vidette.errors import ConfigError
from vidette.settings import Settings
from workers.shared.clock import Clock

if TYPE_CHECKING:
    from workers.shared.broker import Broker
    from workers.shared.leases import Leases


def broker_of(settings: Settings) -> "Broker":
    """The Redis server between workers, the same for all who ask. Raises ConfigError where none is named."""
    if not settings.broker:
        raise ConfigError(
            "no broker in the settings, so one process does everything; to share the work name a Redis server: "
            "`broker: redis://host:6379/0` in vidette.yml, or VIDETTE_BROKER"
        )
    return _broker(os.getpid(), settings.broker)


def leases_of(settings: Settings) -> "Leases":
    """The leases that this process holds, renewed by one thread. Raises ConfigError."""
    return _leases(broker_of(settings), settings.cluster.lease_s)


def clock_of(settings: Settings) -> Clock:
    """The time of the broker; where none is named, or before `look`, that of this machine."""
    return _clock(os.getpid(), settings.broker)


@lru_cache(maxsize=8)
def _clock(pid: int, url: str) -> Clock:
    def ask() -> tuple[int, int]:
        broker = _broker(pid, url)
        with broker.faults():
            seconds, micros = broker.client.time()
            return int(seconds), int(micros)

    return Clock(ask)


@lru_cache(maxsize=8)
def _broker(_pid: int, url: str) -> "Broker":
    """A child that was forked makes its own."""
    missing = [name for name in ("redis", "celery") if find_spec(name) is None]
    if missing:
        raise ConfigError(f"broker: sharing the work needs {' and '.join(missing)}; pip install 'vidette[scale]'")
    from workers.shared.broker import Broker

    return Broker(url)


@lru_cache(maxsize=8)
def _leases(broker: "Broker", ttl_s: float) -> "Leases":
    from workers.shared.leases import Leases

    return Leases(broker, ttl_s=ttl_s)
