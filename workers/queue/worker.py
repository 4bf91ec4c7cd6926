"""What a process of a worker has: its door to the cluster, made when it is first needed and never carried over a fork."""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event, Lock, Thread

from celery import Celery

from vidette.settings import Settings
from workers.celery import HARD, limits_of
from workers.cluster import Cluster, cluster_of
from workers.delivery.deliver import Outgoing
from workers.queue.backlog import Backlog
from workers.queue.early import Early
from workers.queue.overdue import Overdue
from workers.queue.routing import QUEUE_OF, Kind
from workers.queue.sending import Sending
from workers.queue.stopping import Stopping
from workers.shared.markers import Markers
from workers.shared.presence import Presence, Result
from workers.shared.process import broker_of
from workers.shared.tries import Tries
from workers.tracing.tracing import Tracing, tracing_of
from workers.wiring import Pipeline, without_models


@dataclass(frozen=True, slots=True)
class Desk:
    """What one process works with."""

    cluster: Cluster
    sending: Sending
    outgoing: Outgoing
    tracing: Tracing
    early: Early
    tries: Tries
    markers: Markers
    backlog: Backlog
    presence: Presence

    def close(self) -> None:
        """Give back what is held open, and say what was done last."""
        self.outgoing.close()
        self.presence.close()
        self.tracing.close()
        self.cluster.close()


@dataclass(slots=True, kw_only=True)
class Worker:
    """A worker of one queue, in each of its processes. That it is there is said elsewhere, once for all of them."""

    settings: Settings
    app: Celery
    queue: str
    name: str
    pool: str
    stopping: Stopping = field(default_factory=Stopping)
    join: Callable[[Settings, Sending], Cluster] | None = None
    overdue: Overdue = field(init=False)
    _desk: Desk | None = None
    _lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        mine = [limit_s for kind, limit_s in self.limits.items() if QUEUE_OF[kind] == self.queue]
        self.overdue = Overdue(HARD * max(mine or self.limits.values()))

    @property
    def stop(self) -> Event:
        """Set once this worker is to end."""
        return self.stopping.event

    @property
    def limits(self) -> dict[Kind, float]:
        """Soft limits of jobs."""
        return limits_of(self.settings)

    @property
    def desk(self) -> Desk:
        """What this process works with, made once. Raises StoreError, ConfigError, ModelError."""
        with self._lock:
            if self._desk is None:
                self._desk = self._made()
            return self._desk

    def forked(self) -> None:
        """This is a new process: what the parent had is not its own."""
        self._desk, self._lock = None, Lock()

    def close(self) -> None:
        """Give back what this process holds open."""
        with self._lock:
            desk, self._desk = self._desk, None
        if desk is not None:
            desk.close()

    def count(self, kind: Kind, result: Result) -> None:
        """A job ended so."""
        if self._desk is not None:
            self._desk.presence.count(QUEUE_OF[kind], result)

    def _hush(self, pipeline: Pipeline) -> None:
        """Once this worker is to stop, looks on their way are cut: a model may take minutes, and others look again."""
        self.stop.wait()
        pipeline.hush()

    def _joined(self, sending: Sending) -> Cluster:
        """The cluster as the settings say; only who takes looks needs what a model needs, who delivers no model at all."""
        if self.join is not None:
            return self.join(self.settings, sending)
        settings = without_models(self.settings) if self.queue == QUEUE_OF["deliver"] else self.settings
        return cluster_of(settings, send=sending, asked=self.queue == QUEUE_OF["look"])

    def _made(self) -> Desk:
        sending = Sending(self.settings, broker_of(self.settings), self.app)
        cluster = self._joined(sending)
        Thread(target=self._hush, args=(cluster.pipeline,), name="hush", daemon=True).start()
        presence = Presence(cluster.broker, name=self.name, queues=(self.queue,), pool=self.pool, child=True)
        presence.__enter__()
        return Desk(
            cluster=cluster,
            sending=sending,
            outgoing=Outgoing(self.settings, cluster.pipeline.store, cluster.broker),
            tracing=tracing_of(self.settings),
            early=Early(cluster.broker),
            tries=Tries(cluster.broker),
            markers=Markers(cluster.broker),
            backlog=Backlog(cluster.broker),
            presence=presence,
        )
