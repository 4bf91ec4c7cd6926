"""A running watch takes changed settings."""

import json
import os
import signal
import time
from threading import Event

import pytest

from app import cli
from app.reloading import SIGNAL, Reloading, stamp
from app.running import Notice, running
from vidette.errors import ConfigError, StoreError

PATIENCE_S = 30.0


def until(condition):
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_watch_is_known_while_it_runs(tmp_path):
    db = tmp_path / "v.db"
    assert list(running(db)) == []
    with Notice(db, "/etc/vidette.yml") as notice:
        (one,) = running(db)
        assert (one.pid, one.config, one.reloads) == (os.getpid(), "/etc/vidette.yml", 0)
        notice.reloaded("vidette.yml:3: " + "x" * 5000)
        notice.reloaded()
        (one,) = running(db)
        assert (one.reloads, one.refused) == (2, "")
    assert list(running(db)) == []


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1, "surprise": 2}', "{}"])
def test_what_a_killed_watch_left_is_removed_and_what_is_none_is_passed_over(tmp_path, text):
    folder = tmp_path / "v.db.locks"
    folder.mkdir()
    (folder / "watch-77.json").write_text(text)
    assert list(running(tmp_path / "v.db")) == []
    assert not (folder / "watch-77.json").exists()


def test_a_folder_that_cannot_be_is_an_error(tmp_path):
    (tmp_path / "v.db.locks").write_text("a file")
    with pytest.raises(StoreError, match=r"v\.db\.locks"):
        Notice(tmp_path / "v.db").__enter__()


class Reloads:
    """What a watch does when it is asked to reload; `fault` is what is wrong with its settings."""

    def __init__(self):
        self.times, self.fault = 0, None

    def __call__(self):
        self.times += 1
        if self.fault is not None:
            raise self.fault


def test_a_changed_file_is_taken_once(tmp_path, monkeypatch):
    monkeypatch.setattr("app.reloading.POLL_S", 0.02)
    file, reloads = tmp_path / "vidette.yml", Reloads()
    with Notice(tmp_path / "v.db") as notice, Reloading([file], reloads, notice):
        file.write_text("sample: '1'")
        until(lambda: notice.watching.reloads == 1)
        before = stamp([file])
        os.utime(file, ns=(1, 1))
        assert stamp([file]) != before
        until(lambda: notice.watching.reloads == 2)
        file.unlink()
        until(lambda: notice.watching.reloads == 3)
    assert reloads.times == 3


@pytest.mark.parametrize("fault", [ConfigError("vidette.yml:3: sample"), ValueError("a fault of ours")])
def test_faulty_settings_are_said_and_the_watch_goes_on(tmp_path, caplog, fault):
    reloads, before = Reloads(), signal.getsignal(SIGNAL)
    with Notice(tmp_path / "v.db") as notice, Reloading([], reloads, notice):
        reloads.fault = fault
        os.kill(os.getpid(), SIGNAL)
        until(lambda: notice.watching.reloads == 1)
        assert str(fault) in notice.watching.refused
        assert "those before stay" in caplog.text
        reloads.fault = None
        os.kill(os.getpid(), SIGNAL)
        until(lambda: notice.watching.reloads == 2)
        assert notice.watching.refused == ""
    assert signal.getsignal(SIGNAL) == before


@pytest.mark.parametrize(("fault", "code", "said"), [(None, 0, "taken by"), (ConfigError("v.yml:3: x"), 2, "v.yml:3")])
def test_the_command_says_what_came_of_it(tmp_path, capsys, fault, code, said):
    reloads = Reloads()
    reloads.fault = fault
    with Notice(tmp_path / "v.db") as notice, Reloading([], reloads, notice):
        assert cli.main(["reload", "--db", str(tmp_path / "v.db")]) == code
    out = capsys.readouterr()
    assert said in out.out + out.err


def test_where_nothing_is_watched_the_command_says_so(tmp_path, capsys):
    assert cli.main(["reload", "--db", str(tmp_path / "v.db")]) == 1
    assert "nothing is watched into" in capsys.readouterr().err


def test_settings_that_are_faulty_already_are_not_even_asked_for(tmp_path, capsys):
    (tmp_path / "bad.yml").write_text("sample: fast\n")
    asked = Event()
    with Notice(tmp_path / "v.db") as notice, Reloading([], asked.set, notice):
        code = cli.main(["reload", "--db", str(tmp_path / "v.db"), "--config", str(tmp_path / "bad.yml")])
    assert (code, asked.is_set()) == (2, False)
    assert "bad.yml:1" in capsys.readouterr().err


def test_the_notice_is_json_of_one_object(tmp_path):
    with Notice(tmp_path / "v.db") as notice:
        notice.reloaded("x" * 500)
        notice.reloaded()
        (file,) = (tmp_path / "v.db.locks").iterdir()
        assert json.loads(file.read_text())["reloads"] == 2
