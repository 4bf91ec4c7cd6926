"""Boxes in coordinates of the model's own where shares were asked for: all of an answer in one convention, or none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.perception.deep import deep_look
from agent.perception.vlm.boxes.convention import boxes_of, in_shares, reach_of
from agent.perception.vlm.schema import Said, json_schema
from tests.answering import QUIET, ModelServer
from vidette.models import Label

SHARE, THOUSAND = (0.1, 0.2, 0.3, 0.4), {1: (1000.0, 1000.0)}


def said(*boxes, frame=1, closer=()):
    entities = [{"label": "person", "box": list(box), "frame": frame} for box in boxes]
    return Said.model_validate(
        {"caption": "a yard", "entities": entities, "closer": [{"frame": frame, "box": list(box)} for box in closer]}
    )


def boxes(answer):
    return [tuple(one.box) for one in answer.entities]


SIDES = st.tuples(*[st.floats(0, 1)] * 4)


@given(st.lists(SIDES, max_size=8), st.sampled_from([{}, THOUSAND]))
def test_shares_stay_as_they_are(sides, reaches):
    answer = said(*sides)
    assert in_shares(answer, reaches) == (answer, 0)


@given(st.lists(st.tuples(*[st.integers(2, 1000)] * 4), min_size=1, max_size=8))
def test_an_answer_in_the_models_own_coordinates_is_one_in_shares(sides):
    answer, refused = in_shares(said(*sides), THOUSAND)
    assert refused == 0
    assert boxes(answer) == [tuple(side / 1000 for side in box) for box in sides]


@given(
    st.lists(SIDES, min_size=1, max_size=4), st.lists(st.tuples(*[st.integers(2, 1000)] * 4), min_size=1, max_size=4)
)
def test_of_two_conventions_in_one_answer_none_is_taken(shares, others):
    answer, refused = in_shares(said(*shares, *others), THOUSAND)
    assert refused == len(shares) + len(others)
    assert set(boxes(answer)) == {()}
    assert answer.caption == "a yard"


@given(
    st.lists(st.tuples(*[st.floats(0, 16_384)] * 4) | SIDES, max_size=8),
    st.sampled_from([{}, THOUSAND, {2: (640.0, 480.0)}]),
)
def test_whatever_comes_out_is_a_share_and_the_rest_is_counted(sides, reaches):
    answer, refused = in_shares(said(*sides), reaches)
    kept = [box for box in boxes(answer) if box]
    assert all(0 <= side <= 1 for box in kept for side in box)
    assert len(kept) + refused == len(sides)


def test_without_a_convention_only_those_that_are_no_shares_are_refused():
    answer, refused = in_shares(said(SHARE, (10, 20, 300, 400)), {})
    assert (boxes(answer), refused) == ([SHARE, ()], 1)


def test_beyond_the_convention_there_is_none():
    answer, refused = in_shares(said((10, 20, 300, 1001), (10, 20, 300, 400)), THOUSAND)
    assert (boxes(answer), refused) == ([(), ()], 2)


def test_each_picture_has_its_own_pixels_and_what_is_asked_for_closer_too():
    reaches = {1: (644.0, 364.0), 2: (280.0, 280.0)}
    answer, refused = in_shares(said((0, 0, 322, 182), frame=1, closer=[(0, 182, 322, 364)]), reaches)
    assert (boxes(answer), refused) == ([(0, 0, 0.5, 0.5)], 0)
    assert answer.closer[0].box == [0, 0.5, 0.5, 1]
    assert boxes(in_shares(said((0, 0, 140, 70), frame=2), reaches)[0]) == [(0, 0, 0.5, 0.25)]
    assert boxes(in_shares(said((0, 0, 322, 182), frame=0), reaches)[0]) == [(0, 0, 0.5, 0.5)]


@pytest.mark.parametrize(
    ("model", "codec"),
    [
        ("Qwen/Qwen2.5-VL-7B-Instruct", "qwen2_5_vl"),
        ("qwen2.5vl:3b", "qwen2_5_vl"),
        ("Qwen/Qwen3-VL-8B-Instruct-AWQ", "qwen3_vl"),
        ("Qwen/Qwen2-VL-2B-Instruct", "qwen2_vl"),
        ("OpenGVLab/InternVL3-8B-hf", "internvl"),
        ("Qwen/Qwen2.5-7B-Instruct", ""),
        ("llava-hf/llava-1.5-7b-hf", ""),
        ("", ""),
    ],
)
def test_a_models_name_tells_its_family(model, codec):
    assert boxes_of(model) == codec


def test_reach_is_that_of_the_family():
    assert reach_of("qwen2_5_vl", (768, 432)) == (756.0, 420.0)
    assert reach_of("qwen2_5_vl", (1920, 1080)) == (1932.0, 1092.0)  # 2 Mpx are not made smaller
    assert reach_of("qwen2_5_vl", (20, 30)) == (56.0, 84.0)
    assert reach_of("qwen2_5_vl", (10_000, 10)) is None
    assert {reach_of(name, (768, 432)) for name in ("qwen3_vl", "qwen2_vl", "internvl")} == {(1000.0, 1000.0)}
    assert reach_of("", (768, 432)) is None


def test_shares_are_what_is_asked_for():
    side = json_schema()["properties"]["entities"]["items"]["properties"]["box"]["items"]
    assert side == {"type": "number", "minimum": 0, "maximum": 1}


def test_a_server_that_answers_in_pixels_is_understood(asking, request_):
    thing = {"label": "bag", "description": "", "track": "", "box": [0, 0, 154, 84], "frame": 1, "attributes": []}
    answer = {**QUIET, "entities": [thing]}
    for model, kept in (("Qwen/Qwen2.5-VL-7B-Instruct", 1), ("llava-1.5-7b", 0)):
        with ModelServer(answer=lambda _: answer) as server:
            asked = asking(server, model=model)
            (seen,) = asked.look(request_).entities
            observation = deep_look(asked, request_)
        assert seen.label is Label.BAG
        assert (seen.box == (0, 0, 0.5, 0.5)) == bool(kept)  # 320 x 180 is sent as 308 x 168
        assert observation.usage.refused == 1 - kept
