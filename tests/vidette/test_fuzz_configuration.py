"""Settings, rules and sinks as text: spoiled, stretched, deep, tagged; loaded or refused in one line."""

import string
from itertools import pairwise

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vidette import yaml_tree
from vidette.configuration import load, model_in, problems
from vidette.errors import ConfigError
from vidette.settings import Settings
from vidette.yaml_tree import parse

GOOD = """\
db: v.db
sample: "5"
tz: Europe/Paris
fast: {sensitivity: 1.5, people: false}
streams:
  - name: gate
    source: gate.mp4
    zones:
      - {name: door, polygon: [[0, 0], [1, 0], [1, 1]]}
    lines:
      - {name: sill, points: [[0, 0.5], [1, 0.5]]}
rules:
  - id: left
    when: &left {event: object_left, zone: door, for_s: 60}
    severity: high
    active: {days: [mon-fri], from: "08:00", to: "18:00", tz: Europe/Paris}
  - {id: again, when: *left, cooldown_s: 300}
sinks:
  - {id: ops, kind: webhook, url: "https://example.org/x", secret: "${SECRET}", min_severity: medium}
  - {id: file, kind: jsonl, path: alerts.jsonl}
"""
ENVIRON = {"SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return tmp_path_factory.mktemp("settings") / "vidette.yml"


def fuzz(file, data: bytes) -> None:
    file.write_bytes(data)
    lines = problems(file, ENVIRON)
    assert all(line.isprintable() and len(line) < 2000 for line in lines), lines
    assert not any(ENVIRON["SECRET"] in line for line in lines)
    try:
        assert isinstance(load(file, ENVIRON), Settings)
        assert lines == []
    except ConfigError as error:
        assert lines
        assert str(error).splitlines() == [str(error)]


def test_it_is_good_before_it_is_spoiled(file):
    file.write_text(GOOD)
    assert problems(file, ENVIRON) == []


LENIENT = settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])


@LENIENT
@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), max_size=4), st.integers(0, len(GOOD)))
def test_flipped_and_cut_bytes(file, flips, length):
    data = bytearray(GOOD.encode())
    for at, value in flips:
        data[at] = value
    fuzz(file, bytes(data))
    fuzz(file, bytes(data[:length]))


@LENIENT
@given(st.randoms(use_true_random=False), st.integers(1, 4))
def test_lines_exchanged_doubled_and_indented(file, random, changes):
    lines = GOOD.splitlines()
    for _ in range(changes):
        line = random.choice(lines)
        lines.insert(random.randrange(len(lines)), random.choice(["", " ", "  ", "- "]) + line)
    fuzz(file, "\n".join(lines).encode())


def keys_of(model: type) -> set[str]:
    """Every key that settings know, at any depth."""
    found = set()
    for name, field in model.model_fields.items():
        inner = model_in(field.annotation)
        found |= {field.alias or name} | (keys_of(inner) if inner and inner is not model else set())
    return found


ODD_KEYS = ["x", "", "~", "<<", "=", "yes", "1", "two\nlines", "\x1b[31mred", "k" * 500, "\u2028", "a.b[0]"]
KEY = st.sampled_from([*sorted(keys_of(Settings)), *ODD_KEYS])
SCALAR = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats()
    | st.text(string.printable, max_size=8)
    | st.sampled_from(
        ["object_left", "person", "high", "webhook", "mon-fri", "08:00", "Europe/Paris", "${SECRET}", "${"]
    )
)
TREE = st.recursive(
    SCALAR,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEY, inner, max_size=4),
    max_leaves=12,
)


@LENIENT
@given(st.dictionaries(KEY, TREE, max_size=4))
def test_any_tree_with_known_keys(file, tree):
    fuzz(file, yaml.safe_dump(tree).encode())


@LENIENT
@given(st.sampled_from(["rules", "sinks", "streams"]), st.lists(st.dictionaries(KEY, TREE, max_size=5), max_size=3))
def test_any_list_of_tables(file, name, tables):
    fuzz(file, yaml.safe_dump({name: tables}).encode())


def laughs(root: str, leaf: str) -> str:
    names = "abcdefghij"
    rows = [f"x: &a {leaf}"] + [f"{b}: &{b} [{','.join([f'*{a}'] * 10)}]" for a, b in pairwise(names)]
    return "\n".join([*rows, f"{root}: *j", ""])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (laughs("rules", "[x]"), "aliases expand"),
        (laughs("streams", "{name: x}"), "aliases expand"),
        ("rules: &r [{id: a, when: *r}]\n", "aliases expand"),
        ("rules: &r\n- *r\n", "aliases expand"),
        ("a: &a {<<: *a}\n", "aliases expand"),
        ("rules: !!python/object/apply:os.system [id]\n", "tag"),
        ("rules: !!set {a}\n", "tag"),
        ("db: !include /etc/passwd\n", "tag"),
        ("db: !!binary aGk=\n", "tag"),
        ("%TAG ! tag:x,2000:\n---\ndb: !y z\n", "tag"),
        ("rules:\n- id: a\n  id: b\n", ":3: key 'id' is given twice"),
        ("db: a\n'db': b\n", ":2: key 'db' is given twice"),
        ("a: " + "[" * 500 + "]" * 500, "simplify"),
        ("a: " + "{a: " * 500 + "1" + "}" * 500, "simplify"),
        ("- " * 3000 + "a", "simplify"),
        ("db: " + "x" * 10_000_000, "larger than"),
        ("#" * 10_000_000, "larger than"),
        ("db: a\n---\ndb: b\n", "not YAML"),
        ("db: *nobody\n", "not YAML"),
        ("db: \x07\n", "not YAML"),
        ("\tdb: a\n", "not YAML"),
        ("db: ${}\n", "is not set"),
        ('db: "${A\\nB\\e[31m}"\n', "is not set"),
        ('"k\\nk": 1\n"k\\nk": 2\n', "given twice"),
        ("db: ${" + "A" * 5000 + "}\n", "is not set"),
    ],
)
def test_a_hostile_text_is_refused_in_a_line(text, says):
    with pytest.raises(ConfigError) as caught:
        parse(text, "rules.yml", {})
    said = str(caught.value)
    assert said.startswith("rules.yml")
    assert says in said
    assert said.splitlines() == [said]
    assert len(said) < 500


@given(st.text(max_size=300) | st.text("abk:{}[]-&*!|>?%#,'\"\\ \n\t~0.$", max_size=200))
def test_any_text_is_a_bounded_tree_or_refused(text):
    try:
        tree = parse(text, "x.yml", {})
    except ConfigError as error:
        assert str(error).splitlines() == [str(error)]
        return
    assert len(tree.lines) <= 2 * yaml_tree.MAX_NODES
    assert all(isinstance(key, str) for key in tree.value)
