"""Alerts and deliveries for tests, and a real HTTP server that answers as it is told."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from rules.sinks.schema import body_schema
from vidette.alerts import Alert, AlertState, Change, Delivery, DeliveryStatus, Severity
from vidette.models import Evidence

AT = datetime(2026, 5, 1, 12, 0, 5, tzinfo=UTC)
KEY = b"k" * 32
SECRET = "whsec_" + "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s="
LOOPBACK = ["127.0.0.0/8"]


def alert(number: int = 1, *, sequence: int = 1, **fields) -> Alert:
    said = {
        "id": f"00000000-0000-5000-8000-{number:012d}",
        "rule": "bag-left",
        "rule_version": "1a2b",
        "severity": Severity.HIGH,
        "state": AlertState.OPEN,
        "change": Change.RAISED if sequence == 1 else Change.RESOLVED,
        "sequence": sequence,
        "streams": ("yard",),
        "at": AT,
        "raised_at": AT + timedelta(seconds=1),
        "incident": "inc-1",
        "events": (f"event-{number}",),
        "text": f"a bag was left at the gate ({number})",
        "why": ("object_left in zone gate", "it stayed 60 s"),
        "evidence": (Evidence(kind="snapshot", sha256="ab" * 32, uri=f"media:{'ab' * 32}.jpg", pts_s=5.0),),
    }
    return Alert(**(said | fields))


def delivery(number: int = 1, *, sink: str = "ops", sequence: int = 1, at: datetime = AT, **fields) -> Delivery:
    told = alert(number, sequence=sequence, **fields)
    return Delivery(
        id=f"{told.id}_{sequence}_{sink}", sink=sink, message=told, status=DeliveryStatus.PENDING, next_at=at
    )


@cache
def schema() -> Draft202012Validator:
    """The published schema, but strict: a key that it does not name is a mistake here."""
    return Draft202012Validator(_strict(body_schema()), format_checker=FormatChecker())


def _strict(part: Any) -> Any:
    if isinstance(part, list):
        return [_strict(one) for one in part]
    if not isinstance(part, dict):
        return part
    closed = {"additionalProperties": False} if "properties" in part and part.get("type") == "object" else {}
    return {**{key: _strict(value) for key, value in part.items()}, **closed}


def check_body(message: Any) -> None:
    """Raises ValidationError for a message that is not as the schema has it."""
    schema().validate(message)


@dataclass(frozen=True)
class Request:
    """What an endpoint got."""

    path: str
    headers: dict[str, str]
    body: bytes
    peer: int = 0
    """The port it came from: the same for those of one connection."""


Answer = int | tuple[int, dict[str, str], bytes] | Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Endpoint:
    """A server on loopback: answers from the list in turn, the last one again and again."""

    answers: list[Answer] = field(default_factory=lambda: [200])
    requests: list[Request] = field(default_factory=list)
    port: int = 0
    arrived: threading.Condition = field(default_factory=threading.Condition)
    faults: list[str] = field(default_factory=list)
    """Bodies that are not as the published schema has them."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def take(self, request: Request) -> Answer:
        if request.body.startswith(b'{"type":"alert.'):
            self.faults += [one.message for one in schema().iter_errors(json.loads(request.body))]
        with self.arrived:
            self.requests.append(request)
            self.arrived.notify_all()
            return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def wait(self, count: int, timeout_s: float = 20) -> None:
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.requests) >= count, timeout_s), self.requests

    @property
    def ids(self) -> list[str]:
        return [one.headers["webhook-id"] for one in self.requests]


@contextmanager
def endpoint(*answers: Answer, context=None, keeps: bool = False) -> Iterator[Endpoint]:
    """`keeps`: connections stay open after an answer."""
    here = Endpoint(answers=list(answers) or [200])

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1" if keeps else "HTTP/1.0"
        timeout = 20

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Request(path=self.path, headers=headers, body=body, peer=self.client_address[1])
            answer = here.take(request)
            if callable(answer):
                answer(self)
                return
            code, extra, text = answer if isinstance(answer, tuple) else (answer, {}, b"")
            self.send_response(code)
            for name, value in extra.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            """Tests are quiet."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """The other side may hang up."""

    server = Server(("127.0.0.1", 0), Handler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    here.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield here
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        assert here.faults == []
