"""What beat looks at before it decides: Redis and memory as they are at one moment."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from vidette.errors import StoreError
from vidette.queries import Reached
from workers.beat.due import FRUITLESS, Calm, Seen, mark_of_sink, mark_of_watch
from workers.cluster import Cluster
from workers.queue.routing import QUEUE_OF
from workers.shared.markers import Markers
from workers.shared.process import clock_of
from workers.shared.queues import Queues
from workers.wiring import Pipeline

_GRACE = 2
"""Holders of leases get so many times a lease to come back after Redis was away."""


class Sight:
    """Looks at a cluster. Every method raises StoreError."""

    def __init__(self, cluster: Cluster, *, lease_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._cluster, self._clock = cluster, clock
        self._queues, self._markers = Queues(cluster.broker), Markers(cluster.broker)
        self._calm = Calm(slow_s=lease_s / 3)
        self.grace_s = _GRACE * lease_s

    @property
    def calm_s(self) -> float:
        """For how long Redis has answered."""
        return self._calm.seconds(self._clock())

    @property
    def calm(self) -> bool:
        """Whether a lease that is not there is nobody's: its holder would have had the time to take it again."""
        return self.calm_s >= self.grace_s

    def seen(self, pipeline: Pipeline) -> Seen:
        """What Redis has: streams that are wanted or watched, what was sent, what waits."""
        asked = self._clock()
        try:
            uptime_s = self._uptime_s()
            wanted = self._cluster.registry.all()
            leased = frozenset(row.name for row in self._cluster.leases.rows())
            marks = [mark_of_watch(one.stream_id) for one in wanted]
            marks += [mark_of_sink(sink.id) for sink in pipeline.settings.sinks]
            marked = self._markers.among(marks)
            watches = self._queues.row(QUEUE_OF["watch"]).by_priority
            deliveries = self._queues.waiting(QUEUE_OF["deliver"])
        except StoreError:
            self._calm.away(self._clock())
            raise
        self._calm.answered(asked, self._clock(), uptime_s)
        return Seen(wanted=wanted, leased=leased, marked=marked, watches=watches, deliveries=deliveries)

    def remembered(self, seen: Seen, pipeline: Pipeline) -> Seen:
        """With what memory has: sinks for which something is due, how far streams are that nobody seems to get on with."""
        fruitless = [one for one in seen.wanted if one.state == "wanted" and one.tries >= FRUITLESS]
        orphans = tuple(one.stream_id for one in fruitless if one.stream_id not in seen.leased)
        reached = pipeline.store.read(Reached(streams=orphans)) if orphans else {}
        settled = {id_: reached[id_].sequence if id_ in reached else -1 for id_ in orphans}
        return replace(seen, settled=settled, sinks=self._due(pipeline))

    def _due(self, pipeline: Pipeline) -> list[str]:
        now, sinks = clock_of(pipeline.settings).now(), [one.id for one in pipeline.settings.sinks]
        if not self._is_due(pipeline, sinks, now):
            return []
        return [sink for sink in sinks if self._is_due(pipeline, [sink], now)]

    def _is_due(self, pipeline: Pipeline, sinks: list[str], now: datetime) -> bool:
        at = pipeline.store.next_due(sinks) if sinks else None
        return at is not None and at <= now

    def _uptime_s(self) -> float:
        with self._cluster.broker.faults():
            return float(self._cluster.broker.client.info("server")["uptime_in_seconds"])
