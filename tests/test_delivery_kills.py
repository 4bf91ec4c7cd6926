"""Killed between every two steps of telling: after a restart the receiver has each message exactly once, none missing.

The steps are: write the fact with its alert and deliveries, claim, send, be answered, record. The receiver is a process
of its own, which de-duplicates by `webhook-id` and keeps what it took; the sender is another, which is killed.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from graph.embedded import EmbeddedStore
from tests.telling import SECRET, check_body
from vidette.alerting import Alerts, Attempts, Deliveries
from vidette.alerts import DeliveryStatus
from vidette.queries import Events

ROOT = Path(__file__).resolve().parents[1]
PATIENCE_S = 120.0
ALERTS, MESSAGES = 4, 3
LEASE_S = 30.0
SENDER = """
import http.client, itertools, os, signal, sys
from datetime import UTC, datetime, timedelta
from graph.embedded import EmbeddedStore
from rules.addresses import networks_of
from rules.sinks.webhook import WebhookSink
from tests.telling import KEY, delivery
from vidette.alerts import Judgement
from vidette.models import Assertion, EventType, Observation, Run
from vidette.streams import Stream
from workers.delivery.delivering import Lane, Pump

db, url, point, nth, ahead_s, alerts, messages, lease_s = sys.argv[1:]
when, _, step = point.partition(" ")

def doomed(act, nth):
    calls = itertools.count(1)
    def killed(*given, **named):
        doomed = next(calls) == nth
        if doomed and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        value = act(*given, **named)
        if doomed and when == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        return value
    return killed

store = EmbeddedStore(db)
sink = WebhookSink("ops", url, [KEY], timeout_s=20, allow=networks_of(["127.0.0.0/8"]))
place = {"write": (store, "settle"), "claim": (store, "claim"), "record": (store, "record"), "send": (sink, "send"),
         "answer": (http.client.HTTPConnection, "getresponse")}.get(step)
if place:
    setattr(*place, doomed(getattr(*place), int(nth)))

class Says:
    def __init__(self, told):
        self.told = told
    def judge(self, case, read):
        return Judgement(alerts=(self.told.message,), deliveries=(self.told,))

run = Run(id="r", model="fast", revision="1")
yard = Stream(id="yard", name="yard", kind="file", uri="y.mp4", start=datetime(2026, 5, 1, tzinfo=UTC))
commit = store.open_stream(yard)
sequence = -1
with Pump(store, [Lane(sink=sink, lease_s=float(lease_s), at_once=2)],
          now=lambda: datetime.now(UTC) + timedelta(seconds=float(ahead_s))) as pump:
    for message in range(1, int(messages) + 1):
        for number in range(int(alerts)):
            sequence += 1
            if commit is not None and sequence <= commit.sequence:
                continue
            said = Assertion(id=f"a{sequence}", stream_id="yard", look="fast", run_id="r", type=EventType.LOITERING,
                             of=f"event-{number}", start_s=number, end_s=None, confidence=0.5, caption="x")
            at = float(sequence)
            seen = Observation(id=f"o{sequence}", stream_id="yard", look="fast", run=run, start_s=at, end_s=at + 1,
                               sequence=sequence, watermark_s=at, assertions=(said,))
            store.settle(seen, Says(delivery(number, sequence=message)))
            pump.nudge()
    pump.drain(60)
"""
POINTS = [
    "before write",
    "after write",
    "before claim",
    "after claim",
    "before answer",  # the request is out, nobody reads what comes back
    "after answer",
    "after send",
    "after record",
]


class Post:
    """A memory, a receiver, and senders that are killed."""

    def __init__(self, folder: Path) -> None:
        self.db, self.out = folder / "v.db", folder / "in.jsonl"
        self.receiver = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "receive", "--port", "0", "--out", str(self.out)],
            cwd=ROOT,
            env={**os.environ, "VIDETTE_RECEIVE_SECRET": SECRET},
            text=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        assert self.receiver.stderr is not None
        self.url = self.receiver.stderr.readline().partition("listening on ")[2].strip()
        self.runs = 0

    def send(self, point: str = "", nth: int = 0) -> int:
        """Raise what is not raised yet, send what is due; -> exit code. Each begins when leases before it are over."""
        given = [self.url, point, nth, self.runs * (LEASE_S + 1), ALERTS, MESSAGES, LEASE_S]
        self.runs += 1
        command = [sys.executable, "-c", SENDER, str(self.db), *map(str, given)]
        return subprocess.run(command, cwd=ROOT, timeout=PATIENCE_S, check=False).returncode

    def received(self) -> list[tuple[str, int]]:
        """Alert and sequence of each message that was kept, in the order in which they were."""
        kept = [json.loads(line) for line in self.out.read_text().splitlines()]
        assert len({one["id"] for one in kept}) == len(kept)
        for one in kept:
            check_body(one["message"])
        alerts = [one["message"]["data"]["alert"] for one in kept]
        return [(alert["id"], alert["sequence"]) for alert in alerts]


@pytest.fixture
def post(tmp_path):
    post = Post(tmp_path)
    yield post
    post.receiver.kill()
    post.receiver.communicate()


@pytest.mark.parametrize("point", POINTS)
def test_each_message_arrives_exactly_once_and_none_is_missing(post, point):
    for nth in (1, 4):
        assert post.send(point, nth) == -signal.SIGKILL
    assert post.send() == 0
    came = post.received()
    assert len(came) == ALERTS * MESSAGES
    for alert in {alert for alert, _ in came}:
        assert [sequence for one, sequence in came if one == alert] == list(range(1, MESSAGES + 1))
    store = EmbeddedStore(post.db)
    deliveries = store.read(Deliveries(limit=100))
    assert {one.status for one in deliveries} == {DeliveryStatus.DELIVERED}
    assert len(store.read(Alerts())) == len(store.read(Events())) == ALERTS
    assert all(store.read(Attempts(deliveries=(one.id,))) for one in deliveries)
    store.close()
