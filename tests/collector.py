"""A real receiver of OpenTelemetry traces: OTLP over HTTP, protobuf as the collectors of this world take it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

PATIENCE_S = 60.0


@dataclass(frozen=True)
class Span:
    """A span as it was received; ids are hexadecimal."""

    name: str
    trace: str
    id: str
    parent: str
    kind: int
    start_ns: int
    end_ns: int
    failed: bool
    reason: str
    said: dict[str, Any]
    resource: dict[str, Any]


@dataclass
class Collector:
    """Answers with `code`; keeps what it was sent at `path`."""

    port: int = 0
    code: int = 200
    spans: list[Span] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    arrived: threading.Condition = field(default_factory=threading.Condition)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def take(self, path: str, body: bytes) -> int:
        with self.arrived:
            self.paths.append(path)
            if self.code == 200:
                self.spans += read(body)
            self.arrived.notify_all()
            return self.code

    def wait(self, true: Callable[[list[Span]], object], patience_s: float = PATIENCE_S) -> list[Span]:
        """Until it is true of what arrived."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: true(self.spans), patience_s), sorted(
                (one.trace[:6], one.name) for one in self.spans
            )
            return list(self.spans)

    def traces(self) -> dict[str, list[Span]]:
        with self.arrived:
            return {trace: [one for one in self.spans if one.trace == trace] for trace in {s.trace for s in self.spans}}


def read(body: bytes) -> list[Span]:
    request = ExportTraceServiceRequest.FromString(body)
    return [
        Span(
            name=span.name,
            trace=span.trace_id.hex(),
            id=span.span_id.hex(),
            parent=span.parent_span_id.hex(),
            kind=span.kind,
            start_ns=span.start_time_unix_nano,
            end_ns=span.end_time_unix_nano,
            failed=span.status.code == 2,
            reason=span.status.message,
            said={one.key: _value(one.value) for one in span.attributes},
            resource={one.key: _value(one.value) for one in resource.resource.attributes},
        )
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


def _value(value: Any) -> Any:
    return getattr(value, value.WhichOneof("value"))


@contextmanager
def collecting() -> Iterator[Collector]:
    here = Collector()

    class Handler(BaseHTTPRequestHandler):
        timeout = 20

        def do_POST(self) -> None:
            code = here.take(self.path, self.rfile.read(int(self.headers["Content-Length"])))
            body = ExportTraceServiceResponse().SerializeToString()
            self.send_response(code)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Tests are quiet."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """The other side may hang up."""

    server = Server(("127.0.0.1", 0), Handler)
    here.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield here
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
