"""What a container's health check asks: whether its part is at work here."""

import pytest

from app.cli import main
from app.health import PARTS, check
from tests.redis_server import emptied
from vidette.errors import ConfigError, StoreError
from workers.shared.broker import Broker
from workers.shared.leases import Leases
from workers.shared.presence import Presence


@pytest.fixture
def server():
    with emptied() as one:
        yield one


@pytest.fixture
def broker(server):
    one = Broker(server.url)
    yield one
    one.close()


def begun(broker, queue):
    """A worker that has said that it is there."""
    presence = Presence(broker, name=f"{queue}@here", queues=(queue,), pool="solo")
    presence.say()
    return presence


@pytest.mark.parametrize("queue", PARTS[:-1])
def test_a_worker_is_at_work_once_it_says_so(broker, queue):
    with pytest.raises(StoreError, match=f"no {queue} is at work on .*; start one: vidette worker --queues {queue}"):
        check(queue, broker)
    begun(broker, queue)
    check(queue, broker)
    with pytest.raises(StoreError, match=r"no (vision|ingest) is"):
        check("ingest" if queue == "vision" else "vision", broker)


def test_a_worker_of_another_machine_is_not_this_one(broker, monkeypatch):
    begun(broker, "settle")
    monkeypatch.setattr("socket.gethostname", lambda: "another")
    with pytest.raises(StoreError, match="on 'another'"):
        check("settle", broker)


def test_any_beat_will_do(broker, monkeypatch):
    with pytest.raises(StoreError, match="start one: vidette beat"):
        check("beat", broker)
    leases = Leases(broker, ttl_s=10)
    with leases.take("beat"):
        monkeypatch.setattr("socket.gethostname", lambda: "another")
        check("beat", broker)
    leases.close()


def test_the_command_line_says_it_by_its_exit_code(server, broker, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VIDETTE_BROKER", server.url)
    assert main(["status", "--health", "deliver"]) == 1
    begun(broker, "deliver")
    assert main(["status", "--health", "deliver"]) == 0
    assert capsys.readouterr().out == ""
    assert main(["status", "--health", "deliverer"]) == 2
    assert "choose from ingest, settle, vision, deliver, beat" in capsys.readouterr().err


def test_a_part_that_there_is_none_of(broker):
    with pytest.raises(ConfigError, match="'nobody'"):
        check("nobody", broker)
