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
from workers.shared.places import Place
from workers.shared.presence import Presence, workers

WAIT_S = 120.0
ROOT = Path(__file__).parents[2]


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

    @pytest.mark.parametrize("missing", ["redis", "celery"])
    @pytest.mark.parametrize("words", [["worker"], ["beat"], ["jobs", "list"], ["status"], ["watch", "x.mp4"]])
    def test_what_is_not_installed_is_said_by_whoever_needs_it(self, tmp_path, missing, words):
        tried = f"import sys; sys.modules[{missing!r}] = None; from app.cli import main; sys.exit(main({words}))"
        environ = os.environ | {"VIDETTE_BROKER": "redis://127.0.0.1:1/0", "PYTHONPATH": str(ROOT)}
        (tmp_path / "x.mp4").touch()
        done = subprocess.run(
            [sys.executable, "-c", tried], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == f"error: broker: sharing the work needs {missing}; pip install 'vidette[scale]'\n"

    def test_a_memory_that_waiting_does_not_mend_is_said_at_once(self, here, capsys):
        (here / "memory.db").write_bytes(b"no memory of ours" * 100)
        assert main(["worker", "--queues", "settle"]) == 1
        assert capsys.readouterr().err.splitlines()[-1].startswith("error: ")

    @pytest.mark.parametrize(("key", "said"), [("media", "media"), ("cluster__spool", "cluster.spool")])
    def test_folders_that_cannot_be_written_are_said_by_who_watches(self, here, monkeypatch, capsys, key, said):
        monkeypatch.setattr("workers.queue.minding.mind", lambda *_, **__: 0)
        monkeypatch.setenv(f"VIDETTE_{key.upper()}", str(here / "vidette.yml" / "inner"))
        assert main(["worker", "--queues", "settle,deliver"]) == 0
        capsys.readouterr()
        assert main(["worker", "--queues", "ingest"]) == 2
        error = capsys.readouterr().err.splitlines()[-1]
        assert error.startswith(f"error: {said}: cannot write into '{here}/vidette.yml/inner' (Not a directory); name")

    def test_a_model_that_is_not_there_is_said_at_once_by_who_needs_it(self, here, monkeypatch, capsys):
        monkeypatch.setattr("workers.queue.minding.mind", lambda *_, **__: 0)
        with (here / "vidette.yml").open("a") as settings:
            settings.write("vlm: {backend: transformers, path: nowhere}\n")
        assert main(["worker", "--queues", "deliver"]) == 0
        capsys.readouterr()
        for queue in ("ingest", "settle", "vision"):
            assert main(["worker", "--queues", queue]) == 2
            assert "nowhere" in capsys.readouterr().err.splitlines()[-1]

    def test_what_is_away_is_said_once_and_waited_for(self, tmp_path, monkeypatch, capsys):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("VIDETTE_BROKER", f"redis://:hunter2@127.0.0.1:{free_port()}/0")
        monkeypatch.setenv("VIDETTE_DB", f"bolt://127.0.0.1:{free_port()}")
        monkeypatch.setattr("workers.queue.minding.mind", lambda *_, **__: 0)
        assert main(["worker", "--queues", "settle"]) == 0
        _, memory, broker = capsys.readouterr().err.splitlines()
        assert broker.endswith(
            "Connection refused; start it, or name another with `broker`; workers wait until it answers"
        )
        assert memory.endswith(
            "no Neo4j answers there; start it, or name another with --db; jobs wait until it answers"
        )
        assert "hunter2" not in broker

    def test_another_of_the_same_name_or_of_another_memory_is_said_while_it_runs(
        self, here, broker, monkeypatch, capsys
    ):
        monkeypatch.setattr("workers.queue.minding.mind", lambda *_, **__: 0)
        with Presence(broker, name="w-settle", queues=("settle",), pool="prefork"):
            until(lambda: workers(broker))
            assert main(["worker", "--queues", "settle,deliver", "--name", "w"]) == 0
            said = f"another worker is called 'w-settle' (process {os.getpid()}): give each a --name of its own"
            assert said in capsys.readouterr().err.splitlines()
        with Presence(broker, name="far", queues=("settle",), pool="solo", memory=Place(mark="file 1:2", name="/x.db")):
            until(lambda: workers(broker))
            assert main(["worker", "--queues", "deliver"]) == 0
            said = f"worker far has memory '/x.db', this one has '{here}/memory.db': give all of them the same `db`"
            assert said in capsys.readouterr().err.splitlines()
        monkeypatch.setattr(os, "getpid", lambda: 2**22 + 1)  # more than Linux gives
        with Presence(broker, name="w-settle", queues=("settle",), pool="prefork"):
            until(lambda: workers(broker))
            assert main(["worker", "--queues", "settle,deliver", "--name", "w"]) == 0
            assert "another" not in capsys.readouterr().err


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

    def test_changed_settings_are_taken_and_faulty_ones_refused(self, here, broker):
        before = (here / "vidette.yml").read_text()
        with started("worker", "--queues", "ingest,deliver", "--pool", "threads", "--name", "w") as process:
            old = until(lambda: found if len(found := {one.name: one.pid for one in workers(broker)}) == 2 else None)
            (here / "vidette.yml").write_text(before + "sinks: nonsense\n")
            until(lambda: "settings not taken" in process.stderr.readline())
            (here / "vidette.yml").write_text(before.replace("memory.db", "another.db"))
            until(lambda: "`db` cannot be changed while a worker runs" in process.stderr.readline())
            assert {one.name: one.pid for one in workers(broker)} == old
            (here / "vidette.yml").write_text(before + "sinks: [{id: new, kind: jsonl, path: told.jsonl}]\n")
            until(lambda: {one.pid for one in workers(broker)}.isdisjoint(old.values()) and len(workers(broker)) == 2)
            assert {one.name for one in workers(broker)} == {"w-ingest-2", "w-deliver"}
            Sending(Settings(broker=broker_url(here)), broker)(Deliver(sink="new"))
            until(lambda: any(one.jobs.done for one in workers(broker) if one.name == "w-deliver"))
            process.send_signal(signal.SIGTERM)
            assert process.wait(WAIT_S) == 0
        assert Dead(broker).rows() == []


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
