"""`vidette streams` and metrics of a watch of real cameras: one that sends, one with a wrong password."""

import json
import socket
from contextlib import closing
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from app import cli
from app.simulation.camera import Camera
from tests.live.test_watching import PASSWORD, watching


@pytest.fixture(scope="module")
def locked(_gstreamer, numbered):
    with Camera({"/one": [numbered]}, username="viewer", password=PASSWORD) as server:
        yield server


def free_port():
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        return server.getsockname()[1]


def scraped(port):
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as answer:
        families = list(text_string_to_metric_families(answer.read().decode()))
    return {
        (s.name, *(s.labels[n] for n in ("stream", "cause", "state") if n in s.labels)): s.value
        for f in families
        for s in f.samples
    }


def test_each_camera_is_told_as_it_is(locked, tmp_path, capsys):
    wrong = locked.url("/one").replace("hunter2", "hunter3")
    streams = [{"name": "door", "source": locked.url("/one")}, {"name": "gate", "source": wrong}]
    file = tmp_path / "vidette.yml"
    file.write_text(json.dumps({"streams": streams}))

    def rows():
        assert cli.main(["streams", "--db", str(watch.db), "--json"]) == 0
        return {row["name"]: row for row in map(json.loads, capsys.readouterr().out.splitlines())}

    def both():
        now = rows() if watch.watched_s("door") > 0 else {}
        return len(now) == 2 and now["door"].get("frames", 0) > 10 and now["gate"]["state"] == "lost"

    port = free_port()
    with watching(tmp_path, "-q", "--config", str(file), "--metrics", str(port)) as watch:
        watch.until(both)
        found, told = rows(), scraped(port)
        assert cli.main(["streams", "--db", str(watch.db)]) == 0
        text = capsys.readouterr().out
        assert watch.leave() == 0
    door, gate = found["door"], found["gate"]
    assert door["state"] in ("learning", "watching", "idle")
    assert (door["codec"], door["width"], door["height"]) == ("h264", 320, 240)
    assert door["fps"] == pytest.approx(25, abs=8)
    assert door["arrived"] > door["frames"] > 10
    assert 0 < door["today"]["share"] <= 1
    assert door["last_frame_s"] < 15
    assert door["rss_bytes"] > 1e6
    assert (gate["cause"], gate["grade"]) == ("unauthorised", "unusable")
    assert gate["reason"] == "the camera refuses the name or password"
    assert gate["reconnects"]["unauthorised"] >= 1
    assert "gate: lost, the camera refuses the name or password" in text
    assert told["vidette_frames_looked_total", "door"] >= door["frames"]
    assert told["vidette_camera_memory_bytes", "door"] > 1e6
    assert told["vidette_camera_state", "gate", "lost"] == 1
    assert told["vidette_reconnects_total", "gate", "unauthorised"] >= 1
    assert told["vidette_memory_readable",] == 1
    assert "hunter" not in text + json.dumps(found) + repr(told)
