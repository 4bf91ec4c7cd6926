"""One line a camera."""

from datetime import UTC, datetime, timedelta

import pytest

from app.live_lines import LiveLines, said
from vidette.feeds import Cause, FeedState
from vidette.progress import Progress

AT = datetime(2026, 5, 1, 12, tzinfo=UTC)


def feed(**given):
    return FeedState(**{"at": AT, "since": AT, "state": "watching", "fps": 24.96, "delay_s": 0.31, **given})


def progress(name="door", state=None, **given):
    fields = {"stream": name, "pts_s": 30.0, "wall_s": 2.0, "events": 1, "tracks": 2, "caption": "A car passed."}
    return Progress(**{**fields, "live": True, "feed": state or feed(), **given})


def test_a_line_says_state_rate_delay_and_counts():
    assert said(progress(), feed()) == "door  watching  25.0 fps  0.3 s behind  1 event, 2 tracks  A car passed."
    assert said(progress(caption="\x1b[2J"), feed(delay_s=None)).startswith(
        "door  watching  25.0 fps  1 event, 2 tracks"
    )


def test_a_camera_that_is_lost_says_why_and_since_when():
    state = feed(state="lost", cause=Cause.UNAUTHORISED)
    assert "lost: the camera refuses the name or password  no picture yet" in said(progress(), state)
    seen = feed(state="lost", cause=Cause.STALLED, last_frame_at=datetime.now(UTC) - timedelta(seconds=65))
    assert "last picture 65 s ago" in said(progress(), seen)


def test_a_log_gets_a_line_when_a_state_changes_and_no_other():
    lines = LiveLines(live=False)
    lost = feed(state="lost", cause=Cause.REFUSED)
    told = [lines.text(one) for one in (progress(), progress(events=2), progress(state=lost), progress(state=lost))]
    assert [bool(text) for text in told] == [True, False, True, False]
    assert all("\x1b" not in text for text in told)


def test_a_terminal_has_a_line_a_camera_that_is_written_over(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    lines = LiveLines(live=True)
    first, second, third = (lines.text(progress(name)) for name in ("door", "yard", "door"))
    assert first.count("\n") == 1
    assert second.startswith("\x1b[1A\r\x1b[J")
    assert third.startswith("\x1b[2A\r\x1b[J")
    assert third.count("\n") == 2
    assert all(len(line) < 40 for line in third.split("\r\x1b[J")[1].splitlines())


def test_more_cameras_than_a_terminal_has_lines_are_counted(monkeypatch):
    monkeypatch.setenv("LINES", "10")
    lines = LiveLines(live=True)
    for number in range(50):
        text = lines.text(progress(f"camera {number}"))
    assert text.count("\n") == 8
    assert text.rstrip().endswith("and 43 more")


@pytest.mark.parametrize("live", [True, False])
def test_a_camera_of_which_nothing_is_known_yet_has_no_line(live):
    assert LiveLines(live=live).text(progress(feed=None)) == ""
