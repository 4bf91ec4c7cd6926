"""Odd names, folders that cannot be read, that are huge, circular, or gone meanwhile."""

import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app import cli
from graph.lock import WatchLock
from ingest.sources import expand
from tests.clips import Recipe, make
from tests.privileges import modes_hold

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def clip(tmp_path_factory):
    """Two seconds with nothing wrong."""
    return make(tmp_path_factory.mktemp("clip") / "clip.mp4", Recipe(frames=50))


@pytest.fixture
def place(clip, tmp_path):
    """`place("a.mp4")`: a clip there, unlike every other by its content."""
    made = []

    def put(name: str | bytes) -> Path:
        path = tmp_path / os.fsdecode(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        made.append(path)
        path.write_bytes(clip.read_bytes() + b"\0\0\0\x10free%08d" % len(made))
        return path

    return put


@pytest.fixture
def run(tmp_path, capsys):
    """`run("events")`: a command on this test's memory; -> (code, stdout, lines of stderr)."""

    def command(name, *args):
        code = cli.main([name, "--db", str(tmp_path / "v.db"), *map(str, args)])
        said = capsys.readouterr()
        return code, said.out, said.err.splitlines()

    return command


def names(run) -> list[str]:
    return [json.loads(line)["name"] for line in run("streams", "--json")[1].splitlines()]


ODD = [
    "a b.mp4",
    'it\'s "so".mp4',
    "two\nlines.mp4",
    "tab\tred\x1b[31m.mp4",
    "film🎥.mp4",
    "é.mp4",
    "turned\u202egpj.mp4",
    "-dash.mp4",
    "--json.mp4",
    "%d%s%n.mp4",
    "[x]*?.mp4",
    "a|b;c&d$(e)`f`.mp4",
    "'; DROP TABLE streams; --.mp4",
    "<script>.mp4",
    "x" * 250 + ".mp4",
    b"not\xff\xfeutf8.mp4",
]


@pytest.mark.parametrize("name", ODD, ids=[ascii(name)[:24] for name in ODD])
def test_any_name_is_watched_listed_and_cut_from(name, place, run, tmp_path):
    path = place(name)
    assert run("watch", "-q", "--", path) == (0, "", [])
    (title,) = names(run)
    title.encode()
    code, table, said = run("events")
    assert (code, said) == (0, [])
    assert all(char.isprintable() or char == "\n" for char in table)
    (event,) = [json.loads(line) for line in run("events", "--json", "--stream", title)[1].splitlines()]
    assert event["stream"] == title
    code, told, said = run("clip", event["id"], "--out", tmp_path / "out.mp4")
    assert (code, said) == (0, [])
    assert len(told.splitlines()) == 1


@pytest.mark.parametrize("name", ["two\nlines.mp4", "red\x1b[31m.mp4", b"not\xff\xfeutf8.mp4", "turned\u202egpj.mp4"])
def test_an_odd_name_that_fails_is_told_in_one_printable_line(name, tmp_path, run):
    path = tmp_path / os.fsdecode(name)
    path.write_bytes(b"no video")
    code, _, (line,) = run("watch", "-q", "--", path)
    assert code == 1
    assert line.isprintable()
    line.encode()


def test_a_name_with_a_leading_dash_in_the_folder_where_one_is(place, run, tmp_path, monkeypatch):
    place("-dash.mp4")
    monkeypatch.chdir(tmp_path)
    code, _, (line,) = run("watch", "-q", "-dash.mp4")
    assert code == 2
    assert "'./-dash.mp4'" in line
    assert run("watch", "-q", "./-dash.mp4")[0] == 0
    assert run("watch", "-q", "--", "-dash.mp4")[0] == 0


def test_what_cannot_be_listed_or_read_is_told_and_the_rest_is_watched(place, run, tmp_path):
    place("cams/good.mp4")
    place("cams/locked/hidden.mp4").parent.chmod(0)
    place("cams/mine.mp4").chmod(0)
    with modes_hold():
        code, _, lines = run("watch", "-q", tmp_path / "cams")
        assert code == 1
        assert len(lines) == 2
        assert any("cannot list" in line and "locked" in line and "ermission" in line for line in lines)
        assert any("cannot read" in line and "mine.mp4" in line and "ermission" in line for line in lines)
        assert [name.split("-")[0] for name in names(run)] == ["good"]
        (tmp_path / "cams").chmod(0)
        code, _, (line,) = run("watch", "-q", tmp_path / "cams")
        assert (code, "cannot list" in line) == (1, True)
        code, _, (line,) = run("watch", "-q", tmp_path / "cams" / "good.mp4")
        assert (code, "good.mp4" in line, "ermission" in line) == (1, True, True)
    for path in (tmp_path / "cams", tmp_path / "cams" / "locked"):
        path.chmod(0o755)


def test_circles_of_links_are_walked_once(place, run, tmp_path):
    place("cams/good.mp4")
    (tmp_path / "cams" / "up").symlink_to(tmp_path / "cams")
    (tmp_path / "cams" / "deep").mkdir()
    (tmp_path / "cams" / "deep" / "again").symlink_to(tmp_path / "cams" / "up" / "deep")
    (tmp_path / "cams" / "self.mp4").symlink_to("self.mp4")
    code, _, (line,) = run("watch", "-q", tmp_path / "cams")
    assert (code, "self.mp4" in line) == (1, True)
    assert len(names(run)) == 1


def test_ten_thousand_files_with_one_good_among_them(place, run, tmp_path):
    place("cams/clip5000.mp4")
    for number in range(5000):
        (tmp_path / "cams" / f"clip{number}.mp4").touch()
        (tmp_path / "cams" / f"note{number}.txt").touch()
    code, out, lines = run("watch", "-q", tmp_path / "cams")
    assert (code, out) == (1, "")
    assert len(lines) == 5000
    assert all("empty file" in line for line in lines)
    assert ["clip9.mp4" in lines[9], "clip10.mp4" in lines[10]] == [True, True]
    assert len(names(run)) == 1


class Trigger(io.StringIO):
    """A stderr that does something once it is told a word."""

    def __init__(self, word, act):
        super().__init__()
        self.word, self.act, self.done = word, act, False

    def write(self, text):
        if self.word in text and not self.done:
            self.done = True
            self.act()
        return super().write(text)


def test_a_folder_that_goes_while_it_is_watched(place, run, tmp_path, monkeypatch):
    for name in ("a", "b", "c"):
        place(f"cams/{name}.mp4")
    told = Trigger("[1/3]", lambda: shutil.rmtree(tmp_path / "cams"))
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", told)
        code, _, _ = run("watch", tmp_path / "cams")
    assert code == 1
    failed = [line for line in told.getvalue().splitlines() if line.startswith("failed: ")]
    assert [line.split(": ")[1][0] for line in failed] == ["b", "c"]
    assert all("no such file" in line and len(line) < 300 for line in failed)
    assert [name[0] for name in names(run)] == ["a"]


def test_a_stream_that_is_being_watched_is_refused_and_the_others_go_on(place, run, tmp_path):
    busy, free = place("busy.mp4"), place("free.mp4")
    (spec,) = expand([str(busy)]).specs
    with WatchLock(tmp_path / "v.db", spec.stream_id):
        code, _, (line,) = run("watch", "-q", busy, free)
        assert code == 1
        assert line.startswith(f"failed: {spec.name}: ")
        assert "already being watched" in line
        assert [name.split("-")[0] for name in names(run)] == ["free"]
    assert run("watch", "-q", busy)[0] == 0


def test_two_watches_at_once_leave_one_memory(place, run, tmp_path):
    path = place("yard.mp4")
    command = [sys.executable, "-m", "app.cli", "watch", "-q", str(path), "--db", str(tmp_path / "v.db")]
    both = [subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=60)[1].splitlines() for process in both]
    for process, lines in zip(both, said, strict=True):
        refused = process.returncode == 1 and len(lines) == 1 and "already being watched" in lines[0]
        assert process.returncode == 0 or refused, lines
    assert 0 in {process.returncode for process in both}
    seen = run("coverage", "--json")[1]
    assert run("watch", "-q", path)[0] == 0
    assert run("watch", "-q", "--again", path)[0] == 0
    assert run("coverage", "--json")[1] == seen
