"""A model server of ours that speaks as OpenAI's chat completions do, with all that servers do wrong.

It is no inference engine: `enforcing` answers with a random value of whatever schema it was sent, as engines do whose
model knows nothing.
"""

import json
import random
import socket
import string
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Handler = BaseHTTPRequestHandler
Fault = Callable[[Handler], None]
QUIET = {"caption": "a quiet yard", "entities": [], "events": [], "text": [], "verdicts": []}


def completion(content: Any, *, finish: str = "stop") -> dict[str, Any]:
    """A whole reply around what the model says."""
    text = content if isinstance(content, str) else json.dumps(content)
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": "m",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}],
        "usage": {"prompt_tokens": 900, "completion_tokens": 40, "total_tokens": 940},
    }


def enforcing(question: dict[str, Any], rng: random.Random) -> Any:
    """A random value of the schema in the question."""
    form = question["response_format"]
    assert form["type"] == "json_schema"
    return value_of(form["json_schema"]["schema"], rng)


def value_of(schema: dict[str, Any], rng: random.Random) -> Any:
    """A random value of a schema of the small kind that servers' grammars are made of."""
    if "enum" in schema:
        return rng.choice(schema["enum"])
    match schema["type"]:
        case "object":
            assert schema["additionalProperties"] is False
            assert schema["required"] == list(schema["properties"])
            return {name: value_of(part, rng) for name, part in schema["properties"].items()}
        case "array":
            return [
                value_of(schema["items"], rng)
                for _ in range(rng.randint(schema.get("minItems", 0), schema["maxItems"]))
            ]
        case "string":
            length = rng.randint(schema.get("minLength", 0), schema["maxLength"])
            return "".join(rng.choice(string.printable + "äß😀\u2028") for _ in range(length)) if length > 1 else "x"
        case "integer":
            return rng.randint(schema["minimum"], schema["maximum"])
        case "number":
            return rng.uniform(schema["minimum"], schema["maximum"])
    raise AssertionError(schema)


def status(code: int, body: bytes = b"", kind: str = "application/json", **headers: str) -> Fault:
    """A plain answer."""

    def fault(handler: Handler) -> None:
        handler.send_response(code)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return fault


def says(content: Any, *, finish: str = "stop") -> Fault:
    """One answer of the model, whatever it is."""
    return status(200, json.dumps(completion(content, finish=finish)).encode())


def replies(tree: Any) -> Fault:
    """A reply of any form."""
    return status(200, json.dumps(tree).encode())


def cut(handler: Handler) -> None:
    """Half of what was promised, then nothing."""
    body = json.dumps(completion(QUIET)).encode()
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body[: len(body) // 2])
    handler.wfile.flush()
    handler.connection.shutdown(socket.SHUT_RDWR)


def dropped(handler: Handler) -> None:
    """The connection closed without a word."""
    handler.connection.shutdown(socket.SHUT_RDWR)


class ModelServer:
    """Context manager: a server on a free port. `faults` are done first, one a question; then `answer` to each."""

    def __init__(
        self, faults: Sequence[Fault] = (), answer: Callable[[dict[str, Any]], Any] = lambda _question: QUIET
    ) -> None:
        self.faults, self.answer = list(faults), answer
        self.questions: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.gone, self.asked = threading.Event(), threading.Event()
        self.most = self._now = 0
        self._lock = threading.Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        """Its address, as `vlm.url` has it."""
        return f"http://127.0.0.1:{self._http.server_port}/v1"

    def __enter__(self) -> "ModelServer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.gone.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def hang(self, _handler: Handler) -> None:
        """Never answers."""
        self.gone.wait(60)

    def drip(self, handler: Handler) -> None:
        """A byte now and then, for ever."""
        handler.send_response(200)
        handler.send_header("Content-Length", "100000")
        handler.end_headers()
        with suppress(OSError):
            while not self.gone.wait(0.02):
                handler.wfile.write(b" ")
                handler.wfile.flush()

    def flood(self, handler: Handler) -> None:
        """More than anybody reads."""
        handler.send_response(200)
        handler.end_headers()
        with suppress(OSError):
            while not self.gone.is_set():
                handler.wfile.write(b"x" * 65_536)

    def _heard(self, handler: Handler) -> Fault | None:
        length = int(handler.headers["Content-Length"])
        question = json.loads(handler.rfile.read(length))
        with self._lock:
            self.questions.append(question)
            self.asked.set()
            self.headers.append({"path": handler.path, **dict(handler.headers.items())})
            return self.faults.pop(0) if self.faults else None

    def _post(self, handler: Handler) -> None:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        try:
            fault = self._heard(handler)
            question = self.questions[-1]
            (fault or says(self.answer(question)))(handler)
        finally:
            with self._lock:
                self._now -= 1

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Answering(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                with suppress(OSError):
                    server._post(self)
                self.close_connection = True

            def log_message(self, *_: object) -> None:
                pass

        return Answering


def texts(question: dict[str, Any]) -> str:
    """All that is text in a question, in order."""
    system, user = question["messages"]
    parts = [part["text"] if part["type"] == "text" else "<picture>" for part in user["content"]]
    return "\n".join([system["content"], *parts])
