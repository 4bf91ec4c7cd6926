"""Models around models: a second one, recordings."""

from dataclasses import replace

import pytest

from agent.perception.deep import deep_look, dropped
from agent.perception.scripted import ScriptedVision
from agent.perception.vlm.breaker import Breaker
from agent.perception.vlm.fallback import WithFallback
from agent.perception.vlm.recorded import RecordedVision
from tests.answering import ModelServer, status
from vidette.errors import ConfigError, ModelError
from vidette.models import DeepState, Run, Usage
from vidette.vision import LookReply

YARD = LookReply(caption="a yard")
OTHER = Run(id="other", model="other", revision="1")


def test_the_second_one_answers_where_the_first_does_not_and_is_named(request_):
    chain = WithFallback(ScriptedVision(), ScriptedVision(otherwise=YARD, run=OTHER))
    seen = deep_look(chain, request_)
    assert (seen.run, [one.caption for one in seen.segments]) == (OTHER, ["a yard"])
    first = deep_look(WithFallback(ScriptedVision(otherwise=YARD), ScriptedVision(run=OTHER)), request_)
    assert first.run.id == "scripted"


def test_where_none_answers_both_reasons_are_told(request_):
    with pytest.raises(ModelError, match=r"seg.*and then .*seg"):
        WithFallback(ScriptedVision(), ScriptedVision(run=OTHER)).look(request_)


def test_a_server_that_is_down_is_left_for_the_second(asking, request_):
    with ModelServer([status(500)] * 99) as broken, ModelServer() as well:
        chain = WithFallback(asking(broken, breaker=Breaker(failures=1)), asking(well, model="second"))
        seen = [deep_look(chain, request_) for _ in range(3)]
        assert {one.run.model for one in seen} == {"second"}
        assert len(broken.questions) == 4  # then its breaker is open


def test_answers_are_recorded_once_and_replayed_without_the_model(asking, request_, tmp_path):
    folder = tmp_path / "answers"
    with ModelServer() as server:
        source = asking(server)
        recording = RecordedVision(folder, source=source)
        said = [recording.look(request_).caption for _ in range(2)]
        assert (said, len(server.questions)) == (["a quiet yard"] * 2, 1)
    replay = RecordedVision(folder)
    assert replay.run == source.run
    assert replay.look(request_).caption == "a quiet yard"
    assert replay.look(request_).usage is None
    with pytest.raises(ModelError, match="no recorded answer"):
        replay.look(replace(request_, context="another place"))
    recording.close()
    replay.close()


def test_a_failed_look_is_not_recorded(request_, tmp_path):
    recording = RecordedVision(tmp_path, source=ScriptedVision())
    assert deep_look(recording, request_).coverage[0].deep is DeepState.FAILED
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


def test_a_folder_is_of_one_run_and_has_to_hold_answers(tmp_path):
    with pytest.raises(ConfigError, match="no recorded answers"):
        RecordedVision(tmp_path / "none")
    assert not (tmp_path / "none").exists()
    RecordedVision(tmp_path, source=ScriptedVision())
    with pytest.raises(ConfigError, match="another model"):
        RecordedVision(tmp_path, source=ScriptedVision(run=OTHER))
    (tmp_path / "run.json").write_bytes(b"{")
    with pytest.raises(ConfigError, match="damaged"):
        RecordedVision(tmp_path)


@pytest.mark.parametrize("spoiled", [b"", b"{}", b"[1]", b"\xff\xfe", b'{"caption": 7}', b" " * 2_000_000])
def test_a_spoiled_recording_is_a_failed_look(spoiled, request_, tmp_path):
    recording = RecordedVision(tmp_path, source=ScriptedVision(otherwise=YARD))
    recording.look(request_)
    (path,) = (path for path in tmp_path.iterdir() if path.name != "run.json")
    path.write_bytes(spoiled)
    assert deep_look(RecordedVision(tmp_path), request_).coverage[0].deep is DeepState.FAILED


def test_what_was_dropped_says_why_and_can_be_looked_at_later(request_):
    seen = dropped(request_.segment, ScriptedVision().run, "all of `vlm.calls_per_hour` is spent")
    assert "vlm.calls_per_hour" in seen.coverage[0].reason
    later = deep_look(ScriptedVision(otherwise=YARD), request_)
    failed = deep_look(ScriptedVision(), request_)
    assert len({seen.id, later.id, failed.id}) == 3


@pytest.mark.parametrize("fails", [False, True])
def test_what_the_first_one_cost_is_not_forgotten(request_, fails):
    class Costly(ScriptedVision):
        def look(self, request):
            raise ModelError("noise", usage=Usage(calls=2, prompt_tokens=100))

    reply = replace(YARD, usage=Usage(calls=1, prompt_tokens=10, completion_tokens=5))
    second = Costly() if fails else ScriptedVision(otherwise=reply, run=OTHER)
    usage = deep_look(WithFallback(Costly(), second), request_).usage
    assert (usage.calls, usage.prompt_tokens, usage.completion_tokens) == ((4, 200, 0) if fails else (3, 110, 5))
