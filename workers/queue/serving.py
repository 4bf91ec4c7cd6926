"""One worker process group: `python -m workers.queue.serving`, what it is to do on its stdin. It dies with its parent."""

import ctypes
import logging
import os
import signal
import sys
import warnings
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

from celery import signals
from celery.concurrency import get_implementation
from celery.exceptions import SecurityWarning

from vidette import codec
from vidette.errors import VidetteError
from vidette.log import configure
from vidette.settings import Settings
from workers.celery import make_app
from workers.queue.worker import Worker
from workers.shared.broker import Broker
from workers.shared.places import media_of, memory_of
from workers.shared.presence import Presence
from workers.tasks import register

Pool = Literal["prefork", "threads", "solo"]
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What a worker does: jobs of one queue, so many at a time. `events`: Flower is told of each.

    `parent`: the process without which it ends.
    """

    parent: int
    said: dict[str, Any]
    queue: str
    pool: Pool
    concurrency: int
    name: str
    events: bool = False

    @property
    def settings(self) -> Settings:
        """The settings."""
        return Settings.model_validate(self.said)


def main() -> int:
    """Work until told to stop; -> the exit code."""
    service = codec.decode(Service, sys.stdin.buffer.readline())
    die_with_parent(service.parent)
    settings = service.settings
    configure(settings.log, settings.log_format)
    warnings.filterwarnings("ignore", category=SecurityWarning)  # of pickled messages read by root; ours are JSON
    if settings.log != "debug":
        for name in ("celery.worker.strategy", "celery.app.trace"):  # two lines a job
            logging.getLogger(name).setLevel(logging.WARNING)
    try:
        return serve(service, settings)
    except VidetteError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code


def serve(service: Service, settings: Settings) -> int:
    """Be a Celery worker of one queue; -> its exit code. Raises ConfigError."""
    app = make_app(settings, service.queue, holder=service.name)
    app.conf.worker_enable_remote_control = service.events  # Flower asks; nobody else does
    worker = Worker(settings=settings, app=app, queue=service.queue, name=service.name, pool=service.pool)
    register(app, worker)
    presence = Presence(
        Broker(settings.broker),
        name=service.name,
        queues=(service.queue,),
        pool=service.pool,
        memory=memory_of(settings),
        media=media_of(settings),
    )
    _connect(worker, presence)
    celery = app.Worker(
        hostname=f"{service.queue}@{service.name}",
        pool=get_implementation(service.pool),
        concurrency=service.concurrency,
        queues=[service.queue],
        loglevel=settings.log.upper(),
        quiet=True,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=not service.events,
        task_events=service.events,
    )
    if service.pool != "prefork":
        worker.overdue.start()
    celery.start()
    worker.close()
    presence.close()
    return int(celery.exitcode or 0)


def _connect(worker: Worker, presence: Presence) -> None:
    """Hear what Celery tells of its processes; that this worker is here is said once it takes jobs."""
    own = os.getpid()

    def ready(**_: object) -> None:
        presence.__enter__()

    def forked(**_: object) -> None:
        if os.getpid() != own:  # a pool without processes says so, too
            die_with_parent(own)
            worker.forked()

    def ending(**_: object) -> None:
        worker.stopping.tell()

    def ended(**_: object) -> None:
        worker.close()

    worker.stop  # noqa: B018  its thread runs before any job does
    signals.setup_logging.connect(_ours, weak=False)
    signals.worker_ready.connect(ready, weak=False)
    signals.worker_process_init.connect(forked, weak=False)
    signals.worker_shutting_down.connect(ending, weak=False)
    signals.worker_process_shutdown.connect(ended, weak=False)


def _ours(**_: object) -> None:
    """Logs are set up by vidette.log; Celery leaves them alone because this hears that it would."""


def die_with_parent(parent: int) -> None:
    """Ask the kernel (Linux) to kill us when our parent dies, and end at once where it has."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
