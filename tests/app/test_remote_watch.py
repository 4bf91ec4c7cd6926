"""`vidette watch` where there is a broker: workers watch, and it looks as always."""

import json
import os
import shutil
import signal
import threading
import time
from contextlib import contextmanager

import pytest

from app import cli
from tests.redis_server import emptied
from tests.working import working
from vidette.errors import SourceError
from vidette.settings import Settings
from workers import flow
from workers.queue.routing import QUEUES
from workers.shared.places import Place
from workers.shared.presence import Presence, counted, workers
from workers.shared.process import broker_of, leases_of
from workers.shared.registry import Registry
from workers.watches import listening
from workers.wiring import pipeline_of

WAIT_S = 60
CAMERA = "rtsp://127.0.0.1:9/nobody"  # the discard port: nobody answers


def run(capsys, *args, code=0):
    """Run a command line here; -> what it wrote to stdout and stderr."""
    assert cli.main([str(arg) for arg in args]) == code
    return capsys.readouterr()


@pytest.fixture
def settings(tmp_path, monkeypatch):
    """Those of workers and of the command line: `vidette.yml` here names them."""
    monkeypatch.chdir(tmp_path)
    with emptied() as redis:
        (tmp_path / "vidette.yml").write_text(f"broker: {redis.url}\ndb: v.db\ntz: UTC\n")
        yield Settings(broker=redis.url, db="v.db", tz="UTC")


@contextmanager
def at_work(settings):
    pipeline = pipeline_of(settings)
    with working(pipeline, *QUEUES):
        yield
    pipeline.close()


def until(condition):
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@contextmanager
def stopped_once(condition):
    """Ctrl-C for this process once that is so."""

    def wait():
        deadline = time.monotonic() + WAIT_S
        while not condition() and time.monotonic() < deadline:
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=wait)
    thread.start()
    yield
    thread.join()


def test_it_shows_and_remembers_what_a_watch_in_one_process_does(settings, street, tmp_path, capsys):
    alone = tmp_path / "alone"
    alone.mkdir()
    (alone / "none.yml").write_text("tz: UTC\n")
    run(capsys, "watch", street, "--db", alone / "v.db", "--config", alone / "none.yml", "-q")
    events = run(capsys, "events", "--db", alone / "v.db", "--json").out
    with at_work(settings):
        said = run(capsys, "watch", street)
        assert "street_2026-05-01_12-00-00-" in said.out
        assert "vidette events --db v.db" in said.out
        assert "0:14.0 / 0:14.0" in said.err
        assert run(capsys, "events", "--json").out == events
        assert "--again watches it anew" in run(capsys, "watch", street).err
        told = run(capsys, "watch", street, "--again", "--json", "-q").out
    ids = {json.loads(one)["id"] for one in events.splitlines()}
    assert {json.loads(one)["id"] for one in told.splitlines()} == ids


def test_what_cannot_be_watched_is_said_and_the_rest_is(settings, street, tmp_path, capsys):
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"no video")
    with at_work(settings):
        said = run(capsys, "watch", street, bad, code=1)
    assert "failed:" in said.err
    assert "bad.mp4" in said.err
    assert "watched" in said.out


def test_workers_are_told_whole_paths(settings, street, tmp_path, capsys):
    shutil.copy(street, tmp_path / "mine.mp4")
    with at_work(settings):
        run(capsys, "watch", "mine.mp4")
    (wanted,) = Registry(broker_of(settings)).all()
    assert wanted.job.spec.paths == (tmp_path / "mine.mp4",)


def test_a_file_that_workers_do_not_see_is_told_apart_from_one_that_is_gone(settings, street, capsys, monkeypatch):
    def unseen(paths, **_):
        raise SourceError(f"no such file: {str(paths[0])!r}; check the path")

    monkeypatch.setattr(flow, "open_source", unseen)
    with at_work(settings):
        error = run(capsys, "watch", street, code=1).err
    assert "check the path: it is there here, but not for the worker; workers need files under the same paths" in error
    done = counted(broker_of(settings), ["ingest"])["ingest"]
    assert (done.failed, done.done) == (1, 0)


def test_workers_with_another_memory_are_refused(settings, street, capsys):
    other = Place(mark="file 1:2", name="/far/v.db")
    with Presence(broker_of(settings), name="far", queues=("settle",), pool="solo", memory=other):
        until(lambda: workers(broker_of(settings)))
        error = run(capsys, "watch", street, code=2).err
    assert error.startswith("error: worker far has memory '/far/v.db', this command has '")
    assert Registry(broker_of(settings)).all() == []


def test_ctrl_c_has_a_camera_let_go(settings, capsys):
    broker = broker_of(settings)
    leases, registry = leases_of(settings), Registry(broker)
    with at_work(settings), stopped_once(leases.rows):
        said = run(capsys, "watch", CAMERA, "--name", "door")
    (wanted,) = registry.all()
    assert (wanted.name, wanted.job.spec.url, wanted.state) == ("door", CAMERA, "done")
    assert leases.rows() == []
    assert "door" in said.out


def test_where_no_worker_listens_it_is_said_and_ctrl_c_ends(settings, street, capsys, caplog, monkeypatch):
    monkeypatch.setattr(listening, "PATIENCE_S", 0.2)
    with stopped_once(lambda: "no worker takes" in caplog.text):
        said = run(capsys, "watch", street)
    assert "no worker takes `ingest`; start one: vidette worker --queues ingest" in said.err
    (wanted,) = Registry(broker_of(settings)).all()
    assert wanted.state == "stopping"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--sample", "2"], "--sample: workers go by their own settings"),
        (["--vlm", "none"], "--vlm: workers go by their own settings"),
        (["--metrics", "9000"], "--metrics: workers go by their own settings"),
    ],
)
def test_options_that_do_not_reach_workers_are_refused(settings, street, capsys, arguments, said):
    assert said in run(capsys, "watch", street, *arguments, code=2).err


def test_passwords_on_the_command_line_are_refused_and_not_shown(settings, capsys):
    error = run(capsys, "watch", "rtsp://me:secret@127.0.0.1:9/nobody", code=2).err
    assert "does not travel" in error
    assert "secret" not in error


def test_a_broker_that_is_away_is_one_line(tmp_path, monkeypatch, street, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "vidette.yml").write_text("broker: redis://127.0.0.1:9/0\ndb: v.db\n")
    error = run(capsys, "watch", street, code=1).err
    assert "broker 'redis://127.0.0.1:9/0'" in error
    assert error.count("\n") == 1
