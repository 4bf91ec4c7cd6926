"""Metrics of a cluster for Prometheus, read from the broker whenever they are asked for."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import get_args

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from vidette.errors import StoreError
from workers.queue.routing import QUEUES
from workers.shared.broker import Broker
from workers.shared.dead import Dead
from workers.shared.leases import LeaseRow, Leases
from workers.shared.presence import counted, workers
from workers.shared.queues import QueueRow, Queues
from workers.shared.registry import Registry, State, Wanted


class QueueMetrics(Collector):
    """What a scrape gives: queues, workers, leases, dead jobs, streams by what is wanted of them."""

    def __init__(self, broker: Broker, leases: Leases) -> None:
        self._broker, self._leases = broker, leases
        self._queues, self._dead, self._registry = Queues(broker), Dead(broker), Registry(broker)

    def collect(self) -> Iterator[Metric]:
        """All families; where the broker does not answer, only that."""
        reachable = GaugeMetricFamily("vidette_broker_reachable", "Whether the broker answered for this scrape.")
        try:
            families = [*self._of_queues(), *self._of_streams(), *self._of_dead()]
        except StoreError:
            families = []
        reachable.add_metric((), float(bool(families)))
        yield reachable
        yield from families

    def _of_queues(self) -> Iterator[Metric]:
        yield from waiting(self._queues.rows())
        jobs = CounterMetricFamily("vidette_jobs", "Jobs that ended, by queue and result.", labels=("queue", "result"))
        for queue, count in counted(self._broker, QUEUES).items():
            jobs.add_metric((queue, "done"), count.done)
            jobs.add_metric((queue, "failed"), count.failed)
        yield jobs
        listening = GaugeMetricFamily("vidette_workers", "Workers that take jobs of a queue.", labels=("queue",))
        known = Counter(queue for row in workers(self._broker) for queue in row.queues)
        for queue in QUEUES:
            listening.add_metric((queue,), known[queue])
        yield listening

    def _of_streams(self) -> Iterator[Metric]:
        rows = self._leases.rows()
        leases = GaugeMetricFamily("vidette_leases", "Leases that somebody holds: streams, and the turn of beat.")
        leases.add_metric((), len(rows))
        yield leases
        yield from streams(self._registry.all(), rows)

    def _of_dead(self) -> Iterator[Metric]:
        dead = GaugeMetricFamily("vidette_dead_jobs", "Jobs that were given up and wait for a person.")
        dead.add_metric((), self._dead.count())
        yield dead
        lost = CounterMetricFamily(
            "vidette_dead_jobs_lost", "Dead jobs that had to go since there was no room for more."
        )
        lost.add_metric((), self._dead.lost())
        yield lost


def waiting(rows: Sequence[QueueRow]) -> Iterator[Metric]:
    """The families of what waits and what is under way."""
    waits = GaugeMetricFamily("vidette_queue_waiting", "Jobs that wait, by queue.", labels=("queue",))
    under_way = GaugeMetricFamily(
        "vidette_queue_under_way", "Jobs taken and not acknowledged, by queue.", labels=("queue",)
    )
    oldest = GaugeMetricFamily(
        "vidette_queue_oldest_seconds", "How long ago the job was sent that waits longest, by queue.", labels=("queue",)
    )
    for row in rows:
        waits.add_metric((row.name,), row.waiting)
        under_way.add_metric((row.name,), row.under_way)
        oldest.add_metric((row.name,), row.oldest_s or 0.0)
    yield from (waits, under_way, oldest)


def streams(wanted: Sequence[Wanted], leases: Sequence[LeaseRow]) -> Iterator[Metric]:
    """The families of what is wanted, and of what of it nobody watches."""
    held = {row.name for row in leases}
    states: Counter[str] = Counter(one.state for one in wanted)
    family = GaugeMetricFamily(
        "vidette_streams", "Streams that workers were asked to watch, by state.", labels=("state",)
    )
    for state in get_args(State):
        family.add_metric((state,), states[state])
    yield family
    unwatched = GaugeMetricFamily("vidette_streams_unwatched", "Streams that are wanted and that no worker watches.")
    unwatched.add_metric((), sum(one.state == "wanted" and one.stream_id not in held for one in wanted))
    yield unwatched
