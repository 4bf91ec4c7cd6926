import io
import json
from datetime import UTC, datetime

import pytest

from app.outcomes import advice, failures, table
from app.progress import ProgressLine, said
from graph.embedded import EmbeddedStore
from vidette.ids import make_id, stream_id
from vidette.models import Assertion, DeepState, EventType, FastState, Observation, Run, State
from vidette.progress import Outcome, Progress
from vidette.rows import CoverageRow
from vidette.streams import Stream

AT = datetime(2026, 5, 1, 12, tzinfo=UTC)
STREAM = Stream(id=stream_id("yard"), name="yard", kind="file", uri="x", start=AT, duration_s=90)
RUN = Run(id=make_id("run"), model="fast", revision="1")


def progress(**given):
    fields = {
        "stream": "yard",
        "pts_s": 30.0,
        "wall_s": 2.0,
        "events": 1,
        "tracks": 2,
        "duration_s": 90.0,
        "caption": "a car passed",
    }
    return Progress(**(fields | given))  # fmt: skip


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_line_says_place_speed_and_counts():
    assert said(progress()) == "yard  0:30.0 / 1:30.0  15.0x  1 event, 2 tracks  a car passed"
    assert said(progress(deep="deep looks: 1 of 2")).endswith("2 tracks  deep looks: 1 of 2  a car passed")
    assert said(progress(duration_s=None, caption="\x1b[2J")) == "yard  0:30.0  15.0x  1 event, 2 tracks   [2J"


def test_a_terminal_line_is_written_over_until_done(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    out = Terminal()
    line = ProgressLine(EmbeddedStore(":memory:"), total=2, out=out)
    line(progress())
    line(progress(done=True))
    line(progress(stream="gate"))
    line.close()
    first, rest = out.getvalue().split("\n")
    assert first.count("\r\x1b[K[1/2] yard") == 2
    assert "[2/2] gate" in rest
    assert all(len(part) < 45 for part in out.getvalue().split("\r"))


def test_a_log_gets_one_line_a_file_and_quiet_none():
    out = io.StringIO()
    line = ProgressLine(EmbeddedStore(":memory:"), total=1, out=out)
    line(progress())
    line(progress(done=True))
    line.close()
    assert out.getvalue() == said(progress()) + "\n"
    quiet = io.StringIO()
    ProgressLine(EmbeddedStore(":memory:"), total=1, quiet=True, out=quiet)(progress(done=True))
    assert quiet.getvalue() == ""


def fact(name, start_s, end_s, state, of=None):
    return Assertion(
        id=make_id(name), of=make_id(of or name), stream_id=STREAM.id, look="fast", run_id=RUN.id, type=EventType.LOITERING,
        start_s=start_s, end_s=end_s, confidence=0.5, caption=name, state=state,
    )  # fmt: skip


def settle(store, sequence, *facts):
    store.settle(
        Observation(
            id=make_id("o", sequence), stream_id=STREAM.id, look="fast", run=RUN, start_s=sequence * 30, end_s=sequence * 30 + 30,
            sequence=sequence, watermark_s=sequence * 30 + 30, assertions=facts,
        )
    )  # fmt: skip


def test_events_are_printed_once_and_when_they_close():
    store, lines = EmbeddedStore(":memory:"), []
    store.open_stream(STREAM)
    line = ProgressLine(store, total=1, quiet=True, as_json=True, echo=lines.append)
    settle(store, 0, fact("a", 1, 4, State.CLOSED), fact("b", 2, None, State.OPEN))
    line(progress(pts_s=30))
    assert [json.loads(text)["caption"] for text in lines] == ["a"]
    settle(store, 1, fact("b closed", 2, 40, State.CLOSED, of="b"))
    line(progress(pts_s=60))
    line(progress(pts_s=60, done=True))
    rows = [json.loads(text) for text in lines]
    assert [row["id"] for row in rows] == [make_id("a"), make_id("b")]
    assert rows[1]["end_s"] == 40.0


def outcome(**given):
    fields = {
        "stream": "yard",
        "status": "watched",
        "start": AT,
        "start_from": "name",
        "watched_s": 90.0,
        "wall_s": 9.0,
    }
    return Outcome(**(fields | given))


def test_the_table_has_a_row_a_stream(capsys):
    table([outcome(events=3, tracks=2), outcome(stream="gate", status="already")], UTC)
    out = capsys.readouterr().out
    for part in ("yard", "10.0x", "1:30.0", "2026-05-01 12:00:00", "name", "watched before"):
        assert part in out


def test_a_camera_that_gave_no_picture_was_not_watched(capsys):
    table([outcome(live=True, watched_s=0.0)], UTC)
    assert "no picture" in capsys.readouterr().out
    table([outcome(live=True)], UTC)
    assert "no picture" not in capsys.readouterr().out


def test_each_failure_is_a_sentence():
    damage = CoverageRow(
        stream="yard",
        start=AT,
        end=AT,
        start_s=3,
        end_s=5,
        state=FastState.FAILED,
        deep=DeepState.FAILED,
        reason="bad packet",
    )
    lines = list(
        failures(
            [outcome(damage=(damage,)), outcome(status="failed", error="no such codec"), outcome(status="stopped")], 2
        )
    )
    assert lines == [
        "not watched: yard from 0:03.0 to 0:05.0: failed bad packet",
        "failed: yard: no such codec",
        "stopped at 1:30.0 of yard (2 not begun); the same command goes on from there",
    ]
    assert "--again" in next(failures([outcome(status="already")]))


@pytest.mark.parametrize(("db", "part"), [("", "vidette events  "), ("my v.db", "vidette events --db 'my v.db'")])
def test_advice_can_be_pasted(db, part):
    assert part in advice([outcome()], db)
    assert advice([outcome(watched_s=0.0)], db) == ""


def test_of_a_camera_only_what_closes_in_this_watch_is_printed():
    store, lines = EmbeddedStore(":memory:"), []
    store.open_stream(STREAM)
    settle(store, 0, fact("before", 1, 4, State.CLOSED))
    line = ProgressLine(store, total=0, quiet=True, as_json=True, echo=lines.append)
    line(progress(live=True, pts_s=30))
    settle(store, 1, fact("long", 31, None, State.OPEN), fact("now", 33, 40, State.CLOSED))
    line(progress(live=True, pts_s=60))
    for sequence in range(2, 12):
        settle(store, sequence)
        line(progress(live=True, pts_s=30.0 * sequence))
    settle(store, 12, fact("long closed", 31, 350, State.CLOSED, of="long"))
    line(progress(live=True, pts_s=390))
    line(progress(live=True, pts_s=390, done=True))
    assert [json.loads(text)["id"] for text in lines] == [make_id("now"), make_id("long")]
