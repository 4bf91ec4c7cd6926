"""All cameras at once: real processes that do as their names say, one thread that settles."""

import json
import os
import signal
import sqlite3
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from queue import SimpleQueue
from threading import Event

import pytest

from tests.workers.cameras.fleets import PATIENCE_S, SCRIPT, SCRIPTED, changed, specs
from vidette.feeds import CAUSES, Cause
from vidette.models import EventType, FastState, State
from vidette.queries import LastCommit
from workers.cameras.fleet import Fleet
from workers.cameras.heap import Heap
from workers.inline import watch_sources
from workers.streams import stream_of


def gapless(rows):
    return all(a.end_s == b.start_s for a, b in pairwise(rows))


def test_what_is_free_goes_back_while_cameras_are_watched(fleet, monkeypatch):
    given = []
    monkeypatch.setattr("workers.cameras.fleet.Heap", partial(Heap, 0.0, back=lambda: bool(given.append(1))))
    run = fleet("yard")
    run.until(lambda: run.settled("yard") > 3)
    assert given


def test_cameras_are_watched_until_told_to_stop_and_all_is_committed(fleet):
    run = fleet("good-1", "good-2")
    run.until(lambda: min(run.settled("good-1"), run.settled("good-2")) >= 3)
    pids = run.pids()
    run.end()
    assert [(one.stream, one.status, one.live) for one in run.outcomes] == [
        ("good-1", "watched", True),
        ("good-2", "watched", True),
    ]
    assert run.nudges
    assert run.told[-1].feed.fps == 25.0
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids.values())
    for name in ("good-1", "good-2"):
        (row,) = run.coverage(name)
        assert row.state == FastState.WATCHED


def test_a_crash_costs_one_camera_and_its_ledger_says_so(fleet):
    run = fleet("crash", "good")
    run.until(lambda: run.settled("crash") >= 6)
    run.end()
    (row,) = run.coverage("good")
    assert row.state == FastState.WATCHED
    rows = run.coverage("crash")
    assert gapless(rows)
    failed = [row for row in rows if row.state == FastState.FAILED]
    assert [row.reason for row in failed] == [CAUSES[Cause.CRASHED]]
    assert run.fleet.pipeline.store.read(LastCommit(stream_id=specs("good")[0].stream_id)).sequence > 3


def test_one_that_another_process_watches_stops_no_other(fleet, memory, tmp_path):
    other = memory(media=str(tmp_path))
    with other.lock(specs("good-1")[0].stream_id):
        run = fleet("good-1", "good-2")
        run.until(lambda: run.settled("good-2") >= 1)
        run.end()
    one, two = sorted(run.outcomes, key=lambda outcome: outcome.stream)
    assert (one.status, two.status) == ("failed", "watched")
    assert "already being watched" in one.error


def test_a_file_of_that_name_is_no_camera(fleet, memory, tmp_path, clip, spec_of):
    pipeline = memory(media=str(tmp_path))
    pipeline.store.open_stream(stream_of(spec_of(clip, "good"), pipeline.settings))
    run = fleet("good", "good-2")
    run.until(lambda: run.settled("good-2") >= 1)
    run.end()
    assert "is a file in this memory" in next(one.error for one in run.outcomes if one.stream == "good")


def test_watched_again_it_goes_on_from_where_it_was_and_its_time_from_its_first_start(fleet):
    run = fleet("good")
    run.until(lambda: run.settled("good") >= 2)
    run.end()
    before, commit = run.coverage("good"), run.settled("good")
    again = fleet("good")
    again.until(lambda: again.settled("good") >= commit + 2)
    again.end()
    rows = again.coverage("good")
    assert rows[0].start == before[0].start
    assert (rows[-1].end - rows[0].start).total_seconds() == pytest.approx(rows[-1].end_s - rows[0].start_s, abs=0.01)


def test_memory_that_is_locked_is_waited_for_and_nothing_is_lost(fleet, tmp_path, caplog, monkeypatch):
    monkeypatch.setattr("graph.connection.BUSY_S", 0.1)
    run = fleet("good")
    run.until(lambda: run.settled("good") >= 2)
    before = run.settled("good")
    with sqlite3.connect(tmp_path / "vidette.db", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        run.until(lambda: "tried again in" in caplog.text)
        assert run.settled("good") == before or run.settled("good") == before + 1
        other.execute("ROLLBACK")
    other.close()
    run.until(lambda: run.settled("good") >= before + 6)
    run.end()
    assert [row.state for row in run.coverage("good")] == [FastState.WATCHED]
    assert run.fleet.pipeline.settings.media
    assert len([row for row in run.notes("good") if row[0] == "job"]) == 1  # the process went on


def cut(run, *names):
    """Have these lost at once, now that all of them run."""
    run.until(lambda: all(run.settled(name) >= 1 for name in names))
    (run.folder / "cut").touch()


def test_many_lost_at_once_are_one_event_and_each_camera_is_told(fleet):
    run = fleet("lost-1", "lost-2", "lost-3", "good")
    cut(run, "lost-1", "lost-2", "lost-3", "good")
    run.until(lambda: run.events() and run.events()[0].state == State.OPEN)
    (event,) = run.events()
    assert event.type == EventType.HOST_OFFLINE
    assert "3 of 4 cameras" in event.caption
    told = ["command", {"lost": True, "kind": "network"}]
    run.until(lambda: all(told in run.notes(name) for name in ("lost-1", "lost-2", "lost-3", "good")))
    (run.folder / "found").touch()
    run.until(lambda: run.events()[0].state == State.CLOSED)
    run.until(lambda: ["command", {"lost": False, "kind": "network"}] in run.notes("lost-1"))
    run.end()
    assert len(run.events()) == 1


def test_what_cannot_be_settled_stops_no_other_camera(fleet, monkeypatch, caplog):
    from workers.cameras import settling

    real, faults = settling.step, []

    def step(pipeline, job):
        if job.observation.stream_id == specs("good-1")[0].stream_id and job.observation.sequence == 2 and not faults:
            faults.append(1)
            raise ValueError("a fault of ours")
        return real(pipeline, job)

    monkeypatch.setattr(settling, "step", step)
    run = fleet("good-1", "good-2")
    run.until(lambda: run.settled("good-1") >= 6 and run.settled("good-2") >= 6)
    run.end()
    assert "cannot be settled" in caplog.text
    assert gapless(run.coverage("good-1"))
    assert [row.state for row in run.coverage("good-2")] == [FastState.WATCHED]


def test_what_a_killed_watch_left_open_ends(fleet, memory, tmp_path):
    run = fleet("lost-1", "lost-2", "lost-3")
    cut(run, "lost-1", "lost-2", "lost-3")
    run.until(lambda: run.events() and run.events()[0].state == State.OPEN)
    run.end()
    (tmp_path / "found").touch()
    again = fleet("good")
    again.until(lambda: again.events()[0].state == State.CLOSED)


def test_out_of_hours_nothing_runs_and_the_ledger_says_why(fleet, monkeypatch):
    run = fleet("good")
    run.until(lambda: run.settled("good") >= 2)
    run.end()
    begin = datetime.now(UTC) - timedelta(hours=3)
    active = {"from": begin.strftime("%H:%M"), "to": (begin + timedelta(hours=1)).strftime("%H:%M"), "tz": "UTC"}
    off = fleet("good", streams=[{"name": "good", "active": active}])
    sequence = off.settled("good")
    off.until(lambda: off.settled("good") == sequence + 1)
    off.end()
    assert off.pids() == {}
    assert len([row for row in off.notes("good") if row[0] == "job"]) == 1
    rows = off.coverage("good")
    assert gapless(rows)
    assert (rows[-1].state, rows[-1].reason) == (FastState.NOT_RUNNING, CAUSES[Cause.SCHEDULE])
    assert off.told[-1].feed.state == "waiting"


def test_a_change_restarts_what_changed_and_nothing_else(fleet):
    changes = SimpleQueue()
    run = fleet("good-1", "good-2", "good-3", changes=changes)
    run.until(lambda: all(run.settled(name) >= 1 for name in ("good-1", "good-2", "good-3")))
    before = run.pids()
    changed_streams = [{"name": "good-2", "sample": "2"}]
    changes.put(changed(run.pipeline, "good-1", "good-2", "good-4", streams=changed_streams))
    run.until(lambda: run.settled("good-4") >= 1 and "good-3" not in run.pids())
    run.until(lambda: run.pids()["good-2"] not in {None, before["good-2"]})
    after = run.pids()
    assert after.keys() == {"good-1", "good-2", "good-4"}
    assert after["good-1"] == before["good-1"]
    assert not Path(f"/proc/{before['good-3']}").exists()
    run.end()
    assert {one.stream for one in run.outcomes} == {"good-1", "good-2", "good-3", "good-4"}


def test_rules_are_changed_and_no_process_is_restarted(fleet):
    changes = SimpleQueue()
    run = fleet("lost-1", "lost-2", "lost-3", changes=changes)
    run.until(lambda: run.settled("lost-1") >= 1 and all(run.pids().values()))
    before = run.pids()
    rules = [{"id": "net", "when": {"event": "host_offline"}}]
    changes.put(changed(run.pipeline, "lost-1", "lost-2", "lost-3", rules=rules))
    run.until(lambda: run.fleet.pipeline.judge is not None)
    assert run.pids() == before


def test_all_cameras_may_go_and_others_come(fleet):
    changes = SimpleQueue()
    run = fleet("good-1", changes=changes)
    run.until(lambda: run.settled("good-1") >= 1)
    changes.put(changed(run.pipeline))
    run.until(lambda: run.pids() == {})
    changes.put(changed(run.pipeline, "good-2"))
    run.until(lambda: run.settled("good-2") >= 1)


def test_a_changed_camera_that_comes_back_later_is_the_one_that_is_wanted_last(fleet):
    changes = SimpleQueue()
    run = fleet("good-1", "good-2", changes=changes)
    run.until(lambda: min(run.settled("good-1"), run.settled("good-2")) >= 1)
    for sample in ("1", "2", "3"):
        streams = [{"name": name, "sample": sample} for name in ("good-1", "good-2")]
        changes.put(changed(run.pipeline, "good-1", "good-2", streams=streams))

    def sample(name):
        jobs = [row for row in run.notes(name) if row[0] == "job"]
        return run.pids().get(name) == jobs[-1][2] and jobs[-1][3] == "3"

    run.until(lambda: sample("good-1") and sample("good-2"))


def test_of_changes_that_come_at_once_the_last_holds(fleet):
    changes = SimpleQueue()
    run = fleet("good-1", "good-2", "good-3", changes=changes)
    run.until(lambda: all(run.settled(name) >= 1 for name in ("good-1", "good-2", "good-3")))
    streams = [{"name": name, "sample": "2"} for name in ("good-1", "good-2", "good-3")]
    changes.put(changed(run.pipeline, streams=streams))  # all are to go
    changes.put(changed(run.pipeline, "good-1", "good-2", "good-3", streams=streams))  # and to come back, changed
    changes.put(changed(run.pipeline, "good-1", "good-2", streams=streams))

    def as_wanted():
        jobs = {name: [row for row in run.notes(name) if row[0] == "job"][-1] for name in ("good-1", "good-2")}
        return run.pids() == {name: row[2] for name, row in jobs.items()} and {row[3] for row in jobs.values()} == {"2"}

    run.until(as_wanted)
    run.end()
    assert all(gapless(run.coverage(name)) for name in ("good-1", "good-2", "good-3"))


def test_files_and_cameras_are_watched_together(memory, tmp_path, other_clip, spec_of, monkeypatch):
    monkeypatch.setattr("workers.cameras.fleet.Fleet", partial(Fleet, child=SCRIPTED))
    pipeline, stop = memory(media=str(tmp_path)), Event()

    def told(progress):
        if progress.done and not progress.live:
            stop.set()

    outcomes = watch_sources(pipeline, [*specs("good"), spec_of(other_clip, "gate")], on_progress=told, stop=stop)
    assert [(one.stream, one.status) for one in outcomes] == [("gate", "watched"), ("good", "watched")]


@contextmanager
def _parent(tmp_path, names):
    """A process that runs a fleet; -> it, once its cameras are running."""
    code = (
        "import sys; from pathlib import Path; sys.path[:0] = [sys.argv[2], str(Path(sys.argv[2]).parents[2])]\n"
        "from threading import Event; from fleets import SCRIPTED, specs\n"
        "from vidette.settings import Settings; from workers.cameras.fleet import Fleet; from workers.wiring import pipeline_of\n"
        "folder = sys.argv[1]\n"
        "pipeline = pipeline_of(Settings(db=folder + '/p.db', media=folder))\n"
        "Fleet(pipeline, child=SCRIPTED).run(specs(*sys.argv[3:]), Event())\n"
    )
    import subprocess

    command = [sys.executable, "-c", code, str(tmp_path), str(SCRIPT.parent), *names]
    with subprocess.Popen(command, cwd=SCRIPT.parents[3]) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_no_process_outlives_a_killed_fleet(tmp_path):
    names = ("good", "mute")
    with _parent(tmp_path, names) as process:
        deadline = time.monotonic() + PATIENCE_S
        files = [tmp_path / f"{name}.told" for name in names]
        while not all(file.exists() and file.read_text() for file in files):
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.01)
        pids = [json.loads(file.read_text().splitlines()[0])[2] for file in files]
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        while any(Path(f"/proc/{pid}").exists() for pid in pids):
            assert time.monotonic() < deadline, "a camera's process outlives its parent"
            time.sleep(0.01)
