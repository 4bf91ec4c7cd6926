"""Segments of one minute in one question: the same ledger as one by one, fewer questions, and nothing lost where it fails."""

from dataclasses import dataclass, field, replace

import pytest

from agent.perception.scripted import SCRIPTED
from vidette.alerting import Alerts
from vidette.errors import ModelError, TooMuch
from vidette.looks import Costs
from vidette.models import DeepState, Usage
from vidette.queries import CoverageIn, Segments, StreamOf
from vidette.settings import StreamSettings
from vidette.vision import LookReply
from workers.deep.owed import _segment, _urgent, missing_looks
from workers.flow import step
from workers.inline import watch_sources
from workers.jobs import LookAt, Watch

COST = Usage(calls=1, prompt_tokens=801, completion_tokens=200)
RULES = [{"id": "entered", "when": {"event": "object_entered"}}]


@dataclass
class Asked:
    """A model that describes as many segments as it is asked about, and remembers them; `fault`: for more than one."""

    requests: list = field(default_factory=list)
    fault: ModelError | None = None
    run = SCRIPTED

    def look(self, request):
        self.requests.append(request)
        if request.parts and self.fault:
            raise self.fault
        captions = tuple(f"looked at {one.start_s:.1f}" for one in request.parts)
        return LookReply(caption=f"looked at {request.segment.start_s:.1f}", captions=captions, usage=COST)

    def close(self):
        """Nothing is held open."""


@pytest.fixture
def watched(memory, clip, spec_of):
    """A watch of the clip by a model that describes four segments at once, or fewer."""

    def watch(model, name="vidette", *, together=4, **more):
        spec = spec_of(clip)
        vlm = {"audit": 0.0, "concurrency": 1, **more.pop("vlm", {})}
        opened = memory(name, model, segments={"max_s": 1}, vlm=vlm, **more)
        pipeline = replace(opened, together=together)
        watch_sources(pipeline, [spec])
        return pipeline

    return watch


def ledger(pipeline):
    rows = pipeline.store.read(Segments(limit=1000))
    coverage = [(row.start_s, row.end_s, row.deep, row.reason) for row in pipeline.store.read(CoverageIn())]
    return [(row.id, row.caption) for row in rows], coverage


def test_the_ledger_is_that_of_one_by_one_with_fewer_questions(watched):
    alone, together = Asked(), Asked()
    one, several = watched(alone, "one", together=0), watched(together, "several")
    assert ledger(one) == ledger(several)
    count = len(alone.requests)
    assert count > 4
    assert len(together.requests) == -(-count // 4)
    assert sum(max(1, len(request.parts)) for request in together.requests) == count
    (cost,) = several.store.read(Costs())
    assert (cost.looks, cost.examined, cost.calls) == (count, count, len(together.requests))
    assert cost.prompt_tokens == 801 * len(together.requests)


def test_each_part_has_its_pictures_and_the_whole_has_all(watched):
    model = Asked()
    watched(model)
    for request in model.requests:
        assert request.parts
        assert request.segment.keyframes == tuple(frame for part in request.parts for frame in part.keyframes)
        for track in request.tracks:
            times = [point.pts_s for point in track.path]
            assert times == sorted(times)
            assert all(any(part.start_s <= at < part.end_s for part in request.parts) for at in times)


def test_what_cannot_be_answered_at_once_is_asked_one_by_one_and_counted(watched):
    model = Asked(fault=TooMuch("too long", usage=Usage(calls=2, prompt_tokens=7)))
    pipeline, alone = watched(model), watched(Asked(), "alone", together=0)
    assert ledger(pipeline) == ledger(alone)
    tries = sum(bool(request.parts) for request in model.requests)
    singles = len(model.requests) - tries
    (cost,) = pipeline.store.read(Costs())
    assert (cost.calls, cost.prompt_tokens) == (singles + 2 * tries, 801 * singles + 7 * tries)


def test_where_the_model_fails_all_of_them_have_failed_and_are_owed(watched):
    model = Asked(fault=ModelError("the server is down"))
    pipeline = watched(model)
    said = {row.deep for row in pipeline.store.read(CoverageIn())}
    assert DeepState.FAILED in said
    assert DeepState.EXAMINED not in said
    stream = pipeline.store.read(StreamOf(name="yard"))
    (first, *_) = owed = list(missing_looks(pipeline, stream))
    assert len(owed) == len(model.requests)
    assert len(first.beside) in (2, 3)


def test_a_bound_on_looks_counts_segments(watched):
    model = Asked()
    pipeline = watched(model, vlm={"stream_calls_per_hour": 3})
    (cost,) = pipeline.store.read(Costs())
    assert (cost.looks, cost.examined) == (3, 3)
    assert cost.dropped > 0
    assert "all of `vlm.stream_calls_per_hour` is spent" in {row.reason for row in pipeline.store.read(CoverageIn())}


def test_as_tokens_run_out_each_segment_still_has_a_picture(watched):
    model = Asked()
    watched(model, vlm={"stream_tokens_per_hour": 2500})
    assert "fewer" in [request.effort for request in model.requests]
    for request in model.requests:
        assert all(part.keyframes for part in request.parts)
        assert request.segment.keyframes


def test_streams_with_questions_are_looked_at_one_by_one(watched):
    model = Asked()
    watched(model, streams=[StreamSettings(name="yard", questions=["Is it dark?"])])
    assert model.requests
    assert not any(request.parts for request in model.requests)


def test_nothing_is_put_together_where_that_is_not_wanted(watched):
    model = Asked()
    watched(model, vlm={"together_s": 0})
    assert model.requests
    assert not any(request.parts for request in model.requests)


def test_what_was_examined_is_not_asked_again(watched, spec_of, clip):
    model = Asked()
    pipeline = watched(model)
    many = len(model.requests)
    assert not [job for job in step(pipeline, Watch(spec=spec_of(clip))) if isinstance(job, LookAt)]
    for request in model.requests[:many]:
        assert not list(step(pipeline, LookAt(segment=request.parts[0], beside=request.parts[1:])))
    assert len(model.requests) == many


def test_only_what_is_left_of_a_group_is_asked(memory, clip, spec_of):
    model = Asked()
    pipeline = replace(memory(vision=model, segments={"max_s": 1}), together=4)
    jobs = [look for job in step(pipeline, Watch(spec=spec_of(clip))) for look in step(pipeline, job)]
    first = next(job for job in jobs if len(job.beside) > 1)
    for settle in step(pipeline, LookAt(segment=first.beside[0])):
        list(step(pipeline, settle))
    for settle in step(pipeline, first):
        list(step(pipeline, settle))
    assert [one.id for one in model.requests[-1].parts] == [
        one.id for one in (first.segment, *first.beside) if one != first.beside[0]
    ]


def test_alerts_of_cameras_do_not_wait(watched):
    pipeline = watched(Asked(), rules=RULES)
    stream = pipeline.store.read(StreamOf(name="yard"))
    alerts = [alert.at for alert in pipeline.store.read(Alerts())]
    rows = pipeline.store.read(Segments(limit=1000))
    assert alerts
    found = [_urgent(pipeline, replace(stream, kind="live"))(_segment(row, stream)) for row in rows]
    assert found == [any(stream.at(row.start_s) <= at < stream.at(row.end_s) for at in alerts) for row in rows]
    assert True in found
    assert False in found
    assert not any(_urgent(pipeline, stream)(_segment(row, stream)) for row in rows)
