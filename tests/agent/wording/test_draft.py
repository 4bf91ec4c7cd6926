"""What sentences become: a table of them, and what holds for every text."""

import json
from datetime import UTC

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.wording.draft import draft
from rules.reading import condition
from rules.wording import written
from tests.agent.wording.sentences import SENTENCES
from vidette.errors import ConfigError
from vidette.rule_settings import RuleSettings
from vidette.settings import Settings
from vidette.yaml_tree import parse

HERE = [[0, 0], [1, 0], [1, 1]]
SETTINGS = Settings.model_validate(
    {
        "streams": [
            {
                "name": "yard",
                "zones": [
                    {"name": name, "polygon": HERE}
                    for name in ("dock", "gate", "parking", "front door", "till", "yard zone")
                ],
                "lines": [{"name": "barrier", "points": [[0, 0], [1, 1]]}],
            },
            {"name": "camera 2"},
        ],
        "sinks": [{"id": "ops", "kind": "console"}, {"id": "night-guard", "kind": "console"}],
    }
)


def said(rule):
    found = json.loads(rule.model_dump_json(by_alias=True, exclude_defaults=True, exclude={"id"}))
    return single(found)


def single(value):
    """Lists of one as that one, as they are written."""
    if isinstance(value, dict):
        return {key: single(one) for key, one in value.items()}
    if isinstance(value, list):
        return (
            single(value[0]) if len(value) == 1 and not isinstance(value[0], dict) else [single(one) for one in value]
        )
    return value


def test_sentences():
    wrong = []
    for sentence, expected in SENTENCES:
        try:
            found = said(draft(sentence, SETTINGS).rule)
        except ConfigError as error:
            found = repr(error)
        if found != single(expected):
            wrong.append((sentence, single(expected), found))
    for sentence, expected, found in wrong:
        print(f"{sentence}\n  want {json.dumps(expected)}\n  have {json.dumps(found)}")
    print(f"{len(SENTENCES) - len(wrong)} of {len(SENTENCES)} sentences")
    assert not wrong


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("tell me when someone is smoking", "'smoking'"),
        ("tell bob when a person enters the dock", "no sink 'bob'; there are ops, night-guard: every sink is told"),
        ("tell me when a person enters the dock on holidays", "name it in `active.holidays`"),
        ("tell me when a person enters the dock outside business hours", "that takes a second rule"),
        ("tell me when exactly three people are at the gate", "read as at least three"),
    ],
)
def test_what_a_person_should_look_at_is_said(sentence, said):
    assert any(said in doubt for doubt in draft(sentence, SETTINGS).doubts)


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("tell me when a person enters the dok", "'dok' is read as 'dock'"),
        ("tell me when a person enters the dock at night", "at night is read as 22:00 to 06:00"),
        ("tell me when a person enters the dock from 9 to 5", "from 9 to 5 is read as 09:00 to 17:00"),
        ("tell me if nobody enters the till", "absent is read as for 10 minutes"),
        ("tell me when a car stops and then a person runs", "within 60 s of each other"),
    ],
)
def test_how_words_were_read_is_said(sentence, said):
    assert any(said in note for note in draft(sentence, SETTINGS).notes)


def test_without_any_zone_a_place_is_one_still_to_be_drawn():
    made = draft("tell me when a van stands at the dock for ten minutes", Settings())
    assert said(made.rule)["when"]["zone"] == "dock"
    assert made.doubts == ("no zone 'dock' in the settings: draw it, or say another place",)


def test_an_id_is_never_taken_twice():
    taken: set[str] = set()
    for _ in range(4):
        taken.add(draft("a fight at the gate", SETTINGS, taken=taken).rule.id)
    assert len(taken) == 4


@pytest.mark.parametrize("sentence", ["", " ", "!", "when", "tell me", "and then", "x" * 501])
def test_what_asks_for_nothing_is_refused(sentence):
    with pytest.raises(ConfigError):
        draft(sentence, SETTINGS)


PIECES = st.sampled_from(
    [
        "tell",
        "me",
        "ops",
        "when",
        "if",
        "a",
        "the",
        "person",
        "van",
        "car",
        "dogs",
        "enters",
        "stops",
        "at",
        "in",
        "dock",
        "gate",
        "barrier",
        "camera",
        "2",
        "for",
        "more",
        "than",
        "ten",
        "5",
        "minutes",
        "within",
        "seconds",
        "then",
        "after",
        "without",
        "while",
        "or",
        "and",
        "nobody",
        "no",
        "not",
        "night",
        "weekends",
        "between",
        "8",
        "9",
        "pm",
        "holidays",
        "per",
        "hour",
        "twice",
        "three",
        "times",
        "critical",
        ",",
        ".",
        "${HOME}",
        "smoking",
        "\x00",
        "is",
        "are",
        "left",
        "same",
        "it",
        "followed",
        "by",
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES, max_size=25).map(" ".join) | st.text(max_size=80))
def test_every_sentence_is_a_valid_rule_or_refused_in_a_line(sentence):
    """Whatever is written: what comes out can be written to a file and read back, and has a reading."""
    try:
        made = draft(sentence, SETTINGS)
    except ConfigError as error:
        assert str(error).isprintable()
        return
    again = parse(f"rules:\n{written(made.rule)}", "rules.yml", {}).value["rules"]
    assert RuleSettings.model_validate(again[0]) == made.rule
    assert condition(made.rule.when, UTC)
