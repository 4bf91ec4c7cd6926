import json

import pytest

from app import cli

GOOD = """\
rules:
  - id: bag-left
    when: {event: object_left, zone: gate, for_s: 60}
    severity: high
    active: {days: [mon-fri], from: "08:00", to: "18:00", tz: Europe/Paris}
sinks:
  - {id: desk, kind: console}
"""
READING = "alert (high) when a thing is left in zone gate and stays so for 60 s, Mon-Fri 08:00-18:00 Europe/Paris"


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.yml").write_text(GOOD)


def test_check_says_what_is_good(capsys):
    assert cli.main(["rules", "check", "good.yml"]) == 0
    assert capsys.readouterr().out == "good.yml: good, 1 rule\n"


def test_check_says_every_mistake_of_every_file(tmp_path, capsys):
    (tmp_path / "bad.yml").write_text("rules:\n- {id: A}\n- {id: b, when: {event: fyre}}\n")
    assert cli.main(["rules", "check", "good.yml", "bad.yml", "none.yml"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert [line.split(" ")[0] for line in said.err.splitlines()] == ["bad.yml:2:"] * 2 + ["bad.yml:3:", "cannot"]


def test_check_warns_and_is_content(tmp_path, capsys):
    (tmp_path / "vidette.yml").write_text(
        "streams:\n- {name: yard, zones: [{name: gates, polygon: [[0,0],[1,0],[1,1]]}]}\n"
    )
    assert cli.main(["rules", "check", "good.yml"]) == 0
    said = capsys.readouterr()
    assert said.err == (
        "good.yml:2: rules[0] (bag-left): warning: no zone 'gate' in the settings; did you mean 'gates'?\n"
    )
    assert said.out == "good.yml: good, 1 rule\n"


def test_check_without_a_file_is_about_the_settings(tmp_path, capsys):
    (tmp_path / "vidette.yml").write_text(GOOD.replace("object_left", "object_lost"))
    assert cli.main(["rules", "check"]) == 2
    assert "vidette.yml:3: rules[0].when.event[0] is 'object_lost'" in capsys.readouterr().err


def test_check_without_anything_names_what_it_missed(capsys):
    assert cli.main(["rules", "check"]) == 2
    assert "vidette.yml" in capsys.readouterr().err


def test_list_as_a_table(capsys):
    assert cli.main(["rules", "list", "good.yml"]) == 0
    assert f"bag-left  {READING}" in capsys.readouterr().out


def test_list_as_json(tmp_path, capsys):
    (tmp_path / "vidette.yml").write_text("rules:\n- {id: own, when: {event: loitering}}\n")
    assert cli.main(["rules", "list", "good.yml", "--json"]) == 0
    own, bag = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert own["id"] == "own"
    assert bag["reading"] == READING
    assert bag["active"] == {
        "days": ["mon", "tue", "wed", "thu", "fri"],
        "from": "08:00",
        "to": "18:00",
        "tz": "Europe/Paris",
    }
    assert len(bag["version"]) == 16


def test_list_without_rules(capsys):
    assert cli.main(["rules", "list"]) == 0
    assert capsys.readouterr().out.startswith("no rules")


def test_a_table_steers_no_terminal(tmp_path, capsys):
    (tmp_path / "r.yml").write_text('rules:\n- {id: a, when: {caption: "\\e[2Jred"}}\n')
    assert cli.main(["rules", "list", "r.yml"]) == 0
    assert "\x1b" not in capsys.readouterr().out
    assert cli.main(["rules", "check", "r.yml"]) == 0
    assert "\x1b" not in "".join(capsys.readouterr())


def test_check_says_which_rules_tell_nothing_new_and_what_is_never_asked(capsys, tmp_path):
    asked = "\n".join(f"- {{id: q{i}, when: {{ask: 'Is it {i}?'}}}}" for i in range(17))
    (tmp_path / "vidette.yml").write_text(
        "vlm: {backend: recorded, path: x}\nstreams: [{name: yard}]\nsinks: [{id: desk, kind: console}]\n"
        "rules: [{id: all, when: {event: loitering}}]\n"
    )
    (tmp_path / "r.yml").write_text(f"rules:\n- {{id: some, when: {{event: loitering, label: person}}}}\n{asked}\n")
    assert cli.main(["rules", "check", "r.yml"]) == 0
    out, err = capsys.readouterr()
    assert out == "r.yml: good, 18 rules\n"
    assert err == (
        "r.yml:2: rules[0] (some): warning: whenever it comes true so does rule 'all', which asks for less and tells the"
        " same sinks\n"
        "settings: warning: stream 'yard': 17 questions, 16 can be asked; never asked: “Is it 16?”\n"
    )


def test_check_names_file_and_line_of_a_holiday_that_is_none(capsys, tmp_path):
    (tmp_path / "days.txt").write_text("12-25\n31-12\n")
    (tmp_path / "r.yml").write_text(
        "rules:\n- id: a\n  when: {event: loitering}\n  active: {days: [holiday], holidays: days.txt}\n"
    )
    assert cli.main(["rules", "check", "r.yml"]) == 2
    assert capsys.readouterr().err == "r.yml:2: rules[0]: days.txt:2: there is no day 31-12\n"
    assert cli.main(["rules", "list", "r.yml"]) == 2
    assert "days.txt:2" in capsys.readouterr().err
