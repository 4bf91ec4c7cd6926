"""What follows from the fleet guard."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from vidette.errors import StoreError
from vidette.feeds import Cause
from vidette.models import FastState, State
from vidette.queries import Events, Filter
from vidette.signals import Loss
from vidette.streams import Stream
from workers.cameras.messages import Network
from workers.cameras.offline import EXCUSED_S, Offline

AT = datetime(2026, 5, 1, tzinfo=UTC)
GONE = Loss(since_s=30.0, state=FastState.OFFLINE, cause=Cause.UNREACHABLE)
LOGIN = Loss(since_s=0.0, state=FastState.OFFLINE, cause=Cause.UNAUTHORISED)


class Camera:
    """A camera that remembers what it was told."""

    stream = Stream(id="i", name="door", kind="live", uri="rtsp://camera/1", start=AT)

    def __init__(self):
        self.supervisor, self.told, self.loss = self, [], None

    def order(self, command):
        self.told.append(command.lost if isinstance(command, Network) else command)


@pytest.fixture
def offline(memory):
    pipeline = memory()
    return Offline(lambda: pipeline, lambda: None), pipeline


def events(pipeline):
    return [one.state for one in pipeline.store.read(Events(where=Filter(streams=("system",))))]


def test_each_is_told_and_those_that_come_back_later_have_time(offline):
    mind, pipeline = offline
    cameras = {name: Camera() for name in "abcd"}
    mind.mind(cameras, 0.0)
    for name in "abcd":
        cameras[name].loss = GONE
    mind.mind(cameras, 1.0)
    (event,) = pipeline.store.read(Events(where=Filter(streams=("system",))))
    assert (event.state, event.start) == (State.OPEN, AT + timedelta(seconds=30))  # as of the first that was lost
    assert [one.told for one in cameras.values()] == [[True]] * 4
    mind.mind(cameras, 20.0)
    cameras["a"].loss = cameras["b"].loss = None
    mind.mind(cameras, 20.0)
    assert events(pipeline) == [State.CLOSED]
    assert [cameras[name].told for name in "abcd"] == [[True, False], [True, False], [True], [True]]
    cameras["c"].loss = None
    mind.mind(cameras, 22.0)
    assert [mind.excuses(name) for name in "abcd"] == [False, False, False, True]
    mind.mind(cameras, 1.0 + EXCUSED_S + 20.0)
    assert cameras["d"].told == [True, False]


def test_trying_again_ends_no_loss_and_the_first_try_is_none(offline):
    mind, pipeline = offline
    cameras = {name: Camera() for name in "abc"}
    for one in cameras.values():
        one.loss = replace(GONE, cause=Cause.CONNECTING)
    mind.mind(cameras, 1.0)
    assert events(pipeline) == []
    for cause in (Cause.STALLED, Cause.CONNECTING, Cause.UNREACHABLE):
        for one in cameras.values():
            one.loss = replace(GONE, cause=cause)
        mind.mind(cameras, 2.0)
        assert events(pipeline) == [State.OPEN]


def test_a_few_of_many_have_their_own_losses_a_little_later(offline):
    mind, pipeline = offline
    cameras = {str(number): Camera() for number in range(12)}
    for name in "012":
        cameras[name].loss = GONE
    mind.mind(cameras, 1.0)
    assert mind.excuses("0")
    mind.mind(cameras, 7.0)
    assert not mind.excuses("0")
    assert cameras["0"].told == [True, False]
    assert events(pipeline) == []


def test_a_camera_that_is_added_meanwhile_is_excused_too(offline):
    mind, _ = offline
    cameras = {name: Camera() for name in "abc"}
    for one in cameras.values():
        one.loss = GONE
    mind.mind(cameras, 1.0)
    cameras["new"] = Camera()
    mind.mind(cameras, 2.0)
    assert mind.excuses("new")
    mind.forget("new")
    assert not mind.excuses("new")


def test_refused_passwords_are_nobodys_network(offline):
    mind, pipeline = offline
    cameras = {name: Camera() for name in "abc"}
    for one in cameras.values():
        one.loss = LOGIN
    mind.mind(cameras, 1.0)
    assert events(pipeline) == []


def test_busy_memory_is_told_later(memory, caplog):
    pipeline, busy = memory(), [True]

    def ready():
        if busy:
            raise StoreError("memory is locked")
        return pipeline

    mind = Offline(ready, lambda: None)
    cameras = {name: Camera() for name in "abc"}
    for one in cameras.values():
        one.loss = GONE
    mind.begin()
    for at in (1.0, 1.1, 1.2):
        mind.mind(cameras, at)
    assert len(caplog.records) == 2
    busy.clear()
    mind.mind(cameras, 3.0)
    assert events(pipeline) == [State.OPEN]
