"""A worker that was away for longer than its lease: what was decided meanwhile about its camera holds once it is back."""

from contextlib import contextmanager
from threading import Event, Thread

import pytest

from ingest.sources import camera
from tests.machines import PATIENCE_S, until
from tests.wire import Wire
from workers.beat.cameras import Cameras
from workers.jobs import Watch
from workers.watches.watching import watch

GOOD = Watch(spec=camera("good", "rtsp://camera/good"))
MOVED = Watch(spec=camera("good", "rtsp://camera/elsewhere"))


@pytest.fixture
def settings(machines):
    """The cameras of the settings, as beat sees to them."""
    machines.start()
    return Cameras(machines.first.broker, machines.first.registry, [GOOD.spec])


def reconciled(machines, settings):
    first = machines.first
    while settings.reconcile(first.registry.all(), {row.name for row in first.leases.rows()}, calm=True):
        pass


@contextmanager
def cut_off(machines, settings):
    """A worker that watches the camera and is away in here; it has let it go afterwards."""
    reconciled(machines, settings)
    stop = Event()
    with Wire(machines.redis.port) as wire:
        thread = Thread(target=watch, args=(machines.worker(wire), GOOD, stop))
        thread.start()
        try:
            until(lambda: machines.sequence(GOOD) >= 1)
            wire.cut()
            until(lambda: not machines.first.leases.rows())
            yield
            wire.mend()
            thread.join(PATIENCE_S)
            assert not thread.is_alive(), "it is watched on"
        finally:
            stop.set()
            thread.join(PATIENCE_S)


def test_a_camera_that_was_removed_meanwhile_is_let_go_and_may_come_back(machines, settings):
    with cut_off(machines, settings):
        settings.take([])
        reconciled(machines, settings)
    assert machines.state(GOOD) == "done"
    assert not machines.first.leases.rows()
    settings.take([GOOD.spec])
    reconciled(machines, settings)
    assert machines.state(GOOD) == "wanted"


def test_one_that_moved_meanwhile_is_left_to_whoever_watches_it_there(machines, settings):
    with cut_off(machines, settings):
        settings.take([MOVED.spec])
        reconciled(machines, settings)
    wanted = machines.first.registry.get(GOOD.spec.stream_id)
    assert (wanted.state, wanted.job.spec.url) == ("wanted", MOVED.spec.url)
    assert not machines.first.leases.rows()
