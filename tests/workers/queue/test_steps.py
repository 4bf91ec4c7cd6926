"""What a worker does of a job, and what it sends because of it: on a real Redis, without Celery's part."""

import base64
import json
import time
from contextlib import suppress
from threading import Event, Thread
from uuid import uuid4

import pytest
from celery.exceptions import Reject
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.perception.scripted import ScriptedVision
from tests.redis_server import emptied
from vidette.errors import ConfigError, StoreError
from vidette.models import DeepState, Segment
from vidette.queries import CoverageIn, LastCommit
from workers import tasks
from workers.beat.due import FRUITLESS, GiveUp, Seen, due, mark_of_watch
from workers.celery import make_app
from workers.cluster import cluster_of
from workers.flow import step
from workers.jobs import Deliver, LookAt, Watch, encode, read
from workers.queue import steps, trial
from workers.queue.priority import of_look
from workers.queue.routing import PRIORITIES, QUEUE_OF, waiting_key
from workers.queue.sending import Sending
from workers.queue.steps import Cut, do
from workers.queue.trial import Trial
from workers.queue.worker import Worker
from workers.shared.markers import Markers
from workers.shared.process import broker_of, clock_of
from workers.shared.queues import Queues
from workers.shared.registry import Registry
from workers.streams import stream_of

MAX_S = 4  # so that a short file has several segments


@pytest.fixture
def redis():
    with emptied() as server:
        yield server


@pytest.fixture
def made(memory, redis):
    """Makes workers on named memories."""
    workers = []

    def make(name="vidette", vision=None, **said) -> Worker:
        limits = {"settle_limit_s": 5, "retries": 2, **said.pop("cluster", {})}
        pipeline = memory(name, vision, broker=redis.url, segments={"max_s": MAX_S}, cluster=limits, **said)
        workers.append(
            Worker(
                settings=pipeline.settings,
                app=make_app(pipeline.settings, "settle"),
                queue="settle",
                name="test",
                pool="solo",
                join=lambda settings, sending: cluster_of(settings, send=sending, pipeline=pipeline),
            )
        )
        return workers[-1]

    yield make
    for worker in workers:
        worker.stopping.tell()
        worker.desk.outgoing.close()
        worker.desk.presence.close()


def done(worker, job):
    """Do a job as it comes, with its carry beside it."""
    text = encode(worker.desk.sending._lightened(job))
    do(worker.desk, read(text), text, until=time.monotonic() + 60, stop=worker.stop)


def taken(broker, queue):
    """What waits in a queue, by priority, taken out of it: messages in the order in which they would go."""
    found = []
    for priority in PRIORITIES:
        while raw := broker.client.rpop(waiting_key(queue, priority)):
            arguments, *_ = json.loads(base64.b64decode(json.loads(raw)["body"]))
            found.append((priority, arguments[0]))
    return found


def watched(worker, spec):
    return list(step(worker.desk.cluster.pipeline, Watch(spec=spec)))


class TestOrder:
    @pytest.fixture
    def jobs(self, made, clip, spec_of):
        """What the fast look says of the clip."""
        return watched(made("dry"), spec_of(clip))

    @settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.randoms(use_true_random=False))
    def test_in_whatever_order_and_how_often_they_come_all_are_settled(
        self, made, jobs, clip, spec_of, redis, monkeypatch, chance
    ):
        monkeypatch.setattr(steps, "_TURN_S", 0.0)
        redis.wipe()
        worker, spec = made(uuid4().hex), spec_of(clip)
        worker.desk.cluster.pipeline.store.open_stream(stream_of(spec, worker.settings))
        order = jobs + chance.sample(jobs, len(jobs) // 2)
        chance.shuffle(order)
        for job in order:
            done(worker, job)
        while texts := [text for _, text in taken(worker.desk.cluster.broker, "settle")]:
            for text in texts:
                do(worker.desk, read(text), text, until=time.monotonic() + 60, stop=worker.stop)
        last = worker.desk.cluster.pipeline.store.read(LastCommit(stream_id=spec.stream_id))
        assert last is not None
        assert last.final

    def test_one_that_comes_early_waits_a_moment_for_who_is_at_the_one_before(self, made, clip, spec_of):
        worker, spec = made(), spec_of(clip)
        first, second, *_ = watched(worker, spec)
        early = Thread(target=done, args=(worker, second))
        early.start()
        done(worker, first)
        early.join()
        texts = taken(worker.desk.cluster.broker, "settle")
        for _, text in texts:  # a slow machine: it waited in Redis then
            do(worker.desk, read(text), text, until=time.monotonic() + 60, stop=worker.stop)
        assert worker.desk.cluster.pipeline.store.read(LastCommit(stream_id=spec.stream_id)).sequence == 1


class TestLooks:
    def test_segments_are_looked_at_in_the_share_of_their_stream(self, made, clip, spec_of):
        worker, spec = made(vision=ScriptedVision()), spec_of(clip)
        for job in watched(worker, spec):
            done(worker, job)
        queued = taken(worker.desk.cluster.broker, "vision")
        assert len(queued) >= 2
        assert [rank for rank, _ in queued] == [of_look(before) for before in range(len(queued))]

    def test_what_an_alert_was_raised_in_goes_first(self, made, clip, spec_of):
        rules = [{"id": "entered", "when": {"event": "object_entered"}, "severity": "high"}]
        worker, spec = made(vision=ScriptedVision(), rules=rules), spec_of(clip)
        for job in watched(worker, spec):
            done(worker, job)
        assert 0 in [rank for rank, _ in taken(worker.desk.cluster.broker, "vision")]

    def test_more_than_may_wait_are_left_out_and_the_ledger_says_so(self, made, clip, spec_of):
        worker, spec = made(vision=ScriptedVision(), cluster={"waiting_looks": 1}), spec_of(clip)
        for job in watched(worker, spec):
            done(worker, job)
        assert Queues(worker.desk.cluster.broker).waiting(QUEUE_OF["look"]) == 1
        rows = worker.desk.cluster.pipeline.store.read(CoverageIn())
        dropped = [row for row in rows if row.deep == DeepState.DROPPED]
        assert dropped
        assert {row.reason for row in dropped} == {"1 deep looks wait already"}

    def test_owed_looks_come_last_and_only_while_there_is_room(self, made):
        worker = made(cluster={"waiting_looks": 4})
        for number in range(5):
            worker.desk.sending(LookAt(segment=Segment(id=f"{number}", stream_id="cam", start_s=0, end_s=1), owed=True))
        assert Queues(worker.desk.cluster.broker).row("vision").by_priority == {9: 2}

    def test_what_a_look_says_is_sent_at_once_and_its_turn_is_over(self, made, clip, spec_of, reply_to):
        worker, spec = made(vision=ScriptedVision()), spec_of(clip)
        for job in watched(worker, spec):
            done(worker, job)
        broker = worker.desk.cluster.broker
        (_, text), *_ = taken(broker, "vision")
        before = int(broker.client.get(broker.key("looks", spec.stream_id)))
        do(worker.desk, read(text), text, until=time.monotonic() + 60, stop=worker.stop)
        assert int(broker.client.get(broker.key("looks", spec.stream_id)) or 0) == before - 1
        assert {read(one).job.observation.look for _, one in taken(broker, "settle")} == {"deep"}

    def test_one_that_cannot_be_sent_does_not_wait(self, made, clip, spec_of, monkeypatch):
        worker, spec, tried = made(vision=ScriptedVision()), spec_of(clip), []

        def away(_sending, job, _priority=None):
            tried.append(job)
            raise StoreError("the queue is away", retryable=True)

        monkeypatch.setattr(Sending, "__call__", away)
        for job in watched(worker, spec):
            with suppress(StoreError):
                done(worker, job)
        assert tried
        broker = worker.desk.cluster.broker
        assert broker.client.get(broker.key("looks", spec.stream_id)) is None

    def test_one_that_may_have_been_cut_is_anothers(self, made, clip, spec_of):
        worker, spec = made(vision=ScriptedVision()), spec_of(clip)
        for job in watched(worker, spec):
            done(worker, job)
        (_, text), *_ = taken(worker.desk.cluster.broker, "vision")
        stop = Event()
        stop.set()
        with pytest.raises(Cut):
            do(worker.desk, read(text), text, until=time.monotonic() + 60, stop=stop)
        assert taken(worker.desk.cluster.broker, "settle") == []

    def test_one_that_is_given_up_is_left_out_in_the_ledger(self, made, clip, spec_of):
        worker, spec = made(vision=ScriptedVision()), spec_of(clip)
        for job in watched(worker, spec):
            done(worker, job)
        (_, text), *_ = taken(worker.desk.cluster.broker, "vision")
        steps.give_up(worker.desk, read(text).job, "it cannot be looked at")
        rows = worker.desk.cluster.pipeline.store.read(CoverageIn())
        assert "it cannot be looked at" in {row.reason for row in rows if row.deep == DeepState.DROPPED}


class TestMemoryAway:
    def test_a_job_waits_and_is_done_when_memory_is_back(self, made, clip, spec_of, monkeypatch):
        worker, spec = made(), spec_of(clip)
        first, *_ = watched(worker, spec)
        away, real = iter([True] * 3), steps.step

        def sometimes(pipeline, job):
            if next(away, False):
                raise StoreError("memory is away", retryable=True)
            return real(pipeline, job)

        monkeypatch.setattr(steps, "step", sometimes)
        monkeypatch.setattr(steps, "_is_early", lambda *_: False)
        Trial(worker, "settle", "id", encode(first)).run(again=False)
        assert worker.desk.cluster.pipeline.store.read(LastCommit(stream_id=spec.stream_id)).sequence == 0
        assert worker.desk.cluster.dead.rows() == []

    def test_one_that_waited_too_long_goes_back_unharmed(self, made, clip, spec_of, monkeypatch):
        worker, spec = made(), spec_of(clip)
        first, *_ = watched(worker, spec)

        def away(*_):
            raise StoreError("memory is away", retryable=True)

        monkeypatch.setattr(steps, "step", away)
        monkeypatch.setattr(steps, "_is_early", lambda *_: False)
        monkeypatch.setattr(trial, "_SHARE", 0.05)
        for _ in range(worker.settings.cluster.retries + 2):
            with pytest.raises(Reject) as rejected:
                Trial(worker, "settle", "id", encode(first)).run(again=True)
            assert rejected.value.requeue
        assert worker.desk.cluster.dead.rows() == []


class TestSoftLimit:
    def test_a_fault_after_it_is_not_final(self, made, clip, spec_of, monkeypatch):
        """It strikes anywhere: in a library it comes out as one's data being wrong."""
        worker, spec = made(), spec_of(clip)
        first, *_ = watched(worker, spec)
        attempt = Trial(worker, "settle", "id", encode(first))

        def struck(*_):
            monkeypatch.setattr(trial, "monotonic", lambda: time.monotonic() + 5)
            raise StoreError("Storm cannot be written; its text is not Unicode")

        monkeypatch.setattr(steps, "step", struck)
        monkeypatch.setattr(trial, "LONGEST_WAIT_S", 0.0)
        with pytest.raises(Reject) as rejected:
            attempt.run(again=False)
        assert rejected.value.requeue
        assert worker.desk.cluster.dead.rows() == []


class TestWorkerThatCannotWork:
    @pytest.fixture
    def misled(self, made):
        """A worker whose settings name a model that is not there."""
        worker = made()

        def join(*_):
            raise ConfigError("vlm.path: no such folder")

        worker.join = join
        yield worker
        worker.join = lambda settings, sending: cluster_of(settings, send=sending)

    def test_its_jobs_are_left_to_others(self, misled, monkeypatch):
        monkeypatch.setattr(tasks, "LONGEST_WAIT_S", 0.0)
        job = Trial(misled, "deliver", "id", encode(Deliver(sink="x")))
        with pytest.raises(Reject) as rejected:
            tasks.run_bounded(misled, job, again=False)
        assert rejected.value.requeue
        assert "no such folder" in str(rejected.value.reason)

    def test_its_watches_fail_with_the_reason(self, misled, clip, spec_of):
        registry, job = Registry(broker_of(misled.settings)), Watch(spec=spec_of(clip))
        registry.want(job)
        tasks.run_watch(misled, encode(job))
        wanted = registry.get(job.spec.stream_id)
        assert (wanted.state, wanted.error) == ("failed", "vlm.path: no such folder")

    @pytest.mark.parametrize("error", [OSError(5, "Input/output error"), RuntimeError("can't start new thread")])
    def test_a_fault_of_its_own_leaves_a_watch_to_others_in_a_moment(self, made, clip, spec_of, monkeypatch, error):
        worker, job = made(), Watch(spec=spec_of(clip))
        registry, mark = Registry(broker_of(worker.settings)), mark_of_watch(job.spec.stream_id)

        def faulty(*_):
            raise error

        monkeypatch.setattr(tasks, "watch_stream", faulty)
        registry.want(job)
        tasks.run_watch(worker, encode(job))
        assert registry.get(job.spec.stream_id).state == "wanted"
        assert Markers(broker_of(worker.settings)).among([mark]) == {mark}

    def test_a_file_at_which_every_worker_has_a_fault_is_given_up_by_beat(self, made, clip, spec_of, monkeypatch):
        worker, job = made(), Watch(spec=spec_of(clip))
        registry = Registry(broker_of(worker.settings))

        def faulty(*_):
            raise ZeroDivisionError("a fault")

        monkeypatch.setattr("workers.watches.watching.step", faulty)
        registry.want(job)
        for _ in range(FRUITLESS):
            assert registry.get(job.spec.stream_id).state == "wanted"
            tasks.run_watch(worker, encode(job))
        worker.desk.cluster.emitters.stop()
        wanted = registry.get(job.spec.stream_id)
        seen = Seen(wanted=[wanted], settled={wanted.stream_id: -1})
        assert list(due(seen, calm_s=1, grace_s=0)) == [GiveUp(wanted=wanted)]

    def test_before_it_watches_it_asks_what_time_it_is(self, made, clip, spec_of, monkeypatch):
        worker = made()
        clock = clock_of(worker.settings)
        monkeypatch.setattr(clock, "_known", None)
        monkeypatch.setattr(clock, "_asked_at", float("-inf"))
        monkeypatch.setattr(tasks, "watch_stream", lambda *_: clock._known is not None)
        counted = []
        monkeypatch.setattr(Worker, "count", lambda _, kind, result: counted.append((kind, result)))
        tasks.run_watch(worker, encode(Watch(spec=spec_of(clip))))
        assert counted == [("watch", "done")]

    def test_what_is_no_watch_is_left_alone(self, made, caplog):
        tasks.run_watch(made(), "{}")
        tasks.run_watch(made("other"), encode(Deliver(sink="x")))
        assert "left to others" in caplog.text
        assert "not a watch" in caplog.text
