"""Cameras of the settings: each is watched by one worker, whichever lives, and let go when the settings no longer have it."""

from itertools import pairwise

import pytest
import yaml

from app.simulation.camera import Camera, missing
from tests.clips import Recipe, make
from tests.cluster.cluster import QUEUES
from vidette.ids import stream_id
from vidette.models import FastState
from vidette.queries import CoverageIn, Filter, LastCommit
from workers.shared.broker import Broker
from workers.shared.leases import Leases
from workers.shared.registry import Registry

NAMES = ("one", "two")


@pytest.fixture(scope="module")
def camera(tmp_path_factory):
    if lacking := missing():
        pytest.skip(lacking)
    clip = make(tmp_path_factory.mktemp("numbered") / "clip.mp4", Recipe(frames=300, gop=25, size=(320, 240)))
    with Camera({f"/{name}": [clip] for name in NAMES}) as server:
        yield server


class Streams:
    """What Redis and memory know of the cameras."""

    def __init__(self, place):
        self.place, self.broker = place, Broker(place.server.url)
        self.leases, self.registry = Leases(self.broker, ttl_s=60), Registry(self.broker)

    @property
    def ours(self):
        """The cameras that the settings have, or had until they were let go."""
        return {one.decode() for one in self.broker.client.smembers(self.broker.key("cameras"))}

    def holder(self, name):
        """The process that watches it; None where none does."""
        pids = [int(row.holder.rpartition(":")[2]) for row in self.leases.rows() if row.name == stream_id(name)]
        return pids[0] if pids else None

    def commits(self, name):
        commit = self.place.store.read(LastCommit(stream_id=stream_id(name)))
        return commit.sequence if commit else -1

    def coverage(self, name):
        return self.place.store.read(CoverageIn(where=Filter(streams=(stream_id(name),))))


def of(program, pid):
    """Whether a process is one of a program's."""
    return pid in {program.process.pid, *(one.pid for one in program.below())}


def test_cameras_of_a_worker_that_was_killed_are_watched_by_another(cluster, camera):
    place = cluster(streams=[{"name": name, "source": camera.url(f"/{name}")} for name in NAMES])
    streams = Streams(place)
    for queue in QUEUES:
        place.worker(queue)
    workers = [next(one for one in place.programs if one.name == "ingest"), place.worker("ingest", name="second")]
    place.beat()
    place.until(lambda: all(streams.commits(name) > 0 for name in NAMES), "both cameras to be watched")
    before = streams.holder("one")
    (killed,) = [one for one in workers if of(one, before)]
    (other,) = [one for one in workers if one is not killed]
    killed.kill()
    place.until(lambda: all(of(other, streams.holder(name)) for name in NAMES), "the other worker to have both")
    known = {name: streams.commits(name) for name in NAMES}
    place.until(
        lambda: all(
            streams.commits(name) > known[name] and streams.coverage(name)[-1].state is FastState.WATCHED
            for name in NAMES
        ),
        "both to be watched on",
    )
    for name in NAMES:
        rows = streams.coverage(name)
        assert all(one.end_s == next_.start_s for one, next_ in pairwise(rows)), rows
    assert any(row.state is not FastState.WATCHED for row in streams.coverage("one"))
    settings = yaml.safe_load(place.config.read_text())
    place.config.write_text(yaml.safe_dump({**settings, "streams": settings["streams"][:1]}))
    place.until(lambda: streams.ours == {stream_id("one")}, "the second camera to be let go")
    assert streams.registry.get(stream_id("two")).state == "done"
    assert streams.holder("two") is None
    place.until(lambda: of(other, streams.holder("one")), "the first to be watched on")  # by the new settings
