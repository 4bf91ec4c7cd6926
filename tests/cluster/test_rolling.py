"""All workers are replaced one after the other under load; the new ones understand what old ones sent."""

import json

import pytest
from celery import Celery

from ingest.sources import expand
from tests.cluster.cluster import QUEUES, START, check
from workers.flow import step
from workers.jobs import Watch, encode
from workers.queue.routing import PREFIX, QUEUE_OF, name_of
from workers.wiring import pipeline_of

NEW = {"fence", "carry_sha256", "owed"}


def of_version_2(job) -> str:
    """As the version before wrote it: no kind, no time, the carry in it."""
    said = json.loads(encode(job))
    return json.dumps({"version": 2, "job": without(said["job"])})


def without(said):
    """What the version before knew of."""
    if isinstance(said, dict):
        return {key: without(value) for key, value in said.items() if key not in NEW}
    return [without(one) for one in said] if isinstance(said, list) else said


@pytest.fixture
def old(cluster):
    """Puts jobs in the queues of a cluster as the version before did."""

    def put(place, jobs) -> None:
        with Celery(broker=place.server.url) as app:
            app.conf.broker_transport_options = {"global_keyprefix": PREFIX}
            for job in jobs:
                app.send_task(name_of(job.kind), args=(of_version_2(job),), queue=QUEUE_OF[job.kind])

    return put


def watched_before(place, film):
    """All that the fast look says of a film, none of it settled."""
    pipeline = pipeline_of(place.settings)
    (spec,) = expand([str(film)], start_time=START).specs
    jobs = list(step(pipeline, Watch(spec=spec)))
    pipeline.close()
    return jobs


def test_workers_replaced_under_load_leave_what_one_process_leaves(cluster, films, undisturbed, old):
    place = cluster()
    old(place, watched_before(place, films[2]))
    programs = place.start()
    place.watch(*films[:2])
    for number, queue in enumerate([*QUEUES, *QUEUES]):
        some = place.commits() + 2
        place.until(lambda some=some: place.commits() >= some or place.finished(len(films)), "the next commits")
        fresh = place.worker(queue, name=f"{queue}-{number}")
        assert programs[queue].stop() == 0, place.tell()
        programs[queue] = fresh
    check(place, place.finish(len(films)), undisturbed)


def test_a_watch_that_an_old_version_asked_for_is_done(cluster, films, inline, old):
    place = cluster()
    (spec,) = expand([str(films[2])], start_time=START).specs
    old(place, [Watch(spec=spec)])
    place.start()
    check(place, place.finish(1), inline(films[2]))
