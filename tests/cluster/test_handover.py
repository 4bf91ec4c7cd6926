"""A worker that is told to stop hands its cameras over: the ledger lacks no more than a group of pictures."""

import yaml

from tests.cluster.cluster import QUEUES
from tests.cluster.test_cameras import NAMES, Streams, camera, of
from vidette.models import FastState
from workers.shared.broker import Broker
from workers.shared.presence import workers

__all__ = ["camera"]

GOP_S = 1.0


def dark(rows):
    """Stretches after the first and before the last picture that were not watched."""
    seen = [number for number, row in enumerate(rows) if row.state is FastState.WATCHED]
    return [row for row in rows[seen[0] : seen[-1]] if row.state is not FastState.WATCHED]


def test_cameras_of_a_worker_that_is_told_to_stop_go_on_elsewhere_without_a_gap(cluster, camera):
    place = cluster(streams=[{"name": name, "source": camera.url(f"/{name}")} for name in NAMES])
    streams = Streams(place)
    for queue in QUEUES:
        place.worker(queue)
    first = next(one for one in place.programs if one.name == "ingest")
    place.beat()
    place.until(lambda: all(streams.commits(name) > 3 for name in NAMES), "both cameras to be watched")
    second = place.worker("ingest", name="second")
    broker = Broker(place.server.url)
    place.until(lambda: any(of(second, row.pid) for row in workers(broker)), "the other to be there")
    place.until(lambda: len(second.below()) > 2, "its processes")
    assert first.stop() == 0, place.tell()
    place.until(lambda: all(of(second, streams.holder(name)) for name in NAMES), "the other worker to have both")
    known = {name: streams.commits(name) for name in NAMES}
    place.until(lambda: all(streams.commits(name) > known[name] + 3 for name in NAMES), "both to be watched on")
    for name in NAMES:
        missed = dark(streams.coverage(name))
        assert max([row.end_s - row.start_s for row in missed], default=0.0) <= GOP_S, missed


def test_a_worker_whose_settings_change_goes_on_with_its_cameras_by_the_new_ones_without_a_gap(cluster, camera):
    place = cluster(streams=[{"name": name, "source": camera.url(f"/{name}")} for name in NAMES])
    streams = Streams(place)
    for queue in QUEUES:
        place.worker(queue)
    place.beat()
    place.until(lambda: all(streams.commits(name) > 3 for name in NAMES), "both cameras to be watched")
    before = {streams.holder(name) for name in NAMES}
    settings = yaml.safe_load(place.config.read_text())
    settings["streams"][0]["masks"] = [[[0.0, 0.0], [0.2, 0.0], [0.2, 0.2]]]
    place.config.write_text(yaml.safe_dump(settings))
    place.until(
        lambda: before.isdisjoint(now := {streams.holder(name) for name in NAMES}) and None not in now,
        "others to have both",
    )
    known = {name: streams.commits(name) for name in NAMES}
    place.until(lambda: all(streams.commits(name) > known[name] + 3 for name in NAMES), "both to be watched on")
    for name in NAMES:
        missed = dark(streams.coverage(name))
        assert max([row.end_s - row.start_s for row in missed], default=0.0) <= GOP_S, missed
