"""A model on a server: what is asked, what is taken, and what every fault of a server comes to."""

import base64
import json
import logging
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.perception.deep import deep_look
from agent.perception.reply import checked
from agent.perception.vlm.looking import SILENT
from agent.perception.vlm.openai import OpenAiVision, Wish, run_of
from agent.perception.vlm.profile import PROFILES
from agent.perception.vlm.server import Patience
from ingest.jpeg import decode
from ingest.media import MemoryMedia
from tests.agent.perception.vlm.conftest import picture
from tests.answering import QUIET, ModelServer, completion, cut, dropped, enforcing, replies, says, status, texts
from vidette import codec
from vidette.errors import ConfigError, ModelError
from vidette.models import DeepState, EventType, Keyframe, Label, Observation, Segment
from vidette.vision import LookRequest

KEYS = st.sampled_from(["choices", "message", "content", "finish_reason", "text", "type", "prompt_tokens", "role"])
FALL = {
    "caption": "A person falls at the gate.",
    "entities": [
        {
            "label": "person",
            "description": "somebody in red",
            "track": "t1",
            "box": [0.1, 0.2, 0.3, 0.9],
            "attributes": [{"name": "colour", "value": "red"}],
        }
    ],
    "events": [
        {
            "type": "person_fell",
            "start_s": 2.0,
            "end_s": 3.5,
            "confidence": 0.8,
            "caption": "falls",
            "tracks": ["t1"],
            "box": [0.1, 0.2, 0.3, 0.9],
            "frame": 2,
        }
    ],
    "text": [{"frame": 1, "text": "DEPOT 7"}],
    "verdicts": [{"question": 1, "answer": "yes", "confidence": 0.9, "frame": 2}],
}


def deep(model, request):
    """The state of the only coverage row, and its reason."""
    (row,) = deep_look(model, request).coverage
    return row.deep, row.reason


def test_what_the_model_says_comes_back_in_the_words_of_memory(asking, request_):
    with ModelServer(answer=lambda _: FALL) as server:
        seen = deep_look(asking(server), replace(request_, questions=("Did somebody fall?",)))
    (said,), (thing,), (segment,) = seen.assertions, seen.entities, seen.segments
    assert (said.type, said.start_s, said.end_s, said.confidence) == (EventType.PERSON_FELL, 12.0, 13.5, 0.8)
    assert [role.track_id for role in said.roles] == ["track-1"]
    assert [proof.pts_s for proof in said.evidence] == [12.0]
    assert (thing.label, thing.attributes) == (Label.PERSON, {"colour": "red"})
    assert segment.caption == "A person falls at the gate."
    assert [frame.text for frame in segment.keyframes] == ["DEPOT 7", "", ""]
    assert (seen.usage.calls, seen.usage.prompt_tokens, seen.usage.completion_tokens) == (1, 900, 40)
    assert (seen.usage.refused, seen.usage.wall_s > 0) == (0, True)


def test_verdicts_are_of_the_questions_asked_and_unknown_where_none_was_given(asking, request_):
    twice = [{"question": 2, "answer": answer, "confidence": 0.9, "frame": 0} for answer in ("yes", "no")]
    said = {**QUIET, "verdicts": [*FALL["verdicts"], *twice, {**FALL["verdicts"][0], "question": 9}]}
    with ModelServer(answer=lambda _: said) as server:
        reply = asking(server).look(replace(request_, questions=("Fallen?", "Fire?", "Smoke?")))
    assert [(one.question, one.answer, one.at_s) for one in reply.verdicts] == [
        ("Fallen?", "yes", 12.0),
        ("Fire?", "unknown", None),
        ("Smoke?", "unknown", None),
    ]


def test_what_is_asked(asking, request_):
    with ModelServer() as server:
        asking(server, key="k-123", model="tiny-vl").look(replace(request_, questions=("Is it on fire?",)))
    (question,), (headers,) = server.questions, server.headers
    assert (headers["path"], headers["Authorization"]) == ("/v1/chat/completions", "Bearer k-123")
    assert (question["model"], question["stream"], question["temperature"], question["max_tokens"]) == (
        "tiny-vl",
        False,
        0.0,
        1024,
    )
    text = texts(question)
    assert '"the gate of a depot"' in text
    assert "Picture 1, at 0.0 s:\n<picture>\nPicture 2, at 2.0 s:\n<picture>\nPicture 3, at 6.0 s: the same as" in text
    assert "The segment is 8.0 s long." in text
    assert "t1 person: picture 1 [0.000, 0.500, 0.100, 0.700]; picture 2 [0.200, 0.500, 0.300, 0.700]\n" in text
    assert '1. "Is it on fire?"' in text
    images = [part["image_url"]["url"] for part in question["messages"][1]["content"] if part["type"] == "image_url"]
    assert all(url.startswith("data:image/jpeg;base64,") for url in images)
    assert decode(base64.b64decode(images[0].partition(",")[2])).shape == (180, 320, 3)


def test_what_is_the_same_for_all_looks_comes_first(asking, request_):
    later = replace(request_, segment=replace(request_.segment, id="next", start_s=9.5), questions=("Fire?",))
    with ModelServer() as server:
        model = asking(server)
        model.look(request_)
        model.look(later)
    a, b = ([one["messages"][0], one["messages"][1]["content"][0]] for one in server.questions)
    assert a == b


@pytest.mark.parametrize("profile", PROFILES)
def test_each_kind_of_server_is_asked_in_its_form(profile, asking, request_):
    with ModelServer() as server:
        asking(server, profile=profile, max_tokens=77).look(request_)
    (question,) = server.questions
    form = question.get("response_format")
    assert (form is None) == (profile == "transformers")
    assert {"vllm": 77, "ollama": 77, "plain": 77}.get(profile) == (
        question.get("max_tokens") if profile != "transformers" else None
    )
    assert ("max_completion_tokens" in question) == (profile in {"sglang", "hosted"})
    assert ("seed" in question) == (profile != "hosted")
    if form:
        text = json.dumps(form)
        assert not any(word in text for word in ("$ref", "$defs", "anyOf", "pattern", "default"))
        assert ("maxLength" in text) == (profile != "hosted")


def test_whatever_the_schema_lets_through_is_taken_whole(asking, request_):
    rng = random.Random(5)
    with ModelServer() as server:
        server.answer = lambda question: enforcing(question, rng)
        model = asking(server, profile="vllm")
        for _ in range(60):
            seen = deep_look(model, request_)
            assert [row.deep for row in seen.coverage] == [DeepState.EXAMINED]
            assert seen.coverage[0].reason in ("", SILENT)


def test_a_large_picture_is_made_smaller_and_pictures_are_bounded(asking, request_, media):
    frames = []
    for number in range(12):
        sha256, uri = media.put(picture(100 * number, (1600, 900)), ".jpg")
        frames.append(Keyframe(id=f"b{number}", segment_id="seg", pts_s=10.0 + number / 2, sha256=sha256, uri=uri))
    with ModelServer() as server:
        asking(server, max_images=5, max_side=400).look(
            replace(request_, segment=replace(request_.segment, keyframes=tuple(frames)))
        )
    parts = server.questions[0]["messages"][1]["content"]
    images = [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]
    assert [decode(base64.b64decode(url.partition(",")[2])).shape for url in images] == [(225, 400, 3)] * 5
    assert "Picture 5, at 5.5 s" in texts(server.questions[0])  # the last of them is among the chosen


def test_pictures_that_are_gone_are_left_out_and_without_any_the_look_fails(asking, request_):
    gone = tuple(replace(frame, sha256="0" * 64) for frame in request_.segment.keyframes)
    some = replace(request_, segment=replace(request_.segment, keyframes=(*gone[:2], request_.segment.keyframes[2])))
    with ModelServer() as server:
        assert deep(asking(server), some)[0] is DeepState.EXAMINED
        assert texts(server.questions[0]).count("<picture>") == 1
        state, reason = deep(asking(server), replace(request_, segment=replace(request_.segment, keyframes=gone)))
        assert (state, len(server.questions)) == (DeepState.FAILED, 1)
    assert "none of the segment's pictures" in reason


# What servers do wrong: each is tried again, and then it is well ------------------------------------------------

PASSING = {
    "429": status(429, b'{"error": "slow down"}', Retry_After="1"),
    "408": status(408),
    "409": status(409),
    "500": status(500, b"boom", "text/plain"),
    "503": status(503, b"<html>busy</html>", "text/html"),
    "cut mid-body": cut,
    "dropped": dropped,
    "HTML with 200": status(200, b"<html>hello</html>", "text/html"),
    "half a JSON": status(200, b'{"choices": [', "application/json"),
    "a JSON list": status(200, b"[]"),
    "nothing": status(200, b""),
    "not UTF-8": status(200, b"\xff\xfe\x00"),
    "nested for ever": status(200, b"[" * 200_000),
    "empty choices": replies({"choices": []}),
    "no choices": replies({"object": "chat.completion"}),
    "choices of another kind": replies({"choices": "no"}),
    "no message": replies({"choices": [{"finish_reason": "stop"}]}),
    "no content": replies({"choices": [{"message": {"content": None}, "finish_reason": "stop"}]}),
    "cut by length": says(QUIET, finish="length"),
    "prose": says("Yes, there is a fire, I am sure: yes."),
    "truncated": says('{"caption": "a ya'),
    "of another schema": says({"answer": "yes"}),
    "more than the schema": says({**QUIET, "tool": "delete_all"}),
    "silence": says({**QUIET, "caption": ""}),
    "a blank caption": says({**QUIET, "caption": "\u200b"}),
}


@pytest.mark.parametrize("fault", PASSING)
def test_a_passing_fault_is_tried_again(fault, asking, request_):
    with ModelServer([PASSING[fault]]) as server:
        assert deep(asking(server), request_) == (DeepState.EXAMINED, SILENT)
        assert len(server.questions) == 2


@pytest.mark.parametrize("fault", PASSING)
def test_a_lasting_fault_is_a_failed_look_and_nothing_else(fault, asking, request_):
    with ModelServer([PASSING[fault]] * 20) as server:
        seen = deep_look(asking(server), request_)
        assert 2 <= len(server.questions) <= 4
    (row,) = seen.coverage
    assert (row.deep, seen.assertions, seen.entities, seen.segments) == (DeepState.FAILED, (), (), ())
    assert row.reason
    assert row.reason.isprintable()


@pytest.mark.parametrize("code", [400, 401, 403, 404, 413, 422, 301, 307])
def test_a_refusal_is_not_tried_again(code, asking, request_):
    said = status(code, b'{"error": {"message": "no such thing"}}', Location="http://127.0.0.1:1/steal")
    with ModelServer([said]) as server:
        state, reason = deep(asking(server), request_)
        assert (state, len(server.questions)) == (DeepState.FAILED, 1)
    assert f"HTTP {code}" in reason
    assert "no such thing" in reason


def test_an_error_in_a_good_reply_is_told(asking, request_):
    with ModelServer([replies({"error": {"message": "out of credits for k-77"}})]) as server:
        state, reason = deep(asking(server, key="k-77"), request_)
        assert (state, len(server.questions)) == (DeepState.FAILED, 1)
    assert "out of credits for ***" in reason


@pytest.mark.parametrize("name", ["hang", "drip", "flood"])
def test_a_server_without_end_is_left_in_time(name, asking, request_):
    with ModelServer() as server:
        server.faults = [getattr(server, name)] * 9
        patience = Patience(timeout_s=0.3, deadline_s=5, retries=1)
        state, reason = deep(asking(server, patience=patience), request_)
    assert state is DeepState.FAILED
    assert "after 2 tries" in reason


def test_nobody_there_is_a_failed_look(asking, request_):
    with ModelServer() as server:
        url = server.url
    state, reason = deep(asking(url), request_)
    assert state is DeepState.FAILED
    assert url in reason


def test_what_is_wrong_is_named_when_it_is_asked_again(asking, request_):
    said = {**FALL, "events": [{**FALL["events"][0], "confidence": "very"}]}
    with ModelServer([says(said)], lambda _: FALL) as server:
        assert deep(asking(server), request_)[0] is DeepState.EXAMINED
    first, second = map(texts, server.questions)
    assert "events.0.confidence: should be a valid number" in second
    before, _, last = first.rpartition("\n")
    assert second.startswith(before)
    assert second.endswith(last)


def test_things_out_of_bounds_are_left_out_and_counted(asking, request_):
    event = FALL["events"][0]
    said = {
        **FALL,
        "entities": [
            {**FALL["entities"][0], "label": "robot"},
            {**FALL["entities"][0], "box": [10, 20, 300, 400]},  # pixels: the thing stays, its box does not
            {**FALL["entities"][0], "track": "t9"},
        ],
        "events": [
            event,
            {**event, "type": "meteor"},
            {**event, "start_s": 100.0, "end_s": 101.0},
            {**event, "start_s": 5.0, "end_s": 4.0},
            {**event, "confidence": 7},
            {**event, "frame": 31},
            {**event, "box": [0.9, 0.1, 0.2, 0.3]},
        ],
    }
    with ModelServer(answer=lambda _: said) as server:
        seen = deep_look(asking(server), request_)
    assert [(one.type, one.start_s, one.box is None) for one in seen.assertions] == [
        (EventType.PERSON_FELL, 12.0, False),
        (EventType.PERSON_FELL, 12.0, False),
        (EventType.PERSON_FELL, 12.0, True),
    ]
    assert len(seen.entities) == 2
    assert seen.usage.refused == 9


def test_the_key_is_never_said(asking, request_, caplog):
    caplog.set_level(logging.DEBUG)
    key = "sk-Very.Secret/Key+123"
    with ModelServer([status(401, f"bad key {key} (Bearer {key})".encode())] * 9) as server:
        _, reason = deep(asking(server, key=key), request_)
    assert "HTTP 401; check `vlm.api_key`" in reason
    assert key not in reason + caplog.text


def test_a_key_is_one_line_and_one_that_is_not_is_not_said(asking, request_):
    with ModelServer() as server:
        asking(server, key=" k-1\n").look(request_)
        assert server.headers[0]["Authorization"] == "Bearer k-1"
        for key in ("hunter2\nX-Other: 1", "hunter2 x", "hünter2", "hunter2\x00"):
            with pytest.raises(ConfigError, match=r"vlm\.api_key") as error:
                asking(server, key=key)
            assert "nter2" not in str(error.value)


def test_an_address_with_a_password_is_refused_and_others_are_taken(asking):
    wrong = (
        "http://user:hunter2@host/v1",
        "ftp://host/v1",
        "host/v1",
        "http://u:hunter2@[::1/v1",
        "http://host:99999/",
    )
    for url in (*wrong, "", "http://", "http://a b/v1"):
        with pytest.raises(ConfigError, match=r"vlm.url") as error:
            asking(url)
        assert "hunter2" not in str(error.value)
    with ModelServer() as server:
        for path in ("", "/", "/chat/completions"):
            asking(server.url + path)


def test_the_run_is_of_model_and_prompt_not_of_the_place():
    assert run_of(Wish(model="a")) == run_of(Wish(model="a"))
    assert len({run_of(Wish(model="a")).id, run_of(Wish(model="b")).id, run_of(Wish(model="a", seed=1)).id}) == 3
    assert len(run_of(Wish(model="a")).prompt_hash) == 64


def test_a_closed_model_fails_at_once(asking, request_):
    with ModelServer() as server:
        model = asking(server)
        model.close()
        with pytest.raises(ModelError, match="closed"):
            model.look(request_)
        assert server.questions == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just(json.dumps(QUIET)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8) | KEYS, inner, max_size=4),
    max_leaves=8,
)
REPLY = st.fixed_dictionaries(
    {}, optional={"choices": JSON | st.lists(st.dictionaries(KEYS, JSON, max_size=3), max_size=2), "usage": JSON}
)


class Saying:
    """In place of a server: one reply for all."""

    def __init__(self, reply):
        self.reply = reply

    def until(self):
        return 0.0

    def ask(self, _question, _until):
        return self.reply, 1


@given(REPLY)
def test_any_json_of_a_server_is_an_answer_or_a_failed_look(reply):
    media = MemoryMedia()
    sha256, uri = media.put(picture(10), ".jpg")
    frame = Keyframe(id="k", segment_id="seg", pts_s=10.0, sha256=sha256, uri=uri)
    segment = Segment(id="seg", stream_id="cam", start_s=10.0, end_s=18.0, keyframes=(frame,))
    model = OpenAiVision(Saying(reply), media, Wish(model="tiny"))
    seen = deep_look(model, LookRequest(stream_id="cam", stream_name="gate", segment=segment))
    (row,) = seen.coverage
    assert row.deep in (DeepState.EXAMINED, DeepState.FAILED)
    assert codec.decode(Observation, codec.encode(seen)) == seen


def test_parts_of_a_content_are_put_together(asking, request_):
    text = json.dumps(QUIET)
    tree = completion("")
    tree["choices"][0]["message"]["content"] = [{"type": "text", "text": text[:9]}, {"type": "text", "text": text[9:]}]
    tree["usage"] = {"prompt_tokens": True, "completion_tokens": -5}
    with ModelServer([replies(tree)]) as server:
        reply = checked(asking(server).look(request_), request_)
    assert (reply.caption, reply.usage.prompt_tokens, reply.usage.completion_tokens) == ("a quiet yard", 0, 0)
