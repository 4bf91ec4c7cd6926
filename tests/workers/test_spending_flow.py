"""A watch whose looks run into bounds: each step down is in the ledger, what was looked at is in the costs."""

from dataclasses import dataclass, field

from agent.perception.scripted import SCRIPTED
from agent.perception.vlm.looking import ONLY_QUESTIONS
from vidette.errors import ModelError
from vidette.looks import Costs, GateAudits, Verdicts
from vidette.models import DeepState, EventType, Usage, Verdict
from vidette.queries import CoverageIn, Segments
from vidette.settings import StreamSettings
from vidette.vision import LookReply, SeenEvent
from workers.deep.looks import _MOST, Looks
from workers.flow import step
from workers.inline import watch_sources
from workers.jobs import LookAt, Watch

QUESTION = "Is anyone there?"
COST = Usage(calls=1, prompt_tokens=800, completion_tokens=200, gpu_s=1.0)


@dataclass
class Asked:
    """A model that answers everything, and remembers what it was asked."""

    requests: list = field(default_factory=list)
    events: tuple = ()
    run = SCRIPTED

    def look(self, request):
        self.requests.append(request)
        verdicts = tuple(Verdict(question=one, answer="yes", confidence=0.9) for one in request.questions)
        if request.effort == "verdicts":
            return LookReply(caption="", verdicts=verdicts, usage=COST, note=ONLY_QUESTIONS)
        caption = f"looked at {request.segment.start_s:.1f}"
        return LookReply(caption=caption, verdicts=verdicts, usage=COST, events=self.events)

    def close(self):
        """Nothing is held open."""


def watched(memory, clip, spec_of, model, *, stream=(), **vlm):
    spec = spec_of(clip)
    said = [StreamSettings(name=spec.name, **dict(stream))]
    pipeline = memory(vision=model, segments={"max_s": 1}, vlm={"concurrency": 1, **vlm}, streams=said)
    watch_sources(pipeline, [spec])
    return pipeline


def reasons(pipeline, deep):
    rows = pipeline.store.read(CoverageIn())
    return [row.reason for row in rows if row.deep is deep]


def test_less_and_less_is_asked_until_nothing_is(memory, clip, spec_of):
    model = Asked()
    stream = {"questions": [QUESTION]}
    pipeline = watched(memory, clip, spec_of, model, stream=stream, stream_tokens_per_hour=8000, audit=0.0)
    efforts = [one.effort for one in model.requests]
    assert efforts == ["full"] * 4 + ["fewer"] * 4
    counts = [len(one.segment.keyframes) for one in model.requests[4:]]
    assert set(counts) == {1}  # of a second there are two pictures at most
    examined, dropped = reasons(pipeline, DeepState.EXAMINED), reasons(pipeline, DeepState.DROPPED)
    assert None in examined
    assert "fewer pictures: 50% of `vlm.stream_tokens_per_hour` is spent" in examined
    assert set(dropped) == {"all of `vlm.stream_tokens_per_hour` is spent"}
    (cost,) = pipeline.store.read(Costs())
    assert (cost.looks, cost.examined, cost.prompt_tokens + cost.completion_tokens) == (8, 8, 8000)
    assert (cost.failed, cost.pending) == (0, 0)
    assert cost.dropped > 0
    assert {row.answer for row in pipeline.store.read(Verdicts(question="anyone"))} == {"yes"}


def test_only_the_questions_are_asked_before_the_end(memory, clip, spec_of):
    model = Asked()
    stream = {"questions": [QUESTION]}
    pipeline = watched(memory, clip, spec_of, model, stream=stream, stream_gpu_s_per_hour=1.05, audit=0.0)
    assert [one.effort for one in model.requests] == ["full", "verdicts"]
    why = f"{ONLY_QUESTIONS}; 95% of `vlm.stream_gpu_s_per_hour` is spent"
    assert why in reasons(pipeline, DeepState.EXAMINED)


class Failing(Asked):
    """A model that fails, at some cost."""

    def look(self, request):
        super().look(request)
        raise ModelError("noise", usage=COST)


def test_what_fails_again_costs_again(memory, clip, spec_of):
    tokens = []
    for _ in range(3):
        pipeline = watched(memory, clip, spec_of, Failing(), audit=0.0)
        (cost,) = pipeline.store.read(Costs())
        tokens.append((cost.looks, cost.failed, cost.prompt_tokens))
    count = tokens[0][0]
    assert count > 3
    assert tokens == [(count, count, 800 * count * times) for times in (1, 2, 3)]


def test_what_failed_is_counted_and_owed_and_what_was_dropped_is_asked_about_later(memory, clip, spec_of):
    pipeline = watched(memory, clip, spec_of, Failing(), calls_per_hour=3, audit=0.0)
    (cost,) = pipeline.store.read(Costs())
    assert (cost.looks, cost.failed, cost.calls, cost.prompt_tokens) == (3, 3, 3, 2400)
    assert cost.dropped > 0
    again = memory(vision=Asked(), segments={"max_s": 1})
    watch_sources(again, [spec_of(clip)])
    (cost,) = again.store.read(Costs())
    assert (cost.failed, cost.dropped, cost.pending) == (0, 0, 0)
    assert cost.examined == cost.looks > 3


def test_the_gate_is_audited_by_what_it_left_out(memory, clip, spec_of):
    fire = SeenEvent(type=EventType.FIRE, start_s=0.0, end_s=14.0, confidence=0.9, caption="flames")
    pipeline = watched(memory, clip, spec_of, Asked(events=(fire,)), audit=1.0)
    gated = [row for row in pipeline.store.read(Segments()) if row.gated]
    assert gated
    assert all(row.keyframes for row in gated)
    (audit,) = pipeline.store.read(GateAudits())
    assert (audit.gated, audit.audited, audit.missed) == (len(gated),) * 3
    assert audit.examined == audit.passed > 0
    assert audit.recall is not None
    assert audit.recall[0] < 1
    assert any("at random" in (why or "") for why in reasons(pipeline, DeepState.EXAMINED))


def test_what_was_just_seen_goes_before_what_is_owed_and_is_told_how_many_wait(memory, clip, spec_of):
    pipeline = memory(segments={"max_s": 1})
    watch_sources(pipeline, [spec_of(clip)])
    model = Asked()
    pipeline = memory(vision=model, segments={"max_s": 1}, vlm={"concurrency": 1})
    jobs = [job for job in step(pipeline, Watch(spec=spec_of(clip))) if isinstance(job, LookAt)]
    looks = Looks(lambda: pipeline)
    looks._start = lambda: None  # nobody takes them yet
    looks.put(jobs[:2], owed=True)
    looks.put(jobs[2:])
    taken = [looks._next() for _ in jobs]
    fresh = len(jobs) - 2
    assert [job.segment.id for job in taken] == [job.segment.id for job in [*jobs[2:], *jobs[:2]]]
    assert [job.waiting for job in taken] == [*range(fresh - 1, -1, -1), 0, 0]
    looks.close()


def test_what_there_is_no_room_for_is_dropped_in_the_ledger(memory, clip, spec_of):
    pipeline = memory(segments={"max_s": 1})
    watch_sources(pipeline, [spec_of(clip)])
    pipeline = memory(vision=Asked(), segments={"max_s": 1})
    job, *_ = (job for job in step(pipeline, Watch(spec=spec_of(clip))) if isinstance(job, LookAt))
    looks = Looks(lambda: pipeline)
    looks._start = lambda: None
    looks.put([job] * (_MOST // 2 + 5), owed=True)
    assert looks._jobs.qsize() == _MOST // 2  # owed ones leave room
    looks.put([job] * (_MOST // 2))
    assert pipeline.store.read(Costs())[0].dropped == 0
    looks.put([job])
    (cost,) = pipeline.store.read(Costs())
    assert (cost.dropped, cost.looks) == (1, 0)
    looks.close()
