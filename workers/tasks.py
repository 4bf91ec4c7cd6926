"""The jobs as Celery tasks. Of each, here: how often it is tried, who it is left to, and when it is put aside.

A job that failed goes back to the end of its queue in one step of Redis (`Reject`), so it is never nowhere; a wait before
that is one of this worker. Celery's own retries would wait by the clocks of two machines, which may differ.
"""

import logging
from collections.abc import Callable
from random import SystemRandom
from time import monotonic
from typing import Any

from celery import Celery
from celery.exceptions import Reject, SoftTimeLimitExceeded

from vidette.errors import StoreError, VidetteError
from vidette.log import redact
from workers.celery import HARD
from workers.due import mark_of_watch
from workers.following import said
from workers.jobs import Message, Watch, read
from workers.routing import QUEUES, Kind, name_of
from workers.steps import Cut, do, give_up
from workers.watching import watch as watch_stream
from workers.worker import Worker

log = logging.getLogger(__name__)

_RANDOM = SystemRandom()
_SHARE = 0.9
"""Of the soft limit, for which a job waits for a server that is away."""
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.2, 5.0
_LATER_S = 1.0


def register(app: Celery, worker: Worker) -> None:
    """Give the app a task for each kind of job. A watch knows no end; the others have limits (in pools of processes)."""

    @app.task(name=name_of("watch"), acks_late=False, shared=False)
    def watch(text: str) -> None:
        run_watch(worker, text)

    for kind, limit_s in worker.limits.items():
        options: dict[str, Any] = {"soft_time_limit": limit_s, "time_limit": HARD * limit_s}  # seconds may be broken
        task: Callable[[Any], Any] = app.task(name=name_of(kind), bind=True, shared=False, **options)
        task(_bounded(worker, kind))


def _bounded(worker: Worker, kind: Kind) -> Callable[[Any, str], None]:
    def bounded(task: Any, text: str) -> None:
        again = bool(task.request.delivery_info.get("redelivered"))
        with worker.overdue.job(kind):
            Trial(worker, kind, str(task.request.id), text).run(again=again)

    return bounded


def run_watch(worker: Worker, text: str) -> None:
    """Watch a stream until it is over, or this worker is to end; whoever wants it has it begun again if it should be."""
    try:
        message = read(text)
    except StoreError as error:
        log.warning("a watch is left to others: %s", error)
        return
    job = message.job
    if not isinstance(job, Watch):
        log.error("not a watch: %r", job.kind)
        return
    try:
        desk = worker.desk
        desk.markers.clear(mark_of_watch(job.spec.stream_id))
        watch_stream(desk.cluster, job, worker.stop)
    except Exception as error:  # the loop's edge: one stream stops no other
        log.log(_how(error), "watch of %r: %s", job.spec.name, redact(said(error)), exc_info=_unforeseen(error))
        worker.count("watch", "failed")
        if not (isinstance(error, VidetteError) and error.retryable):
            worker.desk.cluster.registry.end(job.spec.stream_id, "failed", redact(said(error)))
        return
    worker.count("watch", "done")


class Trial:
    """One bounded job, tried once or, while a server is away, for as long as it may take."""

    def __init__(self, worker: Worker, kind: Kind, task_id: str, text: str) -> None:
        self._worker, self._kind, self._id, self._text = worker, kind, task_id, text
        self._until = monotonic() + _SHARE * worker.limits[kind]
        self._tries = 0

    def run(self, *, again: bool) -> None:
        """Do it. Raises Reject where it is to be handed out anew."""
        wait_s = _FIRST_WAIT_S
        while True:
            try:
                self._run(again=again)
            except StoreError as error:
                if not error.retryable:
                    raise
                if monotonic() + wait_s > self._until or self._worker.stop.is_set():
                    log.warning("%s: %s; tried again later, nothing is lost", self._kind, error)
                    raise Reject(str(error), requeue=True) from error
                log.info("%s waits: %s", self._kind, error)
                self._wait(wait_s)
                wait_s = min(_LONGEST_WAIT_S, 2 * wait_s)
            else:
                return

    def _run(self, *, again: bool) -> None:
        """Raises StoreError, `retryable`, where a server is away, and Reject."""
        desk = self._worker.desk
        message = self._message()
        if message is None:
            return
        if again and not self._tries:
            self._tries = desk.tries.one_more(self._id)
            if self._tries > self._most:
                self._give_up(message, f"the worker was lost {self._tries - 1} times at this job")
                return
        try:
            do(desk, message, self._text, until=self._until, stop=self._worker.stop)
        except Cut:
            raise Reject("the worker is to stop", requeue=True) from None
        except (StoreError, Reject) as error:
            if isinstance(error, Reject) or error.retryable:
                raise
            self._failed(message, error)
        except (Exception, SoftTimeLimitExceeded) as error:  # noqa: BLE001  the loop's edge: one job stops no other
            self._failed(message, error)
        else:
            if self._tries:
                desk.tries.forget(self._id)
            self._worker.count(self._kind, "done")

    def _message(self) -> Message | None:
        """None where it is none; one of a later version is left to workers that are updated already."""
        try:
            message = read(self._text)
        except StoreError as error:
            if error.retryable:
                log.warning("%s", error)
                self._wait(_LATER_S)
                raise Reject(str(error), requeue=True) from error
            self._put_aside(str(error))
            return None
        return message

    def _failed(self, message: Message, error: Exception) -> None:
        """Hand it out anew, so often; what cannot come to anything is put aside at once. Raises Reject, StoreError."""
        log.log(_how(error), "%s: %s", self._kind, redact(said(error)), exc_info=_unforeseen(error))
        if isinstance(error, VidetteError) and not error.retryable:
            self._give_up(message, said(error))
            return
        self._tries = self._tries or self._worker.desk.tries.one_more(self._id)
        if self._tries >= self._most:
            self._give_up(message, said(error))
            return
        self._wait(min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2**self._tries))
        raise Reject(said(error), requeue=True) from error

    def _give_up(self, message: Message, reason: str) -> None:
        give_up(self._worker.desk, message.job, reason)
        self._put_aside(reason)

    def _put_aside(self, reason: str) -> None:
        desk = self._worker.desk
        tries = max(1, self._tries)
        identity = desk.cluster.dead.add(queue=QUEUES[self._kind], text=self._text, error=redact(reason), tries=tries)
        desk.tries.forget(self._id)
        self._worker.count(self._kind, "failed")
        log.error("%s is put aside: %s; `vidette jobs replay %s` does it again", self._kind, redact(reason), identity)

    def _wait(self, seconds: float) -> None:
        """So long, a fifth more or less, or until this worker is to end."""
        self._worker.stop.wait(seconds * _RANDOM.uniform(0.8, 1.2))

    @property
    def _most(self) -> int:
        return self._worker.settings.cluster.retries


def _unforeseen(error: Exception) -> bool:
    return not isinstance(error, VidetteError | SoftTimeLimitExceeded)


def _how(error: Exception) -> int:
    return logging.ERROR if _unforeseen(error) else logging.WARNING
