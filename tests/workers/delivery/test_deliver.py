"""What was raised on workers is sent by workers, once, and the most urgent first."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Event

import pytest

from tests.redis_server import emptied
from tests.telling import LOOPBACK, SECRET, delivery, endpoint
from tests.working import working
from vidette.alerting import Deliveries, DeliveryCounts
from vidette.alerts import DeliveryStatus, Judgement
from vidette.errors import ConfigError
from workers.cluster import cluster_of
from workers.delivery.deliver import Outgoing
from workers.flow import step
from workers.inline import InlineRunner
from workers.jobs import Watch
from workers.queue.sending import Sending
from workers.shared.queues import Queues

WAIT_S = 60
RULES = [
    {"id": "entered", "when": {"event": "object_entered"}, "severity": "critical"},
    {"id": "stayed", "when": {"event": ["object_stopped", "loitering"], "for_s": 1}, "severity": "low"},
]


def until(condition):
    deadline = time.monotonic() + WAIT_S
    while not (found := condition()):
        assert time.monotonic() < deadline, "the workers did not get there in time"
        time.sleep(0.02)
    return found


@pytest.fixture
def raising(memory, tmp_path):
    """Opens pipelines with rules and a sink that writes lines to a file of that name."""

    def open_(name, **said):
        sinks = [{"id": "file", "kind": "jsonl", "path": str(tmp_path / f"{name}.jsonl")}]
        return memory(name, rules=RULES, sinks=sinks, **said)

    return open_


def lines(folder, name):
    """What the sink was told: which alert, at which sequence."""
    file = folder / f"{name}.jsonl"
    said = [json.loads(one)["data"]["alert"] for one in file.read_text().splitlines()] if file.exists() else []
    return [(one["rule"], one["at"], one["sequence"]) for one in said]


def test_the_same_alerts_reach_the_sink_as_in_one_process(raising, on_celery, spec_of, clip, tmp_path):
    spec, inline = spec_of(clip), raising("inline")
    InlineRunner(inline).watch([spec])
    assert inline.store.next_due(["file"]) <= datetime.now(UTC)
    raised = sorted((one.message.rule, one.message.sequence) for one in inline.store.read(Deliveries(limit=100)))
    remote = raising("remote")
    (outcome,) = on_celery(remote).watch([spec])
    assert outcome.status == "watched"
    until(lambda: set(remote.store.read(DeliveryCounts())) == {("file", DeliveryStatus.DELIVERED)})
    told = lines(tmp_path, "remote")
    assert sorted((rule, sequence) for rule, _, sequence in told) == raised
    assert len(set(told)) == len(told)


def test_a_sink_is_asked_for_once_and_urgently_where_it_is_urgent(raising, spec_of, clip):
    with emptied() as redis:
        pipeline = raising("asked", broker=redis.url)
        cluster = cluster_of(pipeline.settings, pipeline=pipeline)
        sending, queues = Sending(pipeline.settings, cluster.broker), Queues(cluster.broker)
        for job in step(pipeline, Watch(spec=spec_of(clip))):
            sending(job)
        with working(pipeline, "settle"):
            until(lambda: queues.row("settle").waiting == queues.row("settle").under_way == 0)
        row = queues.row("deliver")
        assert row.by_priority[0] == 1  # of the critical ones; the low one may have asked, too
        assert set(row.by_priority) <= {0, 5}
        assert row.waiting <= 2


def test_an_unknown_sink_is_named(raising):
    with emptied() as redis:
        pipeline = raising("known", broker=redis.url)
        broker = cluster_of(pipeline.settings, pipeline=pipeline).broker
        outgoing = Outgoing(pipeline.settings, pipeline.store, broker)
        with pytest.raises(ConfigError, match="no sink 'nobody'"):
            outgoing.send("nobody", 1.0, Event())
        outgoing.close()


def test_a_sink_that_does_not_answer_holds_one_place_however_often_it_is_asked_for(memory):
    release, stop = Event(), Event()

    def silent(handler):
        release.wait(WAIT_S)
        handler.send_response(200)
        handler.end_headers()

    with emptied() as redis, endpoint(silent) as there, ThreadPoolExecutor(4) as places:
        sink = {"id": "ops", "kind": "webhook", "url": there.url, "secret": SECRET, "allow_networks": LOOPBACK}
        pipeline = memory("silent", broker=redis.url, sinks=[sink | {"timeout_s": 30}])
        due = delivery(1, at=datetime.now(UTC))
        pipeline.store.amend(lambda _: Judgement(alerts=(due.message,), deliveries=(due,)))
        outgoing = Outgoing(pipeline.settings, pipeline.store, cluster_of(pipeline.settings, pipeline=pipeline).broker)
        sends = [places.submit(outgoing.send, "ops", WAIT_S, stop) for _ in range(21)]
        there.wait(1)
        until(lambda: sum(one.done() for one in sends) == 20)
        release.set()
        for one in sends:
            one.result(WAIT_S)
        outgoing.close()
        (told,) = pipeline.store.read(Deliveries())
        assert told.status == DeliveryStatus.DELIVERED
