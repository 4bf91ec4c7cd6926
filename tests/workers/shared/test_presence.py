"""Workers say that they are there and what they did; who stops saying so is gone."""

import json
import os
import socket
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

import workers.shared.presence
from tests.redis_server import RedisServer, emptied
from vidette.errors import StoreError
from workers.shared.broker import Broker
from workers.shared.presence import Counted, Presence, counted
from workers.shared.presence import workers as workers_of

PATIENCE_S = 30.0


@pytest.fixture
def broker():
    with emptied() as server:
        one = Broker(server.url)
        yield one
        one.close()


def presence(broker: Broker, name: str = "settle@here", **said) -> Presence:
    return Presence(broker, **{"name": name, "queues": ("settle",), "pool": "prefork", **said})


def until(true) -> None:
    end = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end, "that did not come true"
        time.sleep(0.01)


def test_a_worker_is_there_while_it_says_so(broker):
    with presence(broker) as here:
        until(lambda: workers_of(broker))
        (row,) = workers_of(broker)
        assert (row.name, row.host, row.pid) == (here.name, socket.gethostname(), os.getpid())
        assert (row.queues, row.pool, row.jobs) == (("settle",), "prefork", Counted())
        assert 0 <= row.silent_s <= 10
        seconds, _ = broker.client.time()
        assert abs(row.started.timestamp() - seconds) < 60
    assert workers_of(broker) == []


def test_one_that_is_killed_is_gone_after_a_while(broker):
    presence(broker).say()
    assert 0 < broker.client.pttl(broker.key("worker", "settle@here")) <= 10_000
    broker.client.delete(broker.key("worker", "settle@here"))  # as after that while
    assert workers_of(broker) == []
    assert broker.client.smembers(broker.key("workers")) == set()


def test_what_is_counted_is_told_of_the_queue_and_of_the_worker(broker):
    here, there = presence(broker), presence(broker, "settle@there")
    for _ in range(3):
        here.count("settle", "done")
    here.count("settle", "failed")
    there.count("settle", "done")
    for _ in range(2):
        here.say()
        there.say()
    assert counted(broker, ["settle", "vision"]) == {
        "settle": Counted(
            done=4, failed=1, done_a_minute=pytest.approx(4, abs=4), failed_a_minute=pytest.approx(1, abs=1)
        ),
        "vision": Counted(),
    }
    assert [(row.name, row.jobs.done, row.jobs.failed) for row in workers_of(broker)] == [
        ("settle@here", 3, 1),
        ("settle@there", 1, 0),
    ]


def test_a_worker_may_be_called_as_its_queue_is(broker):
    here = presence(broker, "settle")
    here.count("settle", "done")
    here.say()
    assert counted(broker, ["settle"])["settle"].done == 1
    assert [row.jobs.done for row in workers_of(broker)] == [1]
    assert broker.client.ttl(broker.key("counts", "settle")) == -1


def test_what_the_children_of_a_pool_count_is_their_parents(broker):
    parent, child = presence(broker), presence(broker, child=True)
    child.count("settle", "done")
    child.say()
    assert workers_of(broker) == [], "a child alone is no worker"
    parent.say()
    child.count("settle", "done")
    child.say()
    assert [row.jobs.done for row in workers_of(broker)] == [2]


def test_one_of_the_same_name_takes_the_place_of_the_one_before(broker):
    old = presence(broker, pool="solo")
    old.say()
    broker.client.hset(broker.key("worker", old.name), "left", "behind")
    presence(broker, pool="threads").say()
    assert [row.pool for row in workers_of(broker)] == ["threads"]
    assert not broker.client.hexists(broker.key("worker", old.name), "left")


def test_one_that_was_not_heard_for_a_while_has_not_begun_anew(broker):
    here = presence(broker)
    here.say()
    began = workers_of(broker)[0].started
    broker.client.flushall()
    here.say()
    assert workers_of(broker)[0].started == began


def test_what_cannot_be_said_is_said_later(tmp_path):
    with RedisServer(tmp_path) as server:
        broker = Broker(server.url)
        here = presence(broker)
        here.count("settle", "done")
        server.kill()
        with pytest.raises(StoreError):
            here.say()
        here.count("settle", "done")
        server.start()
        here.say()
        assert counted(broker, ["settle"])["settle"].done == 2
        broker.close()


def test_a_server_that_is_away_does_not_end_it(tmp_path, monkeypatch):
    monkeypatch.setattr(workers.shared.presence, "EVERY_S", 0.01)
    with RedisServer(tmp_path) as server:
        broker = Broker(server.url)
        with presence(broker) as here:
            until(lambda: workers_of(broker))
            server.kill()
            here.count("settle", "done")
            server.start()
            until(lambda: counted(broker, ["settle"])["settle"].done == 1)
            until(lambda: workers_of(broker))
        broker.close()


def test_the_last_counts_are_told_at_the_end(broker):
    with presence(broker) as here:
        here.count("settle", "failed")
    assert counted(broker, ["settle"])["settle"].failed == 1


@pytest.mark.parametrize(("field", "value"), [("pid", "x"), ("queues", "{"), ("queues", "3"), ("started", "9" * 30)])
def test_one_that_cannot_be_read_hides_no_other(broker, field, value):
    presence(broker, "settle@bad").say()
    presence(broker, "settle@good").say()
    broker.client.hset(broker.key("worker", "settle@bad"), field, value)
    assert [row.name for row in workers_of(broker)] == ["settle@good"]


def test_names_may_have_any_letters(broker):
    name = "settle@höst:*?[a] \n{}"
    presence(broker, name, queues=("settle", "a b")).say()
    assert [(row.name, row.queues) for row in workers_of(broker)] == [(name, ("settle", "a b"))]


@given(st.integers(0, 1000), st.integers(0, 1000), st.floats(0, 1))
def test_the_last_minute_is_this_one_and_its_share_of_the_one_before(now, before, share):
    found = workers.shared.presence._counted({}, {"done": str(now)}, {"done": str(before)}, share)
    assert now <= found.done_a_minute <= now + before
    assert found.done_a_minute == pytest.approx(now + share * before)
    assert json.dumps(found.failed_a_minute) == "0.0"
