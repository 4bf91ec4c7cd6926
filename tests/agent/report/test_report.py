import json
import re
from datetime import UTC, timedelta

import pytest

from agent.report.markdown import markdown
from agent.report.model import Plot, Statements, Table
from agent.report.page import page
from agent.report.report import KINDS, Request, build, cited
from agent.report.rows import rows
from vidette.alerts import Alert, AlertState, Change, Decision, Judgement, Severity, Verdict
from vidette.errors import StoreError
from vidette.models import EventType, Label
from vidette.queries import Events, Filter


def built(scenes, kind="daily", **more):
    return build(scenes.store, scenes.media, Request(tz=UTC, kind=kind, **more))


def section(report, key):
    return next(one for one in report.sections if one.key == key)


def test_nothing_to_report_on_is_an_error(scenes, yard_of):
    with pytest.raises(StoreError, match="memory holds no streams"):
        built(scenes())
    yard = yard_of()
    with pytest.raises(StoreError, match="no footage in that time; 1 streams begin from 2026-05-01 12:00"):
        built(yard, where=Filter(since=yard.now.start + timedelta(days=1)))
    with pytest.raises(StoreError, match="no footage in that time"):
        built(yard, where=Filter(from_s=100.0))


@pytest.mark.parametrize("kind", KINDS)
def test_every_citation_is_a_row_of_the_report(yard_of, kind):
    report = built(yard_of(), kind)
    known = {row.id for row in report.events}
    found = [one for part in report.sections for one in cited(part)]
    assert found
    assert set(found) <= known
    assert set(report.cited) == known


@pytest.mark.parametrize("kind", KINDS)
def test_json_holds_the_report_without_pictures(yard_of, kind):
    report = built(yard_of(), kind)
    data = json.loads(rows(report))
    assert data["kind"] == kind
    assert data["since"] == "2026-05-01T12:00:00Z"
    assert [part["key"] for part in data["sections"]] == [part.key for part in report.sections]
    assert {event["id"] for event in data["events"]} == {row.id for row in report.events}
    assert len(rows(report)) < 40_000


def test_markdown_escapes_what_others_wrote(yard_of):
    text = markdown(built(yard_of("[a](javascript:b) <img src=x> www.x.example | `c`", "a|b")))
    assert not re.search(r"(?<!\\)(\]\(|<img)", text)
    assert "www.x" not in text
    assert "a\\|b" in text
    table = [line for line in text.splitlines() if line.startswith("| 0:10 ")]
    assert table
    assert all(line.replace("\\|", "").count("|") == 8 for line in table)


def test_markdown_draws_bars_and_what_was_not_watched(yard_of):
    text = markdown(built(yard_of()))
    assert "yard  (most 1)\n|  █       █" in text
    assert "|" + "-" * 45 + "x" * 15 + "|" in text


def test_a_long_period_shows_few_rows_and_counts_all(scenes):
    made = scenes().stream(length_s=7200.0)
    for index in range(700):
        made.event(EventType.COUNT_CHANGED, index * 10.0, index * 10.0, f"{index} in view")
    rare = made.event(EventType.OBJECT_LEFT, 3000.0, 3100.0, "a parcel was left")
    report = built(made.settle())
    assert report.count == 701
    assert len(report.events) <= 200
    assert rare in {row.id for row in report.events}
    table = next(block for block in section(report, "events").blocks if isinstance(block, Table))
    assert table.more.startswith(f"And {701 - len(table.rows)} events more")
    unusual = section(report, "unusual").blocks[0]
    assert isinstance(unusual, Statements)
    assert any("object left, 1 time among 701 events" in one.text and one.events == (rare,) for one in unusual.said)


def test_a_busy_hour_of_a_day_stands_out(scenes):
    made = scenes().stream(length_s=86_400.0)
    for hour in range(24):
        for index in range(30 if hour == 14 else 4):
            at = hour * 3600.0 + index * 60
            made.thing(at, at + 20)
    report = built(made.settle())
    said = [one.text for one in section(report, "unusual").blocks[0].said]
    assert any("30 things came into view; 4 is usual" in text for text in said), said
    summary = [one.text for one in section(report, "summary").blocks[1].said]
    assert any(text.startswith("Busiest: ") and "30 things" in text for text in summary)


def test_a_time_that_was_not_watched_has_no_bar(yard_of):
    plot = next(block for block in section(built(yard_of()), "counts").blocks if isinstance(block, Plot))
    (series,) = plot.series
    assert series.values[2] == 1
    assert series.values[50] is None
    assert sum(value or 0 for value in series.values) == 3


def test_streams_are_told_side_by_side_the_unusual_first(scenes):
    made = scenes()
    made.stream("calm", length_s=3600.0).settle()
    made.stream("lively", length_s=3600.0)
    for index in range(40):
        made.event(EventType.OBJECT_ENTERED, index * 80.0, index * 80.0)
    made.event(EventType.OBJECT_ABANDONED, 50.0, 90.0)
    report = built(made.settle())
    table = next(block for block in section(report, "streams").blocks if isinstance(block, Table))
    assert [row.cells[:2] for row in table.rows] == [("lively", "1"), ("calm", "0")]


def test_the_newest_day_is_told_where_nothing_is_asked(scenes):
    made = scenes()
    made.stream("old", length_s=7200.0).settle()
    made.stream("new", length_s=7200.0, start=made.now.start + timedelta(days=3))
    made.thing(10.0, 20.0, Label.VEHICLE)
    report = built(made.settle())
    assert report.streams == ("new",)
    assert any("No footage in this time: old." in one.text for one in section(report, "summary").blocks[1].said)
    assert built(made, "traffic").streams == ("new", "old")


class Alarm:
    """A judge that raises one alert about whatever it is shown, and says why it did not raise another."""

    def __init__(self, event, at):
        self.event, self.at = event, at

    def judge(self, case, read):
        alert = Alert(
            id="alert-1", rule="bag-left", rule_version="1", severity=Severity.HIGH, state=AlertState.OPEN, change=Change.RAISED,
            sequence=0, streams=("yard",), at=self.at, raised_at=self.at, incident="i", events=(self.event,),
            text="a bag was left <b>here</b>", why=("it is object_left", "it stayed true for 60 s"),
        )  # fmt: skip
        decision = Decision(
            rule="parked",
            stream="yard",
            event=self.event,
            verdict=Verdict.NOT_RAISED,
            at=self.at,
            why=("it is no vehicle",),
        )
        return Judgement(alerts=(alert,), decisions=(decision,))


def test_alerts_are_told_with_why_and_lead_to_their_event(yard_of):
    made = yard_of()
    (event,) = made.store.read(Events(where=Filter(types=(EventType.OBJECT_LEFT,))))
    made.store.rejudge(made.now.id, Alarm(event.id, event.start))
    report = built(made)
    (row,) = next(block for block in section(report, "alerts").blocks if isinstance(block, Table)).rows
    assert row.cells == (
        "0:10", "high", "bag-left", "a bag was left <b>here</b>", "it is object_left; it stayed true for 60 s", "open",
    )  # fmt: skip
    assert row.event == event.id
    summary = [
        one for one in section(report, "summary").blocks[1].said if one.text.startswith("1 alert, 1 of them high")
    ]
    assert [one.events for one in summary] == [(event.id,)]
    assert json.loads(rows(report))["alerts"][0]["id"] == "alert-1"
    assert "&lt;b&gt;here" in page(report)
    assert built(made, where=Filter(from_s=0.0, to_s=5.0)).alerts == ()
    assert len(built(made, where=Filter(from_s=5.0, to_s=15.0)).alerts) == 1
    detail = built(made, "incident", event=event)
    tables = [block for block in section(detail, "alerts").blocks if isinstance(block, Table)]
    assert [table.rows[0].cells[:2] for table in tables] == [("0:10", "high"), ("parked", "not raised")]


def test_more_streams_than_a_page_holds_are_said_to_be_left_out(scenes, monkeypatch):
    monkeypatch.setattr("agent.report.material.STREAMS", 2)
    made = scenes()
    for name in ("a", "b", "c"):
        made.stream(name).settle()
    report = built(made)
    assert report.streams == ("a", "b")
    said = [one.text for one in section(report, "summary").blocks[1].said]
    assert "Only 2 streams are told of, 1 more have footage; --stream chooses." in said
    assert not any(text.startswith("No footage") for text in said)
