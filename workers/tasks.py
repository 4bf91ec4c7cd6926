"""The jobs as Celery tasks; how often each is tried is in trial.py."""

import logging
from collections.abc import Callable
from typing import Any

from celery import Celery
from celery.exceptions import Reject, SoftTimeLimitExceeded

from vidette.errors import StoreError, VidetteError
from vidette.log import redact
from workers.beat.due import mark_of_watch
from workers.celery import DECODE_S, HARD
from workers.following import said
from workers.jobs import Decode, Watch, read
from workers.queue.routing import Kind, name_of
from workers.queue.trial import LONGEST_WAIT_S, Trial, level_of, unforeseen
from workers.queue.worker import Worker
from workers.shared.decoded import Decoded
from workers.shared.markers import WATCH_S, Markers
from workers.shared.process import broker_of, clock_of
from workers.shared.queues import Queues
from workers.shared.registry import Registry
from workers.watches.decoding import decode as decode_span
from workers.watches.idling import idly
from workers.watches.shelf import Shelf
from workers.watches.watching import watch as watch_stream
from workers.wiring import media_path

log = logging.getLogger(__name__)


def register(app: Celery, worker: Worker) -> None:
    """Give the app a task for each kind of job. A watch knows no end; the others have limits (in pools of processes).

    What is decoded ahead nobody misses: lost, it is not done again.
    """

    @app.task(name=name_of("watch"), acks_late=False, shared=False)
    def watch(text: str) -> None:
        run_watch(worker, text)

    _task(app, "decode", DECODE_S, acks_late=False)(_unmissed(worker))
    for kind, limit_s in worker.limits.items():
        _task(app, kind, limit_s, bind=True)(_bounded(worker, kind))


def _task(app: Celery, kind: Kind, limit_s: float, **options: Any) -> Callable[[Any], Any]:
    limits: dict[str, Any] = {"soft_time_limit": limit_s, "time_limit": HARD * limit_s}  # seconds may be broken
    made: Callable[[Any], Any] = app.task(name=name_of(kind), shared=False, **limits, **options)
    return made


def _unmissed(worker: Worker) -> Callable[[str], None]:
    def decode(text: str) -> None:
        run_decode(worker, text)

    return decode


def _bounded(worker: Worker, kind: Kind) -> Callable[[Any, str], None]:
    def bounded(task: Any, text: str) -> None:
        again = bool(task.request.delivery_info.get("redelivered"))
        run_bounded(worker, Trial(worker, kind, str(task.request.id), text), again=again)

    return bounded


def run_bounded(worker: Worker, trial: Trial, *, again: bool) -> None:
    """Do a bounded job. Raises Reject where it is to be handed out anew."""
    with worker.overdue.job(trial.kind):
        try:
            trial.run(again=again)
        except Reject:
            raise
        except Exception as error:  # this worker cannot work, or cannot even put the job aside: it is left to others
            reason = redact(said(error))
            log.log(level_of(error), "%s is left to others: %s", trial.kind, reason, exc_info=unforeseen(error))
            worker.stop.wait(LONGEST_WAIT_S)
            raise Reject(reason, requeue=True) from error


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
        clock_of(worker.settings).look()
        desk = worker.desk
        desk.markers.clear(mark_of_watch(job.spec.stream_id))
        done = watch_stream(desk.cluster, job, worker.stop)
    except Exception as error:  # the loop's edge: one stream stops no other
        log.log(level_of(error), "watch of %r: %s", job.spec.name, redact(said(error)), exc_info=unforeseen(error))
        worker.count("watch", "failed")
        _failed(worker, job, error)
    else:
        worker.count("watch", "done" if done else "failed")


def run_decode(worker: Worker, text: str) -> None:
    """Decode a span ahead of its watch, with what is left of the machine, unless jobs wait that are more than a hint."""
    try:
        job = read(text).job
        if not isinstance(job, Decode):
            log.error("nothing to decode: %r", job.kind)
            return
        broker, settings = worker.desk.cluster.broker, worker.desk.cluster.pipeline.settings
        queues, shelf = Queues(broker), Shelf(media_path(settings), job.run)
        with worker.overdue.job("decode"), idly() as (pool, over):

            def gives_way() -> bool:
                return over.is_set() or worker.stop.is_set() or queues.waiting(worker.queue) > 0

            pool.submit(decode_span, settings, Decoded(broker, job.run), shelf, job, gives_way).result()
    except (Exception, SoftTimeLimitExceeded) as error:  # the loop's edge: whoever watches decodes it
        log.log(level_of(error), "decode: %s", redact(said(error)), exc_info=unforeseen(error))
        worker.count("decode", "failed")
    else:
        worker.count("decode", "done")


def _failed(worker: Worker, job: Watch, error: Exception) -> None:
    """Only what is wrong with the source or the settings ends it. What is wrong here, a disk or want of threads, is not told:
    another worker may watch it, in a moment; with what is wrong everywhere none gets on, and beat gives it up.
    """
    if not isinstance(error, VidetteError):
        _later(worker, job)
    elif not error.retryable:
        _end(worker, job, redact(said(error)))


def _later(worker: Worker, job: Watch) -> None:
    """Have it sent again, but not at once: this worker may be who takes it."""
    try:
        Markers(broker_of(worker.settings)).make(mark_of_watch(job.spec.stream_id), WATCH_S)
    except StoreError as fault:
        log.info("the watch of %r may be sent again at once: %s", job.spec.name, fault)


def _end(worker: Worker, job: Watch, error: str) -> None:
    """Tell who wants the watch that it came to nothing."""
    try:
        Registry(broker_of(worker.settings)).end(job.spec.stream_id, "failed", error)
    except StoreError as fault:
        log.warning("that the watch of %r failed cannot be told: %s", job.spec.name, fault)
