"""Real cameras on workers: from one to the next without more missing than a group of pictures; clips of alerts."""

from contextlib import ExitStack
from functools import partial

import pytest

from ingest.sources import camera as source
from tests.machines import PATIENCE_S, Machines, gapless, until
from tests.redis_server import emptied
from vidette.alerting import Alerts
from vidette.models import FastState
from vidette.queries import Reached
from vidette.settings import Settings
from workers.jobs import Watch
from workers.wiring import pipeline_of

GOP_S = 1.0  # of the numbered clip


@pytest.fixture
def machines(tmp_path):
    opened = []

    def pipelines(**settings):
        opened.append(pipeline_of(Settings(db=str(tmp_path / "v.db"), sample="5", **settings)))
        return opened[-1]

    with emptied() as redis:
        made = Machines(redis, pipelines)
        yield made
        made.close()
    for one in opened:
        one.close()


def watched_s(machines):
    return sum(row.end_s - row.start_s for row in machines.coverage("door") if row.state == FastState.WATCHED)


def owner(machines):
    return [row.owner for row in machines.first.leases.rows()]


def alerts(machines):
    return machines.pipeline.store.read(Alerts())


def goes_on(machines, before):
    """Somebody else has it, and sees."""
    until(lambda: owner(machines) not in ([], before))
    reach_s = watched_s(machines)
    until(lambda: watched_s(machines) > reach_s + 2)


def test_handed_over_twice_it_lacks_no_more_than_a_group_of_pictures(machines, camera, numbered):
    machines.start()
    workers = [machines.first, machines.worker(), machines.worker()]
    server = camera(numbered, keyed=False)
    with ExitStack() as running:
        job = Watch(spec=source("door", server.address))
        stop = running.enter_context(machines.running(machines.wanted(job)))
        until(lambda: watched_s(machines) > 2)
        for cluster in workers[1:]:
            before = owner(machines)
            stop.set()
            stop = running.enter_context(machines.running(machines.watches.get(timeout=PATIENCE_S), cluster))
            goes_on(machines, before)
    rows = machines.coverage("door")
    assert gapless(rows)
    seen = [number for number, row in enumerate(rows) if row.state == FastState.WATCHED]
    dark = [row for row in rows[seen[0] : seen[-1]] if row.state != FastState.WATCHED]
    assert max([row.end_s - row.start_s for row in dark], default=0.0) <= GOP_S, dark
    (reach,) = machines.pipeline.store.read(Reached(streams=(job.spec.stream_id,))).values()
    assert reach.fence == len(workers)


def test_an_alert_that_others_raise_gets_its_clip_from_the_process_that_has_the_pictures(machines, camera, numbered):
    live = {"lost_s": 1, "pre_s": 2, "post_s": 0}
    machines.pipelines = partial(
        machines.pipelines, rules=[{"id": "gone", "when": {"event": "signal_lost"}}], live=live
    )
    machines.start()
    server = camera(numbered)
    job = Watch(spec=source("door", server.address))
    with machines.running(machines.wanted(job)):
        until(lambda: watched_s(machines) > 3)
        server.kill()
        until(lambda: alerts(machines))
        until(lambda: any(one.kind == "clip" for one in alerts(machines)[0].evidence))
    (alert,) = alerts(machines)
    (clip,) = [one for one in alert.evidence if one.kind == "clip"]
    assert machines.pipeline.media.get(clip.sha256)
