"""Deep looks in threads: several at once, each told when it ends, cut when it is enough."""

import re
import threading
from dataclasses import dataclass, field
from threading import Event

import pytest

from agent.perception.scripted import SCRIPTED
from vidette.errors import ModelError, StoreError
from vidette.queries import CoverageIn
from vidette.vision import LookReply
from workers.deep.looks import Looks, looked
from workers.flow import step
from workers.inline import watch_sources
from workers.jobs import LookAt, Settle, Watch


@dataclass
class Waiting:
    """A vision model whose answers wait for each other, or for ever until it is closed."""

    together: threading.Barrier | None = None
    closed: Event = field(default_factory=Event)
    begun: Event = field(default_factory=Event)
    asked: list = field(default_factory=list)
    run = SCRIPTED

    def look(self, request):
        self.asked.append(request.segment.id)
        self.begun.set()
        if self.together is not None:
            self.together.wait(20)
            return LookReply(caption=f"looked at {request.segment.start_s:.1f}")
        self.closed.wait(60)
        raise ModelError("closed")

    def close(self):
        self.closed.set()


@pytest.fixture
def owed(memory, clip, spec_of):
    """A watched clip of several segments, and the looks that a model owes it."""
    pipeline = memory("owed", segments={"max_s": 4}, vlm={"concurrency": 2})
    watch_sources(pipeline, [spec_of(clip)])

    def with_model(model):
        again = memory("owed", model, segments={"max_s": 4}, vlm={"concurrency": 2})
        looks = [job for job in step(again, Watch(spec=spec_of(clip))) if isinstance(job, LookAt)]
        assert len(looks) >= 3
        return again, looks

    return with_model


def test_they_are_done_together_and_each_is_told(owed):
    pipeline, looks = owed(Waiting(together=threading.Barrier(2)))
    looks = looks[: len(looks) // 2 * 2]
    found = list(looked(pipeline, looks, Event()))
    assert sorted(job.observation.start_s for (job,) in found if isinstance(job, Settle)) == [
        look.segment.start_s for look in looks
    ]


def test_one_that_takes_long_delays_no_other(owed):
    release = Event()

    class Slow(Waiting):
        def look(self, request):
            if request.segment.id == looks[0].segment.id:
                assert release.wait(20)
            return LookReply(caption=f"looked at {request.segment.start_s:.1f}")

    pipeline, looks = owed(Slow())
    found = looked(pipeline, looks, Event())
    others = [next(found) for _ in looks[1:]]
    release.set()
    (last,) = next(found)
    assert last.observation.start_s == looks[0].segment.start_s
    assert looks[0].segment.start_s not in {job.observation.start_s for (job,) in others}
    assert list(found) == []


def test_one_that_fails_stops_no_other(owed, monkeypatch):
    pipeline, looks = owed(Waiting(together=threading.Barrier(1)))

    def failing(pipeline, job):
        if job is looks[0]:
            raise StoreError("the disk is full")
        yield from step(pipeline, job)

    monkeypatch.setattr("workers.deep.looks.step", failing)
    found = list(looked(pipeline, looks, Event()))
    failed = [one for one in found if isinstance(one, StoreError)]
    assert len(failed) == 1
    assert len(found) == len(looks)
    assert all(isinstance(job, Settle) for one in found if one not in failed for job in one)


def test_when_it_is_enough_they_are_cut_and_nothing_is_said_of_them(owed):
    model, stop = Waiting(), Event()
    pipeline, looks = owed(model)
    threading.Thread(target=lambda: model.begun.wait(20) and stop.set(), daemon=True).start()
    assert list(looked(pipeline, looks, stop)) == []
    assert model.closed.is_set()
    assert len(model.asked) <= 2  # the others were not begun


def test_those_beside_cameras_run_together_and_end_with_them(owed):
    model = Waiting(together=threading.Barrier(3))
    pipeline, looks = owed(model)
    beside = Looks(lambda: pipeline)
    beside.put(looks[:2])
    model.together.wait(20)  # two of them, and the test
    beside.close()
    assert len(model.asked) == 2


def test_those_beside_cameras_are_cut_with_them_and_nothing_is_said(owed):
    model = Waiting()
    pipeline, looks = owed(model)
    before = pipeline.store.read(CoverageIn())
    beside = Looks(lambda: pipeline)
    beside.put(looks)
    assert model.begun.wait(20)
    threads = list(beside._threads)
    beside.close()
    for thread in threads:
        thread.join(20)
    assert len(model.asked) <= 2
    assert pipeline.store.read(CoverageIn()) == before


def test_who_waits_for_looks_is_told_what_the_model_does(owed):
    model = Waiting()
    pipeline, looks = owed(model)
    waits, stop = [], Event()

    def told():
        waits.append(pipeline.voice.doing)
        if model.begun.is_set():
            stop.set()

    pipeline.voice.say("loading a model")
    assert list(looked(pipeline, looks, stop, told)) == []
    assert "loading a model" in waits


def test_how_many_wait_is_said(owed):
    model = Waiting()
    pipeline, jobs = owed(model)
    looks = Looks(lambda: pipeline)
    assert looks.said() == ""
    looks.put(jobs * 3)
    assert model.begun.wait(20)
    pipeline.voice.say("loading a model")
    assert re.fullmatch(r"deep looks waiting: \d+; loading a model", looks.said())
    looks.close()
    pipeline.voice.say("")
