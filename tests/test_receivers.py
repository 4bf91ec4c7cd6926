"""The receivers in the docs, as they stand there, against a real sink."""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rules.addresses import networks_of
from rules.sinks.guarantees import GUARANTEES
from rules.sinks.webhook import WebhookSink
from tests.mosquitto import free_port
from tests.telling import KEY, LOOPBACK, SECRET, delivery

PAGE = Path(__file__).resolve().parents[1] / "docs" / "sinks.md"
PATIENCE_S = 30.0


def block(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return found


@pytest.fixture(params=["python", "javascript"])
def receiver(request, tmp_path):
    """A receiver that listens: its port, and what it printed, once it is killed."""
    port = free_port()
    path = tmp_path / {"python": "receiver.py", "javascript": "receiver.mjs"}[request.param]
    path.write_text(block(request.param))
    program = sys.executable if request.param == "python" else shutil.which("node")
    if program is None:
        if os.environ.get("VIDETTE_REQUIRE_ALL") == "1":
            pytest.fail("node is not installed")
        pytest.skip("node is not installed")
    environment = {**os.environ, "PORT": str(port), "SECRET": SECRET}
    process = subprocess.Popen(
        [program, str(path)], env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        except OSError:
            assert process.poll() is None, process.stderr.read()
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def told() -> list[str]:
        process.kill()
        return process.communicate(timeout=PATIENCE_S)[0].splitlines()

    yield port, told
    process.kill()
    process.communicate()


def test_a_receiver_of_the_docs_verifies_and_takes_each_message_once(receiver):
    port, told = receiver

    def send(number: int, *keys: bytes) -> int | None:
        url = f"http://127.0.0.1:{port}/"
        with contextlib.closing(WebhookSink("ops", url, keys, timeout_s=20, allow=networks_of(LOOPBACK))) as sink:
            return sink.send(delivery(number)).code

    old = b"o" * 32
    assert [send(number, KEY) for number in (1, 1, 2)] == [204] * 3
    assert send(3, old, KEY) == 204  # while keys are changed
    assert send(4, old) == 401
    assert told() == [f"1 raised a bag was left at the gate ({number})" for number in (1, 2, 3)]


def test_the_docs_say_what_each_sink_promises():
    text = PAGE.read_text(encoding="utf-8")
    for kind, promise in GUARANTEES.items():
        assert f"| `{kind}` | {promise} |" in text
