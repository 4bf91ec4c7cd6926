"""`vidette beat` as a process: what it says, how it ends, what it tells Prometheus."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import urlopen

import pytest
import redis
from prometheus_client.parser import text_string_to_metric_families

from app import cli
from tests.redis_server import emptied

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60.0
CAMERA = "streams: [{{name: {name}, source: 'rtsp://user:hidden@127.0.0.1:1/x'}}]\n"


@pytest.fixture
def server():
    with emptied() as made:
        yield made


@pytest.fixture
def config(tmp_path, server):
    path = tmp_path / "vidette.yml"
    write(path, server, "door")
    return path


def write(path, server, name):
    text = f"db: {path.parent / 'v.db'}\nbroker: {server.url}\nlog: info\ncluster: {{lease_s: 1}}\n"
    path.write_text(text + CAMERA.format(name=name))


class Process:
    def __init__(self, folder, *arguments):
        self.log = folder / f"{len(list(folder.glob('*.log')))}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "app.cli", "beat", *arguments], cwd=ROOT, stdout=log, stderr=log
            )

    def said(self):
        return self.log.read_text()

    def until(self, words):
        deadline = time.monotonic() + PATIENCE_S
        while not (found := re.search(words, self.said())):
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.05)
        return found

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)


@pytest.fixture
def beat(tmp_path, config):
    made = []

    def start(*arguments):
        made.append(Process(tmp_path, "--config", str(config), *arguments))
        return made[-1]

    yield start
    for one in made:
        one.process.kill()
        one.process.wait(PATIENCE_S)


def samples(url):
    with urlopen(url, timeout=PATIENCE_S) as answer:
        families = text_string_to_metric_families(answer.read().decode())
        return {(s.name, *sorted(s.labels.items())): s.value for family in families for s in family.samples}


def wanted(server):
    with redis.Redis(port=server.port) as client:
        told = [client.hmget(key, "name", "state") for key in client.keys("vidette:watch:*")]
    return {name.decode() for name, state in told if state == b"wanted"}  # one may go meanwhile


def eventually(true):
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_it_says_what_it_does_and_ends_when_told(beat, server, tmp_path):
    one = beat()
    line = one.until(r"beat at .*")[0]
    assert line == f"beat at {server.url}, memory '{tmp_path / 'v.db'}': 1 camera, 0 rules, 0 sinks; Ctrl-C ends it"
    eventually(lambda: wanted(server) == {"door"})
    assert one.end() == 0
    assert "hidden" not in one.said()
    with redis.Redis(port=server.port) as client:
        assert client.keys("vidette:lease:*") == []


def test_a_second_one_waits_and_takes_over_when_the_first_is_killed(beat):
    first = beat()
    first.until("camera 'door' is wanted")
    second = beat()
    second.until(rf"another beat is at work \(\S+:{first.process.pid}\); this one waits")
    first.end(signal.SIGKILL)
    second.until("this one is at work now")
    assert second.end(signal.SIGINT) == 0


def test_settings_that_change_are_taken_and_faulty_ones_are_not(beat, config, server):
    one = beat()
    eventually(lambda: wanted(server) == {"door"})
    write(config, server, "yard")
    os.utime(config, (1, 1))
    eventually(lambda: wanted(server) == {"yard"})
    config.write_text("broker: [")
    one.until("settings not taken")
    write(config, server, "yard")
    with config.open("a") as file:
        file.write("media: elsewhere\n")
    one.until("`media` cannot be changed while beat runs")
    assert one.end() == 0


def test_prometheus_is_told_of_queues_workers_and_streams(beat, server):
    one = beat("--metrics", "127.0.0.1:0")
    url = one.until(r"metrics are at (\S+)")[1]
    eventually(lambda: samples(url).get(("vidette_queue_waiting", ("queue", "ingest"))) == 1)
    told = samples(url)
    assert told["vidette_broker_reachable",] == 1
    assert told["vidette_memory_readable",] == 1
    assert told["vidette_streams_unwatched",] == 1
    assert told["vidette_streams", ("state", "wanted")] == 1
    assert told["vidette_streams", ("state", "dead")] == 0
    assert told["vidette_leases",] == 1
    assert told["vidette_dead_jobs",] == 0
    assert told["vidette_queue_oldest_seconds", ("queue", "ingest")] >= 0
    assert told["vidette_camera_state", ("state", "not_running"), ("stream", "door")] == 1
    for queue in ("ingest", "settle", "vision", "deliver"):
        name = ("queue", queue)
        assert told["vidette_workers", name] == 0
        assert told["vidette_queue_under_way", name] == 0
        assert told["vidette_jobs_total", name, ("result", "done")] == 0
        assert told["vidette_jobs_total", name, ("result", "failed")] == 0
    assert any(key[0].startswith("vidette_beat_") for key in told)


def test_without_a_broker_it_is_one_line(tmp_path, capsys):
    assert cli.main(["beat", "--db", str(tmp_path / "v.db")]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: no broker in the settings")
    assert err.count("\n") == 1


def test_without_the_model_it_beats_all_the_same(beat, config):
    with config.open("a") as file:
        file.write("vlm: {backend: transformers, path: /no/such/model}\n")
    one = beat()
    one.until("looks that were lost are not asked for again from here: .*/no/such/model")
    one.until("beat at ")
    assert one.end() == 0


def test_a_collector_that_is_none_is_one_line(tmp_path, server, capsys, monkeypatch):
    monkeypatch.setenv("VIDETTE_CLUSTER__TRACE", "nowhere")
    monkeypatch.setenv("VIDETTE_BROKER", server.url)
    assert cli.main(["beat", "--db", str(tmp_path / "v.db")]) == 2
    assert capsys.readouterr().err == "error: cluster.trace: 'nowhere' is no address; write `http://host:4318`\n"


def test_it_takes_its_settings_when_told(beat, config, server, capsys):
    one = beat()
    eventually(lambda: wanted(server) == {"door"})
    write(config, server, "yard")
    assert cli.main(["reload", "--config", str(config)]) == 0, capsys.readouterr().err
    eventually(lambda: wanted(server) == {"yard"})
    assert one.end() == 0
