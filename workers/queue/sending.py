"""Jobs go to their queues; what is too large for a message lies beside it in Redis, under its content's address."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any
from uuid import uuid4

from celery import Celery
from kombu.exceptions import KombuError

from vidette.settings import Settings
from workers.celery import make_app
from workers.jobs import Decode, Deliver, Job, LookAt, Settle, Watch, encode
from workers.queue.backlog import Backlog
from workers.queue.priority import priority_of
from workers.queue.routing import name_of
from workers.shared.broker import Broker
from workers.tracing.tracing import tracing_of

CARRY_S = 6 * 3600
"""How long a carry lies in Redis at most."""
_ONCE_MORE = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}


class Sending:
    """Sends jobs; of any thread and, after a fork, of any process. Raises StoreError, `retryable`, where it cannot."""

    def __init__(self, settings: Settings, broker: Broker, app: Celery | None = None) -> None:
        self.app = app or make_app(settings)
        self._broker, self._tracing, self._backlog = broker, tracing_of(settings), Backlog(broker)
        self._most_owed = settings.cluster.waiting_looks / 2

    def __call__(self, job: Job, priority: int | None = None) -> None:
        """Send a job, with the priority of its kind where none is given."""
        self.many([(job, priority_of(job) if priority is None else priority)])

    def many(self, jobs: Iterable[tuple[Job, int]]) -> None:
        """Send jobs in this order, each with its priority, in one go; looks that are owed only while there is room."""
        ready = [(self._lightened(job), priority) for job, priority in jobs if self._has_room(job)]
        if ready:
            self._publish([(job, encode(job, trace=self._tracing.goes_with(job)), one) for job, one in ready])

    def again(self, text: str, job: Job, priority: int | None = None) -> None:
        """Send a message as it is."""
        self._publish([(job, text, priority_of(job) if priority is None else priority)])

    def carry(self, job: Settle) -> Settle | None:
        """The job with its carry; None where that is gone."""
        if not job.carry_sha256:
            return job
        with self._broker.faults():
            carry = self._broker.client.get(self._place(job))
        if not isinstance(carry, bytes):
            return None
        return Settle(observation=replace(job.observation, carry=carry))

    def places(self, job: Settle) -> tuple[str, ...]:
        """The keys of what lies beside its message."""
        return (self._place(job),) if job.carry_sha256 else ()

    def _has_room(self, job: Job) -> bool:
        """Half of the room is for what is seen now; a look that is owed is asked for again."""
        return not isinstance(job, LookAt) or not job.owed or self._backlog.room(job).waiting < self._most_owed

    def _lightened(self, job: Job) -> Job:
        """An observation without its carry, which is put beside it."""
        if not isinstance(job, Settle) or not job.observation.carry:
            return job
        carry = job.observation.carry
        light = Settle(observation=replace(job.observation, carry=b""), carry_sha256=hashlib.sha256(carry).hexdigest())
        with self._broker.faults():
            self._broker.client.set(self._place(light), carry, ex=CARRY_S)
        return light

    def _place(self, job: Settle) -> str:
        """The key of its carry: its own, since it goes when it is settled, and another observation may have an equal one."""
        return self._broker.key("carry", job.observation.id, job.carry_sha256)

    def _publish(self, ready: Sequence[tuple[Job, str, int]]) -> None:
        with ExitStack() as stack:
            stack.enter_context(self._faults())
            producer: Any = stack.enter_context(self.app.producer_pool.acquire(block=True))
            if len(ready) > 1:
                stack.enter_context(producer.batch())
            for job, text, priority in ready:
                self._send(producer, job, text, priority)

    def _send(self, producer: Any, job: Job, text: str, priority: int) -> None:
        self.app.send_task(
            name_of(job.kind),
            args=(text,),
            argsrepr=said(job),
            kwargsrepr="",
            task_id=f"{job.kind}-{uuid4()}",
            priority=priority,
            producer=producer,
            retry=True,
            retry_policy=_ONCE_MORE,
            add_to_parent=False,
            time_limit=None,
            soft_time_limit=None,
        )

    @contextmanager
    def _faults(self) -> Iterator[None]:
        with self._broker.faults():
            try:
                yield
            except KombuError as error:
                raise ConnectionError(str(error.__cause__ or error)) from error


def said(job: Job) -> str:
    """A job in a few words, for who looks at the queues."""
    match job:
        case Watch(spec=spec):
            return repr(spec.name)
        case Decode(spec=spec, start_s=start_s):
            return f"{spec.name!r} from {start_s:g} s on"
        case Settle(observation=one):
            number = "" if one.sequence is None else f" {one.sequence}"
            return f"{one.look}{number} of {one.stream_id}"
        case LookAt(segment=segment):
            return f"{segment.id} of {segment.stream_id}"
        case Deliver(sink=sink):
            return repr(sink)
