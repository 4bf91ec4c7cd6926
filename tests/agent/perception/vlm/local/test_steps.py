"""Questions first, then the report, of a model in this process: a real class with random weights."""

from dataclasses import replace

import pytest

from agent.perception.vlm.local.loading import LoadWish
from agent.perception.vlm.local.vision import LocalVision, LocalWish
from agent.perception.vlm.looking import ONLY_QUESTIONS
from tests.agent.perception.vlm.conftest import picture
from vidette.vision import Example


@pytest.fixture
def vision(terse_model, media):
    """A real class with random weights, held to the schema."""
    model = LocalVision(media, LocalWish(load=LoadWish(path=terse_model("smolvlm"), device="cpu")))
    yield model
    model.close()


@pytest.mark.needs_models
@pytest.mark.parametrize("count", [1, 16])
def test_all_questions_are_answered_in_few_tokens(count, vision, request_, media):
    """Whatever random weights say, it is one of three words for each question."""
    normal, _ = media.put(picture(5), ".jpg")
    questions = tuple(f"Is it {i}?" for i in range(count))
    examples = (Example(sha256=normal, says="a cat"),)
    asked = replace(request_, questions=questions, effort="verdicts", normal=normal, examples=examples, boxes="both")
    reply = vision.look(asked)
    assert [one.question for one in reply.verdicts] == list(questions)
    assert {one.answer for one in reply.verdicts} <= {"yes", "no", "unknown"}
    assert all(0 <= one.confidence <= 1 for one in reply.verdicts)
    assert (reply.caption, reply.note, reply.usage.calls) == ("", ONLY_QUESTIONS, 1)
    assert reply.usage.completion_tokens <= 64 + 16 * count


@pytest.mark.needs_models
def test_the_report_follows_where_an_answer_is_not_no(vision, request_):
    reply = vision.look(replace(request_, questions=("Is it on fire?",), describe="asked"))
    (verdict,) = reply.verdicts
    if reply.note == ONLY_QUESTIONS:
        assert (verdict.answer, reply.usage.calls) == ("no", 1)
    else:
        assert reply.usage.calls >= 2
