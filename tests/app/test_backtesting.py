"""`vidette rules backtest` as a person and a program see it."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app import cli
from app.backtesting import bars, judged
from graph.embedded import EmbeddedStore
from ingest.media import FolderMedia
from rules.backtest_score import Score
from tests.telling import alert
from vidette import ids
from vidette.alerts import Judgement
from vidette.models import Assertion, EventType, Evidence, Observation, Run
from vidette.streams import Stream

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
RULES = """\
rules:
- {id: left, when: {event: object_left, zone: gate}, severity: high}
- {id: seen, when: {caption: red}, cooldown_s: 600}
"""
RUN = Run(id="fast-1", model="vidette", revision="1")


def said(stream, number, start_s, picture):
    key = ids.make_id("said", number)
    return Assertion(
        id=key,
        stream_id=stream.id,
        look="fast",
        run_id=RUN.id,
        type=EventType.OBJECT_LEFT,
        start_s=start_s,
        end_s=start_s + 5,
        confidence=0.9,
        caption="A red bag <b>was left</b>",
        zone="gate",
        of=key,
        evidence=(picture,) if picture else (),
    )


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    """A memory of two days: two bags on the first, one on the second; the alert of one of them was confirmed."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules.yml").write_text(RULES)
    (tmp_path / "vidette.yml").write_text("db: memory.db\ntz: UTC\n")
    sha256, uri = FolderMedia(tmp_path / "memory.media").put(b"\xff\xd8 a picture \xff\xd9", ".jpg")
    picture = Evidence(kind="snapshot", sha256=sha256, uri=uri, pts_s=30.0)
    stream = Stream(id=ids.stream_id("yard"), name="yard", kind="live", uri="yard", start=START, start_from="option")
    store = EmbeddedStore(tmp_path / "memory.db")
    store.open_stream(stream)
    store.settle(
        Observation(
            id="observation",
            stream_id=stream.id,
            look="fast",
            run=RUN,
            start_s=0.0,
            end_s=100_000.0,
            sequence=0,
            watermark_s=100_000.0,
            assertions=tuple(
                said(stream, number, at_s, picture if number == 0 else None)
                for number, at_s in enumerate((30.0, 300.0, 90_000.0))
            ),
        )
    )
    known = alert(rule="left", at=stream.at(30.0), events=("gone",), feedback="confirmed")
    lost = replace(known, id=alert(2).id, at=stream.at(5000.0), feedback="dismissed")
    wrong = replace(known, id=alert(3).id, at=stream.at(6000.0), text="a bag that nobody saw")
    store.amend(lambda _read: Judgement(alerts=(known, lost, wrong)))
    store.close()


def test_says_how_often_and_shows_them(capsys):
    assert cli.main(["rules", "backtest", "rules.yml"]) == 0
    out = capsys.readouterr().out
    assert "back-test over 1 stream, 2026-03-02 09:00 UTC to 2026-03-03 12:46 UTC; nothing was written" in out
    assert "left: would have fired 3 times\n  alert (high) when a thing is left in zone gate\n" in out
    assert (
        "  Mon 2026-03-02  2 ████████████████████████████████████████\n  Tue 2026-03-03  1 ████████████████████\n"
        in out
    )
    assert "seen: would have fired 3 times, 2 messages (1 within the cooldown)" in out
    assert ".media/" in out


def test_says_how_it_does_against_what_people_judged(capsys):
    assert cli.main(["rules", "backtest", "rules.yml", "--rule", "left"]) == 0
    out = capsys.readouterr().out
    assert "of 2 alerts that people confirmed 1 would be raised again, of 1 dismissed 0" in out
    assert "precision 100% (95 % sure: 21% to 100%)" in out
    assert "missed: a bag that nobody saw" in out
    assert "seen:" not in out


def test_rows_for_programs(capsys):
    assert cli.main(["rules", "backtest", "rules.yml", "--json", "--limit", "2", "--since", "2026-03-02T09:01Z"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(row["kind"], row["rule"]) for row in rows] == [
        ("firing", "left"),
        ("firing", "left"),
        ("firing", "seen"),
        ("firing", "seen"),
        ("result", "left"),
        ("result", "seen"),
    ]
    result = rows[4]
    assert (result["fired"], result["days"]) == (2, {"2026-03-02": 1, "2026-03-03": 1})
    assert (result["confirmed"], result["confirmed_again"], result["dismissed"]) == (1, 0, 1)
    assert rows[0]["alert"]["streams"] == ["yard"]


def test_a_page_shows_pictures_and_trusts_no_caption(tmp_path, capsys):
    assert cli.main(["rules", "backtest", "rules.yml", "--html", "out.html"]) == 0
    page = (tmp_path / "out.html").read_text()
    assert page.count("data:image/jpeg;base64,") == 2
    assert "&lt;b&gt;was left" in page
    assert "<b>" not in page
    assert "back-test: out.html" in capsys.readouterr().err


def test_without_a_file_the_rules_of_the_settings(tmp_path, capsys):
    (tmp_path / "vidette.yml").write_text("db: memory.db\ntz: UTC\n" + RULES)
    assert cli.main(["rules", "backtest", "--stream", "yard"]) == 0
    assert "left: would have fired 3 times" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((), "no rules to try; give a rules file"),
        (("none.yml",), "none.yml"),
        (("rules.yml", "--rule", "lef"), "no rule 'lef'; did you mean 'left'?"),
        (("rules.yml", "--stream", "yrd"), "no stream 'yrd'; did you mean 'yard'?"),
        (("rules.yml", "--db", "other.db"), "no memory at"),
    ],
)
def test_what_cannot_be_tried_is_said(given, said, capsys):
    assert cli.main(["rules", "backtest", *given]) != 0
    assert said in capsys.readouterr().err


def test_bars_of_a_long_time_stand_for_several_days():
    from datetime import date, timedelta

    days = {date(2026, 1, 1) + timedelta(days=number): number % 2 for number in range(130)}
    lines = list(bars(days))
    assert len(lines) == 44
    assert lines[0] == "Thu 2026-01-01  1 ████████████████████"
    assert lines[1].startswith("Sun 2026-01-04  2 ")


def test_nothing_judged_is_nothing_said():
    assert list(judged(Score(confirmed=0, confirmed_again=0, dismissed=0, dismissed_again=0))) == []
    several = tuple(replace(alert(number), text=f"missed {number}") for number in range(7))
    lines = list(judged(Score(confirmed=7, confirmed_again=0, dismissed=0, dismissed_again=0, missed=several)))
    assert lines[0].startswith("of 7 alerts that people confirmed 0 would be raised again")
    assert lines[-1] == "missed: 2 more"
