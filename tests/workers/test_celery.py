"""Celery keeps what the flow leaves to it: queues, JSON, retries of what comes too early, refusals."""

import pytest

from vidette.errors import StoreError
from vidette.models import Segment
from vidette.queries import LastCommit
from workers.celery import make_app
from workers.flow import step
from workers.jobs import LookAt, Settle, Watch
from workers.tasks import QUEUES, name_of, send

WAIT_S = 60


def test_the_app_takes_json_only_and_hands_out_at_least_once():
    conf = make_app("memory://", lambda: None).conf
    assert (conf.accept_content, conf.task_serializer, conf.result_serializer) == (["json"], "json", "json")
    assert conf.task_acks_late
    assert conf.task_reject_on_worker_lost


def test_each_kind_of_job_has_its_queue_and_bounded_jobs_have_limits():
    app = make_app("memory://", lambda: None)
    for kind, queue in QUEUES.items():
        assert app.amqp.router.route({}, name_of(kind))["queue"].name == queue
    assert {queue.name for queue in app.conf.task_queues} == {"ingest", "vision", "settle"}
    limits = {kind: app.tasks[name_of(kind)].time_limit for kind in QUEUES}
    assert limits["watch"] is None
    assert limits["settle"]
    assert limits["look"]


def test_results_are_kept_by_the_broker_unless_told_otherwise():
    assert make_app("redis://host/0", lambda: None).conf.result_backend == "redis://host/0"
    assert make_app("redis://a/0", lambda: None, backend_url="redis://b/1").conf.result_backend == "redis://b/1"


def test_jobs_go_out_as_json_to_their_queue_with_their_kind_in_the_id():
    app = make_app("memory://quiet", lambda: None)
    with app.connection_for_write() as connection:
        queue = connection.SimpleQueue(app.amqp.queues["vision"])
        queue.clear()
        sent = send(app, LookAt(segment=Segment(id="seg", stream_id="cam", start_s=0, end_s=1)))
        message = queue.get(timeout=WAIT_S)
        message.ack()
        queue.close()
    assert sent.id.startswith("look-")
    assert message.content_type == "application/json"
    assert message.headers["task"] == "vidette.look"


def test_observations_sent_in_the_wrong_order_are_settled_in_the_right_one(
    on_celery, memory, clip, spec_of, held, whole
):
    pipeline, spec = memory(), spec_of(clip)
    jobs = list(step(pipeline, Watch(spec=spec)))
    runner = on_celery(pipeline)
    for sent in [send(runner.app, job) for job in reversed(jobs)]:
        sent.get(timeout=WAIT_S, interval=0.02)
    assert held(pipeline) == whole


def test_what_is_no_job_fails_and_is_not_tried_again(on_celery, memory):
    app = on_celery(memory()).app
    with pytest.raises(StoreError, match="not a"):
        app.send_task(name_of("settle"), args=("{}",)).get(timeout=WAIT_S, interval=0.02)


def test_a_job_delivered_twice_changes_nothing(on_celery, memory, clip, spec_of, held):
    pipeline = memory()
    runner, spec = on_celery(pipeline), spec_of(clip)
    runner.watch([spec])
    before = held(pipeline)
    again = step(memory("other"), Watch(spec=spec))
    for job in (Watch(spec=spec), *again):
        send(runner.app, job).get(timeout=WAIT_S, interval=0.02)
    assert held(pipeline) == before
    assert pipeline.store.read(LastCommit(stream_id=spec.stream_id)).final
    assert isinstance(job, Settle)
