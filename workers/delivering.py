"""The pump: sends what is due, one thread a sink, so that a dead endpoint delays nobody else."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from random import SystemRandom
from types import TracebackType
from typing import Protocol

from rules.outbox import attempt_of
from vidette.alerts import Attempt, Delivery, DeliveryStatus, Sent
from vidette.errors import StoreError
from vidette.ports import AlertSink, GraphStore, Outbox
from vidette.queries import DeliveryCounts, SinkStates

log = logging.getLogger(__name__)

POLL_S = 1.0  # another process may raise alerts into the same memory
_FAULT_S = 5.0
_TICK_S = 0.05
_STOP_S = 1.5
_RANDOM = SystemRandom()


class Store(GraphStore, Outbox, Protocol):
    """Memory that holds deliveries beside what they tell of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """A sink, and for how long a delivery to it is claimed: longer than one try may take.

    A process that is killed within a try leaves the delivery claimed; it is sent again, under the
    same id, when that time is over.
    """

    sink: AlertSink
    lease_s: float


class Pump:
    """Context manager that sends due deliveries while it is open. Several processes may pump one memory."""

    def __init__(
        self,
        store: Store,
        lanes: Sequence[Lane],
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        share: Callable[[], float] = _RANDOM.random,
    ) -> None:
        self._store, self._now, self._share = store, now, share
        self._lanes = tuple(lanes)
        self._ids = tuple(lane.sink.id for lane in lanes)
        self._wake = {name: threading.Event() for name in self._ids}
        self._threads = [threading.Thread(target=self._run, args=(lane,), daemon=True) for lane in lanes]
        self._stop, self._count = threading.Event(), threading.Lock()
        self._begun = self._ended = 0

    def __enter__(self) -> "Pump":
        self._meet_disabled()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        for lane in self._lanes:
            lane.sink.close()
        self.nudge()
        deadline = time.monotonic() + _STOP_S
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def nudge(self) -> None:
        """Look for due deliveries now: something was settled."""
        for event in self._wake.values():
            event.set()

    def drain(self, seconds: float, stop: threading.Event | None = None) -> None:
        """Wait until nothing is due within these seconds, or until they are over, or `stop` is set."""
        deadline = time.monotonic() + seconds
        self.nudge()
        while (left_s := deadline - time.monotonic()) > 0 and self._ids:
            if (stop and stop.is_set()) or self._idle(left_s):
                return
            time.sleep(min(_TICK_S, left_s))

    def remaining(self) -> dict[str, int]:
        """How many deliveries each sink still waits for; those with none are left out."""
        return waiting(self._store, self._ids)

    def _idle(self, seconds: float) -> bool:
        """Whether no try is under way and none will be due within so many seconds."""
        begun = self._begun
        if self._ended != begun:
            return False
        due = self._store.next_due(self._ids)
        return self._begun == begun and (due is None or (due - self._now()).total_seconds() > seconds)

    def _run(self, lane: Lane) -> None:
        wake = self._wake[lane.sink.id]
        while not self._stop.is_set():
            wake.clear()
            try:
                wait_s = self._round(lane)
            except StoreError as error:
                if not self._stop.is_set():
                    log.warning("deliveries to %r: %s", lane.sink.id, error)
                wait_s = _FAULT_S
            except Exception:  # the loop's edge: a fault in one message must not end all that follow
                log.exception("deliveries to %r", lane.sink.id)
                wait_s = _FAULT_S
            if wait_s > 0 and not self._stop.is_set():
                wake.wait(wait_s)

    def _round(self, lane: Lane) -> float:
        """Send one that is due; -> seconds to wait for the next (0: look again at once)."""
        due = self._store.next_due((lane.sink.id,))
        now = self._now()
        if due is None or due > now:
            return POLL_S if due is None else min(POLL_S, (due - now).total_seconds())
        with self._count:
            self._begun += 1
        try:
            claimed = self._store.claim(lane.sink.id, now, lane.lease_s, 1)
            for delivery in claimed:
                self._deliver(lane.sink, delivery)
        finally:
            with self._count:
                self._ended += 1
        return 0.0 if claimed else _TICK_S  # another process was faster

    def _deliver(self, sink: AlertSink, delivery: Delivery) -> None:
        at, began = self._now(), time.monotonic()
        sent = sink.send(delivery)
        if self._stop.is_set() and not sent.ok:
            sent = replace(sent, error="stopped before it was through")
        took_s = time.monotonic() - began
        attempt = attempt_of(delivery, sent, at=at, took_s=took_s, share=self._share())
        self._store.record(attempt)
        if sent.gone:
            self._disable(sink, sent)
        else:
            _say(sink, attempt)

    def _disable(self, sink: AlertSink, sent: Sent) -> None:
        self._store.disable(sink.id, sink.address, self._now(), sent.error)
        log.warning(
            "sink %r takes no more (%s); `vidette deliveries replay --sink %s` or another url enables it",
            sink.id,
            sent.error,
            sink.id,
        )

    def _meet_disabled(self) -> None:
        """Enable sinks that point elsewhere since they were disabled; tell of the others."""
        for state in self._store.read(SinkStates()):
            for lane in self._lanes:
                if lane.sink.id != state.sink:
                    continue
                if lane.sink.address != state.address:
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


def _say(sink: AlertSink, attempt: Attempt) -> None:
    if attempt.status == DeliveryStatus.DEAD:
        log.warning(
            "sink %r did not take %s after %d tries (%s); `vidette deliveries replay` sends it again",
            sink.id,
            attempt.delivery,
            attempt.number,
            attempt.error,
        )
    elif attempt.status == DeliveryStatus.PENDING:
        log.info("sink %r did not take %s: %s", sink.id, attempt.delivery, attempt.error)
