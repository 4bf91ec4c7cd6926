"""Celery workers in threads of a test's own process, on a real Redis: their memory is the test's own."""

from collections.abc import Iterator
from contextlib import contextmanager

from celery.contrib.testing.worker import start_worker

from vidette.settings import Settings
from workers.celery import make_app
from workers.cluster import Cluster, cluster_of
from workers.queue.sending import Sending
from workers.queue.worker import Worker
from workers.tasks import register
from workers.wiring import Pipeline


@contextmanager
def working(pipeline: Pipeline, *queues: str, concurrency: int = 8) -> Iterator[Worker]:
    """A real Celery worker in threads of this process, on the broker of the pipeline's settings; memory stays open.

    One that takes all queues needs a thread for each watch, and some for what each watch waits for.
    """
    settings = pipeline.settings
    app = make_app(settings, queues[0])

    def join(settings: Settings, sending: Sending) -> Cluster:
        return cluster_of(settings, send=sending, pipeline=pipeline)

    worker = Worker(settings=settings, app=app, queue=queues[0], name="test", pool="threads", join=join)
    register(app, worker)
    threads = start_worker(
        app, pool="threads", concurrency=concurrency, queues=queues, perform_ping_check=False, shutdown_timeout=30
    )
    with threads:
        yield worker
        worker.stopping.tell()
    desk = worker.desk
    desk.outgoing.close()
    desk.presence.close()
    desk.cluster.crew.close()
    desk.cluster.emitters.stop()
