"""From a video file to the receiver, by the command line alone."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app import cli
from graph.embedded import EmbeddedStore
from tests.telling import SECRET, endpoint
from vidette.alerts import Judgement, Timer

ROOT = Path(__file__).resolve().parents[2]
RULES = """
rules:
  - {{id: entered, when: {{event: object_entered}}, severity: high}}
  - {{id: gate, when: {{event: object_entered, zone: gate}}, severity: low}}
sinks:
  - {{id: hook, kind: webhook, url: "{url}", secret: "{secret}", allow_networks: [127.0.0.0/8], timeout_s: 5}}
  - {{id: lines, kind: jsonl, path: "{lines}", min_severity: high}}
"""


def run(capsys, *args, code=0):
    assert cli.main([str(arg) for arg in args]) == code, capsys.readouterr().err
    return capsys.readouterr()


def rows(said):
    return [json.loads(line) for line in said.out.splitlines()]


@pytest.fixture
def rules(tmp_path):
    """Writes a rules file for an endpoint."""

    def write(server, text: str = RULES) -> Path:
        path = tmp_path / "rules.yml"
        path.write_text(text.format(url=server.url, secret=SECRET, lines=tmp_path / "lines.jsonl"))
        return path

    return write


@pytest.fixture(scope="session")
def seen(street, tmp_path_factory):
    """A memory of the street that no rule has judged."""
    db = tmp_path_factory.mktemp("seen") / "v.db"
    assert cli.main(["watch", str(street), "--db", str(db), "-q", "--tz", "UTC"]) == 0
    return db


@pytest.fixture
def db(seen, tmp_path):
    """A copy of that memory."""
    import sqlite3

    path = tmp_path / "v.db"
    with sqlite3.connect(seen) as source, sqlite3.connect(path) as copy:
        source.backup(copy)
    source.close()
    copy.close()
    return path


def test_a_watch_raises_and_delivers(street, tmp_path, rules, capsys):
    db = tmp_path / "v.db"
    with endpoint(500, 200) as server:
        said = run(capsys, "watch", street, "--db", db, "--rules", rules(server), "--tz", "UTC")
    assert "2 alerts" in said.out
    assert "remain" not in said.err
    alerts = rows(run(capsys, "alerts", "--db", db, "--json"))
    assert [row["rule"] for row in alerts] == ["entered", "entered"]
    assert alerts[0]["at"] > alerts[1]["at"]  # newest first
    posted = [json.loads(one.body)["data"]["alert"]["id"] for one in server.requests]
    assert set(posted) == {row["id"] for row in alerts}
    assert len(set(server.ids)) == 2
    assert len(posted) == 3
    lines = [json.loads(line) for line in (tmp_path / "lines.jsonl").read_text().splitlines()]
    assert sorted(one["data"]["alert"]["id"] for one in lines) == sorted(row["id"] for row in alerts)
    thumbnail = json.loads(server.requests[0].body)["data"]["thumbnail"]
    assert thumbnail["media_type"] == "image/jpeg"


def test_rules_that_come_later_judge_what_is_stored_once(street, db, rules, capsys):
    with endpoint() as server:
        watch = ("watch", street, "--db", db, "--rules", rules(server), "-q")
        run(capsys, *watch)
        run(capsys, *watch)
    assert len(server.ids) == len(set(server.ids)) == 2
    assert len(rows(run(capsys, "alerts", "--db", db, "--json"))) == 2


def test_lists_are_filtered(street, db, rules, capsys):
    with endpoint() as server:
        run(capsys, "watch", street, "--db", db, "--rules", rules(server), "-q")

    def count(*args: str, code: int = 0) -> int:
        return len(rows(run(capsys, "alerts", "--db", db, "--json", *args, code=code)))

    assert count() == 2
    assert count("--limit", "1") == 1
    assert count("--rule", "entered", "--severity", "high", "--state", "open") == 2
    assert count("--rule", "gate") == count("--stream", "nowhere") == count("--state", "resolved") == 0
    assert count("--since", "2026-05-01T12:00:06Z") == count("--until", "2026-05-01T12:00:06Z") == 1
    table = run(capsys, "alerts", "--db", db, "--why").out
    assert "HIGH" in table
    assert "event was object_entered" in table
    said = run(capsys, "alerts", "--db", db, "--severity", "hihg", code=2).err
    assert "did you mean 'high'?" in said


def test_why_and_why_not(street, db, rules, capsys):
    with endpoint() as server:
        run(capsys, "watch", street, "--db", db, "--rules", rules(server), "-q")
    alert = rows(run(capsys, "alerts", "--db", db, "--json"))[0]
    said = run(capsys, "alerts", "why", alert["id"][:8], "--db", db).out
    assert "because event was object_entered" in said
    assert re.search(r"try 1 at .*: delivered \(code 200\)", said)
    (found,) = rows(run(capsys, "alerts", "why", alert["events"][0], "--db", db, "--json"))
    assert [one["id"] for one in found["alerts"]] == [alert["id"]]
    verdicts = {one["rule"]: one["verdict"] for one in found["decisions"]}
    assert verdicts == {"entered": "raised", "gate": "not_raised"}
    assert {told["sink"]: len(told["attempts"]) for told in found["deliveries"]} == {"hook": 1, "lines": 1}
    missing = run(capsys, "alerts", "why", "ffffffff", "--db", db, code=2).err
    assert "no alert has the id 'ffffffff'" in missing


def test_what_remains_is_said_sent_and_replayed(street, db, rules, capsys):
    with endpoint(503) as server:
        file = rules(server)
        said = run(capsys, "watch", street, "--db", db, "--rules", file, "-q", "--drain", "0.5").err
        assert "(2 to hook" in said
        assert f"vidette deliveries run --db {db} --rules {file}" in said
        waiting = rows(run(capsys, "deliveries", "list", "--db", db, "--sink", "hook", "--json"))
        assert {(row["status"], row["tries"], row["code"]) for row in waiting} == {("pending", 1, 503)}
        server.answers = [200]
        run(capsys, "deliveries", "run", "--db", db, "--rules", file, "--drain", "20")
        done = rows(run(capsys, "deliveries", "list", "--db", db, "--json"))
        assert {row["status"] for row in done} == {"delivered"}
        before = len(server.ids)
        assert "0 deliveries due" in run(capsys, "deliveries", "replay", "--db", db, "--sink", "hook").out
        again = run(capsys, "deliveries", "replay", "--db", db, "--alert", done[0]["alert"][:8], "--delivered").out
        assert "2 deliveries due again" in again
        run(capsys, "deliveries", "run", "--db", db, "--rules", file, "--drain", "20")
    assert len(server.ids) == before + 1
    assert len(set(server.ids)) == 2
    assert "delivered" in run(capsys, "deliveries", "list", "--db", db).out


def test_a_sink_that_is_gone_is_told_and_enabled_again(street, db, rules, capsys):
    with endpoint(410) as server:
        file = rules(server)
        said = run(capsys, "watch", street, "--db", db, "--rules", file, "-q").err
        assert "takes no more" in said
        listed = run(capsys, "deliveries", "list", "--db", db, "--status", "dead", "--json")
        assert {row["disabled"] for row in rows(listed)} == {"HTTP 410"}
        assert "sink 'hook' is disabled since" in listed.err
        server.answers = [200]
        assert "2 deliveries due again" in run(capsys, "deliveries", "replay", "--db", db, "--sink", "hook").out
        run(capsys, "deliveries", "run", "--db", db, "--rules", file, "--drain", "20")
    assert {row["status"] for row in rows(run(capsys, "deliveries", "list", "--db", db, "--json"))} == {"delivered"}


def test_json_keeps_stdout_for_events_though_the_console_is_told(street, tmp_path, rules, capsys):
    with endpoint() as server:
        file = rules(server, RULES + "  - {{id: here, kind: console}}\n")
        said = run(capsys, "watch", street, "--db", tmp_path / "v.db", "--rules", file, "--json")
    assert {row["type"] for row in rows(said)} >= {"object_entered"}
    assert len([line for line in said.err.splitlines() if line.startswith("HIGH ")]) == 2


@pytest.mark.parametrize(
    ("url", "part"),
    [
        ("http://user:hunter2@x.test/", "sink 'hook': a URL with a user or password"),
        ("nope", "sink 'hook': not an http"),
    ],
)
def test_a_bad_sink_is_usage_before_anything_is_watched(url, part, street, tmp_path, capsys):
    (tmp_path / "rules.yml").write_text(f'sinks: [{{id: hook, kind: webhook, url: "{url}", secret: "{SECRET}"}}]\n')
    said = run(capsys, "watch", street, "--db", tmp_path / "v.db", "--rules", tmp_path / "rules.yml", code=2).err
    assert part in said
    assert "hunter2" not in said
    assert not (tmp_path / "v.db").exists()


@pytest.mark.parametrize(
    ("args", "part"),
    [
        (["deliveries", "run"], "no sinks in the settings"),
        (["deliveries", "replay"], "nothing named"),
        (["deliveries", "replay", "--alert", "ffffffff"], "no alert has the id"),
        (["deliveries", "list", "--status", "ded"], "did you mean 'dead'?"),
        (["alerts", "--since", "gibberish xyz"], "gibberish"),
        (["alerts", "why", "ab"], "too short"),
    ],
)
def test_mistakes_are_usage(args, part, seen, capsys):
    assert part in run(capsys, *args, "--db", seen, code=2).err


def test_no_alerts_are_said(seen, capsys):
    assert "no alerts here" in run(capsys, "alerts", "--db", seen).out
    assert "no deliveries here" in run(capsys, "deliveries", "list", "--db", seen).out


def test_running_deliveries_ends_on_a_signal_within_a_moment(street, db, rules, capsys):
    with endpoint(503) as server:
        file = rules(server)
        run(capsys, "watch", street, "--db", db, "--rules", file, "-q", "--drain", "0")
        command = [sys.executable, "-m", "app.cli", "deliveries", "run", "--db", str(db), "--rules", str(file)]
        with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
            server.wait(len(server.requests) + 1)
            began = time.monotonic()
            os.kill(process.pid, signal.SIGTERM)
            _, said = process.communicate(timeout=30)
            assert time.monotonic() - began < 15
    assert process.returncode == 0
    assert "(2 to hook" in said


LIFE = """
rules:
  - {{id: entered, when: {{event: object_entered}}, severity: high, escalate_s: 3600}}
  - {{id: trial, when: {{event: object_entered}}, shadow: true}}
sinks:
  - {{id: hook, kind: webhook, url: "{url}", secret: "{secret}", allow_networks: [127.0.0.0/8], timeout_s: 5}}
"""


def test_what_a_storm_held_back_is_summed_up_at_the_end_of_a_watch(street, tmp_path, rules, capsys):
    config = tmp_path / "vidette.yml"
    config.write_text("alerts: {storm: {most: 1}}\n")
    with endpoint() as server:
        db, file = tmp_path / "v.db", rules(server, LIFE.replace(", escalate_s: 3600", ""))
        run(capsys, "watch", street, "--db", db, "--config", config, "--rules", file, "-q", "--tz", "UTC")
        told = [json.loads(one.body)["data"]["alert"] for one in server.requests]
    assert [one["rule"] for one in told] == ["entered", "vidette.storm"]
    assert told[1]["text"].startswith("1 more alert from ")
    (held,) = (
        row
        for row in rows(run(capsys, "alerts", "--db", db, "--rule", "entered", "--json"))
        if row["id"] != told[0]["id"]
    )
    assert (
        "hook: it was told of 1 in 10 min already (storm)" in run(capsys, "alerts", "why", held["id"], "--db", db).out
    )


def _an_hour_passes(db, ids):
    """As far as the timers of these alerts are concerned."""
    store = EmbeddedStore(db)
    for key in ids:
        due = Timer(alert=key, rule="entered", kind="escalate", due_at=datetime(2026, 1, 1, tzinfo=UTC))
        store.amend(lambda _, due=due: Judgement(timers=(due,)))
    store.close()


def test_what_nobody_acknowledges_is_told_louder_by_who_sends_later(street, db, rules, capsys):
    with endpoint() as server:
        file = rules(server, LIFE)
        run(capsys, "watch", street, "--db", db, "--rules", file, "-q")
        seen = rows(run(capsys, "alerts", "--db", db, "--rule", "entered", "--json"))
        run(capsys, "alerts", "ack", seen[0]["id"], "--db", db)
        _an_hour_passes(db, [row["id"] for row in seen])
        run(capsys, "deliveries", "run", "--db", db, "--rules", file, "--drain", "20")
        told = [json.loads(one.body)["data"]["alert"] for one in server.requests]
    assert {one["change"] for one in told if one["id"] == seen[0]["id"]} == {"raised", "acknowledged"}
    louder = [one for one in told if one["id"] == seen[1]["id"]]
    assert [(one["change"], one["severity"]) for one in louder] == [("raised", "high"), ("escalated", "critical")]
    assert {one["rule"] for one in told} == {"entered"}
    assert {row["shadow"] for row in rows(run(capsys, "alerts", "--db", db, "--rule", "trial", "--json"))} == {True}
