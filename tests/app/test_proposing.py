"""Proposals by the command line, tried on what is stored, applied by nobody but a person."""

import json

import pytest

from app import cli
from graph.embedded import EmbeddedStore
from rules.feedback import heard
from tests.rules.conftest import Watch
from vidette.alerting import Alerts
from vidette.models import EventType

RULE = {"id": "bag", "when": {"event": "object_left"}}


def run(capsys, *args, code=0):
    assert cli.main([str(arg) for arg in args]) == code, capsys.readouterr().err
    return capsys.readouterr()


@pytest.fixture
def memory(tmp_path):
    """Four bags for 4 s, which were dismissed; one for a minute, which was right."""
    path, rules = tmp_path / "v.db", tmp_path / "rules.yml"
    rules.write_text("rules: [{id: bag, when: {event: object_left}}]\n")
    w = Watch(RULE, store=EmbeddedStore(path), kind="file")
    for n, lasted_s in enumerate((4, 4, 4, 4, 60)):
        thing = w.thing(f"bag {n}", box=(0.1 * n, 0.1, 0.1 * n + 0.05, 0.2))
        w.ends(w.opens(EventType.OBJECT_LEFT, thing, 100.0 * n, "A bag was left."), 100.0 * n + lasted_s)
    w.commit(600, final=True)
    for n, alert in enumerate(w.store.read(Alerts())):
        says = "confirmed" if n == 4 else "dismissed"
        w.store.amend(lambda read, key=alert.id, says=says: heard(key, says, read, by="Bob", now=w.instant))
    w.store.close()
    return ("--db", path, "--rules", rules)


def test_a_proposal_is_shown_with_what_it_would_have_done_and_nothing_is_changed(memory, capsys):
    before = memory[3].read_text()
    (row,) = (json.loads(line) for line in run(capsys, "alerts", "propose", *memory, "--json").out.splitlines())
    assert (row["when"], row["fired"]) == ({"event": ["object_left"], "for_s": 5.0}, 1)
    assert (row["confirmed"], row["confirmed_again"], row["dismissed"], row["dismissed_again"]) == (1, 1, 4, 0)
    assert len(row["spared"]) == 4
    said = run(capsys, "alerts", "propose", *memory).out
    assert "bag: ask that it stays so for 5 s (for_s: 5)" in said
    assert "of 4 dismissed alerts 0 would be raised again, of 1 confirmed 1" in said
    assert 'write: when: {"event": ["object_left"], "for_s": 5.0}' in said
    assert memory[3].read_text() == before


def test_where_nothing_was_right_it_is_said_that_nothing_tells(memory, capsys):
    run(
        capsys,
        "alerts",
        "dismiss",
        json.loads(run(capsys, "alerts", *memory[:2], "--json").out.splitlines()[0])["id"],
        *memory[:2],
    )
    assert "of 5 dismissed alerts and 0 confirmed no condition tells" in run(capsys, "alerts", "propose", *memory).out


@pytest.mark.parametrize(
    ("args", "part"), [(["--rule", "bg"], "no rule 'bg'"), (["--since", "gibberish xyz"], "gibberish")]
)
def test_mistakes_are_usage(args, part, memory, capsys):
    assert part in run(capsys, "alerts", "propose", *memory, *args, code=2).err


def test_without_rules_there_is_nothing_to_change(memory, capsys):
    assert "no rules in the settings" in run(capsys, "alerts", "propose", *memory[:2], code=2).err
