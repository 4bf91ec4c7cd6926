"""Watches on workers: a real Redis for leases and what is wanted; whoever settles is a thread here."""

import threading
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Event, Thread

import pytest

from ingest.sources import camera
from tests.machines import PATIENCE_S, Machines, gapless, until
from tests.wire import Wire
from vidette.feeds import CAUSES, Cause
from vidette.models import FastState
from vidette.queries import LastCommit, Reached
from workers.cluster import spool_path
from workers.jobs import Watch
from workers.shared.process import clock_of
from workers.streams import stream_of
from workers.watches.spool import waiting
from workers.watches.watching import watch


def put_carry(machines, job, carry):
    """Memory's last commit has this one from now on."""
    with machines.pipeline.store._database.write() as connection:
        row = (carry, job.spec.stream_id)
        assert connection.execute("UPDATE commits SET carry = ? WHERE stream_id = ?", row).rowcount == 1


def lose_carry(machines, job):
    """As where what followed was on a disk that is gone; -> the carry."""
    found = machines.pipeline.store.read(LastCommit(stream_id=job.spec.stream_id)).carry
    put_carry(machines, job, b"")
    return found


class TestFiles:
    @pytest.fixture
    def watched(self, memory, media, clip, spec_of, machines):
        """A worker and the watch of a clip, whose pictures lie where those of the undisturbed watch lie."""
        machines.pipelines = partial(memory, media=str(media))
        machines.start()
        return machines, Watch(spec=spec_of(clip, "yard"))

    def test_a_file_ends_as_it_does_in_one_process(self, watched, held, whole):
        machines, job = watched
        machines.run(job)
        assert held(machines.pipeline) == whole
        assert machines.state(job) == "done"
        assert not machines.spooled()
        assert not machines.first.leases.rows()

    def test_one_that_is_told_to_stop_leaves_the_rest_to_another(self, watched, held, whole):
        machines, job = watched
        with machines.running(machines.wanted(job)) as stop:
            until(lambda: machines.sequence(job) >= 0)
            stop.set()
        commit, wanted = machines.sequence(job), machines.first.registry.get(job.spec.stream_id)
        assert wanted.state == "wanted"
        assert wanted.tries == 0  # to leave it to others is no failure
        assert not machines.first.leases.rows()
        assert not machines.spooled()
        (then,) = [machines.watches.get()]
        watch(machines.worker(), then, Event())
        assert machines.sequence(job) > commit
        assert held(machines.pipeline) == whole
        assert machines.state(job) == "done"

    def test_what_is_damaged_on_disk_is_seen_again(self, watched, held, whole):
        machines, job = watched
        machines.away = True
        with machines.running(machines.wanted(job)):
            until(lambda: len(machines.spooled().get(job.spec.stream_id, [])) > 1)
        machines.away = False
        folder = spool_path(machines.pipeline.settings) / job.spec.stream_id
        for file in sorted(folder.iterdir())[1:]:
            file.write_bytes(file.read_bytes()[:100])
        watch(machines.worker(), job, Event())
        assert held(machines.pipeline) == whole
        assert machines.state(job) == "done"
        assert not machines.spooled()

    def test_spans_go_from_one_to_the_next(self, watched, held, whole):
        machines, job = watched
        machines.run(replace(job, span_s=3.0))
        assert held(machines.pipeline) == whole
        assert machines.state(job) == "done"

    def test_a_stop_of_the_watch_ends_it_for_all(self, watched):
        machines, job = watched
        with machines.running(machines.wanted(job)):
            until(lambda: machines.sequence(job) >= 0)
            machines.first.registry.stop(job.spec.stream_id)
            until(lambda: machines.state(job) == "done")
        assert machines.watches.empty()
        assert not machines.first.leases.rows()

    def test_what_another_watches_or_nobody_wants_is_left_alone(self, watched):
        machines, job = watched
        with machines.worker().leases.take(job.spec.stream_id):
            watch(machines.first, machines.wanted(job), Event())
        machines.first.registry.stop(job.spec.stream_id)
        watch(machines.first, job, Event())
        assert machines.sequence(job) == -1
        assert machines.watches.empty()

    def test_a_file_that_only_a_message_asks_for_is_watched(self, watched, held, whole):
        machines, job = watched
        assert watch(machines.first, job, Event())
        assert held(machines.pipeline) == whole
        assert machines.state(job) == "done"

    def test_a_broker_that_forgets_everything_costs_nothing(self, watched, held, whole):
        machines, job = watched
        machines.lose = lambda _job: machines.sequence(job) >= 0
        with machines.running(machines.wanted(job)):
            until(lambda: machines.sequence(job) >= 0)
            machines.redis.wipe()
            until(lambda: machines.first.registry.get(job.spec.stream_id) is not None)
            until(machines.first.leases.rows)
            machines.lose = lambda _job: False
            until(lambda: machines.state(job) == "done")
        assert held(machines.pipeline) == whole

    def test_a_process_that_was_killed_loses_nothing_that_it_had_on_disk(self, watched, held, whole):
        machines, job = watched
        machines.lose = lambda job_: job_.observation.sequence > 0
        stop = Event()
        thread = Thread(target=watch, args=(machines.first, machines.wanted(job), stop), daemon=True)
        thread.start()
        until(lambda: len(machines.spooled().get(job.spec.stream_id, [])) > 1)
        left = machines.spooled()[job.spec.stream_id]
        machines.first.emitters.stop()  # as one that is no more: it sends nothing, and its lease ends
        machines.first.leases.close()
        machines.lose = lambda _job: False
        second = machines.worker()
        watch(second, job, Event())
        assert held(machines.pipeline) == whole
        assert left
        assert machines.pipeline.store.read(Reached(streams=(job.spec.stream_id,)))[job.spec.stream_id].fence == 2
        stop.set()
        thread.join(PATIENCE_S)

    def test_one_whose_carry_was_lost_with_a_disk_is_begun_anew(self, watched, held, whole, monkeypatch, caplog):
        machines, job = watched
        monkeypatch.setattr("workers.watches.watching._CARRY_S", 0.3)
        with machines.running(machines.wanted(job)) as stop:
            until(lambda: machines.sequence(job) >= 1)
            stop.set()
        lose_carry(machines, job)
        watch(machines.worker(), job, Event())
        assert "was lost with who watched it" in caplog.text
        assert held(machines.pipeline) == whole
        assert machines.state(job) == "done"

    def test_a_carry_that_is_on_its_way_is_waited_for(self, watched, held, whole, caplog):
        machines, job = watched
        with machines.running(machines.wanted(job)) as stop:
            until(lambda: machines.sequence(job) >= 1)
            stop.set()
        found = lose_carry(machines, job)
        with machines.running(job, machines.worker()):
            until(machines.first.leases.rows)
            put_carry(machines, job, found)
            until(lambda: machines.state(job) == "done")
        assert "was lost with who watched it" not in caplog.text
        assert held(machines.pipeline) == whole

    def test_who_lost_the_lease_says_nothing_more(self, watched, held, whole, monkeypatch):
        machines, job = watched
        leases = machines.first.leases
        blocked = Event()
        machines.lose = lambda job_: job_.observation.sequence == 2 and not blocked.is_set() and not blocked.set()
        with machines.running(machines.wanted(job)):
            until(blocked.is_set)
            with monkeypatch.context() as patched:
                patched.setattr(leases, "renew", lambda: None)  # as in a process that stands still
                until(lambda: not leases.rows())
                watch(machines.worker(), job, Event())
        assert held(machines.pipeline) == whole
        assert not machines.spooled()

    def test_a_file_that_is_gone_has_failed(self, watched, tmp_path):
        machines, job = watched
        gone = replace(job, spec=replace(job.spec, paths=(str(tmp_path / "gone.mp4"),)))
        assert not watch(machines.first, machines.wanted(gone), Event())
        wanted = machines.first.registry.get(job.spec.stream_id)
        assert wanted.state == "failed"
        assert "gone.mp4" in wanted.error
        assert machines.sequence(job) == -1
        assert machines.watches.empty()

    def test_again_is_once(self, watched, held, whole):
        machines, job = watched
        machines.run(job)
        again = replace(job, again=True)
        with machines.running(machines.wanted(again)) as stop:
            until(lambda: not machines.first.registry.get(job.spec.stream_id).job.again)
            stop.set()
        assert not machines.watches.get().again
        watch(machines.first, again, Event())  # the very message, once more: what is out is not begun again
        assert held(machines.pipeline) == whole
        assert machines.state(job) == "done"

    def test_a_broker_that_is_away_for_a_while_costs_nothing(self, watched, held, whole):
        machines, job = watched
        machines.away = True
        with machines.running(machines.wanted(job)):
            until(lambda: len(machines.spooled().get(job.spec.stream_id, [])) > 1)
            assert machines.sequence(job) == -1
            machines.away = False
            until(lambda: machines.state(job) == "done")
        assert held(machines.pipeline) == whole
        assert not machines.spooled()


class TestCameras:
    def test_cameras_of_several_tasks_are_watched_by_one_fleet(self, machines):
        machines.start()
        jobs = [Watch(spec=camera(name, f"rtsp://camera/{name}")) for name in ("good-1", "good-2")]
        with machines.running(machines.wanted(jobs[0])) as first, machines.running(machines.wanted(jobs[1])):
            until(lambda: min(map(machines.sequence, jobs)) >= 3)
            first.set()
            until(lambda: not machines.watches.empty())
            before = machines.sequence(jobs[1])
            until(lambda: machines.sequence(jobs[1]) > before + 3)
        for name in ("good-1", "good-2"):
            assert {row.state for row in machines.coverage(name)} == {FastState.WATCHED}
        assert not machines.spooled()
        assert not machines.first.leases.rows()

    def test_who_comes_connects_before_the_other_leaves(self, machines, caplog):
        machines.start()
        job = Watch(spec=camera("good", "rtsp://camera/good"))
        notes = Path(machines.pipeline.settings.media) / "good.told"
        with machines.running(machines.wanted(job)) as stop:
            until(lambda: machines.sequence(job) >= 3)
            stop.set()
            with machines.running(machines.watches.get(), machines.worker()):
                until(lambda: '["poised"]' in notes.read_text())
                until(lambda: '"kind": "go"' in notes.read_text())
                commit = machines.sequence(job)
                until(lambda: machines.sequence(job) > commit + 3)
                (row,) = machines.first.leases.rows()
                assert row.owner.startswith("machine-1")
        reach = machines.pipeline.store.read(Reached(streams=(job.spec.stream_id,)))[job.spec.stream_id]
        assert reach.fence == 2
        rows = machines.coverage("good")
        assert gapless(rows)
        assert {row.state for row in rows} == {FastState.WATCHED}

    def test_handed_over_it_goes_on_without_a_gap(self, machines):
        machines.start()
        job = Watch(spec=camera("good", "rtsp://camera/good"))
        with machines.running(machines.wanted(job)) as stop:
            until(lambda: machines.sequence(job) >= 3)
            stop.set()
        commit = machines.sequence(job)
        with machines.running(machines.watches.get(), machines.worker()):
            until(lambda: machines.sequence(job) > commit + 3)
        rows = machines.coverage("good")
        assert gapless(rows)
        assert {row.state for row in rows} == {FastState.WATCHED}

    def test_a_crash_of_its_process_is_told_as_ever(self, machines):
        machines.start()
        job = Watch(spec=camera("crash", "rtsp://camera/crash"))
        with machines.running(machines.wanted(job)):
            until(lambda: machines.sequence(job) >= 6)
        rows = machines.coverage("crash")
        assert gapless(rows)
        assert [row.reason for row in rows if row.state == FastState.FAILED] == [CAUSES[Cause.CRASHED]]

    def test_a_process_that_crashes_while_the_broker_is_away_begins_from_what_is_on_disk(self, machines):
        machines.start()
        job = Watch(spec=camera("crash", "rtsp://camera/crash"))
        machines.away = True
        with machines.running(machines.wanted(job)):
            until(lambda: len(machines.spooled().get(job.spec.stream_id, [])) > 8)
            assert machines.sequence(job) == -1
            machines.away = False
            until(lambda: machines.sequence(job) > 8)
        rows = machines.coverage("crash")
        assert gapless(rows)
        assert [row.reason for row in rows if row.state == FastState.FAILED] == [CAUSES[Cause.CRASHED]]

    def test_who_is_cut_off_from_the_broker_alone_stops_once_another_watches(self, machines, caplog):
        machines.start()
        job = Watch(spec=camera("good", "rtsp://camera/good"))
        notes = Path(machines.pipeline.settings.media) / "good.told"
        begun = lambda: notes.read_text().count('["job"')  # noqa: E731  how many processes there were
        with Wire(machines.redis.port) as wire:
            cut_off = machines.worker(wire)
            thread = Thread(target=watch, args=(cut_off, machines.wanted(job), Event()))
            thread.start()
            until(lambda: machines.sequence(job) >= 3)
            wire.cut()
            until(lambda: cut_off.emitters.away)
            until(lambda: not machines.first.leases.rows())
            with machines.running(job):
                thread.join(PATIENCE_S)
                assert not thread.is_alive()
                commit = machines.sequence(job)
                until(lambda: machines.sequence(job) > commit + 3)
                assert begun() == 2
                assert machines.watches.empty()
        assert not waiting(cut_off.emitters.root)
        assert caplog.text.count("is watched by another worker now") == 1
        assert "does not end here" not in caplog.text
        assert "can be reached again" not in caplog.text
        assert gapless(machines.coverage("good"))

    def test_a_camera_that_nobody_wants_is_left_alone(self, machines):
        machines.start()
        job = Watch(spec=camera("good", "rtsp://camera/good"))
        watch(machines.first, job, Event())
        assert machines.first.registry.get(job.spec.stream_id) is None
        assert machines.sequence(job) == -1

    def test_one_that_is_wanted_no_more_is_let_go_and_wanted_again_it_goes_on(self, machines):
        machines.start()
        job = Watch(spec=camera("good", "rtsp://camera/good"))
        with machines.running(machines.wanted(job)):
            until(lambda: machines.sequence(job) >= 1)
            machines.first.registry.stop(job.spec.stream_id)
            until(lambda: machines.state(job) == "done")
        assert machines.watches.empty()
        commit = machines.sequence(job)
        with machines.running(machines.wanted(job)):
            until(lambda: machines.sequence(job) > commit)

    def test_a_file_of_that_name_is_no_camera(self, machines, clip, spec_of):
        machines.start()
        machines.pipeline.store.open_stream(stream_of(spec_of(clip, "good"), machines.pipeline.settings))
        job = Watch(spec=camera("good", "rtsp://camera/good"))
        watch(machines.first, machines.wanted(job), Event())
        assert machines.state(job) == "failed"
        assert "is a file in this memory" in machines.first.registry.get(job.spec.stream_id).error

    def test_out_of_hours_the_ledger_says_why(self, memory, tmp_path, machines):
        machines.start()
        job = Watch(spec=camera("good", "rtsp://camera/good"))
        with machines.running(machines.wanted(job)):
            until(lambda: machines.sequence(job) >= 1)
        begin = datetime.now(UTC) - timedelta(hours=3)
        active = {"from": begin.strftime("%H:%M"), "to": (begin + timedelta(hours=1)).strftime("%H:%M"), "tz": "UTC"}
        opened = partial(memory, streams=[{"name": "good", "active": active}], media=str(tmp_path))
        off = Machines(machines.redis, opened, machines.child)
        off.start()
        with closing(off):
            commit = off.sequence(job)
            with off.running(off.wanted(job)):
                until(lambda: off.sequence(job) == commit + 1)
            last = off.coverage("good")[-1]
        assert (last.state, last.reason) == (FastState.NOT_RUNNING, CAUSES[Cause.SCHEDULE])

    def test_what_cannot_be_kept_is_not_listened_to(self, machines, caplog):
        machines.start(spool_mb=1)
        job = Watch(spec=camera("good", "rtsp://camera/good"))
        machines.away = True
        with machines.running(machines.wanted(job)):
            until(lambda: len(machines.spooled().get(job.spec.stream_id, [])) > 2)
            (room,) = [machines.first.emitters._room]
            room.take(1 << 20, always=True)  # as if other streams had taken it all
            until(lambda: "tried again in" in caplog.text)
            room.give(1 << 20)
            machines.away = False
            commit = machines.sequence(job)
            until(lambda: machines.sequence(job) > commit + 8)
        assert gapless(machines.coverage("good"))


def test_who_watches_goes_by_the_time_of_the_broker(machines, monkeypatch):
    machines.start()
    clock = clock_of(machines.pipeline.settings)
    monkeypatch.setattr(clock, "_known", None)
    monkeypatch.setattr(clock, "_asked_at", float("-inf"))
    with machines.running(machines.wanted(Watch(spec=camera("good", "rtsp://camera/good")))):
        until(lambda: clock._known is not None)


def test_threads_end_with_the_cluster(machines):
    machines.start()
    job = Watch(spec=camera("good", "rtsp://camera/good"))
    with machines.running(machines.wanted(job)):
        until(lambda: machines.sequence(job) >= 1)
    machines.close()
    names = {one.name for one in threading.enumerate()}
    assert not names & {"emitting", "cameras", "leases"}
