"""A stream that kills every worker: the ledger says so, a person may begin it again, and nothing of it is lost."""

import threading
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ingest.sources import camera
from tests.redis_server import emptied
from vidette.errors import StoreError
from vidette.models import FastState
from vidette.queries import CoverageIn, Filter, LastCommit
from workers.beat.giving_up import give_up, is_fruitless
from workers.cluster import cluster_of
from workers.flow import step
from workers.inline import InlineRunner
from workers.jobs import Settle, Watch, read
from workers.shared.broker import Broker
from workers.shared.dead import Dead
from workers.shared.registry import Registry, Wanted
from workers.watches.remote import follow


@pytest.fixture
def broker():
    with emptied() as server, closing(Broker(server.url)) as made:
        yield made


def wanted(job, broker, tries=3):
    registry = Registry(broker)
    registry.want(job)
    return replace(registry.get(job.spec.stream_id), tries=tries)


def coverage(pipeline, spec):
    rows = pipeline.store.read(CoverageIn(where=Filter(streams=(spec.stream_id,))))
    return [(row.state, round(row.start_s, 1), round(row.end_s, 1), row.reason) for row in rows]


def begin(pipeline, spec, settled):
    """Watched up to the so-manieth observation."""
    for job, _ in zip(step(pipeline, Watch(spec=spec)), range(settled), strict=False):
        list(step(pipeline, job))
    return pipeline.store.read(LastCommit(stream_id=spec.stream_id))


def given_up(pipeline, broker, job):
    one = wanted(job, broker)
    give_up(pipeline, Registry(broker), Dead(broker), one)
    return one


def test_from_the_last_commit_on_it_is_said_to_have_failed_and_a_replay_goes_on_there(
    memory, broker, clip, spec_of, held, whole
):
    pipeline, spec = memory("given", segments={"max_s": 4}), spec_of(clip)
    undisturbed = memory("undisturbed", segments={"max_s": 4})
    InlineRunner(undisturbed).watch([spec])
    commit = begin(pipeline, spec, 1)
    given_up(pipeline, broker, Watch(spec=spec))
    failed = [row for row in coverage(pipeline, spec) if row[0] is FastState.FAILED]
    assert [(start, end) for _, start, end, _ in failed] == [(round(commit.watermark_s, 1), 14.0)]
    assert "begun 3 times" in failed[0][3]
    assert Registry(broker).get(spec.stream_id).state == "dead"
    (dead,) = Dead(broker).rows()
    assert (dead.queue, dead.tries) == ("ingest", 3)
    assert "'yard'" in dead.error
    job = read(dead.text).job
    assert isinstance(job, Watch)
    assert not job.again
    InlineRunner(pipeline).watch([job.spec], again=job.again)
    assert held(pipeline) == held(undisturbed)


def test_one_of_which_nothing_was_settled_is_begun_anew(memory, broker, clip, spec_of, held, whole):
    pipeline, spec = memory(), spec_of(clip)
    given_up(pipeline, broker, Watch(spec=spec))
    ((state, start, end, _),) = coverage(pipeline, spec)
    assert (state, start, end) == (FastState.FAILED, 0.0, 14.0)
    job = read(Dead(broker).rows()[0].text).job
    assert job.again
    InlineRunner(pipeline).watch([spec], again=True)
    assert held(pipeline) == whole


def test_given_up_twice_is_one_dead_job_and_one_row(memory, broker, clip, spec_of):
    pipeline, spec = memory(), spec_of(clip)
    begin(pipeline, spec, 1)
    one = given_up(pipeline, broker, Watch(spec=spec))
    before = coverage(pipeline, spec)
    give_up(pipeline, Registry(broker), Dead(broker), one)
    assert Dead(broker).count() == 1
    assert coverage(pipeline, spec) == before


def test_whoever_still_watches_it_is_not_heard_any_more(memory, broker, clip, spec_of):
    pipeline, spec = memory("fenced", segments={"max_s": 4}), spec_of(clip)
    jobs = [job for job in step(pipeline, Watch(spec=spec)) if isinstance(job, Settle)]
    fence = pipeline.store.take(spec.stream_id)
    late = [replace(job.observation, fence=fence) for job in jobs]
    assert pipeline.store.settle(late[0])
    given_up(pipeline, broker, Watch(spec=spec))
    before = coverage(pipeline, spec)
    for one in late[1:]:
        try:
            assert not pipeline.store.settle(one)
        except StoreError as error:  # it comes too early: it never has its turn
            assert error.retryable
    assert coverage(pipeline, spec) == before


def test_of_a_camera_the_time_since_is_said_to_have_failed(memory, broker):
    pipeline = memory()
    spec = camera("door", "rtsp://127.0.0.1/1")
    given_up(pipeline, broker, Watch(spec=spec))
    assert coverage(pipeline, spec) == []
    assert Dead(broker).count() == 1


def test_it_is_put_aside_only_once_memory_knows(memory, broker, clip, spec_of):
    pipeline, spec = memory(), spec_of(clip)

    class Away:
        def open_stream(self, *_, **__):
            raise StoreError("memory is away", retryable=True)

    one = wanted(Watch(spec=spec), broker)
    with pytest.raises(StoreError, match="away"):
        give_up(replace(pipeline, store=Away()), Registry(broker), Dead(broker), one)
    assert Dead(broker).count() == 0
    assert Registry(broker).get(spec.stream_id).state == "wanted"


def test_what_is_wanted_of_nobody_is_given_up_too(memory, broker, clip, spec_of):
    """It may have been forgotten meanwhile."""
    job = Watch(spec=spec_of(clip))
    one = Wanted(
        stream_id=job.spec.stream_id, name="yard", job=job, state="wanted", tries=3, at=datetime(2026, 5, 1, tzinfo=UTC)
    )
    give_up(memory(), Registry(broker), Dead(broker), one)
    assert Registry(broker).get(job.spec.stream_id) is None
    assert Dead(broker).count() == 1


def test_one_that_got_on_after_its_third_beginning_is_not_fruitless(memory, broker, clip, spec_of):
    pipeline, spec = memory("got on", segments={"max_s": 4}), spec_of(clip)
    job = Watch(spec=spec)
    assert not is_fruitless(pipeline.store, wanted(job, broker, tries=2))
    assert is_fruitless(pipeline.store, wanted(job, broker))
    commit = begin(pipeline, spec, 1)
    assert not is_fruitless(pipeline.store, wanted(job, broker))
    assert is_fruitless(pipeline.store, replace(wanted(job, broker), sequence=commit.sequence))


def test_whoever_asked_for_it_gives_it_up_where_nobody_beats_and_is_told(memory, broker, clip, spec_of):
    pipeline, spec = memory("asked"), spec_of(clip)
    cluster = replace(cluster_of(with_broker(pipeline, broker), pipeline=pipeline, send=[].append), broker=broker)
    lines = threading.Thread(target=_die_thrice, args=(Registry(broker), spec.stream_id))
    lines.start()
    (outcome,) = follow(cluster, [Watch(spec=spec)], None, threading.Event())
    lines.join()
    assert outcome.status == "failed"
    assert "begun 3 times" in outcome.error
    assert Dead(broker).count() == 1
    assert [row[0] for row in coverage(pipeline, spec)] == [FastState.FAILED]


def _die_thrice(registry, stream_id):
    deadline = time.monotonic() + 60
    while registry.begun(stream_id, -1) < 3:
        assert time.monotonic() < deadline


def with_broker(pipeline, broker):
    port = broker.client.connection_pool.connection_kwargs["port"]
    return pipeline.settings.model_copy(update={"broker": f"redis://127.0.0.1:{port}/0"})
