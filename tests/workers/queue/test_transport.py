"""A worker whose jobs all end while Redis is away asks for more when it is back; jobs of workers that are gone go on."""

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kombu import Queue

from tests.redis_server import RedisServer
from vidette.settings import Settings
from workers.celery import make_app
from workers.queue.transport import GONE_S, Absent
from workers.shared.broker import Broker
from workers.shared.presence import Presence

QUEUE = "settle"


@pytest.fixture
def server(tmp_path):
    with RedisServer(tmp_path, "--appendfsync", "always", aof=True) as server:  # what it said is on the disk
        yield server


@pytest.mark.parametrize("how", ["ack", "reject"])
def test_what_could_not_be_acknowledged_is_not_under_way_for_ever(server, how):
    app = make_app(Settings(broker=server.url), QUEUE)
    with app.connection_for_read() as connection:
        channel = connection.channel()
        channel.basic_qos(0, 1, False)
        bound = Queue(QUEUE)(channel)
        app.send_task("vidette.settle", args=("{}",))
        message = bound.get()
        assert not channel.qos.can_consume()
        server.kill()
        given = {"requeue": True} if how == "reject" else {}
        getattr(message, f"{how}_log_error")(logging.getLogger(__name__), connection.connection_errors, **given)
        assert channel.qos.can_consume()
        server.start()
        assert connection.default_channel.client.hlen("unacked:settle") == 1
    app.close()


@given(st.lists(st.tuples(st.floats(0, 7), st.sets(st.sampled_from("abc"))), max_size=20))
def test_gone_is_who_was_absent_each_time_for_so_long(rounds):
    absent, now, since = Absent(), 0.0, {}
    for wait_s, names in rounds:
        now += wait_s
        since = {name: since.get(name, now) for name in names}
        assert absent.gone(names, now) == {name for name in names if now - since[name] >= GONE_S}


@pytest.mark.parametrize("holder", ["gone host 1", "lives host 1", "", b"\xff \xff"])
def test_what_a_worker_had_that_is_gone_is_handed_out_anew_and_what_others_have_is_not(server, monkeypatch, holder):
    monkeypatch.setattr("workers.queue.transport.GONE_S", 0.0)
    settings = Settings(broker=server.url)
    broker = Broker(server.url)
    app = make_app(settings, QUEUE, holder="lives")
    here = Presence(broker, name="lives", queues=(QUEUE,), pool="solo")
    here.say()
    with app.connection_for_read() as connection:
        channel = connection.channel()
        bound = Queue(QUEUE)(channel)
        for _ in range(2):
            app.send_task("vidette.settle", args=("{}",))
        mine, others = bound.get(), bound.get()
        holders, under_way = broker.key("unacked:settle:holders"), broker.key("unacked:settle")
        assert broker.client.hlen(holders) == 2
        broker.client.hset(holders, others.delivery_tag, holder)
        channel.qos.restore_visible(interval=1)
        assert [one.decode() for one in broker.client.hkeys(under_way)] == [mine.delivery_tag]
        assert bound.get().headers["redelivered"]
        mine.ack()
        assert broker.client.hlen(holders) == 1
    broker.close()
    app.close()
