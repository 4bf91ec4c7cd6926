"""Workers of one memory and one broker in a test's own process: a real Redis, real leases, cameras in real processes.

Whoever settles is a thread here, so that a test may lose what is on its way to it.
"""

import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import pairwise
from queue import Empty, SimpleQueue
from threading import Event, Thread

from vidette.errors import StoreError
from vidette.queries import CoverageIn, Filter, LastCommit
from workers.cameras.child import Child
from workers.cameras.crew import Crew
from workers.cameras.fleet import Fleet
from workers.cluster import cluster_of, spool_path
from workers.flow import step
from workers.jobs import Settle, Watch, decode, encode
from workers.queue.routing import QUEUE_OF, waiting_key
from workers.shared.broker import Broker
from workers.shared.leases import Leases
from workers.watches.spool import waiting
from workers.watches.watching import watch

PATIENCE_S = 60.0


def gapless(rows):
    return bool(rows) and all(a.end_s == b.start_s for a, b in pairwise(rows))


def until(condition, what="it did not come to that"):
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


class Machines:
    """Workers of one memory and one broker, all in this process; one thread settles."""

    def __init__(self, redis, pipelines, child: Callable[..., Child] = Child):
        self.redis, self.pipelines, self.child = redis, pipelines, child
        self.queue, self.watches, self.rest = SimpleQueue(), SimpleQueue(), []
        self.lose = lambda _job: False
        self.away = False
        self._clusters, self._over = [], Event()
        self._settling = Thread(target=self._settle, daemon=True)

    def start(self, **settings):
        self.pipeline = self.pipelines(broker=self.redis.url, cluster={"window": 3, "lease_s": 2, **settings})
        self._settling.start()
        self.first = self.worker()
        return self.first

    def worker(self, wire=None):
        """One more process, as far as leases and spools go; with a `wire` it has the broker by way of that alone."""
        settings, send = self.pipeline.settings, self._send
        if wire is not None:
            settings = settings.model_copy(update={"broker": f"redis://127.0.0.1:{wire.port}/0"})
            spool = {"spool": str(spool_path(settings).with_name("far.spool"))}
            settings = settings.model_copy(update={"cluster": settings.cluster.model_copy(update=spool)})
            send = partial(self._send_over, Broker(settings.broker))
        made = cluster_of(settings, send=send, pipeline=self.pipeline)
        fleet = partial(Fleet, self.pipeline, sweeps=False, child=self.child)
        leases = Leases(made.broker, ttl_s=2.0, owner=f"machine-{len(self._clusters)}:1:x")
        self._clusters.append(replace(made, leases=leases, crew=Crew(fleet)))
        return self._clusters[-1]

    def wanted(self, job):
        """Somebody wants it; -> the job as a worker gets it."""
        self.first.registry.want(job)
        return decode(encode(job))

    def run(self, job, cluster=None):
        """To its end, with all that is sent on."""
        watch(cluster or self.first, self.wanted(job), Event())
        while not self.watches.empty():
            watch(cluster or self.first, self.watches.get(), Event())

    @contextmanager
    def running(self, job, cluster=None):
        """In a thread; -> what stops it. It has ended afterwards."""
        stop = Event()
        thread = Thread(target=watch, args=(cluster or self.first, job, stop))
        thread.start()
        try:
            yield stop
        finally:
            stop.set()
            thread.join(PATIENCE_S)
            assert not thread.is_alive()

    def state(self, job):
        return self.first.registry.get(job.spec.stream_id).state

    def sequence(self, job):
        commit = self.pipeline.store.read(LastCommit(stream_id=job.spec.stream_id))
        return commit.sequence if commit else -1

    def coverage(self, name):
        return self.pipeline.store.read(CoverageIn(where=Filter(streams=(name,))))

    def spooled(self):
        return waiting(spool_path(self.pipeline.settings))

    def close(self):
        self._over.set()
        for one in self._clusters:
            one.crew.close()
            one.emitters.stop()
            one.leases.close()
        if self._settling.is_alive():
            self._settling.join(PATIENCE_S)

    def _send(self, job):
        if self.away:
            raise StoreError("the queue is away", retryable=True)
        if isinstance(job, Settle):
            self.queue.put(encode(job))
        elif isinstance(job, Watch):
            self.first.broker.client.lpush(waiting_key(QUEUE_OF["watch"], 0), b"")  # one that nobody has taken
            self.watches.put(decode(encode(job)))
        else:
            self.rest.append(job)

    def _send_over(self, broker, job):
        with broker.faults():
            broker.client.ping()
        self._send(job)

    def _settle(self):
        while not self._over.is_set():
            try:
                job = decode(self.queue.get(timeout=0.02))
            except Empty:
                continue
            if self.lose(job):
                continue
            try:
                self.rest += step(self.pipeline, job)
            except StoreError as error:
                assert error.retryable, error
                self.queue.put(encode(job))
