"""One look: two steps, references, tracks, two segments in one answer; scripted models that answer by what they were sent."""

import random
from dataclasses import replace

import numpy as np
import pytest

from agent.perception.deep import deep_look
from agent.perception.together import look_together
from agent.perception.vlm.looking import ONLY_QUESTIONS, SILENT
from ingest.jpeg import decode
from tests.agent.perception.vlm.conftest import picture, sent
from tests.answering import QUIET, ModelServer, enforcing, says, texts
from vidette.errors import ModelError, NotAsked, TooMuch
from vidette.models import DeepState
from vidette.vision import Example

ASKED = ("Is there a fire?", "Is the gate open?")
WANTED = {"report": "Answer with a report now.", "verdicts": "Answer with verdicts alone now."}


def kind(question):
    """Which of the two answers a question wants."""
    last = question["messages"][1]["content"][-1]["text"]
    return next(name for name, line in WANTED.items() if line == last)


def answering(verdicts, report=QUIET):
    return lambda question: report if kind(question) == "report" else verdicts


def two(*answers):
    return {"answers": list(answers), "confidence": [0.9] * len(answers)}


@pytest.fixture
def stepwise(request_):
    return replace(request_, questions=ASKED, describe="asked")


def test_where_all_is_no_the_questions_are_all_that_is_asked(asking, stepwise):
    with ModelServer(answer=answering(two("no", "no"))) as server:
        reply = asking(server).look(stepwise)
    (question,) = server.questions
    assert kind(question) == "verdicts"
    assert question["max_tokens"] < 150
    assert question["response_format"]["json_schema"]["schema"]["properties"]["answers"]["maxItems"] == 2
    assert [(one.question, one.answer, one.confidence) for one in reply.verdicts] == [
        (text, "no", 0.9) for text in ASKED
    ]
    assert (reply.caption, reply.note) == ("", ONLY_QUESTIONS)


@pytest.mark.parametrize("answers", [("yes", "no"), ("no", "unknown"), ("yes", "yes")])
def test_where_one_is_not_no_the_segment_is_described(answers, asking, stepwise):
    report = {**QUIET, "verdicts": [{"question": 1, "answer": "unknown", "confidence": 0.1, "frame": 2}]}
    with ModelServer(answer=answering(two(*answers), report)) as server:
        reply = asking(server).look(stepwise)
    first, second = map(kind, server.questions)
    assert (first, second) == ("verdicts", "report")
    assert [one.answer for one in reply.verdicts] == list(answers)  # the report that does not know takes nothing back
    assert (reply.caption, reply.usage.calls) == (QUIET["caption"], 2)


def test_a_report_that_tells_of_nothing_though_something_is_tracked_says_so(asking, request_):
    thing = {"label": "person", "description": "", "track": "t1", "box": [], "frame": 0, "attributes": []}
    event = {
        "type": "fire",
        "start_s": 0,
        "end_s": 1,
        "confidence": 1,
        "caption": "",
        "tracks": [],
        "box": [],
        "frame": 0,
    }
    for said, tracks, note in [
        (QUIET, request_.tracks, SILENT),
        (QUIET, (), ""),
        ({**QUIET, "entities": [thing]}, request_.tracks, ""),
        ({**QUIET, "events": [event]}, request_.tracks, ""),
    ]:
        with ModelServer(answer=lambda _, said=said: said) as server:
            (row,) = deep_look(asking(server), replace(request_, tracks=tracks)).coverage
        assert (row.deep, row.reason) == ("examined", note)


def test_the_report_has_the_last_word_and_the_picture(asking, stepwise):
    report = {**QUIET, "verdicts": [{"question": 2, "answer": "no", "confidence": 0.7, "frame": 2}]}
    with ModelServer(answer=answering(two("no", "yes"), report)) as server:
        fire, gate = asking(server).look(stepwise).verdicts
    assert (fire.answer, gate.answer, gate.confidence, gate.at_s) == ("no", "no", 0.7, 12.0)


@pytest.mark.parametrize("wish", [{"describe": "always"}, {"questions": ()}])
def test_otherwise_there_is_one_question(wish, asking, stepwise):
    with ModelServer() as server:
        asking(server).look(replace(stepwise, **wish))
    assert [kind(question) for question in server.questions] == ["report"]


@pytest.mark.parametrize("answer", ["no idea", two("no"), two("no", "no", "no"), {"answers": ["no", "maybe"]}, QUIET])
def test_answers_that_cannot_be_read_are_asked_for_once_more_and_then_described(answer, asking, stepwise):
    with ModelServer([says(answer), says(answer)]) as server:
        reply = asking(server).look(stepwise)
    assert [kind(question) for question in server.questions] == ["verdicts", "verdicts", "report"]
    assert [one.answer for one in reply.verdicts] == ["unknown", "unknown"]
    assert reply.caption == QUIET["caption"]


def test_a_description_that_fails_takes_no_answer_back(asking, stepwise):
    with ModelServer([says(two("yes", "no")), says("?"), says("?")]) as server:
        reply = asking(server).look(stepwise)
    assert [one.answer for one in reply.verdicts] == ["yes", "no"]
    assert reply.caption == ""
    assert reply.note.startswith(ONLY_QUESTIONS + ": ")
    assert "cannot be read" in reply.note
    assert reply.usage.calls == 3


def test_with_questions_alone_nothing_is_described(asking, stepwise):
    alone = replace(stepwise, effort="verdicts", describe="always")
    with ModelServer(answer=answering(two("yes", "unknown"))) as server:
        reply = asking(server).look(alone)
        assert [one.answer for one in reply.verdicts] == ["yes", "unknown"]
        assert [kind(question) for question in server.questions] == ["verdicts"]
        with pytest.raises(NotAsked):
            asking(server).look(replace(alone, questions=()))
        assert len(server.questions) == 1
    with ModelServer([says("?"), says("?")]) as server, pytest.raises(ModelError, match="cannot be read"):
        asking(server).look(alone)


def test_a_server_that_enforces_its_schema_is_understood_in_both_steps(asking, stepwise):
    import random

    rng = random.Random(5)
    many = replace(stepwise, questions=tuple(f"Question {i}?" for i in range(16)))
    with ModelServer(answer=lambda question: enforcing(question, rng)) as server:
        reply = asking(server).look(many)
    assert kind(server.questions[0]) == "verdicts"
    assert len(reply.verdicts) == 16


def test_both_steps_and_two_looks_have_all_in_common_that_they_can(asking, stepwise, media):
    normal, _ = media.put(picture(5), ".jpg")
    shown, _ = media.put(picture(60), ".jpg")
    request = replace(stepwise, normal=normal, examples=(Example(sha256=shown, says="a cat"),), boxes="both")
    with ModelServer(answer=answering(two("yes", "no"))) as server:
        model = asking(server)
        model.look(request)
        later = replace(request.segment, id="next", keyframes=request.segment.keyframes[1:])
        model.look(replace(request, segment=later, tracks=()))
    first, report, other, _ = (one["messages"] for one in server.questions)
    assert first[0] == report[0] == other[0]
    assert first[1]["content"][:-1] == report[1]["content"][:-1]  # only which answer is wanted differs
    a, b = first[1]["content"], other[1]["content"]
    same = next(i for i, (mine, theirs) in enumerate(zip(a, b, strict=False)) if mine != theirs)
    assert "Picture 1" in a[same]["text"]  # place, normal, example and its words are before it
    assert sum(part["type"] == "image_url" for part in a[:same]) == 2


def test_references_are_shown_before_the_pictures_and_those_that_are_gone_are_left_out(asking, request_, media):
    normal, _ = media.put(picture(5, (1600, 900)), ".jpg")
    shown, _ = media.put(picture(60), ".jpg")
    examples = (Example(sha256=shown, says='the "cat" of the house'), Example(sha256="0" * 64, says="gone"))
    with ModelServer() as server:
        asking(server).look(replace(request_, normal=normal, examples=examples))
    text = texts(server.questions[0])
    order = [
        "The place when nothing is wrong:",
        "An example from this place:",
        "The pictures of the segment:",
        "Picture 1",
    ]
    assert [text.index(one) for one in order] == sorted(text.index(one) for one in order)
    assert r'What is rightly said of it: "the \"cat\" of the house"' in text
    assert "gone" not in text
    before, pixels = sent(server.questions[0])[0]
    assert before == order[0]
    assert pixels.shape == (432, 768, 3)


@pytest.mark.parametrize("boxes", ["listed", "drawn", "both"])
def test_tracks_are_listed_or_drawn(boxes, asking, request_):
    with ModelServer() as server:
        asking(server).look(replace(request_, boxes=boxes))
    (_, pixels), *_ = sent(server.questions[0])
    _, plain = "", decode(picture(20))
    yellow = (pixels[..., 0] > 180) & (pixels[..., 1] > 150) & (pixels[..., 2] < 120)
    text = texts(server.questions[0])
    assert bool(yellow.sum() > 50) is (boxes != "listed")
    assert ("were drawn on the pictures" in text) is (boxes != "listed")
    assert ("t1 person: picture 1 [" in text) is (boxes != "drawn")
    assert "t1 person" in text
    assert np.array_equal(pixels, plain) is (boxes == "listed")


# Parts of pictures ------------------------------------------------------------------------------


@pytest.fixture
def halves(request_):
    """The request as one about two segments, each with pictures."""
    segment = request_.segment
    middle_s = (segment.keyframes[0].pts_s + segment.keyframes[-1].pts_s) / 2
    first = replace(segment, id="a", end_s=middle_s, keyframes=segment.keyframes[:1])
    second = replace(segment, id="b", start_s=middle_s, keyframes=segment.keyframes[1:])
    return replace(request_, parts=(first, second))


def test_two_segments_are_described_in_one_answer(asking, halves):
    with ModelServer(answer=lambda question: enforcing(question, random.Random(1))) as server:
        found = look_together(asking(server, profile="vllm"), halves)
    (question,) = server.questions
    assert "The segment has 2 parts" in "".join(texts(question))
    assert [one.segment_id for one in found] == ["a", "b"]
    assert len({one.segments[0].caption for one in found}) == 2
    assert all(one.coverage[0].deep is DeepState.EXAMINED for one in found)


def test_who_describes_two_as_one_twice_is_not_asked_about_two(asking, halves):
    with ModelServer(answer=lambda _: QUIET) as server, pytest.raises(TooMuch, match="captions") as caught:
        look_together(asking(server), halves)
    assert caught.value.usage.calls == len(server.questions) == 2


def test_a_segment_whose_pictures_are_gone_is_not_called_examined(asking, halves):
    frame = replace(halves.parts[1].keyframes[0], sha256="0" * 64)
    gone = replace(halves.parts[1], keyframes=(frame,))
    whole = replace(halves.segment, keyframes=(*halves.parts[0].keyframes, frame))
    with ModelServer(answer=lambda _: QUIET) as server, pytest.raises(TooMuch, match="media store"):
        look_together(asking(server), replace(halves, segment=whole, parts=(halves.parts[0], gone)))
    assert not server.questions
