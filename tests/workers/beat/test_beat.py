"""Beat on a real Redis and real memory: what nobody does is found, whoever is killed, and by one beat at a time."""

import threading
import time
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from agent.perception.scripted import ScriptedVision
from ingest.sources import camera
from tests.redis_server import RedisServer, emptied
from tests.telling import delivery
from vidette.alerting import Alerts
from vidette.alerts import DeliveryStatus, Judgement, Timer
from vidette.errors import ConfigError, StoreError
from vidette.settings import Settings
from vidette.vision import LookReply
from workers.beat.beat import Beat, Change
from workers.beat.due import LEASE, mark_of_sink, mark_of_watch
from workers.cluster import cluster_of
from workers.flow import step
from workers.jobs import Deliver, Job, LookAt, Watch
from workers.shared.broker import Broker
from workers.shared.leases import Leases
from workers.shared.markers import Markers

PATIENCE_S = 60.0
FIRE = {"id": "r", "when": {"event": "fire"}}


def until(true, what):
    deadline = time.monotonic() + PATIENCE_S
    while not (found := true()):
        assert time.monotonic() < deadline, what
        time.sleep(0.02)
    return found


@dataclass
class Place:
    """A cluster in this process: what beat sends is kept, not done."""

    cluster: object
    sent: list[Job] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def names(self):
        return [job.spec.name for job in self.sent if isinstance(job, Watch)]

    @contextmanager
    def beating(self, *specs, clock=time.monotonic):
        beat, stop = Beat(self.cluster, specs, say=self.said.append, clock=clock), threading.Event()
        thread = threading.Thread(target=beat.run, args=(stop,))
        thread.start()
        try:
            yield beat
        finally:
            stop.set()
            thread.join(PATIENCE_S)
            assert not thread.is_alive()


@pytest.fixture
def server():
    with emptied() as made:
        yield made


@pytest.fixture
def place(memory):
    """`place(server, **settings)`: of a process of its own, as far as Redis can tell."""
    with ExitStack() as open_:

        def made(server, name="memory", vision=None, **settings):
            pipeline = memory(name, vision, broker=server.url, cluster={"lease_s": 1, "look_limit_s": 5}, **settings)
            here = Place(cluster=None)
            broker = open_.enter_context(closing(Broker(server.url)))
            leases = open_.enter_context(closing(Leases(broker, ttl_s=1)))
            here.cluster = replace(
                cluster_of(pipeline.settings, send=here.sent.append, pipeline=pipeline), broker=broker, leases=leases
            )
            return here

        yield made


def spec(name="door"):
    return camera(name, "rtsp://127.0.0.1/1")


def test_a_camera_of_the_settings_is_sent_once_to_whoever_listens(place, server):
    here = place(server)
    with here.beating(spec()):
        until(here.names, "the watch to be sent")
        assert Markers(here.cluster.broker).among([mark_of_watch(spec().stream_id)])
        (wanted,) = here.cluster.registry.all()
        assert (wanted.name, wanted.state) == ("door", "wanted")
        Markers(here.cluster.broker).clear(mark_of_watch(spec().stream_id))
        with here.cluster.leases.take(spec().stream_id):
            here.sent.clear()
            uptime = here.cluster.broker.client.info("server")["uptime_in_seconds"]
            until(lambda: here.cluster.broker.client.info("server")["uptime_in_seconds"] > uptime + 2, "time to pass")
            assert here.names() == []
        until(lambda: here.names() == ["door"], "the watch to be sent again")


def test_a_watch_that_nobody_took_is_sent_again_when_its_mark_is_gone(place, server):
    here = place(server)
    with here.beating(spec()):
        until(here.names, "the watch to be sent")
        Markers(here.cluster.broker).clear(mark_of_watch(spec().stream_id))
        until(lambda: here.names() == ["door", "door"], "the watch to be sent again")


def test_one_beats_and_another_takes_over(place, server):
    first, second = place(server), place(server)
    with second.cluster.leases.take("elsewhere"), ExitStack() as open_:
        beating = open_.enter_context(ExitStack())
        beating.enter_context(first.beating(spec("one")))
        until(first.names, "the first to beat")
        open_.enter_context(second.beating(spec("one"), spec("two")))
        until(lambda: second.said, "the second to wait")
        assert "another beat is at work" in second.said[0]
        beating.close()
        until(lambda: second.names() == ["two"], "the second to beat")
        assert "this one is at work now" in second.said[1]
    assert [row.name for row in first.cluster.leases.rows()] == []


def test_a_beat_whose_turn_is_another_s_lets_it_and_waits(place, server):
    here, other = place(server), place(server)
    with here.beating(spec()):
        until(here.names, "it to beat")
        here.cluster.broker.client.delete(here.cluster.broker.key("lease", LEASE))
        taken = []

        def take():
            try:
                taken.append(other.cluster.leases.take(LEASE))
            except StoreError:
                here.cluster.broker.client.delete(here.cluster.broker.key("lease", LEASE))
            return taken

        until(take, "the turn to be taken")
        until(lambda: here.said, "it to wait")
        taken[0].release()
        until(lambda: len(here.said) == 2, "it to have its turn again")


def test_what_is_due_is_sent_by_somebody(place, server):
    sinks = [{"id": "ops", "kind": "console"}, {"id": "log", "kind": "console"}]
    here = place(server, sinks=sinks)
    due = delivery(1, at=datetime.now(UTC))
    here.cluster.pipeline.store.amend(lambda _: Judgement(alerts=(due.message,), deliveries=(due,)))
    with here.beating():
        until(lambda: here.sent, "the sink to be told")
        assert here.sent == [Deliver(sink="ops")]
        Markers(here.cluster.broker).clear(mark_of_sink("ops"))
        until(lambda: len(here.sent) == 2, "the sink to be told again")


def test_time_brings_about_what_rules_say(place, server):
    here = place(
        server,
        rules=[{"id": "bag-left", "when": {"event": "object_left"}, "escalate_s": 60}],
        sinks=[{"id": "ops", "kind": "console"}],
    )
    now = datetime.now(UTC)
    due = replace(delivery(1, at=now, raised_at=now), status=DeliveryStatus.DELIVERED)
    timer = Timer(alert=due.message.id, rule="bag-left", kind="escalate", due_at=now)
    here.cluster.pipeline.store.amend(lambda _: Judgement(alerts=(due.message,), deliveries=(due,), timers=(timer,)))
    with here.beating():
        until(lambda: Deliver(sink="ops") in here.sent, "the sink to be told")
    (alert,) = here.cluster.pipeline.store.read(Alerts())
    assert alert.change == "escalated"


def test_a_stream_that_nobody_gets_on_with_is_given_up_and_the_others_go_on(place, server, clip, spec_of):
    here = place(server)
    poison = spec_of(clip)
    here.cluster.registry.want(Watch(spec=poison))
    for _ in range(3):
        here.cluster.registry.begun(poison.stream_id, -1)
    with here.beating(spec()):
        until(lambda: here.cluster.registry.get(poison.stream_id).state == "dead", "it to be given up")
        until(here.names, "the camera to be sent")
    assert here.names() == ["door"]
    assert here.cluster.dead.count() == 1


def test_looks_that_were_lost_are_asked_for_again(place, server, clip, spec_of):
    here = place(server, vision=ScriptedVision(otherwise=LookReply(caption="seen")))
    lost = []
    for job in step(here.cluster.pipeline, Watch(spec=spec_of(clip))):
        lost += [one for one in step(here.cluster.pipeline, job) if isinstance(one, LookAt)]
    with here.beating(clock=lambda: 100 * time.monotonic()):
        until(lambda: len(here.sent) >= len(lost), "the looks to be sent")
    assert {job.segment.id for job in here.sent} == {job.segment.id for job in lost}
    assert all(job.owed for job in here.sent)


def test_settings_that_change_are_taken(place, server):
    here = place(server)
    with here.beating(spec("one")) as beat:
        until(here.names, "the first camera")
        with pytest.raises(ConfigError):
            beat.change(Change(settings=Settings(rules=[FIRE], tz="no/where"), cameras=()))
        with here.cluster.leases.take(spec("one").stream_id):
            beat.change(Change(settings=here.cluster.pipeline.settings, cameras=(spec("two"),)))
            until(lambda: "two" in here.names(), "the second camera")
            until(
                lambda: here.cluster.registry.get(spec("one").stream_id).state == "stopping", "the first to be let go"
            )
        until(lambda: here.cluster.registry.get(spec("one").stream_id).state == "done", "the first to be over")
        broker = here.cluster.broker
        until(lambda: broker.client.smembers(broker.key("cameras")) == {spec("two").stream_id.encode()}, "its end")
        beat.change(Change(settings=here.cluster.pipeline.settings, cameras=(spec("one"), spec("two"))))
        until(lambda: here.cluster.registry.get(spec("one").stream_id).state == "wanted", "the first to be back")


def test_memory_that_is_away_holds_up_no_watch(place, server, caplog):
    here = place(server, sinks=[{"id": "ops", "kind": "console"}])

    class Away:
        def __getattr__(self, _name):
            def away(*_, **__):
                raise StoreError("memory is away; start it", retryable=True)

            return away

    store = here.cluster.pipeline.store
    here.cluster = replace(here.cluster, pipeline=replace(here.cluster.pipeline, store=Away()))
    with here.beating(spec()):
        until(lambda: here.names() == ["door"], "the watch to be sent")
        Markers(here.cluster.broker).clear(mark_of_watch(spec().stream_id))
        until(lambda: here.names() == ["door", "door"], "the watch to be sent again")
    assert len([one for one in caplog.messages if one == "memory is away; start it"]) <= 3
    store.close()


def test_after_redis_was_away_holders_come_back_first(place, tmp_path, caplog):
    with RedisServer(tmp_path, aof=True) as server:
        here = place(server)
        with here.beating(spec()):
            until(here.names, "the watch to be sent")
            held = here.cluster.leases.take(spec().stream_id)
            Markers(here.cluster.broker).clear(mark_of_watch(spec().stream_id))
            server.kill()
            until(lambda: any("broker" in one for one in caplog.messages), "it to be said")
            here.sent.clear()
            server.start()
            until(lambda: _holds(here), "the holder to come back")
            assert here.names() == []
            held.release()
            until(lambda: here.names() == ["door"], "the watch to be sent again")


def _holds(here):
    try:
        return {row.name for row in here.cluster.leases.rows()} == {LEASE, spec().stream_id}
    except StoreError:
        return False


def test_it_waits_for_a_broker_that_is_not_there_yet(place, tmp_path):
    server = RedisServer(tmp_path)
    here = place(server)
    with here.beating(spec()), server:
        until(lambda: here.names() == ["door"], "the watch to be sent")


def test_a_fault_of_ours_is_said_once_with_its_trace_and_ends_nothing(place, server, caplog):
    here = place(server, sinks=[{"id": "ops", "kind": "console"}])
    real, asked = here.cluster.pipeline.store, []

    class Broken:
        def __getattr__(self, name):
            return getattr(real, name)

        def next_due(self, sinks):
            asked.append(sinks)
            raise ZeroDivisionError("a fault")

    here.cluster = replace(here.cluster, pipeline=replace(here.cluster.pipeline, store=Broken()))
    with here.beating(spec()):
        until(lambda: len(asked) >= 3, "three rounds")
        until(here.names, "the watch to be sent")
    assert len([one for one in caplog.records if one.exc_info]) == 1
