"""OpenTelemetry's part of tracing: spans by OTLP over HTTP. Only who traces imports this file."""

import logging
import os
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from urllib.parse import urlsplit

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, StatusCode, TraceFlags, set_span_in_context
from opentelemetry.trace import Span as Recorded

from vidette.errors import ConfigError
from vidette.log import redact
from vidette.traces import Kind, Place, Span, Told

log = logging.getLogger(__name__)

_PATH = "/v1/traces"
_KINDS = {"internal": SpanKind.INTERNAL, "consumer": SpanKind.CONSUMER, "client": SpanKind.CLIENT}
_BATCH, _WAITING, _EVERY_MS = 512, 4096, 1000.0
_TRY_S, _LEAVE_S = 5.0, 2.0


class Spans:
    """Begins spans; those that end are sent in batches to the collector at `address` (`http://host:4318`).

    Raises ConfigError where that is no address.
    """

    def __init__(self, address: str) -> None:
        self._exporter = _Collector(endpoint_of(address))
        self._processor = BatchSpanProcessor(
            self._exporter, max_queue_size=_WAITING, schedule_delay_millis=_EVERY_MS, max_export_batch_size=_BATCH
        )
        self._ids = _Ids()
        provider = TracerProvider(
            sampler=ALWAYS_ON, resource=_resource(), shutdown_on_exit=False, id_generator=self._ids
        )
        provider.add_span_processor(self._processor)
        self._tracer = provider.get_tracer("vidette")

    def begin(
        self,
        name: str,
        told: Told,
        *,
        parent: Place | None = None,
        at: Place | None = None,
        began: datetime | None = None,
        kind: Kind = "internal",
    ) -> "Begun":
        """A span that goes on: of `parent`'s trace, or, `at` a place of its own, the first of one. `began`: now."""
        with self._ids.given(at):
            span = self._tracer.start_span(
                name,
                context=_within(parent),
                kind=_KINDS[kind],
                attributes=dict(told),
                start_time=round(began.timestamp() * 1e9) if began else None,
            )
        return Begun(span)

    def close(self) -> None:
        """Send what waits, and give up on it after two seconds."""
        closing = threading.Thread(target=self._processor.shutdown, name="spans", daemon=True)
        closing.start()
        closing.join(_LEAVE_S)


class Begun(Span):
    """A span of OpenTelemetry."""

    def __init__(self, span: Recorded) -> None:
        self._span = span
        context = span.get_span_context()
        self.place = Place(trace_id=context.trace_id, span_id=context.span_id)

    def note(self, told: Told) -> None:
        """As attributes."""
        self._span.set_attributes(dict(told))

    def fail(self, reason: str) -> None:
        """As its status."""
        self._span.set_status(StatusCode.ERROR, reason)

    def end(self) -> None:
        """It is over."""
        self._span.end()


def endpoint_of(address: str) -> str:
    """Where spans are posted to. Raises ConfigError."""
    try:
        parts = urlsplit(address)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and address.isprintable()
    except ValueError:
        good = False
    if not good:
        raise ConfigError(f"cluster.trace: {redact(address)!r} is no address; write `http://host:4318`")
    return address.rstrip("/") + _PATH if parts.path in ("", "/") and not parts.query else address


def _within(parent: Place | None) -> Context:
    if parent is None:
        return Context()
    known = SpanContext(parent.trace_id, parent.span_id, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))
    return set_span_in_context(NonRecordingSpan(known), Context())


def _resource() -> Resource:
    """Who we are; OTEL_RESOURCE_ATTRIBUTES may say more."""
    instance = f"{socket.gethostname()}:{os.getpid()}"
    return Resource.create({"service.name": "vidette", "service.instance.id": instance})


class _Ids(RandomIdGenerator):
    """Random, but for a span that is to have a place of its own."""

    def __init__(self) -> None:
        self._local = threading.local()

    @contextmanager
    def given(self, place: Place | None) -> Iterator[None]:
        """Spans that this thread begins meanwhile are at this place."""
        self._local.place = place
        try:
            yield
        finally:
            self._local.place = None

    def generate_trace_id(self) -> int:
        place: Place | None = getattr(self._local, "place", None)
        return place.trace_id if place else super().generate_trace_id()

    def generate_span_id(self) -> int:
        place: Place | None = getattr(self._local, "place", None)
        return place.span_id if place else super().generate_span_id()


class _Collector(SpanExporter):
    """Sends batches; that the collector is away, or there again, is said once."""

    def __init__(self, endpoint: str) -> None:
        logging.getLogger("opentelemetry.exporter").setLevel(logging.CRITICAL)  # it says each try
        self._endpoint, self._away = endpoint, False
        self._exporter = OTLPSpanExporter(endpoint=endpoint, timeout=_TRY_S)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send a batch; what is not taken is lost."""
        result = self._exporter.export(spans)
        away = result is not SpanExportResult.SUCCESS
        if away != self._away:
            self._away = away
            if away:
                log.warning("cluster.trace: %s takes no spans; those of this time are lost", self._endpoint)
            else:
                log.warning("cluster.trace: %s takes spans again", self._endpoint)
        return result

    def shutdown(self) -> None:
        """Send no more."""
        self._exporter.shutdown()  # type: ignore[no-untyped-call]  # the library says no types here
