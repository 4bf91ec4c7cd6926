"""What a camera says, on its way to an outlet that now and then takes nothing: a process that is a list of what it is told."""

import selectors
from collections import deque
from types import SimpleNamespace

import pytest

from ingest.live.backoff import Backoff
from ingest.sources import camera
from vidette.errors import StoreError
from workers.cameras.live import BUSY_S, Supervisor
from workers.cameras.messages import Said
from workers.cameras.settling import Here, Settling
from workers.streams import stream_of

FULL = StoreError("the disk is full")
SAID = Said(observation=SimpleNamespace(feed=None))


class Child:
    """A process that says what `says` is given; `held` is how it was told to wait, in order."""

    pid, cpu_s = 1, 0.0

    def __init__(self, _job, _selector, heard, _ended):
        self.says, self.held = heard, []

    def hold(self, held):
        self.held.append(held)

    def strike(self):
        pass

    reap = strike


class Outlet(Here):
    """Answers puts with what is given, then takes all."""

    def __init__(self, *answers):
        super().__init__()
        self.answers, self.taken = deque(answers), 0

    def put(self, pipeline, observation):
        answer = self.answers.popleft() if self.answers else None
        if answer is not None:
            raise answer
        self.taken += 1
        return []


class Scene:
    """One camera under a clock."""

    def __init__(self, pipeline, selector, outlet):
        self.pipeline, self.outlet, self.now, self.children = pipeline, outlet, 0.0, []
        self.supervisor = Supervisor("door", lambda _why: None, selector, clock=lambda: self.now, child=self.child)
        spec = camera("door", "rtsp://camera/1")
        exhibiting = following = SimpleNamespace(settled=lambda: None, step=lambda _: None, heard=lambda _: None)
        self.settling = Settling(
            spec, {}, stream_of(spec, pipeline.settings), self.supervisor, following, exhibiting, outlet,
            clock=lambda: self.now, backoff=Backoff(clock=lambda: self.now),
        )  # fmt: skip

    def child(self, *given):
        self.children.append(Child(*given))
        return self.children[-1]

    def round(self, seconds=0.0):
        self.now += seconds
        self.settling.settle(self.pipeline, lambda: None)
        self.supervisor.tick()


@pytest.fixture
def scene(memory):
    with selectors.DefaultSelector() as selector:
        yield lambda *answers: Scene(memory(), selector, Outlet(*answers))


def test_while_nothing_is_taken_the_process_waits_and_is_the_same_afterwards(scene):
    one = scene(*[FULL] * 5)
    one.round()
    one.children[0].says(SAID)
    one.round()
    assert one.children[0].held == [True]
    while not one.outlet.taken:
        one.round(2 * BUSY_S)
    assert one.children[0].held == [True, False]
    assert (one.supervisor.restarts, len(one.children)) == (0, 1)


def test_a_process_that_follows_one_that_was_held_waits_as_well(scene):
    one = scene(FULL, FULL)
    one.round()
    one.children[0].says(SAID)
    one.round()
    one.supervisor.fail("said what cannot be settled")
    while len(one.children) < 2:
        one.round(BUSY_S)
    one.children[1].says(SAID)
    one.round()
    assert one.children[1].held == [True]
    one.round(2 * BUSY_S)
    assert (one.children[1].held, one.outlet.taken) == ([True, False], 1)
