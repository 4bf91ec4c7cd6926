"""The pump on real memory, real sinks and real HTTP; only the clock and the jitter are ours."""

import contextlib
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from graph.embedded import EmbeddedStore
from rules.addresses import networks_of
from rules.signing import verify
from rules.sinks.jsonl import JsonlSink
from rules.sinks.script import ScriptSink
from rules.sinks.webhook import WebhookSink
from tests.telling import KEY, LOOPBACK, delivery, endpoint
from vidette.alerting import Attempts, Deliveries, SinkStates
from vidette.alerts import DeliveryFilter, DeliveryStatus, Judgement
from vidette.ids import stream_id
from vidette.streams import Stream
from workers.delivery.delivering import Lane, Pump
from workers.delivery.pace import LONGEST_REST_S, PATIENT

ROOT = Path(__file__).resolve().parents[3]
PENDING, SENDING, DELIVERED, DEAD = DeliveryStatus


class Clock:
    """Wall time that tests move on."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def forward(self, seconds: float) -> None:
        self.ahead += timedelta(seconds=seconds)


class Says:
    """A judge that has decided already."""

    def __init__(self, deliveries) -> None:
        self.deliveries = deliveries

    def judge(self, case, read) -> Judgement:
        return Judgement(alerts=tuple(one.message for one in self.deliveries), deliveries=tuple(self.deliveries))


@pytest.fixture(autouse=True)
def _heard(caplog):
    caplog.set_level(logging.WARNING)  # a test worker that ran before may have raised it


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path):
    opened = EmbeddedStore(tmp_path / "v.db")
    opened.open_stream(Stream(id=stream_id("yard"), name="yard", kind="file", uri="yard.mp4", start=datetime.now(UTC)))
    yield opened
    opened.close()


def raise_(store, *deliveries) -> None:
    store.rejudge(stream_id("yard"), Says(deliveries))


def hook(server, clock, sink_id="ops", *, timeout_s=10.0, path="") -> Lane:
    sink = WebhookSink(sink_id, server.url + path, [KEY], timeout_s=timeout_s, allow=networks_of(LOOPBACK), now=clock)
    return Lane(sink=sink, lease_s=30)


def pump(store, clock, *lanes) -> Pump:
    return Pump(store, lanes, now=clock, share=lambda: 0.5)


def until(holds, timeout_s=20.0):
    """Wait on a condition of another thread or process."""
    deadline = time.monotonic() + timeout_s
    while not (value := holds()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return value


def stored(store, **where):
    return store.read(Deliveries(where=DeliveryFilter(**where), limit=1000))


def statuses(store, **where) -> list[DeliveryStatus]:
    return [one.status for one in stored(store, **where)]


def tries(store, one) -> list:
    return store.read(Attempts(deliveries=(one.id,)))


def test_a_delivery_arrives_signed_and_its_attempt_is_recorded(store, clock):
    one = delivery()
    with endpoint(204) as server, pump(store, clock, hook(server, clock)) as running:
        raise_(store, one)
        running.drain(20)
        assert running.remaining() == {}
    (request,) = server.requests
    headers = request.headers
    assert headers["webhook-id"] == one.id
    verify(
        [KEY], headers["webhook-id"], headers["webhook-timestamp"], headers["webhook-signature"], request.body,
        now=clock().timestamp(),
    )  # fmt: skip
    message = json.loads(request.body)
    assert (message["type"], message["data"]["alert"]["id"]) == ("alert.raised", one.message.id)
    (attempt,) = tries(store, one)
    assert (attempt.number, attempt.code, attempt.status, attempt.error) == (1, 204, DELIVERED, "")
    assert statuses(store) == [DELIVERED]


def test_faults_are_tried_again_under_the_same_id_with_the_same_body_and_a_fresh_timestamp(store, clock):
    one = delivery()
    with endpoint(500, 503, 200) as server, pump(store, clock, hook(server, clock)) as running:
        raise_(store, one)
        for count, wait_s in ((1, 2), (2, 10)):
            server.wait(count)
            until(lambda: statuses(store) == [PENDING])
            (waiting,) = stored(store)
            last = tries(store, one)[-1]
            assert (waiting.next_at - last.at).total_seconds() == pytest.approx(wait_s + last.took_s, abs=0.01)
            clock.forward(wait_s)
            running.nudge()
        server.wait(3)
        until(lambda: statuses(store) == [DELIVERED])
    assert len(set(server.ids)) == 1
    assert len({request.body for request in server.requests}) == 1
    stamps = [int(request.headers["webhook-timestamp"]) for request in server.requests]
    assert stamps == sorted(set(stamps))
    assert [attempt.code for attempt in tries(store, one)] == [500, 503, 200]


def test_given_up_after_ten_and_replayed(store, clock, caplog):
    one = delivery()
    with endpoint(*[500] * 10, 200) as server, pump(store, clock, hook(server, clock)) as running:
        raise_(store, one)
        for count in range(1, 11):
            server.wait(count)
            until(lambda count=count: len(tries(store, one)) == count)
            clock.forward(11 * 3600)
            running.nudge()
        until(lambda: statuses(store) == [DEAD])
        until(lambda: "after 10 tries (HTTP 500)" in caplog.text)
        assert store.replay(DeliveryFilter(sinks=("ops",)), clock()) == 1
        running.nudge()
        until(lambda: statuses(store) == [DELIVERED])
    assert len(server.requests) == 11
    assert len(set(server.ids)) == 1


def test_a_dead_endpoint_delays_nobody(store, clock):
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        port = reserved.getsockname()[1]
        sink = WebhookSink(
            "dead", f"http://127.0.0.1:{port}/", [KEY], timeout_s=5, allow=networks_of(LOOPBACK), now=clock
        )
        with endpoint() as server:
            lanes = (Lane(sink=sink, lease_s=30), hook(server, clock, "live"))
            with pump(store, clock, *lanes) as running:
                raise_(store, *(delivery(number, sink=name) for number in range(20) for name in ("dead", "live")))
                server.wait(20)
                until(lambda: set(statuses(store, sinks=("live",))) == {DELIVERED})
                until(lambda: sum(one.tries for one in stored(store, sinks=("dead",))) >= PATIENT)
                while not all(one.tries for one in stored(store, sinks=("dead",))):
                    tried = sum(one.tries for one in stored(store, sinks=("dead",)))
                    clock.forward(LONGEST_REST_S)
                    running.nudge()
                    until(lambda tried=tried: sum(one.tries for one in stored(store, sinks=("dead",))) > tried)
                assert running.remaining() == {"dead": 20}
    assert "refused" in tries(store, delivery(3, sink="dead"))[0].error


def test_a_hanging_endpoint_delays_nobody_and_stopping_does_not_wait_for_it(store, clock):
    free = threading.Event()
    with endpoint(lambda _: free.wait(60)) as hanging, endpoint() as live:
        lanes = (hook(hanging, clock, "hangs", timeout_s=60), hook(live, clock, "live"))
        with pump(store, clock, *lanes):
            raise_(store, *(delivery(number, sink=name) for number in range(5) for name in ("hangs", "live")))
            hanging.wait(1)
            live.wait(5)
            until(lambda: set(statuses(store, sinks=("live",))) == {DELIVERED})
            began = time.monotonic()
        assert time.monotonic() - began < 10  # its own limit is 60 s
        free.set()
    (attempt,) = tries(store, delivery(0, sink="hangs"))
    assert attempt.error == "stopped before it was through"
    assert attempt.status == PENDING


def test_a_running_script_is_killed_when_the_pump_stops(store, clock, tmp_path):
    child = tmp_path / "child"
    code = "import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid())); os.rename(sys.argv[1], sys.argv[2]); time.sleep(60)"
    sink = ScriptSink("run", [sys.executable, "-c", code, f"{child}.part", str(child)], timeout_s=60)
    with pump(store, clock, Lane(sink=sink, lease_s=80)):
        raise_(store, delivery(sink="run"))
        until(child.exists)
        began = time.monotonic()
    assert time.monotonic() - began < 10
    with pytest.raises(ProcessLookupError):
        os.kill(int(child.read_text()), 0)


def test_messages_about_one_alert_keep_their_order(store, clock):
    with endpoint(500, 200) as server, pump(store, clock, hook(server, clock)) as running:
        raise_(store, *(delivery(1, sequence=number) for number in (1, 2, 3)), delivery(2))
        server.wait(2)  # the other alert goes on
        until(lambda: DELIVERED in statuses(store))
        clock.forward(3)
        running.nudge()
        server.wait(5)
        until(lambda: set(statuses(store)) == {DELIVERED})
    about = [one for one in server.ids if one.startswith(delivery(1).message.id)]
    assert about == [delivery(1, sequence=number).id for number in (1, 1, 2, 3)]


def test_gone_disables_the_sink_and_another_url_or_replay_enables_it(store, clock, caplog):
    with endpoint(410, 200) as server:
        lane = hook(server, clock)
        with pump(store, clock, lane) as running:
            raise_(store, delivery(1), delivery(2), delivery(3))
            until(lambda: store.read(SinkStates()))
            running.drain(20)
        assert len(server.requests) == 1
        assert statuses(store) == [DEAD] * 3
        (state,) = store.read(SinkStates())
        assert (state.sink, state.address, state.reason) == ("ops", lane.sink.address, "HTTP 410")
        assert "`vidette deliveries replay --sink ops` or another url enables it" in caplog.text
        raise_(store, delivery(4))
        with pump(store, clock, hook(server, clock)) as running:
            running.drain(20)
        assert len(server.requests) == 1
        assert "is disabled (HTTP 410)" in caplog.text
        with pump(store, clock, hook(server, clock, path="/elsewhere")) as running:
            running.drain(20)
            assert store.replay(DeliveryFilter(statuses=(DEAD,)), clock()) == 3
            running.drain(20)
        assert store.read(SinkStates()) == []
    assert Counter(statuses(store)) == {DELIVERED: 4}
    assert {request.path for request in server.requests[1:]} == {"/hook/elsewhere"}


@pytest.mark.parametrize("dated", [False, True])
def test_retry_after_is_honoured(store, clock, dated):
    stamp = (clock() + timedelta(seconds=120)).strftime("%a, %d %b %Y %H:%M:%S GMT") if dated else "120"
    with endpoint((429, {"Retry-After": stamp}, b"slow down")) as server, pump(store, clock, hook(server, clock)):
        raise_(store, delivery())
        server.wait(1)
        until(lambda: statuses(store) == [PENDING])
    (attempt,) = tries(store, delivery())
    assert attempt.next_at is not None
    assert (attempt.next_at - attempt.at).total_seconds() == pytest.approx(120, abs=2)
    assert attempt.error == "HTTP 429: slow down"


def test_two_pumps_on_one_memory_send_each_delivery_once(store, clock, tmp_path):
    other = EmbeddedStore(tmp_path / "v.db")
    with (
        contextlib.closing(other),
        endpoint() as server,
        pump(store, clock, hook(server, clock)),
        pump(other, clock, hook(server, clock)),
    ):
        raise_(store, *map(delivery, range(40)))
        until(lambda: set(statuses(store)) == {DELIVERED})
    assert Counter(server.ids) == {delivery(number).id: 1 for number in range(40)}


KILLED = """
import sys
from graph.embedded import EmbeddedStore
from rules.addresses import networks_of
from rules.sinks.webhook import WebhookSink
from workers.delivery.delivering import Lane, Pump
from workers.delivery.pace import LONGEST_REST_S, PATIENT
sink = WebhookSink("ops", sys.argv[2], [b"k" * 32], timeout_s=60, allow=networks_of(["127.0.0.0/8"]))
with Pump(EmbeddedStore(sys.argv[1]), [Lane(sink=sink, lease_s=90)]) as running:
    running.drain(60)
"""


def test_a_process_killed_within_a_try_leaves_the_delivery_to_be_sent_again_under_its_id(store, clock, tmp_path):
    raise_(store, delivery())
    free = threading.Event()
    with endpoint(lambda _: free.wait(60), 200) as server:
        command = [sys.executable, "-c", KILLED, str(tmp_path / "v.db"), server.url]
        with subprocess.Popen(command, cwd=ROOT) as process:
            server.wait(1)
            process.send_signal(signal.SIGKILL)
        free.set()
        with pump(store, clock, hook(server, clock)) as running:
            running.drain(0.2)
            assert len(server.requests) == 1  # still claimed
            assert running.remaining() == {"ops": 1}
            clock.forward(91)
            running.drain(20)
    assert server.ids == [delivery().id] * 2
    assert statuses(store) == [DELIVERED]
    assert len(tries(store, delivery())) == 1


def test_draining_ends_early_where_nothing_will_be_due_and_when_asked(store, clock):
    stop = threading.Event()
    stop.set()
    free = threading.Event()
    with endpoint(500) as server, pump(store, clock, hook(server, clock)) as running:
        raise_(store, delivery())
        began = time.monotonic()
        running.drain(1.5)  # the second try is due in 2 s
        assert running.remaining() == {"ops": 1}
        assert len(server.requests) == 1
        server.answers = [lambda _: free.wait(60)]
        clock.forward(3)
        running.drain(60, stop)
        assert time.monotonic() - began < 30
        free.set()


def test_no_sinks_is_nothing_to_wait_for(store, clock):
    with pump(store, clock) as running:
        running.drain(60)
        assert running.remaining() == {}


def test_a_fault_of_memory_is_said_and_outlived(store, clock, caplog, monkeypatch, tmp_path):
    monkeypatch.setattr("workers.delivery.sender.FAULT_S", 0.01)
    path = tmp_path / "out.jsonl"
    raise_(store, delivery(sink="file"))
    broken = EmbeddedStore(tmp_path / "v.db")
    with contextlib.closing(broken):
        claim, failures = broken.claim, [3]

        def failing(*args):
            if failures[0]:
                failures[0] -= 1
                from vidette.errors import StoreError

                raise StoreError("memory: disk I/O error")
            return claim(*args)

        monkeypatch.setattr(broken, "claim", failing)
        with pump(broken, clock, Lane(sink=JsonlSink("file", path), lease_s=30)):
            until(lambda: statuses(store) == [DELIVERED])
    assert "disk I/O error" in caplog.text
    assert json.loads(path.read_text())["id"] == delivery(sink="file").id
