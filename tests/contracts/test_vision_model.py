"""What every VisionModel keeps; a new one joins by a line in `MODELS`."""

import pytest

from agent.perception.deep import deep_look
from agent.perception.scripted import ScriptedVision
from vidette.errors import ModelError
from vidette.models import EventType, Keyframe, LookReply, LookRequest, SeenEvent, Segment
from vidette.ports import VisionModel

FIRE = SeenEvent(type=EventType.FIRE, start_s=1.0, end_s=2.0, confidence=0.9, caption="flames")
MODELS = {
    "scripted": lambda: ScriptedVision(replies={"seg": LookReply(caption="a yard", events=(FIRE,))}),
    "scripted, one reply for all": lambda: ScriptedVision(otherwise=LookReply(caption="a yard")),
    "scripted, silent": ScriptedVision,
}


@pytest.fixture(params=MODELS)
def model(request) -> VisionModel:
    return MODELS[request.param]()


@pytest.fixture
def request_() -> LookRequest:
    frame = Keyframe(id="k", segment_id="seg", pts_s=1.0, sha256="0" * 64, uri="k.jpg")
    segment = Segment(id="seg", stream_id="cam", start_s=0.0, end_s=5.0, keyframes=(frame,))
    return LookRequest(stream_id="cam", stream_name="gate", segment=segment)


def answer(model, request_):
    try:
        return model.look(request_)
    except ModelError as error:
        assert "\n" not in str(error)
        return str(error)


def test_it_replies_or_raises_a_model_error_and_does_so_again(model, request_):
    first = answer(model, request_)
    assert isinstance(first, LookReply | str)
    assert answer(model, request_) == first


def test_its_run_is_named_and_stays(model, request_):
    before = model.run
    answer(model, request_)
    assert before.id
    assert before.model
    assert model.run == before


def test_any_answer_can_be_settled(model, request_):
    seen = deep_look(model, request_)
    assert seen.run == model.run
    assert (seen.start_s, seen.end_s) == (0.0, 5.0)
    assert seen.coverage
