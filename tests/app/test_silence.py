"""Silences by the command line: made, listed, ended, from an alert, from a signed token."""

import json
from datetime import datetime, timedelta

import pytest

from app import cli
from graph.embedded import EmbeddedStore
from rules.token import said_by, token_of
from tests.telling import KEY, SECRET, alert
from vidette.alerts import Judgement
from vidette.errors import ConfigError


def run(capsys, *args, code=0):
    assert cli.main([str(arg) for arg in args]) == code, capsys.readouterr().err
    return capsys.readouterr()


def rows(said):
    return [json.loads(line) for line in said.out.splitlines()]


@pytest.fixture
def db(tmp_path):
    path = tmp_path / "v.db"
    store = EmbeddedStore(path)
    store.amend(lambda _: Judgement(alerts=(alert(1, zones=("gate",)),)))
    store.close()
    return path


def test_a_silence_is_made_listed_and_ended(db, capsys):
    said = run(
        capsys, "silence", "add", "--zone", "gate", "--for", "2h", "--comment", "roadworks", "--by", "Anna", "--db", db
    )
    assert "zone gate: silenced by Anna until" in said.out
    assert "“roadworks” (silence " in said.out
    (row,) = rows(run(capsys, "silence", "list", "--json", "--db", db))
    assert (row["zones"], row["author"], row["comment"]) == (["gate"], "Anna", "roadworks")
    ends_in = datetime.fromisoformat(row["end"]) - datetime.fromisoformat(row["start"])
    assert ends_in == timedelta(hours=2)
    table = run(capsys, "silence", "list", "--db", db).out
    assert "zone gate" in table
    assert "Anna" in table
    assert "ended" in run(capsys, "silence", "expire", row["id"][:8], "--db", db).out
    assert "no silences here" in run(capsys, "silence", "list", "--db", db).out
    assert len(rows(run(capsys, "silence", "list", "--all", "--json", "--db", db))) == 1
    assert "over already" in run(capsys, "silence", "expire", row["id"], "--db", db, code=2).err


def test_a_silence_as_an_alert_has_its_rule_streams_and_zones(db, capsys):
    run(capsys, "silence", "add", "--alert", alert(1).id, "--for", "30min", "--rule", "other", "--db", db)
    (row,) = rows(run(capsys, "silence", "list", "--json", "--db", db))
    assert (row["rules"], row["streams"], row["zones"]) == (["other"], ["yard"], ["gate"])


@pytest.mark.parametrize(
    ("args", "part"),
    [
        (["add"], "how long?"),
        (["add", "--rule", "r", "--for", "2h", "--until", "2030-01-01"], "one of them"),
        (["add", "--for", "2h"], "nothing named to silence"),
        (["add", "--rule", "r", "--for", "soon"], "is no length of time"),
        (["add", "--rule", "r", "--for", "9999999d"], "is no length of time"),
        (["add", "--rule", "r", "--for", "0s"], "between a moment and a year"),
        (["add", "--rule", "r", "--until", "2020-01-01"], "is over already"),
        (["add", "--label", "persn", "--for", "2h"], "did you mean 'person'?"),
        (["add", "--severity", "hihg", "--for", "2h"], "did you mean 'high'?"),
        (["add", "--alert", "ffffffff", "--for", "2h"], "no alert has the id"),
        (["expire", "ffffffff"], "no silence has the id"),
        (["expire", "ff"], "too short"),
        (["link", "--rule", "r", "--for", "2h"], "media_secret"),
    ],
)
def test_mistakes_are_usage(args, part, db, capsys):
    assert part in run(capsys, "silence", *args, "--db", db, code=2).err


def test_a_signed_token_silences_for_whoever_hands_it_in(db, tmp_path, capsys):
    config = tmp_path / "vidette.yml"
    config.write_text(f'alerts: {{media_secret: "{SECRET}"}}\n')
    memory = ("--db", db, "--config", config)
    token = run(capsys, "silence", "link", "--alert", alert(1).id, "--for", "1h", *memory).out.strip()
    assert set(token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")
    run(capsys, "silence", "add", "--token", token, "--by", "Bob", *memory)
    (row,) = rows(run(capsys, "silence", "list", "--json", *memory))
    assert (row["rules"], row["streams"], row["zones"], row["author"]) == (["bag-left"], ["yard"], ["gate"], "Bob")
    changed = token[:5] + ("A" if token[5] != "A" else "B") + token[6:]
    assert "is not signed by this key" in run(capsys, "silence", "add", "--token", changed, *memory, code=2).err


def test_a_token_holds_for_its_purpose_its_key_and_its_time():
    token = token_of(KEY, "silence", {"for_s": 1}, 1000)
    assert said_by(KEY, "silence", token, now=999.9) == {"for_s": 1}
    for key, purpose, now in ((KEY, "silence", 1000), (KEY, "dismiss", 1), (b"x" * 32, "silence", 1)):
        with pytest.raises(ConfigError):
            said_by(key, purpose, token, now=now)
    for bad in ("", ".", "a.b", token + "x", token.replace(".", ""), "é.ü"):
        with pytest.raises(ConfigError):
            said_by(KEY, "silence", bad, now=1)
