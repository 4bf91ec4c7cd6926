"""Deep looks that were lost are asked for again: in time, once, no others, and whatever memory holds beside."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from agent.perception.scripted import ScriptedVision
from vidette.models import DeepState
from vidette.queries import CoverageIn, Filter
from vidette.vision import LookReply
from workers.beat.owing import Owing
from workers.flow import step
from workers.jobs import LookAt, Settle, Watch

PATIENCE_S = 1200.0


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now

    def at(self):
        return datetime(2026, 5, 1, tzinfo=UTC) + timedelta(seconds=self.now)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def owing(clock):
    return Owing(PATIENCE_S, clock=clock, now=clock.at)


@pytest.fixture
def pipeline(memory):
    return memory("owing", ScriptedVision(otherwise=LookReply(caption="seen")), segments={"max_s": 4})


def watched(pipeline, spec):
    """Watched and settled; -> the looks that follow, which nobody does."""
    looks = []
    for job in step(pipeline, Watch(spec=spec)):
        assert isinstance(job, Settle)
        looks += [one for one in step(pipeline, job) if isinstance(one, LookAt)]
    assert len(looks) >= 3
    return looks


def pending(pipeline, spec):
    rows = pipeline.store.read(CoverageIn(where=Filter(streams=(spec.stream_id,))))
    return [row for row in rows if row.deep is DeepState.PENDING]


def ids(looks):
    return sorted(look.segment.id for look in looks)


def do(pipeline, look):
    for job in step(pipeline, look):
        list(step(pipeline, job))


def asked(owing, pipeline, waiting=0):
    found = owing.looks(pipeline, waiting)
    for look in found:
        owing.asked(look)
    return found


def test_lost_looks_are_asked_for_once_they_are_late_and_not_twice_at_once(owing, clock, pipeline, clip, spec_of):
    lost = watched(pipeline, spec_of(clip))
    assert asked(owing, pipeline) == []
    clock.now += PATIENCE_S - 1
    assert asked(owing, pipeline) == []
    clock.now += 1
    found = asked(owing, pipeline)
    assert ids(found) == ids(lost)
    assert all(look.owed for look in found)
    clock.now += 60
    assert asked(owing, pipeline) == []
    clock.now += PATIENCE_S
    assert ids(asked(owing, pipeline)) == ids(lost)
    for look in found:
        do(pipeline, look)
    assert pending(pipeline, spec_of(clip)) == []
    clock.now += 10 * PATIENCE_S
    assert asked(owing, pipeline) == []


def test_only_those_that_are_pending_are(owing, clock, pipeline, clip, spec_of):
    first, *lost = watched(pipeline, spec_of(clip))
    do(pipeline, first)
    asked(owing, pipeline)
    clock.now += PATIENCE_S
    assert ids(asked(owing, pipeline)) == ids(lost)


def test_none_while_others_wait_and_all_once_they_do_not(owing, clock, pipeline, clip, spec_of):
    lost = watched(pipeline, spec_of(clip))
    asked(owing, pipeline)
    clock.now += PATIENCE_S
    assert asked(owing, pipeline, waiting=1) == []
    assert ids(asked(owing, pipeline)) == ids(lost)


def test_a_stream_that_is_watched_anew_is_asked_for_when_that_is_late(owing, clock, pipeline, clip, spec_of):
    for look in watched(pipeline, spec_of(clip)):
        do(pipeline, look)
    asked(owing, pipeline)
    clock.now += PATIENCE_S
    assert asked(owing, pipeline) == []
    stream = next(step(pipeline, Watch(spec=spec_of(clip), again=True)))
    list(step(pipeline, stream))
    assert asked(owing, pipeline) == []


def test_with_a_stream_of_weeks_only_what_is_not_known_to_be_done_is_read(owing, clock, pipeline, clip, spec_of):
    looks = watched(pipeline, spec_of(clip))
    for look in looks:
        do(pipeline, look)
    read, windows = pipeline.store.read, []

    class Counting:
        def read(self, query):
            if isinstance(query, CoverageIn):
                windows.append((query.where.from_s, query.where.to_s))
            return read(query)

    counted = replace(pipeline, store=Counting())
    asked(owing, counted)
    for _ in range(3):
        clock.now += PATIENCE_S
        asked(owing, counted)
    assert len(windows) == 1


def test_nothing_is_asked_where_nothing_looks(owing, memory, clip, spec_of):
    assert owing.looks(memory("blind"), 0) == []
