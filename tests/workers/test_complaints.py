"""What users of other systems complain of in delivery, one test each, named after the complaint."""

import contextlib
import itertools
import json
import logging
import threading
from datetime import UTC, datetime, timedelta

import pytest
import standardwebhooks

from graph.embedded import EmbeddedStore
from rules.addresses import networks_of
from rules.sinks.jsonl import JsonlSink
from rules.sinks.webhook import WebhookSink
from tests.telling import KEY, LOOPBACK, check_body, delivery, endpoint
from vidette.alerting import Attempts, Deliveries
from vidette.alerts import Change, DeliveryStatus, Judgement
from workers.delivery.delivering import Lane, Pump
from workers.delivery.pace import LONGEST_ASKED_S

DELIVERED = DeliveryStatus.DELIVERED
OLD = b"o" * 32


@pytest.fixture
def store(tmp_path):
    with contextlib.closing(EmbeddedStore(tmp_path / "v.db")) as opened:
        yield opened


class Clock:
    """Time that only tests move on: no rest, no lease and no retry ends by itself."""

    def __init__(self) -> None:
        self.began, self.ahead_s = datetime.now(UTC), 0.0

    def __call__(self) -> datetime:
        return self.began + timedelta(seconds=self.ahead_s)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def put(store, *deliveries) -> None:
    alerts = tuple(one.message for one in deliveries)
    store.amend(lambda read: Judgement(alerts=alerts, deliveries=deliveries))


def lane(server, clock, *keys: bytes, name="ops", at_once=4) -> Lane:
    allow = networks_of(LOOPBACK)
    sink = WebhookSink(name, server.url, keys or (KEY,), timeout_s=20, allow=allow, now=clock)
    return Lane(sink=sink, lease_s=40, at_once=at_once)


def pump(store, clock, *lanes) -> Pump:
    return Pump(store, lanes, now=clock, share=lambda: 0.5)


def until(holds, timeout_s=20.0) -> None:
    deadline = datetime.now(UTC).timestamp() + timeout_s
    while not holds():
        assert datetime.now(UTC).timestamp() < deadline
        threading.Event().wait(0.01)


def statuses(store) -> list[DeliveryStatus]:
    return [one.status for one in store.read(Deliveries(limit=1000))]


def test_a_webhook_needs_no_home_assistant_and_no_broker(store, clock):
    put(store, delivery())
    with endpoint() as server, pump(store, clock, lane(server, clock)) as running:
        running.drain(20)
    check_body(json.loads(server.requests[0].body))


def test_a_push_that_failed_is_not_forgotten(store, clock):
    put(store, delivery())
    with endpoint(503, 200) as server, pump(store, clock, lane(server, clock)) as running:
        server.wait(1)
        until(lambda: statuses(store) == [DeliveryStatus.PENDING])
        clock.ahead_s += 3
        running.nudge()
        until(lambda: statuses(store) == [DELIVERED])


def test_the_text_of_a_model_is_not_swallowed_when_it_comes_soon_after_the_alert(store, clock):
    put(store, delivery(1), delivery(1, sequence=2, change=Change.DESCRIBED, text="a grey bag beside the gate"))
    with endpoint() as server, pump(store, clock, lane(server, clock)) as running:
        running.drain(20)
    assert [json.loads(one.body)["type"] for one in server.requests] == ["alert.raised", "alert.described"]


def test_a_retry_hours_later_is_not_rejected_for_its_old_timestamp(store, clock):
    put(store, delivery())
    with endpoint(*[500] * 7, 200) as server, pump(store, clock, lane(server, clock)) as running:
        for count in range(1, 9):
            server.wait(count)
            until(lambda count=count: len(store.read(Attempts(deliveries=(delivery().id,)))) == count)
            clock.ahead_s += 4 * 3600
            running.nudge()
    stamps = [int(one.headers["webhook-timestamp"]) for one in server.requests]
    assert all(later - earlier > 3 * 3600 for earlier, later in itertools.pairwise(stamps))
    assert len({one.headers["webhook-id"] for one in server.requests}) == 1


def test_changing_the_secret_loses_no_message(store, clock):
    """Both secrets sign while receivers change; the reference library verifies with either."""
    with endpoint() as server:
        for number, keys in enumerate([(OLD,), (KEY, OLD), (KEY, OLD), (KEY,)]):
            put(store, delivery(number))
            with pump(store, clock, lane(server, clock, *keys)) as running:
                running.drain(20)
    receivers = [(OLD,), (OLD,), (KEY,), (KEY,)]  # a receiver changes between the second and the third
    for request, (key,) in zip(server.requests, receivers, strict=True):
        standardwebhooks.Webhook(key).verify(request.body, request.headers, json_parse=False)
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(OLD).verify(server.requests[3].body, server.requests[3].headers, json_parse=False)


def test_one_slow_service_does_not_make_all_alerts_late(store, clock, tmp_path):
    free = threading.Event()
    put(store, *(delivery(number, sink=name) for number in range(8) for name in ("slow", "file")))
    path = tmp_path / "out.jsonl"
    with endpoint(lambda _: free.wait(60)) as server:
        slow, file = lane(server, clock, name="slow"), Lane(sink=JsonlSink("file", path), lease_s=30)
        with pump(store, clock, slow, file):
            until(lambda: path.exists() and len(path.read_text().splitlines()) == 8)
            free.set()


def test_a_busy_service_is_left_alone_as_long_as_it_asks(store, clock):
    put(store, *(delivery(number) for number in range(5)))
    with (
        endpoint((429, {"Retry-After": "60"}, b""), 200) as server,
        pump(store, clock, lane(server, clock, at_once=1)) as running,
    ):
        server.wait(1)
        until(lambda: any(one.tries for one in store.read(Deliveries())))
        running.nudge()
        running.drain(0.3)
        assert len(server.requests) == 1
        clock.ahead_s += 61
        running.nudge()
        until(lambda: set(statuses(store)) == {DELIVERED})
    assert LONGEST_ASKED_S >= 60


def test_a_dead_service_is_not_hammered_by_a_backlog(store):
    now = datetime.now(UTC)  # time stands still, so that no rest ends
    put(store, *(delivery(number) for number in range(60)))
    with endpoint(500) as server, pump(store, lambda: now, lane(server, lambda: now)) as running:
        until(lambda: len(server.requests) >= 5)
        running.drain(0.5)
        assert len(server.requests) <= 8  # four may be on their way when the fifth fails


def test_a_poisoned_message_does_not_stop_those_that_follow(store, clock):
    def picky(handler):
        poisoned = delivery(3).message.id in handler.headers["webhook-id"]
        handler.send_response(400 if poisoned else 200)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    put(store, *(delivery(number) for number in range(12)))
    with endpoint(picky) as server, pump(store, clock, lane(server, clock)):
        until(lambda: statuses(store).count(DELIVERED) == 11)


def test_no_secret_and_no_message_is_in_the_log(store, clock, caplog):
    caplog.set_level(logging.DEBUG)
    put(store, delivery(text="hunter2 was here"))
    with endpoint(500, 410) as server:
        allow = networks_of(LOOPBACK)
        sink = WebhookSink("ops", server.url + "/token-abc?key=hunter2", [KEY], timeout_s=5, allow=allow, now=clock)
        with pump(store, clock, Lane(sink=sink, lease_s=30)) as running:
            server.wait(1)
            clock.ahead_s += 3
            running.nudge()
            until(lambda: "takes no more" in caplog.text)
    for secret in ("hunter2", "token-abc", "whsec_"):
        assert secret not in caplog.text


def test_an_outage_of_a_day_ends_with_every_message_in_order(store, clock):
    """Nobody has to restart anything: what came during the outage arrives when it is over."""
    put(store, *(delivery(number, sequence=sequence) for number in range(6) for sequence in (1, 2, 3)))
    with endpoint(*[500] * 12, 200) as server, pump(store, clock, lane(server, clock)) as running:
        for _ in range(40):
            until(lambda: running.idle(0))  # a clock moved on within a try would end its lease
            clock.ahead_s += 3600
            running.nudge()
        assert set(statuses(store)) == {DELIVERED}
    came = [json.loads(one.body)["data"]["alert"] for one in server.requests[12:]]
    for number in range(6):
        mine = [alert["sequence"] for alert in came if alert["id"] == delivery(number).message.id]
        assert mine == sorted(mine)
