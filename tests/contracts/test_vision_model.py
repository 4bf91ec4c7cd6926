"""What every VisionModel keeps; a new one joins by a line in `MODELS`."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import numpy as np
import pytest

from agent.perception.deep import deep_look
from agent.perception.detect.look import DetectorLook
from agent.perception.scripted import ScriptedDetector, ScriptedVision
from agent.perception.vlm.fallback import WithFallback
from agent.perception.vlm.families import Family
from agent.perception.vlm.local.batching import Batcher
from agent.perception.vlm.local.loading import LoadWish
from agent.perception.vlm.local.vision import LocalVision, LocalWish
from agent.perception.vlm.openai import OpenAiVision, Wish
from agent.perception.vlm.recorded import RecordedVision
from agent.perception.vlm.server import Patience, Server
from ingest.jpeg import encode
from ingest.media import MemoryMedia
from tests.answering import QUIET, ModelServer, says, status
from tests.generating import SPEAKING, Scripted
from vidette import codec
from vidette.errors import ModelError
from vidette.models import DeepState, EventType, Keyframe, Label, Observation, Segment
from vidette.ports import VisionModel
from vidette.vision import Detection, LookReply, LookRequest, SeenEvent

FIRE = SeenEvent(type=EventType.FIRE, start_s=1.0, end_s=2.0, confidence=0.9, caption="flames")
CAR = Detection(label=Label.VEHICLE, kind="car", box=(0.1, 0.1, 0.4, 0.4), confidence=0.9)
ANSWER = {**QUIET, "caption": "a yard", "text": [{"frame": 1, "text": "GATE 3"}]}
MODELS = {
    "scripted": lambda _: ScriptedVision(replies={"seg": LookReply(caption="a yard", events=(FIRE,))}),
    "scripted, one reply for all": lambda _: ScriptedVision(otherwise=LookReply(caption="a yard")),
    "scripted, silent": lambda _: ScriptedVision(),
    "on a server": lambda made: made.server([]),
    "on a server that fails": lambda made: made.server([status(500)] * 99),
    "on a server that talks": lambda made: made.server([says("There is a fire: yes.")] * 99),
    "on a server that is gone": lambda made: made.nobody(),
    "recording": lambda made: RecordedVision(made.folder, source=made.server([])),
    "replayed": lambda made: made.replayed(),
    "with a second one": lambda made: WithFallback(made.nobody(), made.server([])),
    "in this process": lambda made: made.scripted(json.dumps(ANSWER)),
    "in this process, talking": lambda made: made.scripted("There is a fire: yes."),
    "in this process, by set tasks": lambda made: made.scripted("a yard", TASKED),
    "in this process, of a real class": lambda made: made.real(),
    "a detector": lambda made: DetectorLook(detector=ScriptedDetector(finds=(CAR,)), media=made.media),
    "beside a detector": lambda made: DetectorLook(
        detector=ScriptedDetector(finds=(CAR,)), media=made.media, second=made.server([])
    ),
    "gone beside a detector": lambda made: DetectorLook(
        detector=ScriptedDetector(finds=(CAR,)), media=made.media, second=made.nobody()
    ),
}


REAL = {"in this process, of a real class"}
TASKED = Family(name="Florence-2", model_types=("florence2",), style="task", images="one")


class Made:
    """What models are made of: servers of ours, a folder, pictures."""

    def __init__(self, folder, stack, request):
        self.folder, self.media, self._stack, self._request = folder, MemoryMedia(), stack, request

    def server(self, faults):
        server = self._stack.enter_context(ModelServer(faults, lambda _: ANSWER))
        return self._at(server.url)

    def nobody(self):
        with ModelServer() as server:
            return self._at(server.url)

    def scripted(self, text, family=SPEAKING):
        """A model in this process, of ours."""
        (self.folder / "config.json").write_text(json.dumps({"model_type": "smolvlm"}))
        (self.folder / "model.safetensors").write_bytes(b"weights")
        wish = LocalWish(load=LoadWish(path=self.folder))
        speaking = Scripted(lambda _: text, family=family)
        return LocalVision(self.media, wish, awake=lambda _: Batcher(speaking, batch=4, deadline_s=60.0))

    def real(self):
        """Random weights of a real class, in this process."""
        folder = self._request.getfixturevalue("terse_model")("smolvlm")
        return LocalVision(self.media, LocalWish(load=LoadWish(path=folder, device="cpu")))

    def replayed(self):
        RecordedVision(self.folder, source=self.server([])).look(look(self.media))
        return RecordedVision(self.folder)

    def _at(self, url):
        patience = Patience(timeout_s=10, deadline_s=20, retries=1)
        return OpenAiVision(Server(url, patience=patience, wait=lambda _: None), self.media, Wish(model="tiny"))


def look(media):
    sha256, uri = media.put(encode(np.full((90, 160, 3), 90, np.uint8)), ".jpg")
    frame = Keyframe(id="k", segment_id="seg", pts_s=1.0, sha256=sha256, uri=uri)
    segment = Segment(id="seg", stream_id="cam", start_s=0.0, end_s=5.0, keyframes=(frame,))
    return LookRequest(stream_id="cam", stream_name="gate", segment=segment)


@pytest.fixture
def made(tmp_path, request):
    with ExitStack() as stack:
        yield Made(tmp_path, stack, request)


@pytest.fixture(params=[pytest.param(name, marks=pytest.mark.needs_models if name in REAL else ()) for name in MODELS])
def model(request, made) -> Iterator[VisionModel]:
    model = MODELS[request.param](made)
    yield model
    model.close()
    model.close()  # and again does no harm


@pytest.fixture
def request_(made) -> LookRequest:
    return look(made.media)


def answer(model, request_):
    try:
        return replace(model.look(request_), usage=None)  # the time it took is another one each time
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
    assert seen.run.id
    assert (seen.start_s, seen.end_s) == (0.0, 5.0)
    assert [row.deep for row in seen.coverage] in ([DeepState.EXAMINED], [DeepState.FAILED])
    assert codec.decode(Observation, codec.encode(seen)) == seen


def test_who_speaks_is_its_run_or_the_one_that_the_reply_names(model, request_):
    try:
        reply = model.look(request_)
    except ModelError:
        return
    assert deep_look(model, request_).run == (reply.run or model.run)
