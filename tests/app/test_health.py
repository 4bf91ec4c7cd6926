"""What a container's health check asks: whether its part is at work here."""

from pathlib import Path

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


@pytest.fixture
def file(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "vidette.yml"


MISTAKES = {
    "a key that is none": ("dbb: x\n", "vidette.yml:1: dbb: unknown key"),
    "a value that cannot be": ("fast: {crowd: many}\n", "vidette.yml:1: fast.crowd is 'many'"),
    "no YAML": ("streams: [{name: gate\n", "not YAML"),
    "a secret that is gone": ("neo4j: {password: '${file:gone}'}\n", "cannot read 'gone'"),
    "a variable that is not set": ("neo4j: {password: '${NOT_SET}'}\n", "${NOT_SET} is not set"),
    "rules that do not agree": (
        "rules: [{id: any, when: {event: fire}, sinks: [nobody]}]\n",
        "nobody",
    ),
}


@pytest.mark.parametrize("behind", [False, True])
@pytest.mark.parametrize(("mistake", "said"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_elsewhere_in_the_settings_makes_nobody_ill(server, broker, file, capsys, mistake, said, behind):
    (file.parent / "address").write_text(server.url + "\n")
    named = "broker: '${file:address}'  # Redis\n"
    file.write_text(named + mistake if behind else mistake + named)
    assert main(["status", "--health", "settle"]) == 1
    capsys.readouterr()
    begun(broker, "settle")
    assert main(["status", "--health", "settle"]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert said.replace(":1:", ":2:" if behind else ":1:") in err
    assert err.endswith("; of these settings only `broker` was read\n")
    assert err.count("\n") == 1


def test_a_broker_of_the_environment_needs_no_file(server, broker, file, monkeypatch, capsys):
    monkeypatch.setenv("VIDETTE_BROKER", server.url)
    file.write_bytes(b"\xff")
    assert main(["status", "--health", "vision"]) == 1
    begun(broker, "vision")
    assert main(["status", "--health", "vision"]) == 0
    assert "not UTF-8" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("dbb: x\nbroker: http://here\n", "vidette.yml:2: broker is ***: no broker speaks 'http://'"),
        ("dbb: x\nbroker: redis://h\nbroker: redis://i\n", "vidette.yml:3: key 'broker' is given twice"),
        ("dbb: x\nbroker: '${NOT_SET}'\n", "vidette.yml:2: ${NOT_SET} is not set"),
        ("dbb: x\n", "no broker in the settings"),
    ],
)
def test_without_a_broker_that_is_sure_the_settings_are_refused(file, capsys, text, said):
    file.write_text(text)
    assert main(["status", "--health", "settle"]) == 2
    assert said in capsys.readouterr().err.splitlines()[-1]


def test_whoever_asks_for_more_than_health_is_refused_for_any_mistake(server, file, capsys):
    file.write_text(f"broker: {server.url}\ndbb: x\n")
    assert main(["status"]) == 2
    assert "dbb: unknown key" in capsys.readouterr().err


def test_a_part_that_there_is_none_of(broker):
    with pytest.raises(ConfigError, match="'nobody'"):
        check("nobody", broker)
