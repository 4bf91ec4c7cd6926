"""What a process that works with others has: memory, the broker and what is made of it; importable only with `redis`."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from vidette.settings import Settings
from workers.cameras.crew import Crew
from workers.cameras.fleet import Fleet
from workers.jobs import Job
from workers.queue.routing import QUEUE_OF
from workers.shared.broker import Broker
from workers.shared.dead import Dead
from workers.shared.leases import Leases
from workers.shared.process import broker_of, leases_of
from workers.shared.queues import Queues
from workers.shared.registry import Registry
from workers.tracing.tracing import tracing_of
from workers.watches.emitters import Emitters
from workers.wiring import Pipeline, db_path, pipeline_of

_SLACK_S = 1.0
Send = Callable[[Job], None]
"""Puts a job in its queue. Raises StoreError, `retryable`, where the broker cannot be reached."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """All of it; what takes a thread begins with its first use. `emitters`, `crew`: streams that are watched here."""

    pipeline: Pipeline
    broker: Broker
    leases: Leases
    registry: Registry
    dead: Dead
    send: Send
    emitters: Emitters
    crew: Crew

    def close(self) -> None:
        """Give back what is held open; the broker and the leases are the process's."""
        self.crew.close()
        self.emitters.stop()
        self.pipeline.close()


def cluster_of(
    settings: Settings, *, send: Send | None = None, pipeline: Pipeline | None = None, asked: bool = True
) -> Cluster:
    """Everything chosen by the settings; `send` and `pipeline` where they are there already, `asked` as in `pipeline_of`.

    Raises ConfigError, StoreError, ModelError.
    """
    broker = broker_of(settings)
    if send is None:
        from workers.queue.sending import Sending  # who sends in another way needs no Celery

        send = Sending(settings, broker)
    pipeline = pipeline or pipeline_of(settings, asked=asked)
    queues = Queues(broker)
    return Cluster(
        pipeline=pipeline,
        broker=broker,
        leases=leases_of(settings),
        registry=Registry(broker),
        dead=Dead(broker),
        send=send,
        emitters=Emitters(
            pipeline.store,
            send,
            spool=spool_path(settings),
            settings=settings.cluster,
            queued=partial(_queued, queues),
            seen=tracing_of(settings).watched,
        ),
        crew=Crew(partial(Fleet, pipeline, sweeps=False)),
    )


def spool_path(settings: Settings) -> Path:
    """Where observations wait on disk: beside the database where nothing is said. Raises ConfigError."""
    if settings.cluster.spool:
        return Path(os.path.expanduser(settings.cluster.spool))
    db = db_path(settings)
    return db.with_name(f"{db.stem}.spool")


def _queued(queues: Queues, age_s: float) -> bool:
    """Whether an observation that was sent so long ago may still wait in the queue: what waits is as old."""
    oldest_s = queues.row(QUEUE_OF["settle"]).oldest_s
    return oldest_s is not None and oldest_s >= age_s - _SLACK_S
