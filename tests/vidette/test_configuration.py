import string
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vidette import yaml_tree
from vidette.configuration import examine, load, problems
from vidette.errors import ConfigError
from vidette.settings import Settings


def write(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "v.yml"
    file.write_text(text, encoding="utf-8")
    return file


def test_no_file_gives_defaults(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert load(None, {}) == Settings()
    assert examine(None, {}).origins == {}


def test_the_file_here_is_found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "vidette.yml").write_text("sample: keyframes\n")
    assert load(None, {}).sample == "keyframes"


def test_a_named_file_must_exist(tmp_path):
    with pytest.raises(ConfigError, match="cannot read settings file"):
        load(tmp_path / "none.yml", {})


@pytest.mark.parametrize("empty", ["", "# only a comment\n", "~\n", "fast:\n", "fast: {crowd: }\n", "\ufeff"])
def test_nothing_said_is_the_default(tmp_path, empty):
    assert load(write(tmp_path, empty), {}) == Settings()


def test_option_beats_environment_beats_file(tmp_path):
    file = write(tmp_path, "fast: {crowd: 3, loiter_s: 7, people: no}\nsample: 4\n")
    loaded = examine(file, {"VIDETTE_FAST__CROWD": "4", "VIDETTE_SAMPLE": "6"}, {"sample": "keyframes", "db": None})
    assert (loaded.settings.fast.crowd, loaded.settings.fast.loiter_s) == (4, 7)
    assert loaded.settings.fast.people is False
    assert loaded.settings.sample == "keyframes"
    assert loaded.origins["fast.crowd"] == "environment VIDETTE_FAST__CROWD"
    assert loaded.origins["sample"] == "option --sample"
    assert loaded.origins["fast.loiter_s"] == f"{file}:1"
    assert "db" not in loaded.origins


def test_variables_come_from_the_environment(tmp_path):
    file = write(tmp_path, "streams:\n- {name: gate, source: 'rtsp://u:${VIDETTE_PW}@h/$${x}'}\n")
    loaded = examine(file, {"VIDETTE_PW": "s3"})
    assert loaded.settings.streams[0].source == "rtsp://u:s3@h/${x}"
    assert loaded.secret == {"streams[0].source"}


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("fast:\n  croud: 3\n", [":2:", "fast.croud", "did you mean 'crowd'"]),
        ("fast:\n  crowd: many\n", [":2:", "fast.crowd", "'many'", "integer"]),
        ("\nlog: loud\n", [":2:", "log is 'loud'", "'debug', 'info', 'warning' or 'error'"]),
        ("zebra: 1\n", [":1:", "zebra", "allowed: alerts, broker, "]),
        ("sample: 99\n", [":1:", "sample", "'99'", "keyframes"]),
        ("gate: {threshold: .nan}\n", [":1:", "gate.threshold"]),
        ("gate: 7\n", [":1:", "gate is '7'"]),
        ("streams:\n- source: x\n", [":2:", "streams[0].name", "missing"]),
        ("streams:\n- name: a\n  zones:\n  - {name: z, polgon: []}\n", [":4:", "polgon", "'polygon'"]),
        ("db: ${NOT_SET}\n", [":1:", "${NOT_SET}", "set it"]),
        ("db: a\ndb: b\n", [":2:", "'db'", "twice"]),
        ("- a\n", [":1:", "key: value"]),
        ("db: [\n", ["not YAML"]),
        ("? [a, b]\n: c\n", [":1:", "a key is one word"]),
        ("db: !!python/object:os.system x\n", [":1:", "tag", "not allowed"]),
        ("db: \x00\n", ["not YAML"]),
    ],
)
def test_each_mistake_is_one_line_that_says_where(tmp_path, text, parts):
    file = write(tmp_path, text)
    lines = problems(file, {})
    assert any(all(part in line for part in parts) for line in lines), lines
    assert all("\n" not in line and str(file) in line for line in lines)
    with pytest.raises(ConfigError):
        load(file, {})


def test_check_lists_every_mistake_and_load_says_how_many_more(tmp_path):
    file = write(tmp_path, "log: loud\nsample: 99\n")
    assert len(problems(file, {})) == 2
    with pytest.raises(ConfigError, match=r"\(and 1 more\)"):
        load(file, {})


@pytest.mark.parametrize(
    ("variable", "value", "parts"),
    [
        ("VIDETTE_FAST__CROUD", "3", ["environment VIDETTE_FAST__CROUD", "did you mean 'crowd'"]),
        ("VIDETTE_FAST__CROWD", "1", ["environment VIDETTE_FAST__CROWD", "fast.crowd is '1'", "greater than"]),
        ("VIDETTE_FAST", "3", ["environment VIDETTE_FAST:"]),
        ("VIDETTE_SAMPLE__X", "3", ["VIDETTE_SAMPLE__X"]),
        ("VIDETTE_", "3", ["VIDETTE_"]),
    ],
)
def test_the_environment_is_checked_alike(tmp_path, variable, value, parts):
    file = write(tmp_path, "sample: 5\n")
    with pytest.raises(ConfigError) as caught:
        load(file, {variable: value})
    assert all(part in str(caught.value) for part in parts)


def test_other_variables_are_left_alone(tmp_path):
    file = write(tmp_path, "db: ${VIDETTE_MY_DISK}/v.db\n")
    environ = {"VIDETTE_MY_DISK": "/disk", "VIDETTE_REQUIRE_ALL": "1", "HOME": "/"}
    assert load(file, environ).db == "/disk/v.db"


def test_a_secret_is_not_in_the_message(tmp_path):
    file = write(tmp_path, "log: ${PW}\nsample: 'rtsp://u:hunter2@h'\n")
    said = "\n".join(problems(file, {"PW": "s3cret"}))
    assert "s3cret" not in said
    assert "hunter2" not in said


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    "text",
    [BOMB, "a: &a [*a]\n", "a: &a {b: *a}\n", "[" * 5000, "db: " + "x" * 300_000, "a: [" + "1," * 50_000 + "]\n"],
    ids=["laughs", "self list", "self map", "deep", "big", "long"],
)
def test_a_hostile_file_is_refused(tmp_path, text):
    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path, text), {})
    assert len(str(caught.value)) < 400


def test_bytes_that_are_no_text_are_refused(tmp_path):
    file = tmp_path / "v.yml"
    file.write_bytes(b"db: \xff\xfe\n")
    with pytest.raises(ConfigError, match="UTF-8"):
        load(file, {})


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet=st.sampled_from("abdfgls:{}[]-&*!|>?%#,'\"\\ \n\t~0159.$é\u2028\x85"), max_size=120))
def test_any_text_loads_or_is_refused_in_one_line(tmp_path, text):
    file = tmp_path / "v.yml"
    file.write_text(text, encoding="utf-8", newline="")
    try:
        assert isinstance(load(file, {}), Settings)
    except ConfigError as error:
        assert str(error).splitlines() == [str(error)]


TREES = st.recursive(
    st.one_of(st.text(string.printable, max_size=8), st.integers(), st.floats(), st.booleans(), st.none()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["fast", "gate", "streams", "name", "zones", "polygon", "db", "x"]), inner),
    ),
    max_leaves=8,
)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TREES)
def test_any_shape_loads_or_is_refused_in_one_line(tmp_path, tree):
    import yaml

    file = write(tmp_path, yaml.safe_dump(tree))
    try:
        assert isinstance(load(file, {}), Settings)
    except ConfigError as error:
        assert str(error).splitlines() == [str(error)]


@given(st.dictionaries(st.text("ABFGST_", max_size=14).map("VIDETTE_".__add__), st.text(max_size=5), max_size=3))
def test_any_environment_loads_or_is_refused_in_one_line(environ):
    try:
        assert isinstance(load(None, environ), Settings)
    except ConfigError as error:
        assert str(error).splitlines() == [str(error)]


def test_lines_are_those_of_the_keys():
    tree = yaml_tree.parse("a: 1\nb:\n  - c: 2\n", "f", {})
    assert tree.lines["b", 0, "c"] == 3
    assert tree.value == {"a": "1", "b": [{"c": "2"}]}


def test_a_table_that_is_wrong_does_not_show_what_is_in_it(tmp_path):
    file = write(
        tmp_path, "sinks:\n- {id: ops, kind: webhook, secret: hunter2}\n- {id: b, kind: jsonl, secret: [hunter2]}\n"
    )
    said = problems(file, {})
    assert said == [
        f"{file}:2: sinks[0]: sink 'ops' is a webhook and needs `url`",
        f"{file}:3: sinks[1].secret: should be a valid string",
    ]


def test_an_alias_is_known_by_the_name_in_the_file(tmp_path):
    file = write(tmp_path, "rules:\n- id: a\n  when: {}\n  active:\n    form: '08:00'\n    too: '09:00'\n")
    assert problems(file, {}) == [
        f"{file}:5: rules[0].active.form: unknown key; did you mean 'from'?",
        f"{file}:6: rules[0].active.too: unknown key; did you mean 'to'?",
    ]


@pytest.mark.parametrize("table", ["rules", "sinks"])
def test_an_id_that_is_given_twice_is_told_where_it_is_again(tmp_path, table):
    row = {"rules": "when: {}", "sinks": "kind: console"}[table]
    file = write(tmp_path, f"{table}:\n- {{id: a, {row}}}\n- {{id: a, {row}}}\n")
    assert problems(file, {}) == [f"{file}:3: {table}[1].id is 'a': given twice; each needs its own"]
    with pytest.raises(ConfigError, match="given twice"):
        load(file, {})
