"""`vidette streams` beside a watch of real cameras: one that sends, one with a wrong password."""

import json

import pytest

from app import cli
from app.simulation.camera import Camera
from tests.live.test_watching import PASSWORD, watching


@pytest.fixture(scope="module")
def locked(_gstreamer, numbered):
    with Camera({"/one": [numbered]}, username="viewer", password=PASSWORD) as server:
        yield server


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

    with watching(tmp_path, "-q", "--config", str(file)) as watch:
        watch.until(both)
        found = rows()
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
    assert "hunter" not in text + json.dumps(found)
