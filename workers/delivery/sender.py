"""One sink's share of the pump: a thread that looks what is due, and threads that send it."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from queue import SimpleQueue
from typing import Protocol

from rules.outbox import attempt_of
from vidette.alerting import SinkStates, SinkTroubles
from vidette.alerts import Attempt, Delivery, DeliveryStatus, SinkState
from vidette.errors import StoreError
from vidette.ports import AlertSink, GraphStore, Outbox
from workers.delivery.pace import Pace

log = logging.getLogger(__name__)

POLL_S = 1.0  # another process may raise alerts into the same memory
FAULT_S = 5.0
_TICK_S = 0.05


class Store(GraphStore, Outbox, Protocol):
    """Memory that holds deliveries beside what they tell of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """A sink, and for how long a delivery to it is claimed: longer than one try may take.

    A process that is killed within a try leaves the delivery claimed; it is sent again, under the
    same id, when that time is over. `at_once` may be on their way together, those of one alert never.
    After `give_up_s` without one success the sink is disabled; 0: never.
    """

    sink: AlertSink
    lease_s: float
    at_once: int = 1
    give_up_s: float = 0.0


class Sender:
    """Sends what is due to one sink between `start` and `stop`; `gone` is told when it takes no more."""

    def __init__(
        self,
        store: Store,
        lane: Lane,
        *,
        now: Callable[[], datetime],
        share: Callable[[], float],
        gone: Callable[[SinkState], None],
    ) -> None:
        self.lane, self._store, self._now, self._share, self._gone = lane, store, now, share, gone
        self._pace, self._lock = Pace(lane.at_once), threading.Lock()
        self._disabling = threading.Lock()
        self._wake, self._stop = threading.Event(), threading.Event()
        self._queue: SimpleQueue[Delivery | None] = SimpleQueue()
        self._threads = [threading.Thread(target=self._watch, daemon=True)]
        self._threads += [threading.Thread(target=self._work, daemon=True) for _ in range(lane.at_once)]
        self._begun = self._ended = self._flying = 0

    def start(self) -> None:
        """Begin to send."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Begin nothing more, and cut what is on its way."""
        self._stop.set()
        self.lane.sink.close()
        self._wake.set()
        for _ in range(self.lane.at_once):
            self._queue.put(None)

    def join(self, deadline: float) -> None:
        """Wait for its threads until then (monotonic), after `stop`."""
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def nudge(self) -> None:
        """Look for due deliveries now."""
        self._wake.set()

    def idle(self, seconds: float) -> bool:
        """Whether no try is under way and none will begin within so many seconds."""
        with self._lock:
            begun, now = self._begun, self._now()
            if self._ended != begun:
                return False
            rest_s = self._pace.rest_s(now)
        due = self._store.next_due((self.lane.sink.id,))
        return self._begun == begun and (due is None or max(rest_s, (due - now).total_seconds()) > seconds)

    # Who looks what is due ----------------------------------------------------------------------

    def _watch(self) -> None:
        while not self._stop.is_set():
            self._wake.clear()
            wait_s = self._guarded(self._look, FAULT_S)
            if wait_s > 0 and not self._stop.is_set():
                self._wake.wait(wait_s)

    def _look(self) -> float:
        """Hand out what is due, as much as there is room for; -> seconds to wait for the next (0: look again)."""
        now = self._now()
        with self._lock:
            room, rest_s = self._pace.room(self._flying), self._pace.rest_s(now)
        if not room or rest_s > 0:
            return min(POLL_S, rest_s or POLL_S)  # a try that ends wakes us
        due = self._store.next_due((self.lane.sink.id,))
        if due is None or due > now:
            return POLL_S if due is None else min(POLL_S, (due - now).total_seconds())
        return 0.0 if self._claim(now, room) else _TICK_S  # another process was faster

    def _claim(self, now: datetime, room: int) -> int:
        with self._lock:
            self._begun += 1
        claimed: list[Delivery] = []
        try:
            claimed = self._store.claim(self.lane.sink.id, now, self.lane.lease_s, room)
        finally:
            with self._lock:
                self._begun += len(claimed)
                self._flying += len(claimed)
                self._ended += 1
        for delivery in claimed:
            self._queue.put(delivery)
        return len(claimed)

    # Who sends ----------------------------------------------------------------------------------

    def _work(self) -> None:
        while (delivery := self._queue.get()) is not None:
            self._guarded(partial(self._deliver, delivery), 0.0)
            with self._lock:
                self._flying -= 1
                self._ended += 1
            self._wake.set()

    def _deliver(self, delivery: Delivery) -> float:
        at, began = self._now(), time.monotonic()
        sent = self.lane.sink.send(delivery)
        if self._stop.is_set() and not sent.ok:
            sent = replace(sent, error="stopped before it was through")
        took_s = time.monotonic() - began
        with self._lock:
            self._pace.ended(sent, self._now())
        attempt = attempt_of(delivery, sent, at=at, took_s=took_s, share=self._share())
        self._store.record(attempt)
        if sent.gone:
            self._disable(sent.error)
        elif not sent.ok:
            _say(self.lane.sink, attempt)
            self._despair(attempt)
        return 0.0

    def _despair(self, attempt: Attempt) -> None:
        """Disable a sink that has taken nothing for too long."""
        longest_s = self.lane.give_up_s
        if longest_s <= 0 or self._stop.is_set():
            return
        mine = [one for one in self._store.read(SinkTroubles()) if one.sink == self.lane.sink.id]
        if mine and attempt.at - mine[0].since >= timedelta(seconds=longest_s):
            self._disable(f"nothing delivered since {mine[0].since:%Y-%m-%d %H:%M} UTC; last: {attempt.error}")

    def _disable(self, reason: str) -> None:
        sink = self.lane.sink
        state = SinkState(sink=sink.id, address=sink.address, disabled_at=self._now(), reason=reason)
        with self._disabling:  # several tries may end so at one time
            if any(one.sink == sink.id for one in self._store.read(SinkStates())):
                return
            try:
                self._gone(state)
            finally:
                self._store.disable(state.sink, state.address, state.disabled_at, state.reason)
        log.warning(
            "sink %r takes no more (%s); `vidette deliveries replay --sink %s` or another url enables it",
            sink.id,
            reason,
            sink.id,
        )

    def _guarded(self, act: Callable[[], float], otherwise: float) -> float:
        """What `act` gives; where it fails that is said, and what follows goes on."""
        try:
            return act()
        except StoreError as error:
            if not self._stop.is_set():
                log.warning("deliveries to %r: %s", self.lane.sink.id, error)
        except Exception:  # the loop's edge: a fault in one message must not end all that follow
            log.exception("deliveries to %r", self.lane.sink.id)
        return otherwise


def _say(sink: AlertSink, attempt: Attempt) -> None:
    if attempt.status == DeliveryStatus.DEAD:
        log.warning(
            "sink %r did not take %s after %d tries (%s); `vidette deliveries replay` sends it again",
            sink.id,
            attempt.delivery,
            attempt.number,
            attempt.error,
        )
    else:
        log.info("sink %r did not take %s: %s", sink.id, attempt.delivery, attempt.error)
