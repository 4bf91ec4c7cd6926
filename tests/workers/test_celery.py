"""Celery keeps what the flow leaves to it: queues, priorities, JSON, limits, and what becomes of jobs that fail."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.redis_server import RedisServer, emptied
from tests.working import working
from vidette.errors import ModelError, StoreError
from vidette.models import Observation, Run, Segment
from vidette.queries import LastCommit
from vidette.settings import Settings
from workers.celery import HARD, limits_of, make_app
from workers.cluster import cluster_of
from workers.flow import step
from workers.jobs import Deliver, LookAt, Settle, Watch, encode
from workers.queue import steps
from workers.queue.early import Early
from workers.queue.routing import QUEUE_OF, QUEUES, under_way_key, waiting_key
from workers.queue.sending import Sending
from workers.shared.broker import Broker
from workers.shared.queues import Queues

WAIT_S = 60


def until(condition):
    """Wait for a condition, with a deadline."""
    deadline = time.monotonic() + WAIT_S
    while not (found := condition()):
        assert time.monotonic() < deadline, "the workers did not get there in time"
        time.sleep(0.02)
    return found


@pytest.fixture
def redis() -> Iterator:
    with emptied() as server:
        yield server


@pytest.fixture
def settings(redis) -> Settings:
    return Settings(broker=redis.url, cluster={"retries": 2})


@pytest.fixture
def broker(settings) -> Iterator[Broker]:
    broker = Broker(settings.broker)
    yield broker
    broker.close()


@pytest.fixture
def sending(settings, broker) -> Sending:
    return Sending(settings, broker)


@pytest.fixture
def on_redis(memory, settings):
    """Opens pipelines whose jobs go over this test's Redis."""

    def open_(name="vidette", vision=None, **said):
        return memory(name, vision, broker=settings.broker, cluster={"retries": 2}, **said)

    return open_


@pytest.fixture
def cluster(on_redis):
    pipeline = on_redis()
    return cluster_of(pipeline.settings, pipeline=pipeline)


def nothing_left(broker):
    """Whether no job waits or is under way."""
    return all(row.waiting == row.under_way == 0 for row in Queues(broker).rows())


class TestTheApp:
    def test_it_takes_json_only_and_hands_out_at_least_once(self, settings):
        conf = make_app(settings).conf
        assert (conf.accept_content, conf.task_serializer) == (["json"], "json")
        assert conf.task_acks_late
        assert conf.task_reject_on_worker_lost
        assert not conf.task_acks_on_timeout
        assert conf.worker_prefetch_multiplier == 1

    def test_each_queue_has_its_own_patience_with_what_is_under_way(self, settings):
        options = {queue: make_app(settings, queue).conf.broker_transport_options for queue in QUEUES}
        assert len({one["unacked_key"] for one in options.values()}) == len(QUEUES)
        for kind, limit_s in limits_of(settings).items():
            assert options[QUEUE_OF[kind]]["visibility_timeout"] == 2 * HARD * limit_s

    @pytest.mark.parametrize(
        ("url", "address"),
        [
            ("redis://:secret@host:6380/3", "redis://:secret@host:6380/3"),
            ("unix:///run/redis.sock?db=2", "redis+socket:///run/redis.sock?virtual_host=2"),
            ("unix://me:secret@/run/redis.sock", "redis+socket://me:secret@/run/redis.sock?virtual_host=0"),
        ],
    )
    def test_an_address_is_written_as_kombu_reads_it(self, url, address):
        assert make_app(Settings(broker=url)).conf.broker_url == address


class TestSending:
    def test_jobs_go_out_as_json_to_their_queue_with_kind_and_words(self, sending, broker):
        sending(LookAt(segment=Segment(id="seg", stream_id="cam", start_s=0, end_s=1)))
        (raw,) = broker.client.lrange(waiting_key("vision", 1), 0, -1)
        message = json.loads(raw)
        assert message["content-type"] == "application/json"
        assert message["headers"]["task"] == "vidette.look"
        assert message["headers"]["id"].startswith("look-")
        assert message["headers"]["argsrepr"] == "seg of cam"
        assert len(raw) < 4000

    def test_a_lower_number_goes_first_whatever_came_first(self, sending, broker):
        for priority in (9, 3, 0, 5):
            sending(Deliver(sink=f"s{priority}"), priority)
        assert Queues(broker).row("deliver").by_priority == {0: 1, 3: 1, 5: 1, 9: 1}

    def test_many_go_out_in_their_order(self, sending, broker):
        sending.many([(Deliver(sink=f"s{number}"), 5) for number in range(30)])
        said = [
            json.loads(one)["headers"]["argsrepr"] for one in broker.client.lrange(waiting_key("deliver", 5), 0, -1)
        ]
        assert said == [f"'s{number}'" for number in reversed(range(30))]

    def test_a_carry_lies_beside_its_message_until_it_is_settled(self, sending, broker):
        observation = Observation(
            id="o",
            stream_id="cam",
            look="fast",
            run=Run(id="r", model="m", revision="1"),
            start_s=0,
            end_s=1,
            carry=b"x" * 9999,
        )
        sending(Settle(observation=observation))
        (raw,) = broker.client.lrange(waiting_key("settle", 5), 0, -1)
        assert len(raw) < 4000
        (key,) = broker.client.keys("vidette:carry:*")
        assert broker.client.get(key) == observation.carry
        assert 0 < broker.client.ttl(key) <= 6 * 3600
        light = Settle(observation=replace(observation, carry=b""), carry_sha256=key.decode().rpartition(":")[2])
        assert sending.carry(light) == Settle(observation=observation)
        other = replace(observation, id="p", stream_id="other camera")
        sending(Settle(observation=other))
        assert not Early(broker).follows(observation, done=sending.places(light))
        assert sending.carry(light) is None
        still = replace(light, observation=replace(other, carry=b""))
        assert sending.carry(still) == Settle(observation=other), "an equal carry is not gone with it"


class TestBrokerAway:
    def test_sending_fails_soon_in_one_line_and_goes_on_when_it_is_back(self, tmp_path):
        with RedisServer(tmp_path, aof=True) as server:
            settings = Settings(broker=server.url)
            broker = Broker(settings.broker)
            sending, queues = Sending(settings, broker), Queues(broker)
            jobs = [(Deliver(sink=f"{number}"), 5) for number in range(3)]
            sending(Deliver(sink="before"))
            sending.many(jobs)
            server.kill()
            for send in (lambda: sending(Deliver(sink="lost")), lambda: sending.many(jobs)):
                with pytest.raises(StoreError, match="start it, or name another") as error:
                    send()
                assert error.value.retryable
                assert "\n" not in str(error.value)
            server.start()
            sending(Deliver(sink="after"))
            sending.many(jobs)
            assert queues.row("deliver").waiting >= 4  # what was sent just before may not have reached the disk
            broker.close()

    def test_a_worker_that_waits_for_it_says_so_once(self, tmp_path, caplog):
        server = RedisServer(tmp_path)
        tries = []

        def back_soon():
            tries.append(None)
            if len(tries) == 3:
                server.start()

        with make_app(Settings(broker=f"redis://:hunter2@127.0.0.1:{server.port}/0")).connection_for_read() as waiting:
            waiting.ensure_connection(lambda *_: pytest.fail("Celery says it at every try"), callback=back_soon)
        server.kill()
        assert [one.getMessage() for one in caplog.records] == [
            f"broker {server.url!r}: Connection refused; start it, or name another with `broker`; tried again until it answers",
            "the broker answers",
        ]


class TestSettling:
    def test_observations_in_the_wrong_order_are_settled_in_the_right_one(
        self, on_redis, sending, broker, clip, spec_of, held, whole
    ):
        pipeline, spec = on_redis(), spec_of(clip)
        jobs = list(step(pipeline, Watch(spec=spec)))
        assert len(jobs) > 2
        with working(pipeline, "settle", concurrency=2):
            for job in reversed(jobs):
                sending(job)
            until(lambda: (last := pipeline.store.read(LastCommit(stream_id=spec.stream_id))) and last.final)
            until(lambda: nothing_left(broker))
        assert held(pipeline) == whole
        assert not broker.client.keys("vidette:early:*")
        assert not broker.client.keys("vidette:carry:*")

    def test_one_whose_carry_is_gone_is_left_to_who_sends_it_again(
        self, on_redis, sending, broker, clip, spec_of, held, whole
    ):
        pipeline, spec = on_redis(), spec_of(clip)
        jobs = list(step(pipeline, Watch(spec=spec)))
        sending(jobs[0])
        broker.client.delete(*broker.client.keys("vidette:carry:*"))
        with working(pipeline, "settle"):
            until(lambda: nothing_left(broker))
            assert pipeline.store.read(LastCommit(stream_id=spec.stream_id)) is None
            for job in jobs:
                sending(job)
            until(lambda: (last := pipeline.store.read(LastCommit(stream_id=spec.stream_id))) and last.final)
        assert held(pipeline) == whole

    def test_delivered_twice_it_changes_nothing(self, on_redis, sending, broker, clip, spec_of, held):
        pipeline, spec = on_redis(), spec_of(clip)
        jobs = list(step(pipeline, Watch(spec=spec)))
        with working(pipeline, "settle"):
            for job in jobs:
                sending(job)
            until(lambda: (last := pipeline.store.read(LastCommit(stream_id=spec.stream_id))) and last.final)
            before = held(pipeline)
            for job in jobs:
                sending(job)
            until(lambda: nothing_left(broker))
        assert held(pipeline) == before


class TestFailures:
    def test_what_is_no_job_is_put_aside_and_not_tried_again(self, on_redis, sending, broker, cluster):
        sending.again("{}", Deliver(sink="x"))
        with working(on_redis(), "deliver"):
            (dead,) = until(cluster.dead.rows)
            until(lambda: nothing_left(broker))
        assert (dead.queue, dead.text, dead.tries) == ("deliver", "{}", 1)
        assert "not a Message" in dead.error

    def test_what_cannot_come_to_anything_is_put_aside_at_once(self, on_redis, sending, broker, cluster):
        sending(Deliver(sink="nobody"))
        with working(on_redis(), "deliver"):
            (dead,) = until(cluster.dead.rows)
        assert "no sink 'nobody'" in dead.error
        assert dead.tries == 1

    def test_what_may_pass_is_tried_so_often_and_then_put_aside(self, on_redis, sending, broker, cluster, monkeypatch):
        begun = []

        def failing(*_args, **_said):
            begun.append(1)
            raise ModelError("the model is out of breath", retryable=True)

        monkeypatch.setattr(steps, "step", failing)
        sending(LookAt(segment=Segment(id="seg", stream_id="cam", start_s=0, end_s=1)))
        with working(on_redis(), "vision"):
            (dead,) = until(cluster.dead.rows)
            until(lambda: nothing_left(broker))
        assert (len(begun), dead.tries, dead.queue) == (2, 2, "vision")
        assert "out of breath" in dead.error
        assert not broker.client.keys("vidette:tries:*")

    def test_a_fault_of_ours_is_tried_and_put_aside_too(self, on_redis, sending, cluster, monkeypatch):
        monkeypatch.setattr(steps, "step", lambda *_: 1 / 0)
        sending(LookAt(segment=Segment(id="seg", stream_id="cam", start_s=0, end_s=1)))
        with working(on_redis(), "vision"):
            (dead,) = until(cluster.dead.rows)
        assert "ZeroDivisionError" in dead.error

    def test_a_message_of_a_later_version_waits_for_a_worker_that_knows_it(
        self, on_redis, sending, broker, cluster, caplog
    ):
        later = encode(Deliver(sink="x")).replace('"version":3', '"version":4')
        sending.again(later, Deliver(sink="x"))
        with working(on_redis(), "deliver"), caplog.at_level("WARNING"):
            until(lambda: "version 4" in caplog.text)
        assert cluster.dead.rows() == []
        assert broker.client.llen(waiting_key("deliver", 3)) + broker.client.hlen(under_way_key("deliver")) == 1
