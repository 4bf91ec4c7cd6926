"""One camera's process, kept running: real processes that do as their names say."""

import errno
import json
import logging
import os
import selectors
import sys
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from ingest.live.backoff import LATER_S, Backoff
from ingest.sources import camera
from vidette.errors import StoreError
from vidette.feeds import Cause
from vidette.models import FastState
from vidette.queries import LastCommit
from workers.cameras.assignment import CRASHED, NOT_NOW, gap_of, job_of
from workers.cameras.child import Child, say, surroundings
from workers.cameras.live import BUSY_S, Supervisor, hear
from workers.cameras.messages import Network
from workers.streams import stream_of

PATIENCE_S = 60.0
SCRIPT = Path(__file__).with_name("scripted_camera.py")
SCRIPTED = partial(Child, command=(sys.executable, str(SCRIPT)))


@pytest.fixture
def kept(memory):
    """`kept("good")`: a supervisor of a scripted process, and what goes with it; all ended afterwards."""
    with ExitStack() as ends:

        def make(name: str, **how) -> "Kept":
            pipeline = memory(media=str(how.pop("folder")))
            selector = ends.enter_context(selectors.DefaultSelector())
            made = Kept(pipeline, name, selector, **how)
            ends.callback(made.supervisor.kill)
            return made

        yield make


class Kept:
    def __init__(self, pipeline, name, selector, **how):
        self.pipeline, self.selector = pipeline, selector
        self.stream = stream_of(camera(name, "rtsp://camera/1"), pipeline.settings)
        self.folder = Path(pipeline.settings.media)
        self.whys = []
        how = {"backoff": Backoff(share=lambda: 0.5), "child": SCRIPTED, **how}
        self.supervisor = Supervisor(name, self.job, selector, **how)

    def job(self, why):
        self.whys.append(why)
        return job_of(self.pipeline, self.stream, self.pipeline.store.open_stream(self.stream), why)

    def until(self, condition, settle=True):
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline, "it did not come to that"
            hear(self.selector, 0.02)
            while settle and self.supervisor.heard:
                self.pipeline.store.settle(self.supervisor.heard.popleft())
            self.supervisor.tick()

    def settled(self) -> int:
        commit = self.pipeline.store.read(LastCommit(stream_id=self.stream.id))
        return commit.sequence if commit else -1

    def told(self):
        return [json.loads(line) for line in (self.folder / f"{self.stream.name}.told").read_text().splitlines()]


def test_a_process_is_heard_and_leaves_when_it_is_retired(kept, tmp_path):
    one = kept("good", folder=tmp_path)
    one.until(lambda: one.settled() >= 3)
    pid = one.supervisor.pid
    assert one.supervisor.state == "running"
    assert one.supervisor.feed.fps == 25.0
    before = one.settled()
    one.supervisor.retire()
    one.until(lambda: one.supervisor.quiet)
    assert one.settled() > before  # it told what it had
    assert one.supervisor.state == "off"
    assert one.supervisor.restarts == 0
    assert not Path(f"/proc/{pid}").exists()


@pytest.mark.parametrize("how", ["crash", "hang"])
def test_one_that_dies_or_hangs_is_started_again_and_told_of_the_gap(kept, tmp_path, how):
    one = kept(how, folder=tmp_path, silent_s=1.0)
    one.until(lambda: one.supervisor.restarts == 1)
    one.until(lambda: one.settled() >= 6)
    assert one.whys == [None, CRASHED]
    jobs = [row for row in one.told() if row[0] == "job"]
    assert [row[1] for row in jobs] == [None, [FastState.FAILED, Cause.CRASHED]]
    assert jobs[0][2] != jobs[1][2]
    assert not Path(f"/proc/{jobs[0][2]}").exists()


def test_a_process_that_never_says_anything_is_ended(kept, tmp_path, caplog):
    one = kept("mute", folder=tmp_path, first_s=1.0)
    one.until(lambda: one.supervisor.restarts >= 2)
    assert "said nothing for" in caplog.text


def test_one_that_has_much_to_do_is_left_to_it(kept, tmp_path):
    one = kept("busy", folder=tmp_path, silent_s=0.5)
    one.until(lambda: one.settled() >= 6)
    assert one.supervisor.restarts == 0


def test_one_that_talks_nonsense_is_ended(kept, tmp_path, caplog):
    one = kept("garbage", folder=tmp_path)
    one.until(lambda: one.supervisor.restarts >= 1)
    assert "is not understood" in caplog.text


def test_what_is_not_wanted_now_does_not_run_and_the_gap_says_so(kept, tmp_path):
    wanted = [True]
    one = kept("good", folder=tmp_path, wanted=lambda: wanted[0])
    one.until(lambda: one.settled() >= 2)
    wanted[0] = False
    one.until(lambda: one.supervisor.state == "off")
    assert one.supervisor.pid is None
    wanted[0] = True
    before = one.settled()
    one.until(lambda: one.settled() > before + 2)
    assert one.whys == [None, NOT_NOW]
    assert one.told()[-1][:2] == ["job", [FastState.NOT_RUNNING, Cause.SCHEDULE]]


def test_commands_arrive_after_a_job_that_is_larger_than_a_pipe(kept, tmp_path):
    one = kept("good", folder=tmp_path)
    one.until(lambda: one.settled() >= 1)
    one.supervisor.retire()
    one.until(lambda: one.supervisor.quiet)
    with one.pipeline.store._database.write() as connection:  # a carry as large as they come
        connection.execute("UPDATE commits SET carry = ?", (os.urandom(600_000),))
    again = kept("good", folder=tmp_path)
    again.until(lambda: again.supervisor.pid is not None)
    again.supervisor.order(Network(lost=True))
    again.until(lambda: ["command", {"lost": True, "kind": "network"}] in again.told())


def test_while_it_is_held_nothing_is_read_and_nothing_is_lost(kept, tmp_path):
    one = kept("good", folder=tmp_path)
    one.until(lambda: one.settled() >= 1)
    one.supervisor.hold(held=True)
    one.until(lambda: not one.supervisor.heard)
    held = one.settled()
    for _ in range(10):
        hear(one.selector, 0.02)
    assert not one.supervisor.heard
    one.supervisor.hold(held=False)
    one.until(lambda: one.settled() > held + 3)
    assert one.supervisor.restarts == 0


def test_one_that_is_held_for_long_does_not_hang(kept, tmp_path):
    now = [0.0]
    one = kept("good", folder=tmp_path, clock=lambda: now[0])
    one.until(lambda: one.settled() >= 1)
    pid = one.supervisor.pid
    one.supervisor.hold(held=True)
    for _ in range(3):
        now[0] += 2 * BUSY_S
        one.supervisor.tick()
    assert (one.supervisor.pid, one.supervisor.restarts) == (pid, 0)
    one.until(lambda: not one.supervisor.heard)
    held = one.settled()
    one.supervisor.hold(held=False)
    one.until(lambda: one.settled() > held + 3)
    assert (one.supervisor.pid, one.supervisor.restarts) == (pid, 0)


def test_one_that_was_held_for_long_has_time_to_speak_and_hangs_after_that(kept, tmp_path, caplog):
    now = [0.0]
    one = kept("hang", folder=tmp_path, clock=lambda: now[0])
    one.until(lambda: one.settled() >= 2)
    one.supervisor.hold(held=True)
    now[0] += 2 * BUSY_S
    one.supervisor.hold(held=False)
    one.supervisor.tick()
    assert one.supervisor.restarts == 0
    now[0] += 2 * BUSY_S
    one.supervisor.tick()
    assert one.supervisor.restarts == 1
    assert "said nothing for 120 s" in caplog.text


def test_one_that_is_held_leaves_in_time(kept, tmp_path, caplog):
    now = [0.0]
    one = kept("good", folder=tmp_path, clock=lambda: now[0])
    one.until(lambda: one.settled() >= 1)
    one.supervisor.hold(held=True)
    one.supervisor.retire()
    now[0] += 2 * BUSY_S
    one.until(lambda: one.supervisor.state == "off")
    assert one.supervisor.pid is None
    assert "did not leave within" in caplog.text


def test_a_process_waits_for_memory(memory, tmp_path, caplog):
    tries = []

    def job(_why):
        tries.append(1)
        raise StoreError("memory is locked", retryable=True)

    with selectors.DefaultSelector() as selector:
        supervisor = Supervisor("good", job, selector, backoff=Backoff(share=lambda: 0.0))
        deadline = time.monotonic() + PATIENCE_S
        while len(tries) < 2:
            assert time.monotonic() < deadline
            supervisor.tick()
    assert supervisor.state == "waiting"
    assert "waits for memory" in caplog.text


@pytest.mark.parametrize("fault", [errno.EAGAIN, errno.ENOMEM, errno.EMFILE])
def test_a_process_that_cannot_be_started_is_started_later(kept, tmp_path, caplog, fault):
    now, faults = [0.0], [OSError(fault, os.strerror(fault))] * 2

    def child(*given):
        if faults:
            raise faults.pop()
        return SCRIPTED(*given)

    one = kept("good", folder=tmp_path, child=child, clock=lambda: now[0])
    one.supervisor.tick()
    one.supervisor.tick()  # not due yet
    assert (one.supervisor.state, one.supervisor.pid, len(faults)) == ("waiting", None, 1)
    assert f"cannot be started: [Errno {fault}]" in caplog.text
    for _ in range(2):
        now[0] += LATER_S
        one.supervisor.tick()
    assert (one.supervisor.state, faults) == ("starting", [])
    one.until(lambda: one.settled() >= 1)
    assert one.supervisor.restarts == 0


def test_its_log_is_ours_and_has_no_secrets(kept, tmp_path, caplog, monkeypatch):
    monkeypatch.setenv("CAMERA_PASSWORD", "swordfish")
    caplog.set_level(logging.INFO)
    one = kept("secret", folder=tmp_path)
    one.until(lambda: one.settled() >= 1 and "PATH" in caplog.text)
    assert "secret: cannot open rtsp://***@camera/1" in caplog.text
    assert "hunter2" not in caplog.text
    assert "CAMERA_PASSWORD" not in caplog.text


def test_log_lines_of_a_process_keep_their_level(caplog):
    caplog.set_level(logging.INFO)
    say("door", '{"level": "info", "logger": "ingest", "message": "connected"}')
    say("door", "Traceback (most recent call last):")
    say("door", '{"level": 3, "logger": "ingest"}')
    assert [(one.levelname, one.getMessage()) for one in caplog.records] == [
        ("INFO", "door: ingest connected"),
        ("WARNING", "door: Traceback (most recent call last):"),
        ("WARNING", 'door: {"level": 3, "logger": "ingest"}'),
    ]


def test_a_process_is_told_where_things_are_and_nothing_else():
    told = surroundings({"PATH": "/bin", "LC_ALL": "C", "VIDETTE_DB": "x", "CAM": "y", "PYTHONPATH": "z"})
    assert told == {"PATH": "/bin", "LC_ALL": "C", "PYTHONPATH": "z"}


def test_without_a_commit_there_is_no_gap():
    assert gap_of(CRASHED, None) is None
    assert gap_of(None, 3.0) is None
    assert gap_of(CRASHED, 3.0).since_s == 3.0
