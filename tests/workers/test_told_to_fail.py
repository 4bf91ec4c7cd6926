"""The pump against `vidette receive`, which fails in every way that it can be told to."""

import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from graph.embedded import EmbeddedStore
from rules.addresses import networks_of
from rules.sinks.webhook import WebhookSink
from tests.telling import KEY, LOOPBACK, SECRET, delivery
from vidette.alerting import Attempts, Deliveries, SinkStates
from vidette.alerts import DeliveryStatus, Judgement
from workers.delivery.delivering import Lane, Pump

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 60.0


@pytest.fixture
def receive(tmp_path):
    """Starts a receiver; -> its URL. What it kept is in `in.jsonl`."""
    started = []

    def start(*args: str) -> str:
        command = [
            sys.executable,
            "-m",
            "app.cli",
            "receive",
            "--port",
            "0",
            "--out",
            str(tmp_path / "in.jsonl"),
            *args,
        ]
        environment = {**os.environ, "VIDETTE_RECEIVE_SECRET": SECRET}
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        started.append(process)
        return process.stderr.readline().partition("listening on ")[2].strip()

    yield start
    for process in started:
        process.kill()
        process.communicate()


class Clock:
    """Wall time that the test moves on."""

    ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def tried(tmp_path):
    """Sends one message until it is done or so many tries were made; -> its tries, its status, disabled sinks."""

    def send(url: str, count: int, *, timeout_s: float = 20.0):
        store, clock = EmbeddedStore(tmp_path / "v.db"), Clock()
        sink = WebhookSink("ops", url, [KEY], timeout_s=timeout_s, allow=networks_of(LOOPBACK))
        one = delivery()
        store.amend(lambda read: Judgement(alerts=(one.message,), deliveries=(one,)))
        deadline = time.monotonic() + PATIENCE_S
        with Pump(store, [Lane(sink=sink, lease_s=30)], now=clock, share=lambda: 0.5) as pump:
            while len(found := store.read(Attempts(deliveries=(one.id,)))) < count:
                assert time.monotonic() < deadline
                pump.drain(0.2)
                waiting = store.read(Deliveries())[0]
                if waiting.status is DeliveryStatus.PENDING:
                    clock.ahead = waiting.next_at - datetime.now(UTC)
        status, disabled = store.read(Deliveries())[0].status, store.read(SinkStates())
        store.close()
        return found, status, disabled

    return send


def kept(tmp_path) -> list[str]:
    path = tmp_path / "in.jsonl"
    return [json.loads(line)["id"] for line in path.read_text().splitlines()] if path.exists() else []


def test_faults_are_outlived_and_the_message_is_kept_once(receive, tried, tmp_path):
    url = receive("--fail", "500,502,301,404,503")
    tries, status, disabled = tried(url, 6)
    assert [one.code for one in tries] == [500, 502, 301, 404, 503, 200]
    assert "redirects are not followed" in tries[2].error
    assert (status, disabled) == (DeliveryStatus.DELIVERED, [])
    assert kept(tmp_path) == [delivery().id]


def test_hanging_ends_with_the_time_of_the_try(receive, tried, tmp_path):
    tries, status, _ = tried(receive("--fail", "hang"), 2, timeout_s=1.0)
    assert [one.code for one in tries] == [None, 200]
    assert "no answer within 1 s" in tries[0].error
    assert status is DeliveryStatus.DELIVERED
    assert kept(tmp_path) == [delivery().id]


def test_slow_is_not_late_where_there_is_time(receive, tried, tmp_path):
    tries, status, _ = tried(receive("--delay", "0.3"), 1)
    assert (tries[0].code, status) == (200, DeliveryStatus.DELIVERED)
    assert tries[0].took_s >= 0.3


def test_an_answer_that_comes_too_late_makes_the_message_come_twice_and_count_once(receive, tried, tmp_path):
    tries, _, _ = tried(receive("--delay", "0.6"), 2, timeout_s=0.3)
    assert all("no answer within 0.3 s" in one.error for one in tries)
    deadline = time.monotonic() + PATIENCE_S
    while not kept(tmp_path):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert kept(tmp_path) == [delivery().id]


def test_asked_to_wait_it_waits_as_long(receive, tried):
    tries, status, _ = tried(receive("--fail", "429,503", "--retry-after", "90"), 3)
    waits = [(one.next_at - one.at).total_seconds() - one.took_s for one in tries[:2]]
    assert waits == [pytest.approx(90, abs=0.1)] * 2
    assert (tries[2].code, status) == (200, DeliveryStatus.DELIVERED)


def test_gone_is_gone(receive, tried, tmp_path):
    tries, status, (disabled,) = tried(receive("--fail", "410"), 1)
    assert (tries[0].code, status, disabled.reason) == (410, DeliveryStatus.DEAD, "HTTP 410: told to fail")
    assert kept(tmp_path) == []
