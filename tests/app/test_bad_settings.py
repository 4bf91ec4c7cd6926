"""Settings and rules that are hostile or wrong, through the real command line: one line, exit code 2, nothing begun."""

from itertools import pairwise

import pytest

from app import cli
from tests.clips import Recipe, make


@pytest.fixture(scope="session")
def clip(tmp_path_factory):
    return make(tmp_path_factory.mktemp("clip") / "clip.mp4", Recipe(frames=5))


def laughs(root: str) -> bytes:
    """A few hundred bytes that stand for a billion things."""
    names = "abcdefghi"
    rows = [f"{b}: &{b} [{','.join([f'*{a}'] * 10)}]" for a, b in pairwise(names)]
    return "\n".join(["x: &a [lol]", *rows, f"{root}: *i"]).encode()


HOSTILE = [
    ("laughs", laughs("rules"), "aliases expand"),
    ("laughing streams", laughs("streams"), "aliases expand"),
    ("endless", b"rules: &r [*r]\n", "aliases expand"),
    ("tag", b"rules: !!python/object/apply:os.system ['touch owned']\n", "tag"),
    ("include", b"db: !include /etc/passwd\n", "tag"),
    ("big", b"db: " + b"x" * 10_000_000, "larger than 256 KiB"),
    ("comments", b"# nothing\n" * 1_000_000, "larger than 256 KiB"),
    ("deep", b"db: " + b"[" * 100_000, "simplify"),
    ("not UTF-8", "db: caf\xe9\n".encode("latin-1"), "not UTF-8 text at byte 7"),
    ("UTF-16", "db: v.db\n".encode("utf-16"), "not UTF-8 text"),
    ("binary", bytes(range(256)), "not UTF-8 text"),
    ("twice", b"rules:\n- id: a\n  when: {event: fire}\n  id: b\n", ":4: key 'id' is given twice"),
    ("twice at the top", b"db: a\nrules: []\ndb: b\n", ":3: key 'db' is given twice"),
    ("unknown", b"streams:\n- name: a\n  zoens: []\n", "did you mean 'zones'"),
    ("control characters", b'"\\e[31mred\\nline": 1\n', "unknown key"),
    ("not YAML", b"db: [\n", "not YAML"),
    ("a list", b"- db\n", "settings are `key: value` lines"),
    ("variable", b"db: ${HOME_OF_NOBODY}\n", "${HOME_OF_NOBODY} is not set"),
    ("home of nobody", b"db: ~nobody-at-all/v.db\ntz: Mars/Base\n", "Mars/Base"),
]


@pytest.mark.parametrize(("content", "says"), [case[1:] for case in HOSTILE], ids=[case[0] for case in HOSTILE])
def test_it_is_refused_in_one_line_before_anything_begins(content, says, clip, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.yml").write_bytes(content)
    assert cli.main(["watch", str(clip), "--config", "bad.yml", "--db", "v.db"]) == 2
    said = capsys.readouterr()
    (line,) = said.err.splitlines()
    assert said.out == ""
    assert says in line
    assert line.isprintable()
    assert len(line) < 2000
    assert [path.name for path in tmp_path.iterdir()] == ["bad.yml"]


@pytest.mark.parametrize(
    ("content", "says"), [case[1:] for case in HOSTILE[:-1]], ids=[case[0] for case in HOSTILE[:-1]]
)
def test_a_check_says_it_with_the_file(content, says, tmp_path, capsys):
    (tmp_path / "bad.yml").write_bytes(content)
    assert cli.main(["config", "check", str(tmp_path / "bad.yml")]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert any(says in line and "bad.yml" in line for line in lines)
    assert all(line.isprintable() for line in lines)


@pytest.mark.parametrize("place", ["missing.yml", ".", "/dev/full/x.yml", "link.yml"])
def test_a_settings_file_that_cannot_be_read(place, clip, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link.yml").symlink_to("link.yml")
    assert cli.main(["watch", str(clip), "--config", place, "--db", "v.db"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "cannot read settings file" in line
    assert place in line


@pytest.mark.parametrize("place", ["~nobody-at-all/v.db", "\x1b[31m/\n/v.db", "x" * 5000, "a\0b"])
def test_odd_places_for_memory_are_told_in_a_printable_line(place, clip, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code = cli.main(["watch", "-q", str(clip), "--db", place])
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == code <= 1
    assert all(line.isprintable() and "internal error" not in line for line in lines)
    assert cli.main(["events", "--db", place]) == code
    assert "internal error" not in capsys.readouterr().err


RULES = [case for case in HOSTILE if case[0] in {"laughs", "endless", "tag", "big", "not UTF-8", "binary", "twice"}]


@pytest.mark.parametrize("action", ["check", "list"])
@pytest.mark.parametrize(("content", "says"), [case[1:] for case in RULES], ids=[case[0] for case in RULES])
def test_a_rules_file_is_read_with_the_same_care(content, says, action, tmp_path, capsys):
    (tmp_path / "rules.yml").write_bytes(content)
    assert cli.main(["rules", action, str(tmp_path / "rules.yml")]) == 2
    said = capsys.readouterr()
    assert any(says in line and "rules.yml" in line for line in said.err.splitlines())
    assert said.out == ""


@pytest.mark.parametrize(
    "args", [["events", "--db", "\x1b[31mred\n.db"], ["\x1b[31mwatch"], ["watch", "--config", "\x07\x1b]0;x.yml"]]
)
def test_errors_steer_no_terminal(args, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main(args) in {1, 2}
    (line,) = capsys.readouterr().err.splitlines()
    assert line.isprintable()
