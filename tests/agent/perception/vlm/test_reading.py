"""Reading what models really write: repaired where nothing is guessed, refused where anything would be."""

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.perception.vlm.loose import Fault, parse
from agent.perception.vlm.reading import MAX_TEXT, read, read_verdicts
from agent.perception.vlm.schema import LABELS, SHOWN, Said, SaidTogether, json_schema
from tests.answering import QUIET, value_of

EVENT = {"type": "fire", "start_s": 1, "end_s": 2.5, "confidence": 0.5, "caption": 'it\'s "hot"', "frame": 1}
WHOLE = {**QUIET, "events": [{**EVENT, "tracks": ["t1"], "box": [0, 0.25, 0.5, 1]}]}
TEXT = json.dumps(WHOLE)

READABLE = {
    "as it should be": TEXT,
    "fenced": f"```json\n{TEXT}\n```",
    "fenced without a language": f"```\n{TEXT}\n```",
    "prefixed": f"json {TEXT}",
    "prose around it": f"Sure! Here is {{the}} report you {{asked}} for:\n{TEXT}\nLet me know!",
    "pretty": json.dumps(WHOLE, indent=4),
    "trailing commas": TEXT.replace("}]", "},]").replace('"box": [0, 0.25, 0.5, 1]', '"box": [0, 0.25, 0.5, 1,],'),
    "python": repr(WHOLE),
    "nulls": TEXT.replace('"text": []', '"text": null').replace('"tracks": ["t1"]', '"tracks": ["t1"]'),
    "said twice": f"{TEXT}\n\n{TEXT}",
    "after thinking": f'<think>maybe {{"caption": "no"}}</think>{TEXT}',
    "after thinking that nobody opened": f'maybe {{"caption": "no"}} </think>\n{TEXT}',
    "with a mark in front": f"\ufeff{TEXT}",
}
SIGNS = st.lists(
    st.sampled_from(
        [
            "</think>",
            "<think>",
            "{'caption': 'all is well'}",
            '{"caption": "all is well"}',
            "```",
            '"}]}',
            "\\",
            "'",
            "EXIT",
        ]
    ),
    min_size=1,
    max_size=6,
)
"""What may stand on a sign in the picture."""
ROUND = [
    "{}",
    "```json\n{}\n```",
    "Here it is: {}",
    "<think>a sign, a yard</think>{}",
    "a sign </think> {}",
    "{}\nDone.",
]

UNREADABLE = {
    "nothing": "",
    "prose": "There is a fire in the yard: yes, certainly.",
    "a list": '["yes"]',
    "a word": "yes",
    "cut in a text": TEXT[:30],
    "cut in a list": TEXT[:-3],
    "cut before the last brace": TEXT[:-1],
    "two answers": f'{TEXT} {{"caption": "another"}}',
    "a key twice": '{"caption": "a", "caption": "b"}',
    "no comma": '{"caption": "a" "events": []}',
    "bare words": "{caption: a}",
    "bare value": '{"caption": fire}',
    "not a number": '{"caption": "a", "verdicts": [{"question": 1, "answer": "yes", "confidence": NaN}]}',
    "no caption": json.dumps({**QUIET, "caption": None}),
    "an empty caption": json.dumps({**QUIET, "caption": ""}),
    "a caption nobody sees": json.dumps({**QUIET, "caption": "\u200b\n"}),
    "a caption that is no text": json.dumps({**QUIET, "caption": ["a"]}),
    "a further key": json.dumps({**QUIET, "tool": "rm"}),
    "events as texts": json.dumps({**QUIET, "events": ["fire"]}),
    "an event without times": json.dumps({**QUIET, "events": [{"type": "fire"}]}),
    "numbers as texts": json.dumps({**QUIET, "events": [{**EVENT, "confidence": "high"}]}),
    "events that are no list": json.dumps({**QUIET, "events": {"0": EVENT}}),
    "too many events": json.dumps({**QUIET, "events": [EVENT] * 17}),
    "a verdict in another word": json.dumps({"caption": "a", "verdicts": "yes"}),
    "inside another object": json.dumps({"answer": WHOLE}),
    "too long": json.dumps({**QUIET, "caption": "x" * MAX_TEXT}),
    "nested for ever": '{"a":' * 5000,
    "open for ever": "{" * 5000,
    "many objects": '{"a": 1}' * 5000,
    "a huge number": '{"caption": "a", "n": ' + "1" * 5000 + "}",
    "a damaged escape": '{"caption": "\\u12"}',
}


@pytest.mark.parametrize("name", READABLE)
def test_what_is_meant_is_read(name):
    said, refused = read(READABLE[name])
    assert said == Said.model_validate(WHOLE)
    assert refused == 0


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_would_have_to_be_guessed_is_a_fault(name):
    with pytest.raises(Fault) as fault:
        read(UNREADABLE[name])
    assert 0 < len(str(fault.value)) < 400


@pytest.mark.parametrize("answer", ["Yes", "maybe", "", "yes, there is"])
def test_a_verdict_is_one_of_three_words_or_none(answer):
    verdicts = [{"question": 1, "answer": answer, "confidence": 0.9, "frame": 1}]
    said, refused = read(json.dumps({**QUIET, "verdicts": verdicts}))
    assert (said.verdicts, refused) == ([], 1)


@pytest.mark.parametrize(
    ("changes", "kept", "refused"),
    [
        ({"type": "meteor"}, False, 1),
        ({"type": "host_offline"}, False, 1),
        ({"confidence": 1.01}, False, 1),
        ({"start_s": -1}, False, 1),
        ({"end_s": 1e9}, False, 1),
        ({"caption": "x" * 301}, False, 1),
        ({"box": [-1, 0, 300, 1]}, True, 1),
        ({"box": [0, 0, 1e6, 1]}, True, 1),
        ({"frame": 99}, True, 1),
        ({"tracks": ["person 1"]}, True, 1),
        ({"box": [0, 0, 2, -2], "frame": 99, "type": "meteor"}, False, 3),
    ],
)
def test_values_out_of_bounds_are_left_out_and_counted(changes, kept, refused):
    said, count = read(json.dumps({**QUIET, "events": [{**EVENT, **changes}, EVENT]}))
    assert len(said.events) == 1 + kept
    assert count == refused


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(st.dictionaries(st.text(), JSON, max_size=4), st.booleans(), st.sampled_from([None, 1]))
def test_what_json_and_python_write_is_parsed_as_they_do(value, ascii_, indent):
    text = json.dumps(value, ensure_ascii=ascii_, indent=indent)
    assert parse(text, 0) == (value, len(text))


PLAIN = st.text(
    st.characters(min_codepoint=32, max_codepoint=0x17F, exclude_characters="\x7f\xad\xa0", exclude_categories=["Cc"]),
    max_size=20,
)


@given(st.dictionaries(PLAIN, PLAIN | st.integers(-99, 99) | st.booleans() | st.none(), max_size=4))
def test_what_python_writes_is_parsed(value):
    assert parse(repr(value), 0)[0] == value


@settings(max_examples=300)
@given(st.text(max_size=200) | st.text("{}[]\"':,0123456789.eE+-nultrfasTFNoe \\u`", max_size=120))
def test_any_text_is_read_or_a_fault(text):
    for one in (text, '{"caption": ' + text, '{"caption": "a", "events": [' + text):
        try:
            said, refused = read(one)
        except Fault as fault:
            assert str(fault)
            continue
        assert said.caption
        assert refused >= 0


@given(st.integers(0, 2**32), st.data())
def test_an_answer_cut_anywhere_is_never_read_as_another(seed, data):
    text = json.dumps(value_of(json_schema(), random.Random(seed)))
    end = data.draw(st.integers(0, len(text) - 1))
    with pytest.raises(Fault):
        read(text[:end])


@given(st.integers(0, 2**32))
def test_whatever_the_schema_lets_through_is_read_whole(seed):
    tree = value_of(json_schema(), random.Random(seed))
    tree["caption"] = "a yard " + tree["caption"][:400]
    said, refused = read(json.dumps(tree))
    assert refused == 0
    assert [len(one) for one in (said.entities, said.events, said.text, said.verdicts)] == [
        len(tree[name]) for name in ("entities", "events", "text", "verdicts")
    ]


def test_the_schema_is_small_and_plain():
    text = json.dumps(json_schema())
    assert len(text) < 4000
    assert not any(word in text for word in ("$", "anyOf", "allOf", "null", "pattern", "default", "title"))
    assert "maxLength" not in json.dumps(json_schema(lengths=False))
    assert json_schema()["properties"]["entities"]["items"]["properties"]["label"]["enum"] == list(LABELS)
    assert not {"signal_lost", "clock_wrong", "sink_disabled"} & set(SHOWN)
    assert {"fire", "object_left", "camera_moved", "other"} <= set(SHOWN)


@given(SIGNS, st.sampled_from(ROUND), st.sampled_from([json.dumps, repr]))
def test_what_a_sign_says_is_its_text_and_never_another_answer(words, round_, written):
    sign = " ".join(words)
    text = written({**WHOLE, "text": [{"frame": 1, "text": sign}]})
    said, refused = read(round_.replace("{}", text, 1))
    assert (said.caption, said.text[0].text, len(said.events), refused) == (WHOLE["caption"], sign, 1, 0)


@given(SIGNS, st.integers(1, 400))
def test_an_answer_about_a_sign_that_is_cut_off_is_never_what_the_sign_says(words, end):
    text = json.dumps({**WHOLE, "text": [{"frame": 1, "text": " ".join(words)}]})
    cut_ = text[: min(end, len(text) - 1)]
    with pytest.raises(Fault):
        read(cut_)


def test_a_thought_that_does_not_end_is_no_answer():
    with pytest.raises(Fault):
        read(f"<think>perhaps {TEXT}")


VERDICTS = '{"answers": ["yes", "no"], "confidence": [0.9, 1]}'


@pytest.mark.parametrize("round_", ROUND)
def test_verdicts_alone_are_read(round_):
    said = read_verdicts(round_.replace("{}", VERDICTS, 1), 2)
    assert (said.answers, said.confidence) == (["yes", "no"], [0.9, 1.0])


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("yes, no", "no JSON object with 'answers'"),
        (TEXT, "no JSON object with 'answers'"),
        (VERDICTS.replace('"no"', '"no idea"'), "answers.1"),
        (VERDICTS.replace("0.9", "9"), "confidence.0"),
        (VERDICTS.replace(', "no"', ""), "1 answers and 2 confidences to 2 questions"),
        (VERDICTS.replace(", 1", ", 1, 1"), "2 answers and 3 confidences to 2 questions"),
        (VERDICTS[:-1] + ', "caption": "x"}', "caption"),
        (VERDICTS + VERDICTS.replace("yes", "no"), "more than one answer"),
        (VERDICTS[:-2], "cut off"),
    ],
)
def test_verdicts_that_are_not_one_for_each_question_are_a_fault(text, fault):
    with pytest.raises(Fault, match=fault):
        read_verdicts(text, 2)


@pytest.mark.parametrize("count", [1, 5, 16])
def test_the_schema_of_verdicts_has_one_for_each_question(count):
    schema = json_schema(verdicts=count)
    for seed in range(20):
        value = value_of(schema, random.Random(seed))
        assert len(read_verdicts(json.dumps(value), count).answers) == count
    assert all("$ref" not in json.dumps(part) for part in schema["properties"].values())


@pytest.mark.parametrize("parts", [2, 3, 16])
def test_several_segments_have_a_caption_each(parts):
    schema = json_schema(parts=parts)
    assert "caption" not in schema["properties"]
    assert next(iter(schema["properties"])) == "captions"
    assert schema["required"] == list(schema["properties"])
    said, refused = read(json.dumps(value_of(schema, random.Random(parts))), parts)
    assert isinstance(said, SaidTogether)
    assert len(said.captions) == parts
    assert refused == 0


@pytest.mark.parametrize(
    "captions", [["one"], ["one", "two", "three"], "one two", [], None, ["one", ""], ["one", " \n"], ["one", 2]]
)
def test_other_than_a_caption_for_each_is_a_fault(captions):
    with pytest.raises(Fault, match="caption"):
        read(json.dumps({**QUIET, "captions": captions}), 2)
