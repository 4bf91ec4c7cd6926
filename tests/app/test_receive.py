"""The reference receiver as a process, and as what a real sink posts to."""

import base64
import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from app import cli
from app.receiver import HANG, failures
from rules.addresses import networks_of
from rules.signing import sign
from rules.sinks.webhook import WebhookSink
from tests.telling import KEY, LOOPBACK, SECRET, delivery
from vidette.errors import ConfigError

ROOT = Path(__file__).resolve().parents[2]


class Receiving:
    """A `vidette receive` that is running."""

    def __init__(self, process: subprocess.Popen) -> None:
        self.process = process
        said = process.stderr.readline()
        assert "listening on" in said, said + process.stderr.read()
        self.port = int(said.rsplit(":", 1)[1].strip(" /\n"))

    def sink(self, key: bytes = KEY, **more) -> WebhookSink:
        given = {"timeout_s": 20, "allow": networks_of(LOOPBACK)} | more
        return WebhookSink("ops", f"http://127.0.0.1:{self.port}/", [key], **given)

    def post(self, body: bytes, headers: dict[str, str]) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        with contextlib.closing(connection):
            connection.request("POST", "/", body, headers)
            return connection.getresponse().status

    def stop(self, number=signal.SIGTERM) -> tuple[list[str], str]:
        """-> what it printed, line by line, and what it said."""
        self.process.send_signal(number)
        out, said = self.process.communicate(timeout=20)
        return out.splitlines(), said


@pytest.fixture
def receive():
    """Starts `vidette receive`; ends it, whatever happens."""
    started = []

    def start(*args: str) -> Receiving:
        command = [sys.executable, "-m", "app.cli", "receive", "--port", "0", *args]
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "VIDETTE_RECEIVE_SECRET": SECRET},
        )
        started.append(process)
        return Receiving(process)

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_messages_are_verified_and_printed_once(receive, number):
    running = receive()
    sink = running.sink()
    assert sink.send(delivery(1)).ok
    assert sink.send(delivery(1)).ok  # again: taken, not told
    refused = running.sink(b"x" * 32).send(delivery(2))
    assert (refused.ok, refused.code) == (False, 401)
    out, said = running.stop(number)
    assert running.process.returncode == 0
    (line,) = out
    assert "HIGH raised a bag was left at the gate (1) (bag-left, alert 00000000, message 1)" in line
    assert "401" in said
    assert "no signature" in said


def test_a_restart_knows_what_came_and_the_order_holds(receive, tmp_path):
    out = str(tmp_path / "in.jsonl")
    first = receive("--out", out, "--json", "--hold", "60")
    for sequence in (3, 2):
        assert first.sink().send(delivery(1, sequence=sequence)).ok
    assert first.stop()[0] == []  # both wait for the first
    second = receive("--out", out, "--json", "--hold", "60")
    for sequence in (2, 1, 1):
        assert second.sink().send(delivery(1, sequence=sequence)).ok
    told = [json.loads(line) for line in second.stop()[0]]
    assert [one["data"]["alert"]["sequence"] for one in told] == [1, 2, 3]
    kept = [json.loads(line)["id"] for line in (tmp_path / "in.jsonl").read_text().splitlines()]
    assert kept == [delivery(1, sequence=number).id for number in (3, 2, 1)]


def test_what_never_comes_is_waited_for_a_while(receive):
    running = receive("--hold", "0.2")
    assert running.sink().send(delivery(1, sequence=3)).ok
    line = running.process.stdout.readline()
    assert "message 3, 2 before it missing" in line
    running.stop()


def test_a_kill_loses_nothing_that_was_taken(receive, tmp_path):
    out = str(tmp_path / "in.jsonl")
    first = receive("--out", out)
    assert first.sink().send(delivery(1)).ok
    first.process.kill()
    second = receive("--out", out)
    assert second.sink().send(delivery(1)).ok
    assert second.stop()[0] == []
    assert len(Path(out).read_text().splitlines()) == 1


def test_it_fails_as_it_is_told(receive):
    running = receive("--fail", "500,429,410", "--retry-after", "7")
    sink = running.sink()
    assert sink.send(delivery()).code == 500
    busy = sink.send(delivery())
    assert (busy.code, busy.after_s) == (429, 7)
    assert sink.send(delivery()).gone
    assert sink.send(delivery()).ok
    assert len(running.stop()[0]) == 1


def test_its_delay_is_cut_short_by_stopping(receive):
    running = receive("--delay", "60")
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=20)
    with contextlib.closing(connection):
        connection.request("POST", "/", b"{}", {})
        began = time.monotonic()
        running.stop()
    assert time.monotonic() - began < 15


def test_what_is_no_message_is_refused(receive):
    running = receive()
    stamp = int(time.time())
    bodies = [b"", b"[]", b"\xff", b"{}", b'{"data": {"alert": {"id": "a", "sequence": 0}}}', b"[" * 60_000]

    def signed(body: bytes) -> dict[str, str]:
        signature = sign([KEY], "id-1", stamp, body)
        return {"webhook-id": "id-1", "webhook-timestamp": str(stamp), "webhook-signature": signature}

    assert [running.post(body, signed(body)) for body in bodies] == [400] * len(bodies)
    assert running.post(b"{}", {}) == 401
    old = sign([KEY], "id-1", stamp - 301, b"{}")
    assert (
        running.post(b"{}", {"webhook-id": "id-1", "webhook-timestamp": str(stamp - 301), "webhook-signature": old})
        == 401
    )
    assert running.post(b"x", {"Content-Length": "-1"}) == 411
    assert running.post(b"x", {"Content-Length": "99999999999"}) == 413
    out, said = running.stop()
    assert out == []
    assert "Traceback" not in said


def test_two_secrets_while_they_change(receive):
    running = receive("--secret", SECRET, "--secret", "whsec_" + base64.b64encode(b"n" * 32).decode())
    assert running.sink().send(delivery(1)).ok
    assert running.sink(b"n" * 32).send(delivery(2)).ok
    assert len(running.stop()[0]) == 2


def test_it_hangs_as_it_is_told_until_the_sender_leaves(receive):
    running = receive("--fail", "hang")
    sent = running.sink(timeout_s=0.5).send(delivery())
    assert (sent.ok, sent.again, sent.code) == (False, True, None)
    assert "no answer within 0.5 s" in sent.error
    assert running.sink().send(delivery()).ok
    out, said = running.stop()
    assert len(out) == 1
    assert "told to hang" in said


def test_it_stops_though_somebody_hangs(receive):
    running = receive("--fail", "hang,hang")
    sink = running.sink(timeout_s=60)
    thread = threading.Thread(target=sink.send, args=(delivery(),))
    thread.start()
    assert "told to hang" in running.process.stderr.readline()
    running.stop()
    sink.close()
    thread.join(20)
    assert running.process.returncode == 0


@pytest.mark.parametrize(
    ("args", "part"),
    [
        ([], "no secret"),
        (["--secret", "hunter2"], "whsec_"),
        (["--secret", SECRET, "--fail", "often"], "--fail 'often'"),
        (["--secret", SECRET, "--fail", "700"], "200 to 599"),
        (["--secret", SECRET, "--host", "192.0.2.1"], "cannot listen"),
        (["--secret", SECRET, "--out", "."], "--out"),
    ],
)
def test_mistakes_are_usage(args, part, capsys):
    assert cli.main(["receive", "--port", "0", *args]) == 2
    said = capsys.readouterr().err
    assert part in said
    assert "hunter2" not in said


def test_plans_of_failure():
    def first(plan: str, count: int) -> list[int | None]:
        plans = failures(plan)
        return [next(plans) for _ in range(count)]

    assert first("", 2) == [None, None]
    assert first("2", 4) == [500, 500, None, None]
    assert first("503", 2) == [503, None]
    assert first("500, 200,410", 4) == [500, 200, 410, None]
    assert first("hang", 2) == [HANG, None]
    assert first("500,hang,410", 4) == [500, HANG, 410, None]
    assert first("0.25", 8) == [None, None, None, 500] * 2
    assert sum(code == 500 for code in first("0.3", 1000)) == 300
    with pytest.raises(ConfigError):
        failures("1.5")
