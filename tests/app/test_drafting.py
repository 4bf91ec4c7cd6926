"""`vidette rules write`: shown, tried, kept only on yes."""

import json

import pytest

from app import cli
from tests.answering import ModelServer, says, status

SENTENCE = "tell me when a van stands at the dock for more than ten minutes at night"
SETTINGS = """\
# cameras
db: memory.db
tz: UTC
streams:
- name: yard
  zones: [{name: dock, polygon: [[0, 0], [1, 0], [1, 1]]}]
rules:
- id: fire  # the first
  when: {event: fire}
sinks:
- {id: desk, kind: console}
"""


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "vidette.yml").write_text(SETTINGS)


def test_shows_the_rule_in_yaml_and_in_words_and_keeps_nothing(tmp_path, capsys):
    assert cli.main(["rules", "write", SENTENCE]) == 0
    said = capsys.readouterr()
    assert said.out.startswith(
        "- id: van-stands-dock\n  when:\n    event: object_stopped\n    label: vehicle\n    attributes: {kind: van}\n"
        "    zone: dock\n    for_s: 600\n  active: {from: '22:00', to: '06:00'}\n"
    )
    assert "in words: alert (medium) when a vehicle (kind van) stops in zone dock and stays so for 10 min" in said.out
    assert "read so: at night is read as 22:00 to 06:00" in said.out
    assert "nothing is stored yet to try it on" in said.out
    assert said.err == "not saved; --yes saves it in vidette.yml\n"
    assert (tmp_path / "vidette.yml").read_text() == SETTINGS


def test_yes_saves_it_beside_the_others(tmp_path, capsys):
    assert cli.main(["rules", "write", SENTENCE, "--yes"]) == 0
    assert capsys.readouterr().err == "saved in vidette.yml\n"
    text = (tmp_path / "vidette.yml").read_text()
    assert text.startswith(SETTINGS[: SETTINGS.index("sinks:")])
    assert text.endswith(SETTINGS[SETTINGS.index("sinks:") :])
    assert cli.main(["rules", "list"]) == 0
    assert "van-stands-dock" in capsys.readouterr().out


def test_the_same_again_has_another_name_and_goes_where_it_is_told(tmp_path, capsys):
    for _ in range(2):
        assert cli.main(["rules", "write", SENTENCE, "--yes", "--to", "rules.yml"]) == 0
    assert capsys.readouterr().err == "saved in rules.yml\n" * 2
    assert cli.main(["rules", "check", "rules.yml"]) == 0
    assert "van-stands-dock-2" in (tmp_path / "rules.yml").read_text()


def test_a_name_that_is_taken_in_the_file_it_goes_to_is_not_given(tmp_path, capsys):
    (tmp_path / "other.yml").write_text(
        "rules:\n- id: van-stands-dock\n  when: {event: fire}\nsinks:\n- {id: a, kind: jsonl, path: '${A}'}\n"
    )
    assert cli.main(["rules", "write", SENTENCE, "--yes", "--to", "other.yml"]) == 0
    assert "- id: van-stands-dock-2\n" in capsys.readouterr().out
    assert "path: '${A}'" in (tmp_path / "other.yml").read_text()


def test_a_row_for_programs(capsys):
    assert cli.main(["rules", "write", "tell me when someone is smoking", "--json", "--id", "smoker"]) == 0
    row = json.loads(capsys.readouterr().out)
    assert row["rule"] == {"id": "smoker", "when": {"ask": "Is someone smoking?"}}
    assert row["doubts"][0].startswith("'smoking': no word that can be told from events")
    assert row.get("saved") is None
    assert row["yaml"].startswith("- id: smoker\n")


def test_it_is_tried_on_what_is_stored(tmp_path, capsys):
    captions = [
        {"start": 60.0 * at, "end": 60.0 * at + 5, "text": "two men fight", "type": "fight", "stream": "yard"}
        for at in range(4)
    ]
    (tmp_path / "captions.json").write_text(json.dumps(captions))
    assert cli.main(["import", "captions.json", "--start-time", "2026-03-02T09:00Z"]) == 0
    assert cli.main(["rules", "write", "tell me when a fight breaks out, at most once every 2 minutes"]) == 0
    assert "fight-breaks: would have fired 4 times, 2 messages (2 within the cooldown)" in capsys.readouterr().out


SMOKER = "tell me when somebody smokes at the dock"
WRITTEN = {
    "when": {"all": [{"event": "zone_entered", "zone": "dock"}, {"ask": "Is a person smoking?"}], "within_s": 30},
    "severity": "high",
    "active": None,
    "cooldown_s": 0,
}


def with_model(folder, url, more=""):
    text = f"{SETTINGS}language: {{backend: openai, url: '{url}', model: tiny{more}}}\n"
    (folder / "vidette.yml").write_text(text)
    return text


def test_words_that_the_grammar_does_not_know_are_a_language_models_and_shown_as_its(tmp_path, capsys):
    with ModelServer([says(WRITTEN), says(WRITTEN), says(WRITTEN)]) as server:
        text = with_model(tmp_path, server.url)
        assert cli.main(["rules", "write", SMOKER]) == 0
        said = capsys.readouterr()
        assert "written by tiny: hold it against your words" in said.out
        assert "in words: alert (high) when" in said.out
        assert "“Is a person smoking?”" in said.out
        assert "nothing is stored yet to try it on" in said.out
        assert said.err == "not saved; --yes saves it in vidette.yml\n"
        assert (tmp_path / "vidette.yml").read_text() == text
        assert cli.main(["rules", "write", SMOKER, "--json"]) == 0
        row = json.loads(capsys.readouterr().out)
        assert (row["written_by"], row.get("saved")) == ("tiny", None)
        assert cli.main(["rules", "write", SMOKER, "--yes", "--to", "rules.yml", "--id", "smoker"]) == 0
    assert cli.main(["rules", "check", "rules.yml"]) == 0
    assert "Is a person smoking?" in (tmp_path / "rules.yml").read_text()


def test_a_sentence_that_the_grammar_knows_is_no_models_business(tmp_path, capsys):
    with ModelServer() as server:
        with_model(tmp_path, server.url)
        assert cli.main(["rules", "write", SENTENCE]) == 0
        assert "written by" not in capsys.readouterr().out
        assert server.questions == []


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (status(400, b"\x1b[31mno"), "HTTP 400"),
        (says({"when": {"zone": ["attic"]}}), "when names the zone 'attic', and there is none"),
    ],
)
def test_where_the_model_writes_no_rule_the_grammars_stands(tmp_path, fault, why, capsys):
    assert cli.main(["rules", "write", SMOKER]) == 0
    before = capsys.readouterr().out
    with ModelServer([fault]) as server:
        with_model(tmp_path, server.url)
        assert cli.main(["rules", "write", SMOKER]) == 0
    after = capsys.readouterr().out
    added = [line for line in after.splitlines() if line not in before.splitlines()]
    assert len(added) == 1
    assert added[0].startswith("look at this: 'tiny' wrote no rule, the grammar's stands: ")
    assert why in added[0]
    assert "\x1b" not in after
    assert set(before.splitlines()) < set(after.splitlines())


def test_an_address_of_a_model_that_is_none_is_a_mistake(tmp_path, capsys):
    with_model(tmp_path, "ftp://here/v1")
    assert cli.main(["rules", "write", SMOKER]) == 2
    assert "language.url" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("",), "nothing is asked for"),
        (("tell me when",), "nothing is asked for"),
        (("x" * 501,), "the sentence has 501 letters"),
        ((SENTENCE, "--id", "fire"), "there is a rule 'fire'"),
        ((SENTENCE, "--id", "No Name"), "--id"),
        ((SENTENCE, "--yes", "--to", "no/such/folder/rules.yml"), "cannot write"),
    ],
)
def test_what_cannot_be_is_said(tmp_path, given, said, capsys):
    assert cli.main(["rules", "write", *given]) == 2
    assert said in capsys.readouterr().err
    assert (tmp_path / "vidette.yml").read_text() == SETTINGS
