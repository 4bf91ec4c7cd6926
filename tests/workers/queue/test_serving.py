"""What becomes of jobs whose process dies, hangs or is to stop: real processes on a real Redis."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest

from tests.redis_server import RedisServer
from vidette import codec
from vidette.errors import ConfigError
from vidette.models import Segment
from vidette.settings import Settings
from workers.celery import make_app
from workers.cluster import cluster_of
from workers.jobs import Deliver, LookAt, Message, decode, encode
from workers.queue.routing import QUEUES, under_way_key, waiting_key
from workers.queue.sending import Sending
from workers.queue.serving import Service
from workers.queue.steps import do
from workers.queue.worker import Worker
from workers.shared.broker import Broker
from workers.shared.presence import workers
from workers.shared.queues import Queues

WAIT_S = 120.0
LOOK = LookAt(segment=Segment(id="seg", stream_id="cam", start_s=0, end_s=1))
# What a worker does in the place of a step; each time one begins is noted in Redis.
PLAYED = """
import os, signal, time
from workers.queue import steps, transport
transport.GONE_S = 0.5
from workers.queue.worker import Worker

def step(pipeline, job):
    from workers.shared.process import broker_of
    name = job.segment.id
    broker_of(pipeline.settings).client.incr("begun:" + name)
    {act}
    return iter(())

steps.step = step
from workers.queue.serving import main
raise SystemExit(main())
"""
BADLY = """
    if name == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if name == "deaf":
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)  # so the soft limit is not heard
    if name != "well":
        time.sleep(600)
"""


def until(condition):
    deadline = time.monotonic() + WAIT_S
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.05)
    return found


@pytest.fixture
def redis(tmp_path) -> Iterator[RedisServer]:
    (tmp_path / "redis").mkdir()
    with RedisServer(tmp_path / "redis", aof=True) as server:
        yield server


@pytest.fixture
def settings(redis, tmp_path) -> Settings:
    return Settings(broker=redis.url, db=str(tmp_path / "v.db"), cluster={"retries": 1, "look_limit_s": 5})


@pytest.fixture
def broker(settings) -> Iterator[Broker]:
    broker = Broker(settings.broker)
    yield broker
    broker.close()


@pytest.fixture
def cluster(settings):
    cluster = cluster_of(settings)
    yield cluster
    cluster.close()


@contextmanager
def serving(settings: Settings, act: str, *, pool="prefork", concurrency=1) -> Iterator["subprocess.Popen[bytes]"]:
    """A worker of the vision queue (in a pool that the command line refuses it) that acts so at each job."""
    said = settings.model_dump(mode="json", by_alias=True)
    service = Service(
        parent=os.getpid(), said=said, queue="vision", pool=pool, concurrency=concurrency, name="w", events=False
    )
    process = subprocess.Popen([sys.executable, "-c", PLAYED.format(act=act)], stdin=subprocess.PIPE)
    try:
        process.stdin.write(codec.encode(service) + b"\n")
        process.stdin.close()
        yield process
    finally:
        for child in psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []:
            child.kill()
        process.kill()
        process.wait()


def begun(broker, name="seg") -> int:
    return int(broker.client.get(f"begun:{name}") or 0)


def test_jobs_at_which_processes_die_or_hang_are_put_aside_and_others_are_done(settings, broker, cluster):
    sending = Sending(settings, broker)
    for name in ("die", "hang", "deaf", "well"):
        sending(LookAt(segment=Segment(id=name, stream_id="cam", start_s=0, end_s=1)))
    with serving(settings, BADLY, concurrency=3):
        rows = until(lambda: rows if len(rows := cluster.dead.rows()) == 3 else None)
        until(lambda: Queues(broker).row("vision").under_way == 0)
    errors = {decode(one.text).segment.id: one.error for one in rows}
    assert "the worker was lost" in errors["die"]
    assert "SoftTimeLimitExceeded" in errors["hang"]
    assert "the worker was lost" in errors["deaf"]
    assert {name: begun(broker, name) for name in ("die", "hang", "deaf", "well")} == {
        "die": 2,
        "hang": 1,
        "deaf": 2,
        "well": 1,
    }
    assert not broker.client.keys("vidette:tries:*")


def test_what_is_looked_at_when_a_worker_is_to_stop_goes_back(settings, broker):
    Sending(settings, broker)(LOOK)
    with serving(settings, "time.sleep(1)", pool="threads") as process:
        until(lambda: begun(broker))
        process.send_signal(signal.SIGTERM)
        assert process.wait(WAIT_S) == 0
    assert sum(broker.client.llen(waiting_key("vision", one)) for one in range(10)) == 1
    assert broker.client.hlen(under_way_key("vision")) == 0


def test_what_a_worker_had_when_it_was_killed_is_done_by_the_next_one_soon(settings, broker):
    """Not only after the time that a look may take, here 15 s, and 30 minutes where nothing is said."""
    settings = settings.model_copy(update={"cluster": settings.cluster.model_copy(update={"look_limit_s": 7200.0})})
    Sending(settings, broker)(LOOK)
    with serving(settings, "time.sleep(600)", pool="threads") as first:
        until(lambda: begun(broker))
        first.kill()
        with serving(settings, "pass", pool="threads"):
            until(lambda: begun(broker) == 2)
            until(lambda: Queues(broker).row("vision").under_way == 0)
    assert not broker.client.keys("vidette:unacked:vision:holders")


def test_a_worker_goes_on_after_its_broker_was_away(settings, broker, redis):
    with serving(settings, "pass", pool="threads"):
        until(lambda: workers(broker))
        redis.kill()
        redis.start()
        until(broker.alive)
        Sending(settings, broker)(LOOK)
        until(lambda: begun(broker))
        until(lambda: Queues(broker).row("vision").under_way == 0)


MODELS = {
    "vlm": {"backend": "transformers", "path": "/nowhere"},
    "detector": {"backend": "transformers", "path": "/nowhere"},
    "embedder": {"captions": "/nowhere"},
}


@pytest.mark.parametrize("table", MODELS)
def test_only_who_delivers_needs_no_model(settings, table, tmp_path):
    sinks = [{"id": "file", "kind": "jsonl", "path": str(tmp_path / "out.jsonl")}]
    said = settings.model_dump(mode="json", by_alias=True) | {table: MODELS[table], "sinks": sinks}
    settings = Settings.model_validate(said)
    of = {
        queue: Worker(settings=settings, app=make_app(settings, queue), queue=queue, name=queue, pool="solo")
        for queue in QUEUES
    }
    for queue in ("ingest", "settle", "vision"):
        with pytest.raises(ConfigError, match="/nowhere"):
            of[queue].desk  # noqa: B018  it is made here
    job = Deliver(sink="file")
    do(of["deliver"].desk, Message(job=job), encode(job), until=time.monotonic() + 60, stop=of["deliver"].stop)
    for worker in of.values():
        worker.stopping.tell()
        worker.close()
