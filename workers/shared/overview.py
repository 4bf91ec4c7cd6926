"""All workers at a glance: queues, workers, watches with who holds them, dead jobs, Redis itself."""

from dataclasses import dataclass
from datetime import UTC, datetime

from workers.shared.broker import Broker
from workers.shared.dead import Dead, DeadJob
from workers.shared.leases import LeaseRow, Leases
from workers.shared.presence import Counted, WorkerRow, counted, workers
from workers.shared.queues import QueueRow, Queues
from workers.shared.registry import Registry, Wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Redis: what it holds and may hold, in bytes (`most` 0: as much as the machine has), what it does once that is full."""

    version: str
    used: int
    most: int
    when_full: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """How it is `at` an instant of Redis' clock.

    `counted` is by queue, `leases` those of watches that are wanted and others; of the dead jobs the `newest`, `lost` are
    those for which there was no room. `trouble`: what is wrong with memory, where somebody looked.
    """

    at: datetime
    queues: tuple[QueueRow, ...]
    counted: dict[str, Counted]
    workers: tuple[WorkerRow, ...]
    wanted: tuple[Wanted, ...]
    leases: dict[str, LeaseRow]
    dead: int
    lost: int
    newest: DeadJob | None
    server: Server
    trouble: str = ""


def overview(broker: Broker) -> Overview:
    """How it is now. Raises StoreError."""
    (seconds, micros), memory, about = broker.together([("TIME",), ("INFO", "memory"), ("INFO", "server")])
    queues, dead = Queues(broker).rows(), Dead(broker)
    newest = dead.rows(limit=1)
    return Overview(
        at=datetime.fromtimestamp(int(seconds) + int(micros) / 1e6, UTC),
        queues=tuple(queues),
        counted=counted(broker, [row.name for row in queues]),
        workers=tuple(workers(broker)),
        wanted=tuple(Registry(broker).all()),
        leases={row.name: row for row in Leases(broker, ttl_s=1).rows()},
        dead=dead.count(),
        lost=dead.lost(),
        newest=newest[0] if newest else None,
        server=Server(
            version=str(about.get("redis_version", "")),
            used=int(memory.get("used_memory", 0)),
            most=int(memory.get("maxmemory", 0)),
            when_full=str(memory.get("maxmemory_policy", "")),
        ),
    )
