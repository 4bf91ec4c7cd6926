import re

import pytest

from app import cli
from app.extras import core, installed, missing, needed


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """What the demo made in its folder."""
    folder = tmp_path_factory.mktemp("demo")
    assert cli.main(["demo", "--out", str(folder / "out")]) == 0
    return folder / "out"


def test_the_demo_finds_what_is_drawn(shown, capsys):
    assert cli.main(["demo", "--out", str(shown)]) == 0  # a second run takes the drawing that is there
    said = capsys.readouterr()
    assert "drawing" not in said.err
    found, there, wrong = re.search(r"events: (\d+) of (\d+) found, (\d+) that", said.out).groups()
    assert int(found) >= 0.8 * int(there)
    assert int(wrong) <= 2
    tracks, things = re.search(r"tracks: (\d+) of (\d+) found", said.out).groups()
    assert int(tracks) >= 0.8 * int(things)
    assert said.out.count("\n? ") == 3
    assert said.out.count("[") >= 3  # citations
    assert str(shown / "report.html") in said.out


def test_the_report_of_the_demo_has_pictures_and_answers(shown):
    html = (shown / "report.html").read_text(encoding="utf-8")
    assert html.count("data:image/jpeg;base64,") >= 4
    assert html.count('<section class="answer') == 3
    assert len(html) < 3_000_000


def test_the_demo_takes_a_file_of_yours(street, tmp_path, capsys):
    assert cli.main(["demo", "--video", str(street), "--out", str(tmp_path / "out")]) == 0
    out = capsys.readouterr().out
    assert "2 objects entered" in out
    assert "truth" not in out
    assert (tmp_path / "out" / "report.html").is_file()


def test_a_file_that_is_no_video_is_told(tmp_path, capsys):
    file = tmp_path / "x.mp4"
    file.write_bytes(b"no video" * 100)
    assert cli.main(["demo", "--video", str(file), "--out", str(tmp_path / "out")]) == 1
    assert "x.mp4" in capsys.readouterr().err


def test_doctor_proves_the_chain(tmp_path, capsys):
    assert cli.main(["doctor", "--db", str(tmp_path / "v.db")]) == 0
    out = capsys.readouterr().out
    marks = [line.split()[1] for line in out.splitlines() if line.startswith("ok ")]
    assert marks == ["python", "libraries", "memory", "draw", "decode", "watch", "read", "ask", "report"]
    assert "pip install 'vidette[vlm]'" in out or "vlm         for deep looks" in out
    assert out.endswith("Vidette works here.\n")
    assert not (tmp_path / "v.db").exists()


def test_doctor_says_what_fails(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("app.extras.installed", lambda name: "1" if name != "opencv-python" else "4.0")
    assert cli.main(["doctor", "--db", str(tmp_path / "v.db")]) == 1
    out = capsys.readouterr().out
    assert "opencv-python overwrites opencv-python-headless" in out
    assert "FAILED libraries" in out
    assert "draw" not in out


def test_doctor_says_when_memory_cannot_be_kept(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert cli.main(["doctor", "--db", str(tmp_path / "file" / "v.db")]) == 1
    assert "FAILED memory" in capsys.readouterr().out


def test_extras_know_what_they_need():
    assert "torch" in needed()["vlm"]
    assert "neo4j" in needed()["scale"]
    assert "opencv-python-headless" in core()
    assert all(installed(name) for name in core())
    assert installed("no-such-distribution") is None
    assert all(installed(name) is None for _, names in missing() for name in names)
