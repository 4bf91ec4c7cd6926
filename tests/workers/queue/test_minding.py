"""Processes of a worker: begun again when they die, ended together, none left behind."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from workers.queue import minding
from workers.queue.minding import mind
from workers.queue.serving import Service

WAIT_S = 60.0
# Says its queue and process id, then sleeps; what it is told in other words it does. `ingest` takes a while to end.
ACTOR = """
import json, os, signal, sys, time
said = json.loads(sys.stdin.readline())
queue, folder = said["queue"], sys.argv[1]
if queue == "usage" or "unusable" in said["said"]:
    sys.exit(2)
def slowly(*_):
    time.sleep(0.5)
    pid = int(open(os.path.join(folder, "settle")).read())
    os.kill(pid, 0)
    open(os.path.join(folder, "settle-was-there"), "w").close()
    sys.exit(0)
on_term = {"deaf": signal.SIG_IGN, "ingest": slowly}.get(queue, lambda *_: sys.exit(0))
signal.signal(signal.SIGTERM, on_term)
signal.signal(signal.SIGQUIT, lambda *_: sys.exit(3))
with open(os.path.join(folder, queue), "a") as told:
    told.write(f"{os.getpid()}\\n")
while True:
    time.sleep(0.05)
"""


def until(condition):
    deadline = time.monotonic() + WAIT_S
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.02)
    return found


def service(queue, **said):
    return Service(parent=os.getpid(), said=said, queue=queue, pool="solo", concurrency=1, name="n")


@contextmanager
def minding_(*services, command, patience_s=WAIT_S):
    """They are minded in a thread; -> what takes changes. All end well afterwards."""
    stop, codes, changes = threading.Event(), [], minding.Changes()
    thread = threading.Thread(
        target=lambda: codes.append(mind(services, stop, command=command, changes=changes)), daemon=True
    )
    thread.start()
    try:
        yield changes
    finally:
        stop.set()
        thread.join(patience_s)
    assert codes == [0]


@pytest.fixture
def command(tmp_path):
    return (sys.executable, "-c", ACTOR, str(tmp_path))


def begun(folder: Path, queue: str) -> list[int]:
    """The process ids that a queue had."""
    file = folder / queue
    return [int(one) for one in file.read_text().split()] if file.exists() else []


def test_one_that_dies_is_begun_again_and_all_end_with_the_wish_to_stop(tmp_path, command):
    stop, codes = threading.Event(), []
    minding = threading.Thread(target=lambda: codes.append(mind([service("a"), service("b")], stop, command=command)))
    minding.start()
    first = until(lambda: begun(tmp_path, "a"))[0]
    until(lambda: begun(tmp_path, "b"))
    os.kill(first, signal.SIGKILL)
    second = until(lambda: begun(tmp_path, "a")[1:])[0]
    stop.set()
    minding.join(WAIT_S)
    assert codes == [0]
    assert len(begun(tmp_path, "b")) == 1
    assert not any(psutil.pid_exists(one) for one in (second, *begun(tmp_path, "b")))


def test_those_that_watch_end_first_while_the_others_settle_what_they_hand_over(tmp_path, command):
    stop, codes = threading.Event(), []
    ours = [service("settle"), service("ingest")]
    minding = threading.Thread(target=lambda: codes.append(mind(ours, stop, command=command)))
    minding.start()
    until(lambda: begun(tmp_path, "settle") and begun(tmp_path, "ingest"))
    stop.set()
    minding.join(WAIT_S)
    assert codes == [0]
    assert (tmp_path / "settle-was-there").exists()


def test_one_whose_settings_cannot_be_used_ends_all_with_its_code(tmp_path, command):
    assert mind([service("a"), service("usage")], threading.Event(), command=command) == 2
    assert not any(psutil.pid_exists(one) for one in begun(tmp_path, "a"))


def test_a_second_wish_to_stop_drops_what_they_do(tmp_path, command):
    """In a process of its own: signals are the main thread's."""
    told = (
        "import sys, os, json\n"
        "from app.stopping import stop_on_signals\n"
        "from workers.queue.minding import mind\n"
        "from workers.queue.serving import Service\n"
        "one = Service(parent=os.getpid(), said={}, queue='deaf', pool='solo', concurrency=1, name='n')\n"
        "with stop_on_signals() as stop:\n"
        "    sys.exit(mind([one], stop, command=json.loads(sys.argv[1])))\n"
    )

    with subprocess.Popen([sys.executable, "-c", told, json.dumps(command)]) as process:
        (deaf,) = until(lambda: begun(tmp_path, "deaf"))
        process.send_signal(signal.SIGTERM)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1.0)
        process.send_signal(signal.SIGTERM)
        assert process.wait(WAIT_S) == 3
    assert not psutil.pid_exists(deaf)


def alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_with_other_settings_it_ends_and_is_begun_anew(tmp_path, command):
    with minding_(service("a", log="info"), service("b"), command=command) as changes:
        first = until(lambda: begun(tmp_path, "a"))[0]
        until(lambda: begun(tmp_path, "b"))
        changes.put([service("a", log="debug"), service("b")])
        second = until(lambda: begun(tmp_path, "a")[1:])[0]
        until(lambda: not alive(first))
        changes.put([service("a", log="debug"), service("b")])
        changes.put([service("a", log="error"), service("b")])
        until(lambda: len(begun(tmp_path, "a")) == 3)
        assert not alive(second)
    assert len(begun(tmp_path, "b")) == 1


def test_who_watches_leaves_only_once_another_one_is_there(tmp_path, command, monkeypatch):
    monkeypatch.setattr(minding, "_WARM_S", 0.3)
    with minding_(service("settle"), service("ingest"), command=command) as changes:
        until(lambda: begun(tmp_path, "settle"))
        first = until(lambda: begun(tmp_path, "ingest"))[0]
        changes.put([service("settle"), service("ingest", mask="door")])
        second = until(lambda: begun(tmp_path, "ingest")[1:])[0]
        assert alive(first)
        until(lambda: not alive(first))
        changes.put([service("settle"), service("ingest", mask="all")])
        until(lambda: len(begun(tmp_path, "ingest")) == 3)
        until(lambda: not alive(second))
        third = begun(tmp_path, "ingest")[2]
        os.kill(third, signal.SIGKILL)
        until(lambda: len(begun(tmp_path, "ingest")) == 4)
    assert len(begun(tmp_path, "ingest")) == 4


def test_where_the_other_one_cannot_use_its_settings_the_one_before_stays(tmp_path, command, caplog):
    with minding_(service("settle"), service("ingest"), command=command) as changes:
        until(lambda: begun(tmp_path, "settle"))
        (first,) = until(lambda: begun(tmp_path, "ingest"))
        changes.put([service("settle"), service("ingest", unusable=True)])
        until(lambda: "those before stay" in caplog.text)
        assert alive(first)
