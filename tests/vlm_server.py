"""A model server of ours in a process of its own, for tests and benches: it speaks as vLLM does and enforces the schema.

It is no inference engine and no model: what it answers is a value of the schema that it was sent, chosen by the hash
of the question, with a caption that tells the pictures which it decoded. Questions that vLLM would refuse it refuses.
`faults` are done first, one a question, in the order of arrival; then, with `chance`, one of `mix` by `seed` and the
question, whatever the order; `then` is for all that is left. So many are answered at a time as it has `slots`, each in
`service_s`; others wait, as in a server's queue.

python -m tests.vlm_server --log asked.jsonl     writes its port on stdout; ends with its stdin
"""

import argparse
import base64
import hashlib
import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TextIO

from ingest.jpeg import decode
from tests.answering import QUIET, Fault, Handler, cut, dropped, enforcing, replies, says, status
from vidette.errors import StoreError

OK = "ok"
MOST_BYTES = 64 * 2**20
_JPEG = "data:image/jpeg;base64,"


class Refused(Exception):
    """The question is none that a server takes; HTTP 400."""


def pictures_in(question: dict[str, Any]) -> list[bytes]:
    """Its pictures, each of which can be decoded. Raises Refused."""
    messages = question.get("messages")
    if not isinstance(question.get("model"), str) or not isinstance(messages, list) or not messages:
        raise Refused("model and messages are needed")
    if question.get("stream"):
        raise Refused("no streams here")
    parts = [part for one in messages if isinstance(one["content"], list) for part in one["content"]]
    urls = [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]
    if any(part["type"] not in {"text", "image_url"} for part in parts) or not all(u.startswith(_JPEG) for u in urls):
        raise Refused("parts are texts and JPEG data URIs")
    return [base64.b64decode(url.removeprefix(_JPEG), validate=True) for url in urls]


def said_of(question: dict[str, Any], digest: str) -> Any:
    """A value of the schema, always the same for a question; its caption tells what was seen. Raises Refused."""
    luck = random.Random(digest)
    try:
        seen = [decode(jpeg) for jpeg in pictures_in(question)]
        said = enforcing(question, luck)
    except (AssertionError, AttributeError, KeyError, TypeError, ValueError, StoreError) as error:
        raise Refused(f"{type(error).__name__}: {error}") from error
    for event in said.get("events", ()):
        event["start_s"], event["end_s"] = sorted(luck.uniform(0, 0.5) for _ in range(2))  # of a segment, not of a day
    if "caption" in said:
        said["caption"] = f"{len(seen)} pictures: " + ", ".join(f"{one.mean():.1f}" for one in seen)
    return said


def digest_of(raw: bytes) -> str:
    """SHA-256 of what is asked about: equal where the same pictures and schema are asked about in other words."""
    try:
        question = json.loads(raw)
        about = [*pictures_in(question), json.dumps(question.get("response_format")).encode()]
    except (AttributeError, KeyError, TypeError, ValueError, Refused):
        about = [raw]
    return hashlib.sha256(b"".join(hashlib.sha256(one).digest() for one in about)).hexdigest()


def hang(handler: Handler) -> None:
    """Nothing at all, until the other side gives up."""
    with suppress(OSError):
        handler.connection.recv(1)


def slow(handler: Handler) -> None:
    """A good answer, a little at a time."""
    body = json.dumps({"choices": [{"message": {"content": json.dumps(QUIET)}, "finish_reason": "stop"}]}).encode()
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    for at in range(0, len(body), 40):
        handler.wfile.write(body[at : at + 40])
        handler.wfile.flush()
        time.sleep(0.02)


FAULTS: dict[str, Fault] = {
    "busy": status(429, b'{"error": "too many"}', Retry_After="0"),
    "broken": status(500, b"Internal Server Error", "text/plain"),
    "hang": hang,
    "cut": cut,
    "dropped": dropped,
    "wrong": says({"answer": "yes"}),
    "words": says("I see a yard, and nothing happens in it."),
    "empty": replies({"choices": []}),
    "html": status(200, b"<html><h1>Welcome to nginx!</h1>", "text/html"),
    "length": says(json.dumps(QUIET)[:20], finish="length"),
    "slow": slow,
}
"""What servers do wrong, by name; after `slow` alone there is an answer."""


@dataclass(slots=True, kw_only=True)
class Script:
    """What is done to each question."""

    faults: list[str] = field(default_factory=list)
    then: str = OK
    mix: tuple[str, ...] = ()
    chance: float = 0.0
    seed: int = 0
    asked: dict[str, int] = field(default_factory=dict)

    def next(self, digest: str) -> str:
        """The fault for a question, or `ok`; one asked again may meet another."""
        if self.faults:
            return self.faults.pop(0)
        nth = self.asked[digest] = self.asked.get(digest, 0) + 1
        luck = random.Random(f"{self.seed} {digest} {nth}")
        return luck.choice(self.mix) if self.mix and luck.random() < self.chance else self.then


class Served:
    """The server's state: what is asked, by whom it is answered, and what was busy when."""

    def __init__(self, script: Script, slots: int, service_s: float, log: TextIO | None) -> None:
        self._script, self._service_s, self._log = script, service_s, log
        self._slots, self._lock = threading.BoundedSemaphore(slots), threading.Lock()

    def answer(self, handler: Handler) -> None:
        """One question, from its bytes to its end."""
        raw = handler.rfile.read(min(MOST_BYTES, int(handler.headers["Content-Length"])))
        digest = digest_of(raw)
        with self._slots:
            began = time.monotonic()
            with self._lock:
                fault = self._script.next(digest)
            self._note(digest, fault, raw, began, 0.0)
            self._answer(handler, raw, digest, fault)
            self._note(digest, fault, raw, began, time.monotonic())

    def _answer(self, handler: Handler, raw: bytes, digest: str, fault: str) -> None:
        if fault != OK:
            FAULTS[fault](handler)
            return
        until = time.monotonic() + self._service_s
        try:
            reply = says(said_of(json.loads(raw), digest))
        except (Refused, ValueError) as error:
            reply = status(400, json.dumps({"error": {"message": str(error)}}).encode())
        time.sleep(max(0.0, until - time.monotonic()))
        reply(handler)

    def _note(self, digest: str, fault: str, raw: bytes, began: float, ended: float) -> None:
        if self._log is None:
            return
        row = {"question": digest, "fault": fault, "bytes": len(raw), "began": began, "ended": ended}
        with self._lock:
            self._log.write(json.dumps(row) + "\n")
            self._log.flush()


def serve(served: Served) -> ThreadingHTTPServer:
    """A server on a free port of this machine."""

    class Answering(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            with suppress(OSError):
                if self.path == "/v1/chat/completions":
                    served.answer(self)
                else:
                    status(404, b"{}")(self)
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    class Http(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

    return Http(("127.0.0.1", 0), Answering)


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A server that runs: its address as `vlm.url` has it, and what it was asked so far."""

    url: str
    log: Path

    def rows(self) -> list[dict[str, Any]]:
        """Each question twice: when it is begun (`ended` is 0) and when it is done with."""
        text = self.log.read_text() if self.log.is_file() else ""
        return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]

    def asked(self) -> list[str]:
        """The questions in the order in which they were begun, by their hash."""
        return [row["question"] for row in self.rows() if not row["ended"]]


@contextmanager
def running(log: Path, **options: object) -> Iterator[Running]:
    """A server in a process of its own, which writes to a log of its own."""
    words = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    command = [sys.executable, "-m", "tests.vlm_server", "--log", str(log), *words]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=Path(__file__).parents[1], text=True, **pipes) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield Running(url=f"http://127.0.0.1:{int(process.stdout.readline())}/v1", log=log)
        finally:
            process.kill()


def main() -> None:
    """Serve until stdin ends: it never outlives who started it."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--faults", default="", help=f"in order, by commas: {OK}, {', '.join(FAULTS)}")
    options.add_argument("--then", default=OK, choices=[OK, *FAULTS])
    options.add_argument("--chance", type=float, default=0.0)
    options.add_argument("--mix", default=",".join(FAULTS))
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--slots", type=int, default=64)
    options.add_argument("--service-s", type=float, default=0.0)
    options.add_argument("--log", type=Path)
    given = options.parse_args()
    script = Script(
        faults=[one for one in given.faults.split(",") if one],
        then=given.then,
        mix=tuple(given.mix.split(",")),
        chance=given.chance,
        seed=given.seed,
    )
    log = given.log.open("a") if given.log else None
    http = serve(Served(script, given.slots, given.service_s, log))
    threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True).start()
    print(http.server_port, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
