"""The step that sends what is due to a sink. Its threads stay, with what they know of how the sink answers."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from vidette.alerts import Case, Delivery, DeliveryStatus, Judgement, Severity
from vidette.errors import ConfigError
from vidette.ports import Reader
from vidette.settings import Settings
from workers.delivery.delivering import Pump
from workers.delivery.disabling import teller
from workers.delivery.lanes import lane_of
from workers.delivery.sender import Store
from workers.shared.broker import Broker
from workers.shared.process import clock_of
from workers.tracing.traced import traced
from workers.tracing.tracing import tracing_of
from workers.wiring import Judging, Pipeline, media_of

_LOOK_S = 0.1
_SOON_S = 1.0
_ORDER = tuple(Severity)


class Outgoing:
    """The pumps of this process, one a sink that it was asked to send to; of any thread."""

    def __init__(self, settings: Settings, store: Store, broker: Broker) -> None:
        self._settings, self._store, self._broker = settings, store, broker
        self._pumps: dict[str, Pump] = {}
        self._awaited: set[str] = set()
        self._lock = threading.Lock()

    def send(self, sink: str, seconds: float, stop: threading.Event) -> None:
        """Send until nothing is due, for so long at most. Raises ConfigError where there is no such sink, StoreError.

        One job waits for a sink at a time: others tell its threads that there is more, and leave room for other sinks.
        """
        pump = self._pump(sink)
        pump.nudge()
        deadline = time.monotonic() + seconds
        with self._alone(sink) as alone:
            while alone and not pump.idle(_SOON_S) and time.monotonic() < deadline and not stop.wait(_LOOK_S):
                pass

    def close(self) -> None:
        """Send nothing more; what is on its way is cut, and sent again by others."""
        with self._lock:
            pumps, self._pumps = list(self._pumps.values()), {}
        ends = [threading.Thread(target=pump.__exit__, args=(None, None, None)) for pump in pumps]
        for end in ends:  # all at once: each waits a moment for what is on its way
            end.start()
        for end in ends:
            end.join()

    @contextmanager
    def _alone(self, sink: str) -> Iterator[bool]:
        """Whether nobody else waits for the sink meanwhile."""
        with self._lock:
            alone = sink not in self._awaited
            self._awaited.add(sink)
        try:
            yield alone
        finally:
            if alone:
                self._awaited.discard(sink)

    def _pump(self, sink: str) -> Pump:
        with self._lock:
            if sink not in self._pumps:
                self._pumps[sink] = self._made(sink)
            return self._pumps[sink]

    def _made(self, sink: str) -> Pump:
        said = next((one for one in self._settings.sinks if one.id == sink), None)
        if said is None:
            raise ConfigError(f"no sink {sink!r} in the settings of this worker; add it, or drop the job")
        lanes = (lane_of(said, self._settings, media_of(self._settings)),)
        pump = Pump(
            self._store,
            traced(lanes, tracing_of(self._settings), self._broker),
            gone=teller(self._settings, self._store),
            now=clock_of(self._settings).now,
        )
        pump.__enter__()
        return pump


class Raised:
    """A judge, and the deliveries that it made last: a transaction that was undone is judged again."""

    def __init__(self, judge: Judging) -> None:
        self._judge = judge
        self._deliveries: tuple[Delivery, ...] = ()

    def judge(self, case: Case, read: Reader) -> Judgement:
        """As the judge does."""
        judgement = self._judge.judge(case, read)
        self._deliveries = judgement.deliveries
        return judgement

    def new_rules(self, read: Reader, stream_id: str) -> tuple[str, ...]:
        """As the judge does."""
        return self._judge.new_rules(read, stream_id)

    def due(self, now: datetime) -> dict[str, Severity]:
        """The sinks that are to be told now, with the most severe that each is to be told."""
        found = dict[str, Severity]()
        for one in self._deliveries:
            if one.status == DeliveryStatus.PENDING and one.next_at <= now:
                found[one.sink] = max(one.message.severity, found.get(one.sink, Severity.LOW), key=_ORDER.index)
        return found


def raising(pipeline: Pipeline) -> tuple[Pipeline, Raised | None]:
    """The pipeline to settle one observation with, and what it raises; None where nobody judges."""
    if pipeline.judge is None:
        return pipeline, None
    raised = Raised(pipeline.judge)
    return replace(pipeline, judge=raised), raised
