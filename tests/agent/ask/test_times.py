"""Time phrases and the windows they mean."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.ask.footage import Footage
from agent.ask.times import read_times
from vidette.rows import StreamRow

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 3, 11, 18, 0, tzinfo=PARIS)  # a Wednesday


def stream(length=120.0, start=datetime(2026, 3, 10, 16, 0, tzinfo=UTC), kind="file", name="cam1"):
    return StreamRow(
        id=name, name=name, kind=kind, uri="", start=start, start_from="option", watched_s=length, events=0, tracks=0,
        state="watching" if kind == "live" else "ended", duration_s=length,
    )  # fmt: skip


def footage(*streams):
    return Footage(streams or (stream(),), NOW, PARIS)


MEDIA = [
    ("in the first minute", 0, 60),
    ("in the first two minutes", 0, 120),
    ("within the first 30s", 0, 30),
    ("in the first 1m30s", 0, 90),
    ("in the first half a minute", 0, 30),
    ("after the first minute", 60, None),
    ("between second 10 and 20", 10, 20),
    ("between second 10 and second 20", 10, 20),
    ("between 10 and 20 seconds", 10, 20),
    ("between twelve and twenty seconds", 12, 20),
    ("from 10 to 20 seconds", 10, 20),
    ("from second 10 to 20", 10, 20),
    ("10-20 s", 10, 20),
    ("0:10 to 0:20", 10, 20),
    ("between 30 and 40", 30, 40),
    ("between 1 and 2 minutes", 60, 120),
    ("after 1:30", 90, None),
    ("at 00:12", 12, 13),
    ("at second 7", 7, 8),
    ("in the last 30 seconds", 90, 120),
    ("in the last minute", 60, 120),
    ("before second 5", None, 5),
    ("until second 5", None, 5),
    ("after second 10 and before second 20", 10, 20),
    ("from second 10 onwards", 10, None),
    ("after a minute", 60, None),
]


@pytest.mark.parametrize(("text", "low", "high"), MEDIA)
def test_media_times(text, low, high):
    rest, window = read_times(text, footage())
    assert (rest, window.problem) == ("", "")
    assert (window.from_s, window.to_s) == (low, high)
    assert window.since is window.until is None


CLOCK = [
    ("yesterday", "10 00:00:00", "11 00:00:00"),
    ("yesterday after 5 pm", "10 17:00:00", "11 00:00:00"),
    ("after 5 pm yesterday", "10 17:00:00", "11 00:00:00"),
    ("today", "11 00:00:00", "12 00:00:00"),
    ("between 8 and 9", "10 08:00:00", "10 09:00:00"),
    ("between 8 and 9 pm", "10 20:00:00", "10 21:00:00"),
    ("between 5 and 6 pm yesterday", "10 17:00:00", "10 18:00:00"),
    ("between 8:15 and 9:45", "10 08:15:00", "10 09:45:00"),
    ("on monday", "09 00:00:00", "10 00:00:00"),
    ("on wednesday", "11 00:00:00", "12 00:00:00"),
    ("last wednesday", "04 00:00:00", "05 00:00:00"),
    ("on tuesday between 5 and 6 pm", "10 17:00:00", "10 18:00:00"),
    ("from monday to tuesday", "09 00:00:00", "11 00:00:00"),
    ("in the last hour", "11 17:00:00", "11 18:00:00"),
    ("since 10:00", "10 10:00:00", None),
    ("at 17:00:05", "10 17:00:05", "10 17:00:06"),
    ("at 5 pm", "10 17:00:00", "10 17:01:00"),
    ("at noon", "10 12:00:00", "10 12:01:00"),
    ("this morning", "11 06:00:00", "11 12:00:00"),
    ("yesterday evening", "10 18:00:00", "11 00:00:00"),
    ("last night", "10 22:00:00", "11 06:00:00"),
    ("this week", "09 00:00:00", "16 00:00:00"),
    ("since 2 hours ago", "11 16:00:00", None),
    ("until yesterday", None, "10 00:00:00"),
    ("on 3 march 2026 at 17:05", "03 17:05:00", "03 17:06:00"),
    ("on 2026-03-05", "05 00:00:00", "06 00:00:00"),
    ("on march 5th", "05 00:00:00", "06 00:00:00"),
    ("2 days ago", "09 00:00:00", "10 00:00:00"),
]


@pytest.mark.parametrize(("text", "since", "until"), CLOCK)
def test_clock_times(text, since, until):
    rest, window = read_times(text, footage())
    assert (rest, window.problem) == ("", "")
    said = [moment and moment.astimezone(PARIS).strftime("%d %H:%M:%S") for moment in (window.since, window.until)]
    assert said == [since, until]
    assert window.from_s is window.to_s is None


@pytest.mark.parametrize("text", ["second person", "the second", "after 5", "for two minutes", "may", "1:2:3:4"])
def test_what_is_no_time_is_left_alone(text):
    rest, window = read_times(text, footage())
    assert rest == text
    assert not window.bounded


@pytest.mark.parametrize("text", ["between 20 and 10 seconds", "yesterday today", "after second 5 after second 9"])
def test_a_time_that_cannot_be(text):
    assert read_times(text, footage())[1].problem


def test_a_time_of_day_without_a_date_needs_one_day_of_footage():
    two = footage(stream(), stream(start=datetime(2026, 3, 8, 16, 0, tzinfo=UTC), name="cam2"))
    assert "which day?" in read_times("after 6 pm", two)[1].problem
    assert not read_times("yesterday after 6 pm", two)[1].problem
    midnight = footage(stream(start=datetime(2026, 3, 10, 22, 59, 30, tzinfo=UTC)))  # 23:59:30 in Paris
    assert read_times("at 0:01:00 am", midnight)[1].problem == ""
    assert read_times("after 11:59 pm", midnight)[1].since == datetime(2026, 3, 10, 22, 59, tzinfo=UTC)
    assert read_times("after 0:01 am", midnight)[1].since == datetime(2026, 3, 10, 23, 1, tzinfo=UTC)


def test_live_streams_have_no_media_times_of_the_colon_kind():
    live = footage(stream(7200.0, NOW - timedelta(hours=2), "live"))
    window = read_times("after 17:30", live)[1]
    assert window.since == datetime(2026, 3, 11, 17, 30, tzinfo=PARIS)
    assert read_times("in the last 30 seconds", live)[1].since == NOW - timedelta(seconds=30)


def test_the_last_seconds_of_several_files_are_those_of_the_newest():
    window = read_times("in the last 30 seconds", footage(stream(), stream(60.0, name="cam2")))[1]
    assert window.since == datetime(2026, 3, 10, 16, 1, 30, tzinfo=UTC)


@given(low=st.integers(0, 9999), length=st.integers(1, 9999))
def test_ranges_in_seconds_come_back(low, length):
    for text in (
        f"between second {low} and {low + length}",
        f"between second {low} and second {low + length}",
        f"from {low} to {low + length} seconds",
        f"between {low} s and {low + length} s",
    ):
        rest, window = read_times(text, footage())
        assert (rest, window.from_s, window.to_s) == ("", float(low), float(low + length))


@given(hour=st.integers(0, 23), minute=st.integers(0, 59))
def test_a_dated_time_of_day_is_that_instant(hour, minute):
    window = read_times(f"since yesterday {hour}:{minute:02d}", footage())[1]
    assert window.since == datetime(2026, 3, 10, hour, minute, tzinfo=PARIS)


@given(st.text(st.sampled_from("0123456789: -apm.'secondsminutebetweenandfromtofirstlastyesterdaymonday"), max_size=80))
def test_no_text_breaks_the_reader(text):
    read_times(text, footage())
