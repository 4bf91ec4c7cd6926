"""From one worker to the next: the camera's next process connects before its last one leaves.

So nothing is missed though a camera shows a whole picture once a GOP only. Marks in Redis say how far it is: `leaving` by
who goes, `poised` and `ready` by who comes. Without them, or without a broker, one goes and then another comes.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from vidette.errors import StoreError
from workers.jobs import Job, Watch
from workers.queue.routing import QUEUE_OF
from workers.shared.broker import Broker
from workers.shared.leases import Lease, Leases
from workers.shared.markers import Markers
from workers.shared.queues import Queues

log = logging.getLogger(__name__)

TAKEN_S, READY_S = 5.0, 12.0
"""So long it is waited for somebody to take the message; and for who took it to begin, and for a first picture there."""
_KEPT_S = 30.0
_ROUND_S = 0.1


@dataclass(frozen=True, slots=True)
class Succession:
    """The two sides of handing over one camera."""

    broker: Broker
    stream_id: str

    def offer(self, send: Callable[[Job], None], job: Watch, ends: Callable[[], bool]) -> bool:
        """Have somebody come, and wait until there is a picture; -> whether somebody came."""
        try:
            self._clear()
            self._markers.make(self._mark("leaving"), _KEPT_S)
            send(job)
            if not self._comes(ends):
                self._clear()
                return False
            if not self._waits("ready", READY_S, ends):
                log.info("camera %r is left though there is no picture yet elsewhere", job.spec.name)
        except StoreError as error:
            log.info("camera %r is left before another has it: %s", job.spec.name, error)
            return False
        return True

    def over(self) -> None:
        """Somebody has the camera now."""
        try:
            self._clear()
        except StoreError as error:
            log.info("marks of a hand-over stay for %g s: %s", _KEPT_S, error)

    def offered(self) -> bool:
        """Whether who has the stream is leaving. Raises StoreError."""
        return bool(self._markers.among([self._mark("leaving")]))

    def follow(self, leases: Leases, ready: Callable[[], bool], ends: Callable[[], bool]) -> Lease | None:
        """Say that we come, and when there is a picture; -> the lease, once who had it is gone. Raises StoreError."""
        self._markers.make(self._mark("poised"), _KEPT_S)
        until, told = time.monotonic() + TAKEN_S + READY_S + _KEPT_S, False
        while time.monotonic() < until and not ends():
            if ready() and not told:
                told = self._markers.make(self._mark("ready"), _KEPT_S) or True
            try:
                lease = leases.take(self.stream_id)
            except StoreError as error:
                if error.retryable:
                    raise
                time.sleep(_ROUND_S)
            else:
                self._clear()
                return lease
        return None

    @property
    def _markers(self) -> Markers:
        return Markers(self.broker)

    def _comes(self, ends: Callable[[], bool]) -> bool:
        """Whether somebody comes; who took the message may take a while to begin."""
        if self._waits("poised", TAKEN_S, ends):
            return True
        return not Queues(self.broker).waiting(QUEUE_OF["watch"]) and self._waits("poised", READY_S, ends)

    def _mark(self, what: str) -> str:
        return f"{what}:{self.stream_id}"

    def _waits(self, what: str, seconds: float, ends: Callable[[], bool]) -> bool:
        until = time.monotonic() + seconds
        while not self._markers.among([self._mark(what)]):
            if time.monotonic() > until or ends():
                return False
            time.sleep(_ROUND_S)
        return True

    def _clear(self) -> None:
        for what in ("leaving", "poised", "ready"):
            self._markers.clear(self._mark(what))
