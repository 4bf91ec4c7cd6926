from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import tables
from vidette.models import DeepState, EventType, FastState, Label, State
from vidette.rows import CoverageRow, EntityRow, EventRow, StreamRow, TrackRow

AT = datetime(2026, 5, 1, 12, tzinfo=UTC)


def event(**given_):
    fields = {
        "id": "0123456789",
        "type": EventType.OBJECT_LEFT,
        "stream": "yard",
        "start": AT,
        "start_s": 12.44,
        "confidence": 0.9,
        "caption": "a bag was left",
        "state": State.CLOSED,
    }
    return EventRow(**(fields | given_))


def test_an_event_row_says_clock_and_media_time(capsys):
    tables.events([event(end_s=15.0, zone="gate")], UTC)
    out = capsys.readouterr().out
    assert "2026-05-01  12:00:00" in out
    for part in ("0:12.4", "2.6 s", "object_left", "a bag was left", "gate", "0.90", "yard", "01234567"):
        assert part in out
    assert "\x1b" not in out


def test_a_caption_cannot_steer_the_terminal(capsys):
    tables.events([event(caption="\x1b[31mred\x1b]0;x\x07 [bold]not markup[/bold]\nline")], UTC)
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\x07" not in out
    assert "[bold]not markup[/bold] line" in out


def test_long_rows_stay_on_one_line_in_a_pipe(capsys):
    tables.events([event(caption="word " * 20)], UTC)
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_nothing_is_said_in_words(capsys):
    tables.events([], UTC)
    assert capsys.readouterr().out == "no events here; `vidette coverage` says what was watched\n"


def test_tracks_entities_streams(capsys):
    track = TrackRow(
        id="t" * 36, stream="yard", label=Label.OBJECT, start=AT, start_s=1.0, confidence=0.5, path=(), entity="e",
        attributes={"speed": 0.12345, "colour": "red"},
    )  # fmt: skip
    tables.tracks([track], UTC)
    tables.entities([EntityRow(id="e" * 36, label=Label.BAG, role="", attributes={"colour": "red"})], UTC)
    stream = StreamRow(
        id="s",
        name="yard",
        kind="file",
        uri="",
        start=AT,
        start_from="name",
        watched_s=61.0,
        events=2,
        tracks=1,
        state="ended",
    )
    tables.streams([stream], UTC)
    out = capsys.readouterr().out
    for part in ("speed 0.123, colour red", "…", "bag", "eeeeeeee", "1:01.0", "ended", "name"):
        assert part in out


def test_coverage_says_how_much_was_watched(capsys):
    rows = [
        CoverageRow(stream="yard", start=AT, end=AT, start_s=a, end_s=b, state=state, deep=DeepState.GATED)
        for a, b, state in [(0, 6, FastState.WATCHED), (6, 8, FastState.FAILED)]
    ]
    tables.coverage(rows, UTC)
    assert capsys.readouterr().out.endswith("watched 6.0 of 8.0 s\n")


@given(st.text())
def test_plain_is_one_printable_line(text):
    assert tables.plain(text).isprintable() or text == ""


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(None, ""), (0, "0:00.0"), (59.96, "1:00.0"), (75.25, "1:15.2"), (3599.99, "1:00:00.0"), (3661.5, "1:01:01.5")],
)
def test_media_time(seconds, said):
    assert tables.media(seconds) == said
