"""The last question of a memory, kept for the next."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app import asked
from app.cli import main
from graph.embedded import EmbeddedStore
from tests.agent.ask.world import NOW, build
from vidette.answers import Plan, Relation
from vidette.models import EventType, Label
from vidette.queries import Filter


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "vidette" / "asked"


PLAN = Plan(
    kind="count",
    where=Filter(types=(EventType.OBJECT_ENTERED,), labels=(Label.PERSON,), since=datetime(2026, 3, 9, tzinfo=UTC)),
    narrow=((Label.VEHICLE, ("car",)),),
)


def test_a_plan_comes_back_with_all_that_hangs_on_it(tmp_path):
    related = replace(PLAN, relations=(Relation(kind="after", anchor=PLAN, within_s=3.0),), sides=(PLAN, PLAN))
    asked.keep(tmp_path / "a.db", related)
    assert asked.last(tmp_path / "a.db") == related
    assert asked.last(tmp_path / "b.db") is None


def test_what_was_not_understood_is_not_kept(tmp_path):
    asked.keep(tmp_path / "a.db", PLAN)
    asked.keep(tmp_path / "a.db", Plan(kind="cannot_tell"))
    assert asked.last(tmp_path / "a.db") == PLAN


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"kind": "drop"}', b"\xff" * 10, b" " * 200_000])
def test_a_spoilt_file_is_no_earlier_question(tmp_path, state, data):
    asked.keep(tmp_path / "a.db", PLAN)
    next(state.iterdir()).write_bytes(data)
    assert asked.last(tmp_path / "a.db") is None


def test_a_state_folder_that_cannot_be_written_costs_nothing_else(tmp_path, state):
    state.parent.mkdir(parents=True)
    state.write_text("a file where the folder would be")
    asked.keep(tmp_path / "a.db", PLAN)
    assert asked.last(tmp_path / "a.db") is None
    assert [path.name for path in state.parent.iterdir()] == ["asked"]


def test_the_next_invocation_goes_on_from_the_last(tmp_path, capsys):
    db = tmp_path / "vidette.db"
    store = EmbeddedStore(db)
    build(store)
    store.close()
    config = tmp_path / "vidette.yml"
    config.write_text("tz: Europe/Paris\n")

    def value(question: str) -> object:
        given = ["ask", question, "--db", str(db), "--config", str(config), "--now", NOW.isoformat(), "--json"]
        assert main(given) == 0
        return json.loads(capsys.readouterr().out).get("value")

    assert value("and on Tuesday?") is None
    assert value("How many people entered on Monday?") == 7
    assert value("and on Tuesday?") == 3
    assert value("what about front-door?") == 3
    assert value("What is the number plate?") is None
    assert value("and vehicles?") == 0
