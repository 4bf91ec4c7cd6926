"""`vidette watch rtsp://…` as a person runs it, against a real server."""

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from app import cli
from app.simulation.camera import Camera, until
from app.simulation.watch import children
from vidette.models import FastState
from vidette.queries import CoverageIn, Events, Filter, Streams
from vidette.settings import Settings
from workers.wiring import store_of

PASSWORD = "hunter2:of/the@camera"
PATIENCE_S = 90.0
ROOT = Path(__file__).resolve().parents[2]
ALL = 100_000

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@pytest.fixture(scope="module")
def cameras(_gstreamer, numbered):
    """Two cameras behind a password."""
    with Camera({"/one": [numbered], "/two": [numbered]}, username="viewer", password=PASSWORD) as server:
        yield server


class Watching:
    """A watch in a folder of its own."""

    def __init__(self, folder, *arguments, stdin=""):
        self.folder, self.db = folder, folder / "v.db"
        command = [sys.executable, "-m", "app.cli", "watch", *arguments, "--db", str(self.db)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        with (folder / "out").open("ab") as out, (folder / "err").open("ab") as err:
            self.process = subprocess.Popen(
                command, cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=out, stderr=err, text=True
            )
        assert self.process.stdin is not None
        self.process.stdin.write(stdin)
        self.process.stdin.close()

    @property
    def said(self):
        return (self.folder / "out").read_text(), (self.folder / "err").read_text()

    def read(self, query):
        if not self.db.is_file():
            return []
        store = store_of(Settings(db=str(self.db)), must_write=False)
        try:
            return store.read(query)
        finally:
            store.close()

    def coverage(self, name):
        return self.read(CoverageIn(where=Filter(streams=(name,))))

    def watched_s(self, name):
        return watched_s(self.coverage(name))

    def until(self, condition):
        def met():
            assert self.process.poll() is None, self.said
            return condition()

        assert until(met, PATIENCE_S, 0.1), self.said

    def leave(self):
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE_S)


def watched_s(rows):
    return sum(row.end_s - row.start_s for row in rows if row.state == FastState.WATCHED)


@contextmanager
def watching(folder, *arguments, stdin=""):
    watch = Watching(folder, *arguments, stdin=stdin)
    try:
        yield watch
    finally:
        watch.process.kill()
        watch.process.wait()


def of_processes(watch):
    """What anybody on this machine sees of the watch and its cameras' processes."""
    shown = b""
    for pid in [watch.process.pid, *children(watch.process.pid)]:
        shown += Path(f"/proc/{pid}/cmdline").read_bytes()
    return shown


def written(folder, *left_out):
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file() and path not in left_out)


def test_its_password_is_shown_nowhere_and_after_a_kill_exactly_the_gap_is_missing(cameras, tmp_path):
    url, name = cameras.url("/one"), cameras.address
    with watching(tmp_path, url, "--json") as watch:
        watch.until(lambda: watch.watched_s(name) > 0)
        shown, readers = of_processes(watch), children(watch.process.pid)
        assert b"hunter2" not in shown
        assert name.encode() in shown
        watch.process.kill()
        watch.process.wait()
        assert until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in readers), PATIENCE_S)
    before = watch.coverage(name)
    events = watch.read(Events(where=Filter(streams=(name,)), limit=ALL))
    with watching(tmp_path, "-", "--json", stdin=url + "\n") as again:
        again.until(lambda: again.watched_s(name) > watched_s(before))
        assert again.leave() == 0
    rows = again.coverage(name)
    assert [(a.end_s, b.start_s, a.state, b.state) for a, b in pairwise(rows) if a.end_s != b.start_s] == []
    (gap,) = [row for row in rows if row.state == FastState.NOT_RUNNING]
    assert gap.start_s == pytest.approx(before[-1].end_s, abs=0.3)
    assert rows[0].start == before[0].start
    after = again.read(Events(where=Filter(streams=(name,)), limit=ALL))
    told = [(one.type, one.start_s, one.tracks) for one in after]
    assert len(told) == len(set(told))
    assert {one.id for one in events} <= {one.id for one in after}
    (stream,) = again.read(Streams(names=(name,)))
    assert (stream.kind, stream.uri, stream.start_from) == ("live", name, "clock")
    out, err = again.said
    assert all(json.loads(line)["stream"] == name for line in out.splitlines())
    assert name in err
    assert b"hunter2" not in written(tmp_path)


def test_settings_are_changed_while_it_runs_and_only_what_changed_is_started_again(cameras, tmp_path, capsys):
    streams = [{"name": path, "source": cameras.url(f"/{path}")} for path in ("one", "two")]
    file = tmp_path / "vidette.yml"
    file.write_text(yaml.safe_dump({"streams": streams}))
    with watching(tmp_path, "-q") as watch:
        watch.until(lambda: watch.watched_s("one") > 0 and watch.watched_s("two") > 0)
        before = set(children(watch.process.pid))
        file.write_text(yaml.safe_dump({"streams": [streams[0], {**streams[1], "sample": "fast"}]}))
        watch.until(lambda: "settings not taken" in watch.said[1])
        assert "vidette.yml:" in watch.said[1]
        assert set(children(watch.process.pid)) == before
        streams[1]["sample"] = "2"
        file.write_text(yaml.safe_dump({"streams": streams}))
        assert cli.main(["reload", "--db", str(watch.db), "--config", str(file)]) == 0
        assert "taken by process" in capsys.readouterr().out
        watch.until(lambda: len(set(children(watch.process.pid)) - before) == 1)
        assert len(before & set(children(watch.process.pid))) == 1
        seen = watch.watched_s("two")
        watch.until(lambda: watch.watched_s("two") > seen)
        assert watch.leave() == 0
    states = {row.state for row in watch.coverage("one")}
    assert FastState.WATCHED in states
    assert not states & {FastState.NOT_RUNNING, FastState.FAILED}  # a busy machine may leave some out
    assert b"hunter2" not in written(tmp_path, file)
