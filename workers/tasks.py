"""The steps of the flow as Celery tasks: decode, step, send what follows."""

from collections.abc import Callable
from contextlib import closing
from typing import Any
from uuid import uuid4

from celery import Celery
from celery.contrib.abortable import AbortableTask
from celery.result import AsyncResult

from vidette.errors import VidetteError
from workers.flow import step
from workers.jobs import Job, decode, encode
from workers.wiring import Pipeline

QUEUES = {"watch": "ingest", "look": "vision", "settle": "settle"}
_TRIES = 20
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.05, 30.0


def register(app: Celery, pipeline: Callable[[], Pipeline]) -> None:
    """Give the app one task for each kind of job. Watches know no end; the others have time limits."""

    @app.task(name=name_of("watch"), base=AbortableTask, bind=True, max_retries=_TRIES)
    def watch(self: Any, text: str) -> None:
        run(self, pipeline(), text)

    @app.task(
        name=name_of("settle"), base=AbortableTask, bind=True, max_retries=_TRIES, soft_time_limit=60, time_limit=90
    )
    def settle(self: Any, text: str) -> None:
        run(self, pipeline(), text)

    @app.task(
        name=name_of("look"), base=AbortableTask, bind=True, max_retries=_TRIES, soft_time_limit=600, time_limit=660
    )
    def look(self: Any, text: str) -> None:
        run(self, pipeline(), text)


def name_of(kind: str) -> str:
    """The task's name for a kind of job."""
    return f"vidette.{kind}"


def send(app: Celery, job: Job) -> "AsyncResult[None]":
    """Queue a job; its task id begins with its kind."""
    return app.send_task(name_of(job.kind), args=(encode(job),), task_id=f"{job.kind}-{uuid4()}")


def run(task: Any, pipeline: Pipeline, text: str) -> None:
    """Do a job and send what follows; one that comes too early is retried, one aborted ends between two."""
    try:
        with closing(step(pipeline, decode(text))) as jobs:
            for job in jobs:
                send(task.app, job)
                if task.is_aborted():
                    return
    except VidetteError as error:
        if error.retryable:
            wait_s = min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2**task.request.retries)
            raise task.retry(exc=error, countdown=wait_s) from error
        raise
