"""The pump: sends what is due, threads of its own for each sink, so that a dead endpoint delays nobody else."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from random import SystemRandom
from types import TracebackType

from vidette.alerting import DeliveryCounts, SinkStates
from vidette.alerts import DeliveryStatus, SinkState
from vidette.ports import GraphStore
from workers.delivery.sender import Lane, Sender, Store

__all__ = ["Lane", "Pump", "Store", "waiting"]

log = logging.getLogger(__name__)

_TICK_S = 0.05
_STOP_S = 1.5
_RANDOM = SystemRandom()


def _nobody(_state: SinkState) -> None:
    """Where nobody is told that a sink takes no more."""


class Pump:
    """Context manager that sends due deliveries while it is open. Several processes may pump one memory.

    `gone` is told, in another thread, of each sink that is disabled.
    """

    def __init__(
        self,
        store: Store,
        lanes: Sequence[Lane],
        *,
        gone: Callable[[SinkState], None] = _nobody,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        share: Callable[[], float] = _RANDOM.random,
    ) -> None:
        self._store = store
        self._tell_gone = gone
        self._senders = tuple(Sender(store, lane, now=now, share=share, gone=self._gone) for lane in lanes)
        self._ids = tuple(lane.sink.id for lane in lanes)

    def __enter__(self) -> "Pump":
        self._meet_disabled()
        for sender in self._senders:
            sender.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        deadline = time.monotonic() + _STOP_S
        for sender in self._senders:
            sender.stop()
        for sender in self._senders:
            sender.join(deadline)

    def nudge(self) -> None:
        """Look for due deliveries now: something was settled."""
        for sender in self._senders:
            sender.nudge()

    def drain(self, seconds: float, stop: threading.Event | None = None) -> None:
        """Wait until nothing is due within these seconds, or until they are over, or `stop` is set."""
        deadline = time.monotonic() + seconds
        self.nudge()
        while (left_s := deadline - time.monotonic()) > 0:
            if (stop and stop.is_set()) or self.idle(left_s):
                return
            time.sleep(min(_TICK_S, left_s))

    def idle(self, seconds: float) -> bool:
        """Whether no try is under way and none will begin within so many seconds. Raises StoreError."""
        return all(sender.idle(seconds) for sender in self._senders)

    def remaining(self) -> dict[str, int]:
        """How many deliveries each sink still waits for; those with none are left out."""
        return waiting(self._store, self._ids)

    def _gone(self, state: SinkState) -> None:
        """Tell of it; others may have to be told now."""
        self._tell_gone(state)
        self.nudge()

    def _meet_disabled(self) -> None:
        """Enable sinks that point elsewhere since they were disabled; tell of the others."""
        for state in self._store.read(SinkStates()):
            for sender in self._senders:
                sink = sender.lane.sink
                if sink.id != state.sink:
                    continue
                if sink.address != state.address:
                    self._store.enable(state.sink)
                else:
                    log.warning(
                        "sink %r is disabled (%s); `vidette deliveries replay --sink %s` enables it",
                        state.sink,
                        state.reason,
                        state.sink,
                    )


def waiting(store: GraphStore, sinks: Sequence[str]) -> dict[str, int]:
    """How many deliveries each of these sinks still waits for; those with none are left out."""
    counts: dict[str, int] = {}
    for (sink, status), count in store.read(DeliveryCounts()).items() if sinks else ():
        if sink in sinks and status in (DeliveryStatus.PENDING, DeliveryStatus.SENDING):
            counts[sink] = counts.get(sink, 0) + count
    return counts
