"""What people say of alerts, by the command line: seen, right, wrong; and what is made of it."""

import json
from datetime import timedelta

import pytest

from app import cli
from graph.embedded import EmbeddedStore
from tests.telling import AT, alert, delivery
from vidette.alerts import Judgement, Severity

CAR = {"incident": "inc-2", "rule": "car", "streams": ("road",)}


def run(capsys, *args, code=0):
    assert cli.main([str(arg) for arg in args]) == code, capsys.readouterr().err
    return capsys.readouterr()


def rows(said):
    return [json.loads(line) for line in said.out.splitlines()]


@pytest.fixture
def db(tmp_path):
    """Three alerts, two of which belong together; a sink was told of the first."""
    path = tmp_path / "v.db"
    store = EmbeddedStore(path)
    later = alert(2, at=AT + timedelta(seconds=90), severity=Severity.CRITICAL, text="somebody took it")
    alerts = (alert(1), later, alert(3, shadow=True, **CAR))
    store.amend(lambda _: Judgement(alerts=alerts, deliveries=(delivery(1),)))
    store.close()
    return path


def test_an_alert_is_acknowledged_confirmed_and_dismissed(db, capsys):
    key = alert(1).id
    said = run(capsys, "alerts", "ack", key, "--by", "Anna", "--comment", "on my way", "--db", db).out
    assert said.startswith("acknowledged: HIGH a bag was left at the gate (1)")
    assert run(capsys, "alerts", "ack", key, "--db", db).out.startswith("acknowledged already: ")
    assert run(capsys, "alerts", "confirm", key, "--db", db).out.startswith("confirmed: ")
    assert run(capsys, "alerts", "dismiss", key, alert(2).id, "--db", db).out.count("dismissed: ") == 2
    assert run(capsys, "alerts", "dismiss", key, "--db", db).out.startswith("dismissed already: ")
    found = {row["id"]: row for row in rows(run(capsys, "alerts", "--json", "--db", db))}
    assert (found[key]["state"], found[key]["feedback"], found[key]["sequence"]) == ("dismissed", "dismissed", 3)
    told = rows(run(capsys, "deliveries", "list", "--json", "--db", db))
    assert [row["change"] for row in told] == ["raised", "acknowledged", "dismissed"]
    why = run(capsys, "alerts", "why", key, "--db", db).out
    assert "acknowledged, event event-1: by Anna: “on my way”" in why
    assert "incident inc-1: with alert 00000000" in why


def test_precision_is_of_what_people_judged(db, capsys):
    assert "nobody judged any" in run(capsys, "alerts", "--precision", "--db", db).out
    run(capsys, "alerts", "confirm", alert(1).id, "--db", db)
    run(capsys, "alerts", "dismiss", alert(2).id, "--db", db)
    found = rows(run(capsys, "alerts", "--precision", "--json", "--db", db))
    assert [(row["rule"], row["stream"], row.get("precision")) for row in found] == [
        ("bag-left", "yard", 0.5),
        ("car", "road", None),
    ]
    assert (found[0]["low"], found[0]["high"]) == (0.095, 0.905)  # Wilson, 1 of 2
    assert "9% to 91%" in run(capsys, "alerts", "--precision", "--rule", "bag-left", "--db", db).out
    assert rows(run(capsys, "alerts", "--precision", "--stream", "nowhere", "--json", "--db", db)) == []


def test_alerts_that_belong_together_are_one_row(db, capsys):
    car, bags = rows(run(capsys, "alerts", "--by", "incident", "--json", "--db", db))
    assert car["incident"] == "inc-2"
    assert (bags["incident"], bags["severity"], bags["state"]) == ("inc-1", "critical", "open")
    assert (bags["text"], bags["alerts"]) == ("somebody took it", [alert(1).id, alert(2).id])
    table = run(capsys, "alerts", "--by", "incident", "--db", db).out
    assert "90 s" in table
    assert len(rows(run(capsys, "alerts", "--by", "incident", "--limit", "1", "--json", "--db", db))) == 1
    inside = rows(run(capsys, "alerts", "--incident", "inc-1", "--json", "--db", db))
    assert {row["id"] for row in inside} == {alert(1).id, alert(2).id}
    run(capsys, "alerts", "ack", alert(1).id, "--db", db)
    run(capsys, "alerts", "dismiss", alert(2).id, "--db", db)
    (bags,) = rows(run(capsys, "alerts", "--by", "incident", "--rule", "bag-left", "--json", "--db", db))
    assert bags["state"] == "acknowledged"


def test_what_is_on_trial_is_shown_so(db, capsys):
    assert "open, on trial" in run(capsys, "alerts", "--db", db).out
    assert "rule car, on trial" in run(capsys, "alerts", "why", alert(3).id, "--db", db).out


@pytest.mark.parametrize(
    ("args", "part"),
    [
        (["ack", "ffffffff"], "no alert has the id 'ffffffff'"),
        (["dismiss"], "Missing argument"),
        (["confirm", "ab"], "too short"),
        (["--by", "rule"], "incident"),
    ],
)
def test_mistakes_are_usage(args, part, db, capsys):
    assert part in run(capsys, "alerts", *args, "--db", db, code=2).err
