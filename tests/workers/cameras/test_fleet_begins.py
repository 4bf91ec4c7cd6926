"""A camera that is to be watched while memory, or something else, is away: later, or never, and no other is touched by it."""

import sqlite3
from queue import SimpleQueue

import pytest

from graph.embedded import EmbeddedStore
from tests.workers.cameras.fleets import changed, specs
from vidette.errors import StoreError
from workers.cameras.fleet import Join
from workers.cameras.settling import Here
from workers.following import Following

AWAY = StoreError("memory is away", retryable=True)
BROKEN = StoreError("memory is broken")
RULES = [{"id": "net", "when": {"event": "host_offline"}}]


class Joined(Here):
    """Remembers how it was let go."""

    def __init__(self):
        super().__init__()
        self.overs = []

    def over(self, error=None):
        self.overs.append(error)


@pytest.fixture
def begins(monkeypatch):
    """`begins(errors, name)`: the camera's beginnings fail with these, as long as there are any."""
    real = Here.begin

    def fail(errors, name):
        def begin(here, pipeline, stream):
            if stream.name == name and errors:
                raise errors.pop(0)
            return real(here, pipeline, stream)

        monkeypatch.setattr(Here, "begin", begin)

    return fail


def refuse(*_given, **_named):
    raise BROKEN


def test_a_camera_that_comes_while_memory_is_locked_is_watched_afterwards(fleet, tmp_path, caplog, monkeypatch):
    monkeypatch.setattr("graph.connection.BUSY_S", 0.1)
    changes = SimpleQueue()
    run = fleet("good-1", changes=changes)
    run.until(lambda: run.settled("good-1") >= 1)
    pid = run.pids()["good-1"]
    with sqlite3.connect(tmp_path / "vidette.db", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        changes.put(changed(run.pipeline, "good-1", "good-2"))
        run.until(lambda: caplog.text.count("camera 'good-2' is not watched yet") >= 2)
        other.execute("ROLLBACK")
    other.close()
    run.until(lambda: run.settled("good-2") >= 1)
    assert run.pids()["good-1"] == pid
    run.end()
    assert [one.status for one in run.outcomes] == ["watched", "watched"]


def test_the_only_camera_is_waited_for(fleet, begins):
    begins([AWAY, AWAY], "good")
    run = fleet("good")
    run.until(lambda: run.settled("good") >= 1)
    run.end()
    assert [(one.status, one.error) for one in run.outcomes] == [("watched", None)]


def test_a_camera_that_is_still_waited_for_at_the_end_was_not_watched(fleet, begins, caplog):
    begins([AWAY] * 1000, "good")
    run = fleet("good")
    run.until(lambda: "is not watched yet" in caplog.text)
    assert run.end() < 30
    assert [(one.stream, one.status, one.error) for one in run.outcomes] == [("good", "failed", "memory is away")]


def test_a_camera_that_nobody_wants_any_more_is_not_waited_for(fleet, begins, caplog):
    changes, errors = SimpleQueue(), [AWAY] * 1000
    begins(errors, "good-1")
    run = fleet("good-1", changes=changes)
    run.until(lambda: "is not watched yet" in caplog.text)
    changes.put(changed(run.pipeline, "good-2"))
    run.until(lambda: run.settled("good-2") >= 1)
    left = len(errors)
    run.until(lambda: run.settled("good-2") >= 20)
    assert len(errors) == left


def test_a_camera_that_is_refused_while_memory_cannot_be_read_stops_no_other(fleet, begins, monkeypatch):
    begins([BROKEN], "good-1")
    real = Following.outcome
    monkeypatch.setattr(Following, "outcome", lambda self, **how: refuse() if how else real(self))
    run = fleet("good-1", "good-2")
    run.until(lambda: run.settled("good-2") >= 1)
    run.end()
    said = [(one.stream, one.status, one.error) for one in run.outcomes]
    assert said == [("good-1", "failed", "memory is broken"), ("good-2", "watched", None)]


def test_what_cannot_be_judged_anew_is_watched_all_the_same(fleet, caplog, monkeypatch):
    monkeypatch.setattr(EmbeddedStore, "rejudge", refuse)
    changes, outlet = SimpleQueue(), Joined()
    run = fleet("good-1", changes=changes, rules=RULES)
    (spec,) = specs("good-2")
    changes.put(Join(spec=spec, outlet=outlet))
    run.until(lambda: run.settled("good-1") >= 1 and run.settled("good-2") >= 1)
    assert "is not judged by new rules: memory is broken" in caplog.text
    assert not outlet.overs


@pytest.mark.parametrize("error", [AWAY, BROKEN])
def test_a_camera_that_joined_and_cannot_begin_goes_back_to_who_sent_it(fleet, begins, error):
    begins([error], "good")
    changes, outlet = SimpleQueue(), Joined()
    run = fleet(changes=changes)
    (spec,) = specs("good")
    changes.put(Join(spec=spec, outlet=outlet))
    run.until(lambda: outlet.overs)
    assert outlet.overs == [error]
    assert run.pids() == {}
