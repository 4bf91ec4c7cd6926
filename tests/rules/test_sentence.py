from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.sentence import clock, duration, happened, over, plain, taken_back
from vidette.models import EventType, State
from vidette.rows import EventRow

AT = datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC)


def event(caption="A bag was left.", **more):
    given_ = {"stream": "lobby", "confidence": 1.0, "state": State.OPEN, "start": AT, "start_s": 0.0}
    return EventRow(id="e", type=EventType.OBJECT_LEFT, caption=caption, **{**given_, **more})


def test_what_where_how_long_and_when():
    said = happened(event(zone="entrance"), ZoneInfo("Europe/Paris"), 60)
    assert said == "“A bag was left” in entrance on lobby, for 60 s, Sun 29 Mar 01:59:59 CET"
    assert over(said, 240) == f"Over after 4 min: {said}"
    assert taken_back(said) == f"Taken back, a closer look found none: {said}"


def test_the_clock_is_the_one_on_the_wall():
    assert clock(AT.replace(hour=1), ZoneInfo("Europe/Paris")) == "Sun 29 Mar 03:59:59 CEST"


def test_without_a_caption_the_type_says_it():
    assert happened(event("", line="door"), UTC, 0) == "Object left at door on lobby, Sun 29 Mar 00:59:59 UTC"


@given(st.text(), st.text(), st.text())
def test_whatever_it_is_made_of_it_is_one_short_printable_line(caption, zone, stream):
    said = happened(event(caption * 50, zone=zone * 50, stream=stream * 50), UTC, 5)
    assert len(said) < 500
    assert "\n" not in said
    assert said == plain(said, 500)


@given(st.text(), st.integers(1, 50))
def test_plain_is_bounded_and_stays_as_it_is(text, limit):
    once = plain(text, limit)
    assert len(once) <= limit
    assert plain(once, limit) == once


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.4, "0.4 s"), (12, "12 s"), (119, "119 s"), (120, "2 min"), (3600, "1 h"), (4800, "1 h 20 min"), (3599, "1 h")],
)
def test_durations(seconds, said):
    assert duration(seconds) == said
