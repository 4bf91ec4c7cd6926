"""A worker whose jobs all end while Redis is away asks for more when it is back."""

import logging

import pytest
from kombu import Queue

from tests.redis_server import RedisServer
from vidette.settings import Settings
from workers.celery import make_app

QUEUE = "settle"


@pytest.fixture
def server(tmp_path):
    with RedisServer(tmp_path, aof=True) as server:
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
