"""The test of the flow: one real file, in process and on real Celery workers, leaves one memory.

On the workers the deep looks come late (the vision queue has no worker until the fast look is
through), out of order and twice; several threads settle at once.
"""

import base64
import json
import random
import time
from dataclasses import replace

import pytest

from agent.perception.scripted import ScriptedVision
from tests.redis_server import emptied
from tests.working import working
from vidette.alerting import Alerts, Deliveries
from vidette.models import DeepState, EventType
from vidette.queries import CoverageIn, Segments
from workers.cluster import cluster_of
from workers.flow import step
from workers.inline import InlineRunner
from workers.jobs import LookAt, Watch, decode
from workers.queue.routing import PRIORITIES, QUEUE_OF, waiting_key
from workers.shared.queues import Queues

WAIT_S = 120
MAX_S = 4  # so that a short file has several segments


def until(condition):
    """Wait for a condition, with a deadline."""
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline, "the workers did not get there in time"
        time.sleep(0.02)


@pytest.fixture(params=["drawn", pytest.param("filmed", marks=pytest.mark.real_clips)])
def file(request, clip, videos):
    """A small drawn clip; the shortest of the real ones with a still camera and several segments."""
    return clip if request.param == "drawn" else videos / "night_ir_cat.mp4"


@pytest.fixture
def script(memory, file, spec_of, reply_to):
    """A model with a reply for every segment of the file but one, where it fails."""
    dry = memory("dry", ScriptedVision(), segments={"max_s": MAX_S})
    looks = [look for job in step(dry, Watch(spec=spec_of(file))) for look in step(dry, job)]
    assert len(looks) >= 2
    return ScriptedVision(replies={look.segment.id: reply_to(look.segment) for look in looks[:-1]})


def queued(broker):
    """Every look that waits in the vision queue, taken out of it."""
    found = []
    for priority in PRIORITIES:
        while raw := broker.client.rpop(waiting_key(QUEUE_OF["look"], priority)):
            arguments, *_ = json.loads(base64.b64decode(json.loads(raw)["body"]))
            found.append(decode(arguments[0]))
    return found


def shuffled_and_twice(jobs):
    """The jobs in another order, each of them twice."""
    many = list(jobs) * 2
    random.Random(11).shuffle(many)
    return many


RULES = [
    {"id": "entered", "when": {"event": "object_entered"}, "severity": "high"},
    {"id": "stayed", "when": {"event": ["object_stopped", "loitering"], "for_s": 1}},
]


def timeless(seen: dict) -> dict:
    """What memory holds, without the wall clock of its alerts."""

    def cut(node):
        kept = {
            name: value for name, value in node.properties.items() if name not in {"raised_at", "next_at", "late_s"}
        }
        return replace(node, properties=kept)

    return seen | {"nodes": [cut(node) for node in seen["nodes"]]}


def raised(pipeline) -> tuple[list, list]:
    """Alerts and deliveries, without when on the wall clock they were raised."""
    alerts = pipeline.store.read(Alerts(limit=1000))
    sent = pipeline.store.read(Deliveries(limit=1000))
    return (
        [replace(alert, raised_at=alert.at, late_s=None) for alert in alerts],
        sorted((one.id, one.message.change, one.message.text) for one in sent),
    )


def test_the_same_file_leaves_the_same_memory_in_process_and_on_workers(memory, file, spec_of, held, script):
    judged = {"rules": RULES, "sinks": [{"id": "here", "kind": "console"}]}
    inline, remote = (memory(name, script, segments={"max_s": MAX_S}, **judged) for name in ("inline", "remote"))
    spec = spec_of(file)
    (outcome,) = InlineRunner(inline).watch([spec])
    assert outcome.status == "watched"

    with emptied() as redis:
        remote = replace(remote, settings=remote.settings.model_copy(update={"broker": redis.url}))
        cluster = cluster_of(remote.settings, pipeline=remote)
        queues = Queues(cluster.broker)
        with working(remote, QUEUE_OF["watch"], QUEUE_OF["settle"]):
            job = Watch(spec=spec, span_s=5.0)
            cluster.registry.want(job)
            cluster.send(job)
            until(lambda: cluster.registry.get(spec.stream_id).state == "done")
            looks = queued(cluster.broker)
            before = {row.deep for row in remote.store.read(CoverageIn())}
        for look in shuffled_and_twice(looks):
            cluster.send(look)
        # One after the other: what stops a Celery worker stops all of its process.
        with working(remote, QUEUE_OF["look"], QUEUE_OF["settle"]):
            until(lambda: all(row.waiting == row.under_way == 0 for row in queues.rows() if row.name != "deliver"))

    assert all(isinstance(look, LookAt) for look in looks)
    assert DeepState.PENDING in before
    seen = held(remote)
    assert {DeepState.EXAMINED, DeepState.FAILED} <= {row.deep for row in seen["coverage"]}
    assert EventType.FIRE in {event.type for event in seen["events"]}
    assert any(row.caption.startswith("looked at") for row in remote.store.read(Segments(limit=1000)))
    assert timeless(seen) == timeless(held(inline))
    assert {alert.rule for alert in raised(remote)[0]} >= {"entered"}
    assert raised(remote) == raised(inline)
