"""Queues as they are read are what Celery put there: on a real Redis, with Celery's own sending."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.redis_server import emptied
from vidette.models import Segment
from vidette.settings import Settings
from workers.jobs import LookAt
from workers.queue.routing import under_way_key, waiting_key
from workers.queue.sending import Sending
from workers.shared.broker import Broker
from workers.shared.queues import Queues, sent_at

LOOK = LookAt(segment=Segment(id="seg", stream_id="cam", start_s=0, end_s=1))


@pytest.fixture
def broker():
    with emptied() as server:
        one = Broker(server.url)
        yield one
        one.close()


@pytest.fixture
def sending(broker):
    made = Sending(Settings(broker=f"{broker.address}"), broker)
    yield made
    made.app.close()


def message_of(text: str) -> bytes:
    """As kombu writes one whose only argument is `text`."""
    body = base64.b64encode(json.dumps([[text], {}, {}]).encode()).decode()
    return json.dumps({"body": body, "headers": {}, "properties": {}}).encode()


def test_nothing_waits_in_new_queues(broker):
    rows = Queues(broker).rows()
    assert [row.name for row in rows] == ["ingest", "settle", "vision", "deliver"]
    assert all((row.waiting, row.by_priority, row.under_way, row.oldest_s) == (0, {}, 0, None) for row in rows)


def test_jobs_that_were_sent_wait_with_their_priorities(broker, sending):
    for priority in (0, 3, 3, 9):
        sending(LOOK, priority)
    row = Queues(broker).row("vision")
    assert (row.waiting, row.by_priority, row.under_way) == (4, {0: 1, 3: 2, 9: 1}, 0)
    assert 0 <= row.oldest_s < 60
    assert Queues(broker).waiting("vision") == 4
    assert Queues(broker).waiting("settle") == 0


def test_jobs_that_were_taken_are_under_way(broker, sending):
    from kombu import Queue

    sending(LOOK, 5)
    from workers.celery import make_app

    app = make_app(Settings(broker=broker.address), "vision")
    with app.connection_for_read() as connection:
        message = Queue("vision", channel=connection.default_channel).get()
        row = Queues(broker).row("vision")
        assert (row.waiting, row.under_way) == (0, 1)
        message.ack()
        assert Queues(broker).row("vision").under_way == 0
    app.close()


def test_the_oldest_is_the_one_whose_turn_is_next_in_any_of_the_lists(broker):
    def sent(seconds_ago: float) -> bytes:
        return message_of(json.dumps({"sent_at": (datetime.now(UTC) - timedelta(seconds=seconds_ago)).isoformat()}))

    for priority, ages in ((0, (5, 1)), (7, (900, 2))):
        for age in ages:
            broker.client.lpush(waiting_key("settle", priority), sent(age))
    assert 890 < Queues(broker).row("settle").oldest_s < 1000
    broker.client.rpop(waiting_key("settle", 7))
    assert 4 < Queues(broker).row("settle").oldest_s < 100


def test_a_sender_whose_clock_is_early_is_not_in_the_future(broker):
    at = datetime.now(UTC) + timedelta(minutes=5)
    broker.client.lpush(waiting_key("settle", 0), message_of(json.dumps({"sent_at": at.isoformat()})))
    assert Queues(broker).row("settle").oldest_s == 0


@pytest.mark.parametrize(
    "message",
    [
        None,
        b"",
        b"\xff",
        b"[]",
        b'{"body": 3}',
        b'{"body": "%%%"}',
        message_of("none"),
        message_of("[]"),
        message_of('{"sent_at": null}'),
        message_of('{"sent_at": 5}'),
        message_of('{"sent_at": "2026-05-01T00:00:00"}'),
        message_of('{"version": 2, "job": {}}'),
        b'{"body": "' + base64.b64encode(b"[" * 100_000) + b'"}',
    ],
)
def test_what_does_not_say_when_it_was_sent(message):
    assert sent_at(message) is None


@given(st.binary(max_size=50) | st.text(max_size=50).map(message_of))
def test_no_message_breaks_the_reader(message):
    sent_at(message)


def test_a_message_that_is_none_of_ours_is_counted_all_the_same(broker):
    broker.client.lpush(waiting_key("deliver", 4), b"whatever")
    broker.client.hset(under_way_key("deliver"), "tag", b"whatever")
    row = Queues(broker).row("deliver")
    assert (row.waiting, row.under_way, row.oldest_s) == (1, 1, None)
