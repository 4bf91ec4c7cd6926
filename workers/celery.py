"""The flow on Celery: an app with a queue for each kind of step, and a runner that follows what it sent."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Any

from celery import Celery
from celery.contrib.abortable import AbortableAsyncResult
from celery.exceptions import TimeoutError as NotReady
from celery.result import AsyncResult
from kombu import Queue

from ingest.sources import SourceSpec
from vidette.models import Outcome
from workers.following import Following, Listener
from workers.jobs import Watch
from workers.tasks import QUEUES, name_of, register, send
from workers.wiring import Pipeline

_POLL_S = 0.2
_VISIBILITY_S = 12 * 3600  # Redis hands a job out anew after this long without acknowledgement


def make_app(broker_url: str, pipeline: Callable[[], Pipeline], *, backend_url: str = "") -> Celery:
    """A Celery app for the flow: JSON only, at least once, one queue for each kind of step.

    `pipeline` is called in the worker, for each job, and so decides what threads and processes
    share. `backend_url` (empty: the broker itself) keeps the results that a runner follows.
    """
    memory = broker_url.startswith("memory://")
    app = Celery("vidette", broker=broker_url, backend=backend_url or ("cache+memory://" if memory else broker_url))
    app.conf.update(
        task_serializer="json",
        result_serializer="json",
        accept_content=["json"],
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_default_queue=QUEUES["watch"],
        task_queues=[Queue(queue) for queue in QUEUES.values()],
        task_routes={name_of(kind): {"queue": queue} for kind, queue in QUEUES.items()},
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        broker_connection_retry_on_startup=True,
        broker_transport_options={"polling_interval": 0.02} if memory else {"visibility_timeout": _VISIBILITY_S},
        result_expires=24 * 3600,
    )
    register(app, pipeline)
    return app


@dataclass(frozen=True, slots=True)
class CeleryRunner:
    """Sends watches to workers and follows them (vidette.ports.Runner); reads the same memory."""

    app: Celery
    pipeline: Pipeline

    def watch(
        self,
        specs: Sequence[SourceSpec],
        *,
        again: bool = False,
        span_s: float | None = None,
        on_progress: Listener | None = None,
        stop: Event | None = None,
    ) -> list[Outcome]:
        """One outcome a source, in the order given; workers watch as many at a time as they can."""
        stop = stop or Event()
        followings = [Following(store=self.pipeline.store, spec=spec, listener=on_progress) for spec in specs]
        already = [not again and one.finished() for one in followings]
        sent = [send(self.app, Watch(spec=spec, again=again, span_s=span_s)) for spec in specs]
        return [_follow(*one, stop) for one in zip(sent, followings, already, strict=True)]


def _follow(sent: "AsyncResult[None]", following: Following, already: bool, stop: Event) -> Outcome:
    """Wait for the job and all that followed from it; after a stop, for what is settled by then."""
    waiting: deque[AsyncResult[Any]] = deque([sent])
    error: Exception | None = None
    while waiting:
        job = waiting.popleft()
        if stop.is_set() and str(job.id).startswith("look-"):
            continue
        _wait(job, following, stop)
        if job.failed() and isinstance(job.result, Exception):
            error = error or job.result
        waiting.extend(job.children or ())  # type: ignore[arg-type]  # the stub has the form of as_tuple()
    return following.outcome(already=already, error=error)


def _wait(job: "AsyncResult[Any]", following: Following, stop: Event) -> None:
    while not job.ready():
        if stop.is_set():
            AbortableAsyncResult(job.id, app=job.app).abort()
        try:
            job.get(timeout=_POLL_S, interval=_POLL_S / 10, propagate=False)
        except NotReady:
            following.last_caption()
            following.tell()
