"""Rules as text: what is written is read back as it was, and nothing else in a file changes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.wording import with_rule, written
from vidette.errors import ConfigError
from vidette.rule_settings import RuleSettings, RulesFile
from vidette.yaml_tree import parse

WORDS = st.text(min_size=1, max_size=30).filter(lambda text: text.strip() == text)
LEAVES = st.one_of(
    st.builds(
        lambda zone, for_s: {"event": "loitering", "zone": zone, "for_s": for_s}, WORDS, st.sampled_from([0, 0.5, 60])
    ),
    st.builds(lambda text: {"ask": f"Is {text} there?"}, WORDS),
    st.builds(lambda key, value: {"label": ["person", "vehicle"], "attributes": {key: value}}, WORDS, WORDS),
)
WHENS = st.one_of(
    LEAVES,
    st.builds(lambda parts: {"in_order": parts, "within_s": 30}, st.lists(LEAVES, min_size=2, max_size=3)),
    st.builds(lambda part: {"absence": part, "between": {"days": ["mon-fri"], "from": "08:00", "to": "09:00"}}, LEAVES),
    st.builds(lambda a, b: {"all": [a, {"not": b}], "within_s": 5}, LEAVES, LEAVES),
    st.builds(lambda part: {"count": part, "at_least": 3, "within_s": 60}, LEAVES),
)
RULE = RuleSettings.model_validate({"id": "new", "when": {"event": "fire"}, "severity": "high"})
ITEM = "- id: new\n  when: {event: fire}\n  severity: high\n"


def read(text):
    return RulesFile.model_validate(parse(text, "rules.yml", {}).value).rules


@settings(max_examples=150, deadline=None)
@given(
    when=WHENS,
    sinks=st.lists(st.sampled_from(["ops", "desk", "no", "null"]), unique=True),
    name=st.sampled_from(["a", "null", "yes", "1e3", "0x1"]),
)
def test_what_is_written_is_read_back(when, sinks, name):
    rule = RuleSettings.model_validate({"id": name, "when": when, "sinks": sinks, "cooldown_s": 90})
    assert read(f"rules:\n{written(rule)}") == [rule]


@pytest.mark.parametrize("space", ["\x85", "\u2028", "\u2029", "\n", "\r\n", "\x0b", "\x1c", "\ufeff"])
def test_what_yaml_takes_for_the_end_of_a_line_is_read_back(space):
    rule = RuleSettings.model_validate({"id": "a", "when": {"ask": f"Is 0{space}0 there?"}})
    assert read(f"rules:\n{written(rule)}") == [rule]


def test_a_variable_in_words_is_no_variable():
    rule = RuleSettings.model_validate({"id": "a", "when": {"ask": "Is ${HOME} there?"}})
    assert read(f"rules:\n{written(rule)}") == [rule]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "rules:\n" + ITEM),
        ("tz: UTC", "tz: UTC\nrules:\n" + ITEM),
        ("rules:\n", "rules:\n" + ITEM),
        ("rules: []  # none yet\n", "rules:   # none yet\n" + ITEM),
        (
            "rules:\n  - id: a  # first\n    when: {event: smoke}\n\n# then\ntz: UTC\n",
            "rules:\n  - id: a  # first\n    when: {event: smoke}\n  - id: new\n    when: {event: fire}\n    severity: high\n\n# then\ntz: UTC\n",
        ),
        (
            "rules:\n- id: a\n  when:\n    ask: >\n      Is it\n      so?\ntz: UTC\n",
            "rules:\n- id: a\n  when:\n    ask: >\n      Is it\n      so?\n" + ITEM + "tz: UTC\n",
        ),
        ("rules:\n- {id: a, when: {event: smoke}}", "rules:\n- {id: a, when: {event: smoke}}\n" + ITEM.rstrip("\n")),
        (
            "a: ${SECRET}\r\nrules:\r\n- {id: a, when: {event: smoke}}\r\n",
            "a: ${SECRET}\r\nrules:\r\n- {id: a, when: {event: smoke}}\r\n" + ITEM.replace("\n", "\r\n"),
        ),
    ],
)
def test_a_file_gains_one_rule_and_keeps_the_rest(before, after):
    assert with_rule(before, RULE, "rules.yml") == after


@pytest.mark.parametrize(
    "text",
    [
        "rules: [{id: a, when: {event: smoke}}]\n",
        "{rules: []}",
        "rules: &a\n- {id: a, when: {event: fire}}\nmore: *a\n",
    ],
)
def test_what_cannot_be_added_to_is_left_alone(text):
    try:
        added = with_rule(text, RULE, "rules.yml")
    except ConfigError as error:
        assert "add this one by hand" in str(error)
    else:
        assert parse(added, "rules.yml", {}).value["rules"][-1]["id"] == "new"


def test_what_is_no_yaml_is_said():
    with pytest.raises(ConfigError, match=r"rules\.yml:2: not YAML"):
        with_rule("rules: [", RULE, "rules.yml")


@given(
    st.lists(
        st.sampled_from(
            ["rules:", "- id: a", "  when: {event: fire}", "# x", "", "tz: UTC", "  - id: b", "    when: {event: fire}"]
        ),
        max_size=7,
    )
)
def test_any_file_gains_it_or_is_refused(lines):
    text = "\n".join(lines)
    try:
        before = parse(text, "f", {}).value
        added = with_rule(text, RULE, "f")
    except ConfigError:
        return
    after = parse(added, "f", {}).value
    assert after.pop("rules") == [
        *before.pop("rules", []),
        {"id": "new", "when": {"event": "fire"}, "severity": "high"},
    ]
    assert after == before
    assert [line for line in lines if line not in added.split("\n")] == []
