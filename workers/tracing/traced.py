"""From the fact that raised an alert to the answer of a sink: who settles leaves the place in the trace to who delivers."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from vidette.alerts import Case, Delivery, Judgement, Sent
from vidette.errors import StoreError
from vidette.ports import AlertSink, Reader
from vidette.traces import HERE, Told
from workers.delivery.sender import Lane
from workers.shared.broker import Broker
from workers.tracing.tracing import Tracing
from workers.wiring import Judging, Pipeline

log = logging.getLogger(__name__)

_KEPT_S = 24 * 3600  # a delivery is tried for 17 hours


@contextmanager
def heeding(pipeline: Pipeline, tracing: Tracing, broker: Broker) -> Iterator[Pipeline]:
    """The pipeline to settle one observation with; the alerts that are raised then know the trace they were raised in."""
    if not tracing.on or pipeline.judge is None:
        yield pipeline
        return
    heeded = _Heeded(pipeline.judge)
    yield replace(pipeline, judge=heeded)
    _leave(broker, heeded.deliveries)


def traced(lanes: Sequence[Lane], tracing: Tracing, broker: Broker) -> tuple[Lane, ...]:
    """The lanes, each delivery of which is a span of the trace in which its alert was raised."""
    if not tracing.on:
        return tuple(lanes)
    return tuple(replace(lane, sink=TracedSink(lane.sink, tracing, broker)) for lane in lanes)


class _Heeded:
    """A judge, and the deliveries it made last; a transaction that is undone is judged again."""

    def __init__(self, judge: Judging) -> None:
        self._judge = judge
        self.deliveries: tuple[Delivery, ...] = ()

    def judge(self, case: Case, read: Reader) -> Judgement:
        """As the judge does."""
        judgement = self._judge.judge(case, read)
        self.deliveries = judgement.deliveries
        return judgement

    def new_rules(self, read: Reader, stream_id: str) -> tuple[str, ...]:
        """As the judge does."""
        return self._judge.new_rules(read, stream_id)


@dataclass(frozen=True, slots=True)
class TracedSink:
    """A sink (vidette.ports.AlertSink) whose sending is traced: `deliver`, and `webhook` where it posts."""

    sink: AlertSink
    tracing: Tracing
    broker: Broker

    @property
    def id(self) -> str:
        """As the sink says."""
        return self.sink.id

    @property
    def address(self) -> str:
        """As the sink says."""
        return self.sink.address

    def send(self, delivery: Delivery) -> Sent:
        """As the sink does."""
        told: Told = {
            "vidette.sink": delivery.sink,
            "vidette.alert": delivery.message.id,
            "vidette.delivery": delivery.id,
            "vidette.try": delivery.tries + 1,
        }
        with self.tracing.span("deliver", told, trace=_left(self.broker, delivery), kind="consumer") as span:
            sent = self._posted(delivery) if self.address.startswith("http") else self.sink.send(delivery)
            if not sent.ok:
                span.fail(sent.error)
            return sent

    def close(self) -> None:
        """As the sink does."""
        self.sink.close()

    def _posted(self, delivery: Delivery) -> Sent:
        parts = urlsplit(self.address)
        told: Told = {"http.request.method": "POST", "server.address": parts.hostname or "", "url.scheme": parts.scheme}
        with self.tracing.span("webhook", told, kind="client") as span:
            sent = self.sink.send(delivery)
            if sent.code is not None:
                span.note({"http.response.status_code": sent.code})
            if not sent.ok:
                span.fail(sent.error)
            return sent


def _key(broker: Broker, delivery: Delivery) -> str:
    return broker.key("trace", delivery.message.id, str(delivery.message.sequence))


def _leave(broker: Broker, deliveries: Sequence[Delivery]) -> None:
    """Write where the trace of each alert goes on; a trace that ends here is no fault of the settling."""
    keys = {_key(broker, one) for one in deliveries}
    place = HERE.get()
    if not keys or not place:
        return
    try:
        with broker.faults(), broker.client.pipeline(transaction=False) as together:
            for key in keys:
                together.set(key, place, ex=_KEPT_S)
            together.execute()
    except StoreError as error:
        log.info("a trace ends at its settling: %s", error)


def _left(broker: Broker, delivery: Delivery) -> str:
    try:
        with broker.faults():
            place = broker.client.get(_key(broker, delivery))
    except StoreError as error:
        log.info("a trace begins at its delivery: %s", error)
        return ""
    return place.decode("ascii", "replace") if isinstance(place, bytes) else ""
