"""`vidette jobs list|replay|drop`: jobs that were given up, on a real Redis."""

import json
from datetime import UTC, datetime

import pytest

from app.cli import main
from ingest.sources import SourceSpec
from tests.redis_server import emptied, free_port
from workers.jobs import Deliver, Watch, encode
from workers.shared.broker import Broker
from workers.shared.dead import Dead
from workers.shared.queues import Queues
from workers.shared.registry import Registry

DELIVER = encode(Deliver(sink="ops"))


@pytest.fixture
def server(monkeypatch):
    with emptied() as one:
        monkeypatch.setenv("VIDETTE_BROKER", one.url)
        yield one


@pytest.fixture
def broker(server):
    one = Broker(server.url)
    yield one
    one.close()


def watch(name: str = "yard") -> Watch:
    spec = SourceSpec(
        name=name,
        stream_id=f"id of {name}",
        paths=(),
        offsets_s=(),
        start=datetime(2026, 5, 1, tzinfo=UTC),
        start_from="clock",
        duration_s=0.0,
        url="rtsp://camera/1",
    )
    return Watch(spec=spec)


def lines(capsys) -> list[dict]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_jobs_that_were_given_up_are_listed(broker, capsys):
    dead = Dead(broker)
    Registry(broker).want(watch())
    dead.add(queue="deliver", text=DELIVER, error="sink 'ops' is not in the settings", tries=1)
    dead.add(queue="ingest", text=encode(watch()), error="the decoder crashed", tries=3)
    dead.add(queue="settle", text="not a message", error="no job", tries=1)
    assert main(["jobs", "list"]) == 0
    out = capsys.readouterr().out
    for part in ("deliver to ops", "watch yard", "(this version cannot read it)", "the decoder crashed"):
        assert part in out
    assert main(["jobs", "list", "--json", "--limit", "2"]) == 0
    rows = lines(capsys)
    assert [row["what"] for row in rows] == ["(this version cannot read it)", "watch yard"]
    assert set(rows[0]) == {"id", "queue", "what", "error", "tries", "at", "message"}


def test_no_dead_jobs(server, capsys):
    assert main(["jobs", "list"]) == 0
    assert "no dead jobs" in capsys.readouterr().out


def test_jobs_are_sent_again(broker, capsys):
    dead, registry = Dead(broker), Registry(broker)
    registry.want(watch())
    registry.end("id of yard", "dead", "the decoder crashed")
    dead.add(queue="deliver", text=DELIVER, error="x", tries=1)
    one = dead.add(queue="ingest", text=encode(watch()), error="x", tries=3)
    assert main(["jobs", "replay", one[:8]]) == 0
    assert capsys.readouterr().out == "1 job sent again\n"
    assert registry.get("id of yard").state == "wanted"
    assert Queues(broker).waiting("ingest") == 1
    bad = dead.add(queue="settle", text="not a message", error="x", tries=1)
    assert main(["jobs", "replay", "--all"]) == 1
    out, err = capsys.readouterr()
    assert out == "1 job sent again\n"
    assert err.startswith(f"job {bad} stays: ")
    assert Queues(broker).waiting("deliver") == 1
    assert dead.count() == 1


def test_jobs_are_dropped(broker, capsys):
    dead = Dead(broker)
    ids = [dead.add(queue="settle", text=str(n), error="x", tries=1) for n in range(4)]
    assert main(["jobs", "drop", ids[0], ids[1][:6]]) == 0
    assert capsys.readouterr().out == "2 jobs dropped\n"
    assert main(["jobs", "drop", "--all"]) == 0
    assert capsys.readouterr().out == "2 jobs dropped\n"


@pytest.mark.parametrize("command", ["replay", "drop"])
@pytest.mark.parametrize("arguments", [[], ["abcd", "--all"], ["ffffffff"], ["--", "-1"]])
def test_jobs_that_are_not_named_are_left_alone(broker, capsys, command, arguments):
    Dead(broker).add(queue="settle", text="{}", error="x", tries=1)
    assert main(["jobs", command, *arguments]) == 2
    assert "`vidette jobs list` gives" in capsys.readouterr().err
    assert Dead(broker).count() == 1


@pytest.mark.parametrize("command", [["list"], ["drop", "--all"], ["replay", "--all"]])
def test_without_a_server_one_line_and_exit_code_1(capsys, monkeypatch, command):
    monkeypatch.setenv("VIDETTE_BROKER", f"redis://:hunter2@127.0.0.1:{free_port()}/0")
    assert main(["jobs", *command]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "Connection refused; start it, or name another with `broker`" in err
    assert "hunter2" not in err
