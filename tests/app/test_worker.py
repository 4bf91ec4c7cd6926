"""`vidette worker`: real processes on a real Redis, from the command line to the last signal."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from app.cli import main
from tests.redis_server import emptied, free_port
from vidette.settings import Settings
from workers.jobs import Deliver
from workers.queue.sending import Sending
from workers.shared.broker import Broker
from workers.shared.dead import Dead
from workers.shared.presence import workers

WAIT_S = 120.0


def until(condition):
    deadline = time.monotonic() + WAIT_S
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.05)
    return found


@pytest.fixture
def redis():
    with emptied() as server:
        yield server


@pytest.fixture
def broker(redis) -> Iterator[Broker]:
    broker = Broker(redis.url)
    yield broker
    broker.close()


@pytest.fixture
def here(redis, tmp_path, monkeypatch) -> Path:
    """A working directory with settings that name the broker."""
    (tmp_path / "vidette.yml").write_text(f"broker: {redis.url}\ndb: memory.db\nlog: info\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@contextmanager
def started(*arguments: str) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen([sys.executable, "-m", "app.cli", *arguments], stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        for child in [*psutil.Process(process.pid).children(recursive=True)] if process.poll() is None else []:
            child.kill()
        process.kill()
        process.wait()
        process.stderr.close()


class TestUsage:
    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (["--queues", "ingest,vison"], "no queue 'vison'; choose from ingest, settle, vision, deliver"),
            (["--queues", ","], "none given"),
            (["--queues", "vision", "--pool", "prefork"], "CUDA does not survive a fork"),
        ],
    )
    def test_what_cannot_be_is_said_in_one_line(self, here, capsys, arguments, said):
        assert main(["worker", *arguments]) == 2
        error = capsys.readouterr().err
        assert said in error
        assert error.count("\n") == 1

    def test_without_a_broker_it_is_said_how_to_name_one(self, tmp_path, monkeypatch, capsys):
        monkeypatch.chdir(tmp_path)
        assert main(["worker"]) == 2
        assert "VIDETTE_BROKER" in capsys.readouterr().err


class TestProcesses:
    def test_it_is_there_is_begun_again_when_it_dies_and_ends_when_told(self, here, broker):
        with started("worker", "--queues", "settle,deliver", "--concurrency", "1", "--name", "w") as process:
            there = until(lambda: {one.name: one for one in workers(broker)} if len(workers(broker)) == 2 else None)
            assert {name: (one.queues, one.pool) for name, one in there.items()} == {
                "w-settle": (("settle",), "prefork"),
                "w-deliver": (("deliver",), "threads"),
            }
            old = there["w-settle"].pid
            children = psutil.Process(old).children(recursive=True)
            os.kill(old, signal.SIGKILL)
            until(lambda: any(one.name == "w-settle" and one.pid != old for one in workers(broker)))
            assert not any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in children)
            everything = psutil.Process(process.pid).children(recursive=True)
            process.send_signal(signal.SIGTERM)
            assert process.wait(WAIT_S) == 0
            assert not any(one.is_running() for one in everything)
            assert workers(broker) == []

    def test_none_is_left_when_its_parent_is_killed(self, here, broker):
        with started("worker", "--queues", "settle", "--concurrency", "2") as process:
            until(lambda: workers(broker))
            everything = until(
                lambda: found if len(found := psutil.Process(process.pid).children(recursive=True)) >= 3 else None
            )
            process.kill()
            process.wait()
            until(lambda: not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in everything))


@pytest.mark.parametrize("pool", ["solo", "threads", "prefork"])
def test_each_pool_does_what_it_is_sent(here, broker, pool):
    Sending(Settings(broker=broker_url(here)), broker)(Deliver(sink="nobody"))
    with started("worker", "--queues", "deliver", "--pool", pool, "--concurrency", "1") as process:
        (dead,) = until(Dead(broker).rows)
        assert "no sink 'nobody'" in dead.error
        process.send_signal(signal.SIGTERM)
        assert process.wait(WAIT_S) == 0


def test_flower_sees_workers_and_their_jobs(here, broker):
    port = free_port()
    address = f"http://127.0.0.1:{port}/api"
    flower = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "workers.app", "flower", "--address=127.0.0.1", f"--port={port}"],
        env={**os.environ, "FLOWER_UNAUTHENTICATED_API": "true"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        with started("worker", "--queues", "deliver", "--name", "w", "--events") as process:
            until(lambda: workers(broker))
            until(lambda: _asked(f"{address}/workers?refresh=1").get("deliver@w"))
            seen = _asked(f"{address}/workers?refresh=1")["deliver@w"]
            assert "vidette.deliver" in seen["registered"]
            assert [queue["name"] for queue in seen["active_queues"]] == ["deliver"]
            Sending(Settings(broker=broker_url(here)), broker)(Deliver(sink="nobody"))
            tasks = until(lambda: _asked(f"{address}/tasks"))
            (task,) = tasks.values()
            assert (task["name"], task["args"]) == ("vidette.deliver", "'nobody'")
            process.send_signal(signal.SIGTERM)
            assert process.wait(WAIT_S) == 0
    finally:
        flower.kill()
        flower.wait()


def broker_url(here: Path) -> str:
    return (here / "vidette.yml").read_text().split()[1]


def _asked(url: str) -> dict:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.loads(answer.read())
    except (OSError, ValueError):
        return {}
