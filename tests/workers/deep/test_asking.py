"""Questions of rules on their whole way: from the settings to a model, to the judge, to an alert that shows the picture."""

import pytest

from agent.perception.scripted import ScriptedVision
from vidette.alerting import Alerts, Decisions, Deliveries
from vidette.alerts import Verdict as Decided
from vidette.models import Verdict
from vidette.vision import LookReply
from workers.flow import judge_stored, step
from workers.jobs import LookAt, Watch
from workers.streams import stream_of

OPEN = "Is the gate open?"
RULE = {"id": "gate", "when": {"ask": OPEN, "confidence": 0.5}, "severity": "high"}
SINK = {"id": "desk", "kind": "console"}


class Answering(ScriptedVision):
    """Answers every question alike, of the first picture of a segment, and remembers what it was asked."""

    def look(self, request):
        answer, confidence = self.otherwise.caption.split()
        shown = request.segment.keyframes[0].pts_s
        return LookReply(
            caption="A gate.",
            verdicts=tuple(
                Verdict(question=one, answer=answer, confidence=float(confidence), at_s=shown)
                for one in request.questions
            ),
        )


def answering(answer, confidence):
    return Answering(otherwise=LookReply(caption=f"{answer} {confidence}"))


def run(pipeline, job):
    """Every step that follows; -> how often a segment was to be looked at."""
    return isinstance(job, LookAt) + sum(run(pipeline, one) for one in step(pipeline, job))


def of(pipeline):
    return pipeline.store.read(Alerts(limit=100))


def test_a_yes_is_one_alert_with_its_picture_told_once(memory, clip, spec_of):
    pipeline = memory(vision=answering("yes", 0.9), rules=[RULE, {**RULE, "id": "same"}], sinks=[SINK])
    looks = run(pipeline, Watch(spec=spec_of(clip)))
    assert looks >= 1
    alerts = of(pipeline)
    assert sorted(one.rule for one in alerts) == ["gate", "same"]
    for alert in alerts:
        assert f"“{OPEN}” answered yes on yard" in alert.text
        assert alert.why[0] == f"“{OPEN}” answered yes"
        assert f"“{OPEN}” was answered yes, 90% sure on yard" in alert.why[1]
        assert alert.evidence
        assert pipeline.media.get(alert.evidence[0].sha256)[:2] == b"\xff\xd8"
    told = pipeline.store.read(Deliveries(limit=100))
    assert len({one.id for one in told if one.message.sequence == 1}) == 2
    assert run(pipeline, Watch(spec=spec_of(clip))) == 0
    assert of(pipeline) == alerts
    assert pipeline.store.read(Deliveries(limit=100)) == told


@pytest.mark.parametrize(
    ("answer", "confidence", "why"),
    [
        ("no", 0.9, f"“{OPEN}” was answered no, 90% sure"),
        ("unknown", 0.0, f"“{OPEN}” was answered unknown, 0% sure"),
        ("yes", 0.4, f"“{OPEN}” was answered yes, 40% sure, 50% asked"),
    ],
)
def test_what_is_no_yes_raises_nothing_and_says_why(memory, clip, spec_of, answer, confidence, why):
    pipeline = memory(vision=answering(answer, confidence), rules=[RULE], sinks=[SINK])
    run(pipeline, Watch(spec=spec_of(clip)))
    assert of(pipeline) == []
    decisions = pipeline.store.read(Decisions(rules=("gate",), limit=100))
    assert {(one.verdict, one.why) for one in decisions} == {(Decided.NOT_RAISED, (why,))}


def test_a_rule_that_comes_later_judges_the_answers_that_are_stored(memory, clip, spec_of):
    streams = [{"name": "yard", "questions": [OPEN]}]
    before = memory(vision=answering("yes", 0.9), streams=streams)
    run(before, Watch(spec=spec_of(clip)))
    assert of(before) == []
    later = memory(streams=streams, rules=[RULE], sinks=[SINK])
    judge_stored(later, stream_of(spec_of(clip), later.settings))
    (alert,) = of(later)
    assert alert.evidence
    assert alert.why[1].startswith(f"“{OPEN}” was answered yes, 90% sure on yard")
