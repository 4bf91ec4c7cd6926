"""What a watch is asked to do, and what changes in it."""

import io
import json
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import pytest

from app.watching import Plan, Pumping, check
from tests.telling import LOOPBACK, SECRET, delivery, endpoint
from vidette.alerting import Alerts
from vidette.alerts import Judgement
from vidette.errors import ConfigError
from vidette.settings import Settings
from workers.delivery.lanes import lanes_of
from workers.wiring import media_of, store_of

GIVEN = {"db": None, "config": None, "rules": (), "sample": None, "tz": "UTC", "name": None, "start_time": None}
URL = "rtsp://user:hunter2@camera/1"


@pytest.fixture
def plan(tmp_path, monkeypatch):
    """The plan of a command line, in a folder of its own whose `vidette.yml` is given."""
    monkeypatch.chdir(tmp_path)

    def made(*sources, settings=None, **given):
        if settings is not None:
            Path("vidette.yml").write_text(json.dumps(settings))
        return Plan.of(sources, {**GIVEN, **given})

    return made


def test_sources_come_from_stdin_too(plan, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{URL}\n\n  rtsp://camera/2  \n"))
    made = plan("-")
    assert [spec.url for spec in made.specs] == ["rtsp://camera/1", "rtsp://camera/2"]
    assert [one.source for one in made.settings.streams] == [URL, "rtsp://camera/2"]
    assert [spec.url for spec in made.again().specs] == ["rtsp://camera/1", "rtsp://camera/2"]  # stdin is read once


def test_streams_of_the_settings_are_watched_under_their_names(plan, street):
    streams = [{"name": "door", "source": URL}, {"name": "road", "source": str(street)}]
    made = plan(settings={"streams": streams})
    assert [(spec.name, bool(spec.url)) for spec in made.specs] == [("door", True), ("road", False)]
    assert made.files == (Path("vidette.yml").absolute(),)


def test_a_plan_is_made_again_by_what_the_files_say_now(plan):
    made = plan(settings={"streams": [{"name": "door", "source": URL}]})
    Path("vidette.yml").write_text(json.dumps({"sample": "2", "streams": [{"name": "yard", "source": URL}]}))
    again = made.again()
    assert (again.settings.sample, [spec.name for spec in again.specs]) == ("2", ["yard"])
    Path("vidette.yml").write_text("streams: [}")
    with pytest.raises(ConfigError, match=r"vidette\.yml:1"):
        made.again()


def test_nothing_to_watch_is_said(plan):
    with pytest.raises(ConfigError, match="nothing to watch"):
        plan(settings={})


def test_where_memory_is_cannot_be_changed_while_it_runs(plan):
    before = plan(settings={"db": "a.db", "streams": [{"name": "door", "source": URL}]})
    check(before, before.again())
    Path("vidette.yml").write_text(json.dumps({"db": "b.db", "streams": [{"name": "door", "source": URL}]}))
    with pytest.raises(ConfigError, match="cannot be changed while it runs"):
        check(before, before.again())


def test_files_that_come_later_are_left_to_another_watch(plan, street, caplog):
    before = plan(settings={"streams": [{"name": "door", "source": URL}]})
    streams = [{"name": "door", "source": URL}, {"name": "road", "source": str(street)}]
    Path("vidette.yml").write_text(json.dumps({"streams": streams}))
    check(before, before.again())
    assert "'road' is left to another" in caplog.text


def test_sinks_are_changed_while_it_runs(tmp_path):
    def told(name):
        sinks = [{"id": name, "kind": "jsonl", "path": str(tmp_path / name)}]
        return Settings.model_validate({"db": str(tmp_path / "v.db"), "sinks": sinks})

    one, two = told("one"), told("two")
    store = store_of(one)
    with Pumping(store, one, lanes_of(one, media_of(one))) as pumping:
        first = pumping._pump
        pumping.change(told("one"))
        assert pumping._pump is first
        pumping.change(two)
        assert pumping._pump is not first
        bad = two.model_copy(update={"sinks": [*two.sinks, *two.sinks]})
        second = pumping._pump
        with pytest.raises(ConfigError):
            pumping.change(bad)
        assert pumping._pump is second
        assert pumping.remaining() == {}
        pumping.nudge()
    store.close()


def test_a_sink_that_is_gone_is_told_by_the_rules_as_they_are_now(tmp_path):
    def said(server, *rules):
        hook = {"id": "hook", "kind": "webhook", "url": server.url, "secret": SECRET, "allow_networks": LOOPBACK}
        return Settings.model_validate({"db": str(tmp_path / "v.db"), "sinks": [hook], "rules": list(rules)})

    one = delivery(sink="hook", at=datetime.now(UTC))
    with endpoint(410) as server:
        before, now = said(server), said(server, {"id": "gone", "when": {"event": "sink_disabled"}})
        store = store_of(before)
        with Pumping(store, before, lanes_of(before, media_of(before))) as pumping:
            pumping.change(now)
            store.amend(lambda read: Judgement(alerts=(one.message,), deliveries=(one,)))
            pumping.drain(20, Event())
    assert {alert.rule for alert in store.read(Alerts())} == {one.message.rule, "gone"}
    store.close()
