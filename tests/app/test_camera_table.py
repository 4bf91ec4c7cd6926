"""Cameras as people read them: at 80 columns, in a pipe, whatever they are called."""

import io

import pytest

from app import camera_table, tables
from app.camera_table import show_cameras
from app.cameras import CameraRow, GateAudit, Today
from tests.app.test_cameras import NOON, feed
from vidette.feeds import Grade


def row(**more):
    given = {"id": "x", "name": "front door", "kind": "live", "uri": "rtsp://a", "start": NOON, "start_from": "clock"}
    counted = {"watched_s": 1.0, "reach_s": 1.0, "events": 0, "tracks": 0}
    state = {"state": "watching", "grade": Grade.GOOD, "reasons": (), "fps": feed().fps, "last_frame_s": 0.25}
    seen = {
        "today": Today(watched_s=999, meant_s=1000, share=0.99999),
        "gate": GateAudit(audited=0, missed=0, low=0, high=1),
    }
    return CameraRow(**{**given, **counted, **state, **seen, "delay_s": 0.14, **more})


LOST = row(
    name="rtsp://192.168.100.100:8554/Streaming/Channels/101",
    state="lost",
    grade=Grade.UNUSABLE,
    reason="the camera refuses the connection",
    reasons=("not connected for 6 min", "lost twice"),
    fps=0.0,
    last_frame_s=360.0,
    reconnects={"refused": 12, "not_found": 1},
    restarts=2,
)
AUDITED = row(
    name="yard",
    state="not_running",
    fps=None,
    delay_s=None,
    gate=GateAudit(audited=50, missed=1, rate=0.02, low=0.004, high=0.105),
)


@pytest.fixture
def terminal(monkeypatch):
    def shown(rows):
        from rich.console import Console

        out = io.StringIO()
        monkeypatch.setattr(
            tables, "console", lambda **_: Console(file=out, width=80, force_terminal=True, color_system=None)
        )
        monkeypatch.setattr(camera_table, "console", tables.console)
        show_cameras(rows)
        return out.getvalue()

    return shown


def test_it_fits_80_columns_and_each_number_stays_whole(terminal):
    text = terminal([row(), LOST, AUDITED])
    assert max(map(len, text.splitlines())) <= 80
    for part in ("25.0", "0.1 s", "0.2 s", "99.9%", "not running", "unusable", "6 min", "15", "0-10%", "front door"):
        assert f" {part} " in text, part


def test_what_is_the_matter_is_said_under_it(terminal):
    text = " ".join(terminal([row(), LOST]).split())
    assert "lost, the camera refuses the connection; unusable: not connected for 6 min, lost twice;" in text
    assert "retries: 2 crashed, 1 not found, 12 refused" in text
    assert "front door:" not in text


def test_in_a_pipe_each_camera_is_one_line(capsys):
    show_cameras([row(), LOST])
    header, *lines = capsys.readouterr().out.splitlines()
    assert header.split() == ["camera", "state", "grade", "fps", "last", "delay", "retries", "today", "missed"]
    assert len(lines) == 3
    assert lines[2].startswith(f"{LOST.name}: lost,")


def test_a_name_steers_no_terminal(capsys):
    show_cameras([row(name="\x1b[2J[bold]gate\n", reasons=("poor \x07",), grade=Grade.POOR)])
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\x07" not in out
    assert "[bold]gate" in out


def test_all_is_said_only_of_all(capsys):
    show_cameras([row(today=Today(watched_s=10, meant_s=10, share=1.0)), row(today=Today(watched_s=0, meant_s=0))])
    out = capsys.readouterr().out
    assert "100%" in out
    assert "99.9%" not in out
