from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules.doubt import doubts
from rules.engine import Engine
from rules.reading import reading
from rules.rulebook import with_rules
from vidette.configuration import check, load
from vidette.errors import ConfigError
from vidette.models import EventType, Label
from vidette.rule_settings import RulesFile
from vidette.settings import Settings


def write(tmp_path: Path, text: str, name: str = "r.yml") -> Path:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    return file


GOOD = """\
rules:
  - id: bag-left
    when: {event: object_left, zone: [entrance, door], for_s: 60}
    active: {days: [sat-mon, wed], from: 22:00, to: 06:00, tz: Europe/Paris}
    sinks: [ops]
sinks:
  - {id: ops, kind: webhook, url: "https://x/y", secret: "${OPS}"}
"""


def test_rules_and_sinks_of_a_file_come_beside_those_of_the_settings(tmp_path):
    base = load(write(tmp_path, "rules:\n- {id: own, when: {event: [fire, smoke]}}\n", "v.yml"), {})
    both = with_rules(base, [write(tmp_path, GOOD)], {"OPS": "whsec_AAAA"})
    assert [rule.id for rule in both.rules] == ["own", "bag-left"]
    assert both.rules[0].when.event == (EventType.FIRE, EventType.SMOKE)
    assert both.rules[1].active.days == ["sat", "sun", "mon", "wed"]
    assert (both.rules[1].active.begin, both.rules[1].active.end) == ("22:00", "06:00")
    assert both.sinks[0].secret == "whsec_AAAA"
    assert with_rules(base, [], {}) == base


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("rules:\n- {id: own, when: {}}\n", [":2: rules[0].id is 'own', as in settings"]),
        ("rules:\n- {id: a, when: {}}\n- {id: a, when: {}}\n", [":3: rules[1].id is 'a': given twice"]),
        (
            "rules:\n- {id: a, when: {}, sinks: [opss]}\nsinks:\n- {id: ops, kind: console}\n",
            [":2:", "did you mean 'ops'"],
        ),
        ("rules:\n- {id: a, when: {}, sinks: [ops]}\n", [":2:", "no sink 'ops'", "none is set"]),
        (
            "rules:\n- id: a\n  when:\n    evnt: fire\n",
            [":4:", "rules[0].when.evnt: unknown key; did you mean 'event'?"],
        ),
        ("rules:\n- {id: a, when: {event: fyre}}\n", [":2:", "did you mean 'fire'?"]),
        ("rules:\n- id: a\n", [":2:", "rules[0].when: missing"]),
        ("rules:\n- {id: a, when: {}, active: {begin: '08:00'}}\n", [":2:", "active.begin: unknown key", "from"]),
        ("rules:\n- {id: a, when: {}, active: {to: '8:00'}}\n", ["active.to is '8:00': should be HH:MM"]),
        ("rules:\n- {id: a, when: {}, active: {tz: ../../etc/passwd}}\n", [":2:", "no such time zone"]),
        ("rules:\n- {id: a, when: {}, active: {days: [mon-never]}}\n", ["days[0] is 'mon-never'"]),
        ("rules:\n- {id: A b, when: {}}\n", [":2: rules[0].id is 'A b': should be small letters"]),
        ("rules:\n- {id: a, when: {for_s: .inf}}\n", [":2:", "for_s is '.inf'"]),
        ("rules:\n- {id: a, when: {for_s: -1}}\n", [":2:", "for_s is '-1'"]),
        ("rules: {id: a}\n", [":1: rules: should be a valid list"]),
        ("fast: {}\n", [":1: fast: unknown key; allowed: rules, sinks"]),
        ("sinks:\n- {id: a, kind: webhook, url: u}\n", [":2: sinks[0]: sink 'a' is a webhook and needs `secret`"]),
    ],
)
def test_each_mistake_is_one_line_with_its_place(tmp_path, text, parts):
    base = load(write(tmp_path, "rules:\n- {id: own, when: {}}\n", "v.yml"), {})
    with pytest.raises(ConfigError) as caught:
        with_rules(base, [write(tmp_path, text)], {})
    said = str(caught.value)
    assert "\n" not in said
    assert all(part in said for part in parts), said


def test_a_file_that_is_given_twice_is_told(tmp_path):
    file = write(tmp_path, GOOD)
    with pytest.raises(ConfigError, match=r"'bag-left', as in .*r\.yml; each needs its own \(and 1 more\)"):
        with_rules(Settings(), [file, file], {"OPS": "whsec_AAAA"})


def test_no_secret_is_in_a_message(tmp_path):
    text = "sinks:\n- {id: A, kind: webhook, secret: whsec_hunter2, old_secret: [hunter2], command: hunter}\n"
    found = check(write(tmp_path, text), {}, RulesFile)
    assert len(found.problems) == 3
    assert "hunter2" not in "".join(found.problems)


LAUGHS = "x0: &x0 [a,a,a,a,a,a,a,a,a]\n" + "".join(
    f"x{i + 1}: &x{i + 1} [{','.join([f'*x{i}'] * 9)}]\n" for i in range(9)
)


@pytest.mark.parametrize(
    "text",
    [
        LAUGHS + "rules: *x9\n",
        "rules: &r [*r]\n",
        "rules: &r\n- {id: a, when: *r}\n",
        "rules: " + "[" * 3000,
        "rules:\n" + "- {id: a, when: {}}\n" * 20_000,
        "rules:\n- {id: a, when: {caption: '" + "x" * 201 + "'}}\n",
        "rules: !!python/object/apply:os.system [x]\n",
    ],
    ids=["laughs", "self", "self below", "deep", "many", "long words", "tag"],
)
def test_a_hostile_file_is_refused_in_a_short_line(tmp_path, text):
    found = check(write(tmp_path, text), {}, RulesFile)
    assert found.value is None
    assert all(len(said) < 500 and "\n" not in said for said in found.problems)


WORDS = st.one_of(
    st.sampled_from(
        [
            *map(str, EventType),
            *map(str, Label),
            "mon-fri",
            "sat",
            "08:00",
            "24:00",
            "Europe/Paris",
            "high",
            "webhook",
            "ops",
        ]
    ),
    st.text(max_size=12),
    st.integers(-2, 2**40),
    st.floats(),
    st.booleans(),
    st.none(),
)
KEYS = st.sampled_from(
    [
        *("rules", "sinks", "id", "when", "event", "label", "caption", "zone", "line", "stream", "confidence", "for_s"),
        *("active", "days", "from", "to", "tz", "severity", "cooldown_s", "kind", "url", "secret", "command", "x"),
    ]
)
TREES = st.recursive(WORDS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner), max_leaves=6)


def table(**likely):
    """Mostly what is meant, now and then anything; `id`, `when` and `kind` are always there."""
    often = {key: st.one_of(*[good] * 9, TREES) for key, good in likely.items()}
    there = {key: often.pop(key) for key in ("id", "when", "kind") if key in often}
    return st.fixed_dictionaries(there, optional=often)


NAMES = st.sampled_from(["gate", "door", ["gate", "door"]])
WHEN = table(
    event=st.sampled_from(["fire", "object_left", ["zone_entered", "loitering"]]),
    label=st.sampled_from(["person", ["person", "bag"]]),
    caption=st.text(max_size=8),
    zone=NAMES,
    line=NAMES,
    stream=NAMES,
    confidence=st.floats(0, 1),
    for_s=st.integers(0, 99),
)
CLOCKS = st.sampled_from(["00:00", "08:30", "24:00"])
ACTIVE = table(
    days=st.just(["mon-fri", "sun"]), tz=st.sampled_from(["UTC", "Asia/Tokyo"]), **{"from": CLOCKS, "to": CLOCKS}
)
IDS = st.sampled_from(["a", "b", "c"])
RULE = table(
    id=IDS, when=WHEN, severity=st.just("high"), active=ACTIVE, cooldown_s=st.integers(0, 9), sinks=st.just(["a"])
)
SINK = table(id=IDS, kind=st.sampled_from(["console", "jsonl", "webhook"]), path=st.just("x"), url=st.just("u"))
FILE = st.fixed_dictionaries({"rules": st.lists(RULE, max_size=2), "sinks": st.lists(SINK, max_size=2)})


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.one_of(TREES, FILE, FILE))
def test_any_tree_is_rules_or_refused_in_one_line(tmp_path, tree):
    file = write(tmp_path, yaml.safe_dump(tree))
    try:
        found = with_rules(Settings(), [file], {})
    except ConfigError as error:
        assert str(error).splitlines() == [str(error)]
        return
    for rule in found.rules:  # what is accepted can be judged by, read and doubted
        assert reading(rule, UTC).startswith("alert (")
        assert all("\n" not in said for said in doubts(rule, found, found.sinks))
    Engine(found.rules, found.sinks, tz=UTC, max_age_s=1, now=lambda: datetime.now(UTC))


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(alphabet=st.sampled_from("rulesinkwh:{}[]-&*!|>?%#,'\"\\ \n\t~015.$é\u2028\x85"), max_size=160))
def test_any_text_is_rules_or_refused_in_one_line(tmp_path, text):
    file = tmp_path / "r.yml"
    file.write_text("rules:\n" + text, encoding="utf-8", newline="")
    try:
        assert isinstance(with_rules(Settings(), [file], {}), Settings)
    except ConfigError as error:
        assert str(error).splitlines() == [str(error)]


@pytest.mark.parametrize("page", ["rules.md", "configuration.md"])
def test_what_the_docs_show_is_good(tmp_path, page):
    text = (Path(__file__).resolve().parents[2] / "docs" / page).read_text(encoding="utf-8")
    shown = write(tmp_path, text.split("```yaml\n")[1].split("```")[0])
    found = check(shown, {"GUARD_SECRET": "whsec_AAAA", "OPS_SECRET": "whsec_AAAA"}, Settings)
    assert found.problems == ()
    assert found.value == with_rules(found.value, [], {})
    assert [said for rule in found.value.rules for said in doubts(rule, found.value, found.value.sinks)] == []
