"""The steps of the flow as Celery tasks: decode, step, send what follows."""

from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import TypeAlias
from uuid import uuid4

from celery import Celery
from celery.contrib.abortable import AbortableTask
from celery.result import AsyncResult

from vidette.errors import VidetteError
from workers.flow import step
from workers.jobs import Job, decode, encode
from workers.wiring import Pipeline

Step: TypeAlias = "AbortableTask[[str], None]"
QUEUES = {"watch": "ingest", "look": "vision", "settle": "settle"}
_TRIES = 20
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.05, 30.0


def register(app: Celery, pipeline: Callable[[], Pipeline]) -> None:
    """Give the app one task for each kind of job. A watch knows no end; the others have time limits."""
    task = partial(app.task, base=AbortableTask, bind=True, shared=False, max_retries=_TRIES, throws=VidetteError)

    @task(name=name_of("watch"))
    def watch(self: Step, text: str) -> None:
        run(self, pipeline(), text)

    @task(name=name_of("settle"), soft_time_limit=60, time_limit=90)
    def settle(self: Step, text: str) -> None:
        run(self, pipeline(), text)

    @task(name=name_of("look"), soft_time_limit=600, time_limit=660)
    def look(self: Step, text: str) -> None:
        run(self, pipeline(), text)


def name_of(kind: str) -> str:
    """The task's name for a kind of job."""
    return f"vidette.{kind}"


def send(app: Celery, job: Job) -> "AsyncResult[None]":
    """Queue a job; its task id begins with its kind."""
    return app.send_task(name_of(job.kind), args=(encode(job),), task_id=f"{job.kind}-{uuid4()}")


def run(task: Step, pipeline: Pipeline, text: str) -> None:
    """Do a job and send what follows; one that comes too early is retried, one aborted ends between two."""
    try:
        with closing(step(pipeline, decode(text))) as jobs:
            for job in jobs:
                send(task.app, job)
                if task.is_aborted(task_id=str(task.request.id)):
                    return
    except VidetteError as error:
        if error.retryable:
            wait_s = min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2**task.request.retries)
            raise task.retry(exc=error, countdown=wait_s) from error
        raise
