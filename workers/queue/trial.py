"""One bounded job: how often it is tried, who it is left to, and when it is put aside.

A job that failed goes back to the end of its queue in one step of Redis (`Reject`), so it is never nowhere; a wait before
that is one of this worker. Celery's own retries would wait by the clocks of two machines, which may differ.
"""

import logging
from contextlib import suppress
from random import SystemRandom
from time import monotonic

from celery.exceptions import Reject, SoftTimeLimitExceeded

from vidette.errors import StoreError, VidetteError
from vidette.log import redact
from workers.following import said
from workers.jobs import Message, read
from workers.queue.routing import QUEUE_OF, Kind
from workers.queue.steps import Cut, do, give_up
from workers.queue.worker import Worker
from workers.shared.process import clock_of

log = logging.getLogger(__name__)

_RANDOM = SystemRandom()
_SHARE = 0.9
"""Of the soft limit, for which a job waits for a server that is away."""
_FIRST_WAIT_S, LONGEST_WAIT_S = 0.2, 5.0
_LATER_S = 1.0


class Trial:
    """One bounded job, tried once or, while a server is away, for as long as it may take."""

    def __init__(self, worker: Worker, kind: Kind, task_id: str, text: str) -> None:
        self.kind = kind
        self._worker, self._id, self._text = worker, task_id, text
        self._limit = monotonic() + worker.limits[kind]
        self._until = monotonic() + _SHARE * worker.limits[kind]
        self._tries = 0

    def run(self, *, again: bool) -> None:
        """Do it. Raises Reject where it is to be handed out anew."""
        clock_of(self._worker.settings).look()
        wait_s = _FIRST_WAIT_S
        while True:
            try:
                self._run(again=again)
            except StoreError as error:
                if not error.retryable:
                    raise
                if monotonic() + wait_s > self._until or self._worker.stop.is_set():
                    log.warning("%s: %s; tried again later, nothing is lost", self.kind, error)
                    raise self._given_back(str(error)) from error
                log.info("%s waits: %s", self.kind, error)
                self._wait(wait_s)
                wait_s = min(LONGEST_WAIT_S, 2 * wait_s)
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
            raise self._given_back("the worker is to stop") from None
        except (StoreError, Reject) as error:
            if isinstance(error, Reject) or error.retryable:
                raise
            self._failed(message, error)
        except (Exception, SoftTimeLimitExceeded) as error:  # noqa: BLE001  the loop's edge: one job stops no other
            self._failed(message, error)
        else:
            if self._tries:
                desk.tries.forget(self._id)
            self._worker.count(self.kind, "done")

    def _given_back(self, reason: str) -> Reject:
        """The job, which is none the worse: that is not counted as in vain."""
        if self._tries:
            with suppress(StoreError):
                self._worker.desk.tries.forget(self._id)
        return Reject(reason, requeue=True)

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
        """Hand it out anew, so often; what cannot come to anything is put aside at once. Raises Reject, StoreError.

        The soft limit strikes anywhere, in a library too, which may make another fault of it: after it none is final.
        """
        log.log(level_of(error), "%s: %s", self.kind, redact(said(error)), exc_info=unforeseen(error))
        if isinstance(error, VidetteError) and not error.retryable and monotonic() < self._limit:
            self._give_up(message, said(error))
            return
        self._tries = self._tries or self._worker.desk.tries.one_more(self._id)
        if self._tries >= self._most:
            self._give_up(message, said(error))
            return
        self._wait(min(LONGEST_WAIT_S, _FIRST_WAIT_S * 2**self._tries))
        raise Reject(said(error), requeue=True) from error

    def _give_up(self, message: Message, reason: str) -> None:
        give_up(self._worker.desk, message.job, reason)
        self._put_aside(reason)

    def _put_aside(self, reason: str) -> None:
        desk = self._worker.desk
        tries = max(1, self._tries)
        identity = desk.cluster.dead.add(queue=QUEUE_OF[self.kind], text=self._text, error=redact(reason), tries=tries)
        desk.tries.forget(self._id)
        self._worker.count(self.kind, "failed")
        log.error("%s is put aside: %s; `vidette jobs replay %s` does it again", self.kind, redact(reason), identity)

    def _wait(self, seconds: float) -> None:
        """So long, a fifth more or less, or until this worker is to end."""
        self._worker.stop.wait(seconds * _RANDOM.uniform(0.8, 1.2))

    @property
    def _most(self) -> int:
        return self._worker.settings.cluster.retries


def unforeseen(error: Exception) -> bool:
    """Whether it is a fault of ours, of which the log has all."""
    return not isinstance(error, VidetteError | SoftTimeLimitExceeded)


def level_of(error: Exception) -> int:
    """At which level the log has it."""
    return logging.ERROR if unforeseen(error) else logging.WARNING
