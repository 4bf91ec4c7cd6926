"""Texts as instants, and clocks that go with media time, whatever they are ahead by."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from agent.perception.text.clock import clock_of, covers, parse_clock
from vidette.models import ClockReading
from vidette.streams import Stream

PARIS = ZoneInfo("Europe/Paris")
NEAR = datetime(2026, 11, 21, 14, tzinfo=UTC)
STREAM = Stream(id="s", name="yard", kind="file", uri="x", start=NEAR)
STRIP = (0.02, 0.02, 0.34, 0.09)
ELSEWHERE = (0.5, 0.5, 0.7, 0.6)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2026-11-21 14:03:22", (2026, 11, 21, 14, 3, 22)),
        ("2026-11-2114:03:22", (2026, 11, 21, 14, 3, 22)),
        ("CAM 1 21/11/2026 14:03:22", (2026, 11, 21, 14, 3, 22)),
        ("11-21-2026 Sat 14:03:22", (2026, 11, 21, 14, 3, 22)),
        ("21.11.26 14:03:22", (2026, 11, 21, 14, 3, 22)),
        ("26/11/21 14:03:22", (2026, 11, 21, 14, 3, 22)),
        ("Nov 21, 2026 02:03:22 PM", (2026, 11, 21, 14, 3, 22)),
        ("21 November 2026 12:03:22 am", (2026, 11, 21, 0, 3, 22)),
        ("2026年11月21日 14：03：22", (2026, 11, 21, 14, 3, 22)),
        ("14:03:22.480", (2026, 11, 21, 14, 3, 22)),
        ("14:03", (2026, 11, 21, 14, 3, 0)),
        ("9:05:01", (2026, 11, 21, 9, 5, 1)),
        ("05/11/2026 14:03:22", (2026, 11, 5, 14, 3, 22)),  # nearer than the 11th of May
        ("2019-02-30 23:59:59", (2026, 11, 21, 23, 59, 59)),  # no such date: the nearest such time
    ],
)
def test_what_a_clock_says(text, said):
    found = parse_clock(text, NEAR, UTC)
    assert found is not None
    assert found.at == datetime(*said, tzinfo=UTC)
    assert found.precision_s == (1.0 if text.count(":") + text.count("：") > 1 else 60.0)


@pytest.mark.parametrize(
    "text", ["", "LOADING BAY 4", "2026-11-21", "25:00:00", "13:61", "1:2", "13:00 PM", "EUR 3.50", "99:99:99"]
)
def test_what_is_no_time(text):
    assert parse_clock(text, NEAR, UTC) is None


@given(st.text(max_size=80))
def test_no_text_is_too_much(text):
    found = parse_clock(text, NEAR, PARIS)
    assert found is None or found.at.tzinfo is not None


INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2035, 12, 31), timezones=st.just(UTC))
FORMATS = ("%Y-%m-%d %H:%M:%S", "%d/%m/%Y %H:%M:%S", "%m-%d-%Y %H:%M:%S", "%d %b %Y %I:%M:%S %p", "%Y/%m/%d%H:%M:%S")


@given(INSTANTS, st.sampled_from(FORMATS), st.floats(-3600, 3600))
def test_every_way_of_writing_is_read_back(at, form, apart_s):
    """Days and months are told apart by what is near; the stream's time is right to the hour."""
    near = at + timedelta(seconds=apart_s)
    found = parse_clock(f"{at:{form}}", near, UTC)
    assert found is not None
    assert found.at == at.replace(microsecond=0)


@given(
    st.floats(-100_000, 100_000),
    st.lists(st.floats(0, 5000), min_size=2, max_size=12, unique=True),
    st.sampled_from(["%Y-%m-%d %H:%M:%S", "%d %b %Y %H:%M:%S"]),
)
def test_a_clock_s_offset_is_found_to_a_second(offset_s, moments, form):
    assume(max(moments) - min(moments) >= 2.5)
    readings = [ClockReading(pts_s=at, text=f"{STREAM.at(at + offset_s):{form}}", box=STRIP) for at in moments]
    found = clock_of(readings, STREAM, UTC)
    assert found is not None
    assert abs(found.offset_s - offset_s) <= 0.51
    assert found.readings == len(moments)
    assert clock_of(list(reversed(readings)), STREAM, UTC) == found


@given(st.lists(st.floats(0, 5000), min_size=2, max_size=8, unique=True))
def test_a_time_that_stands_still_is_no_clock(moments):
    """Opening hours on a door, a price, a bus's timetable: they say the same for ever."""
    ordered = sorted(moments)
    assume(all(b - a >= 2.5 for a, b in itertools.pairwise(ordered)))
    readings = [ClockReading(pts_s=at, text="2026-11-21 14:03:22", box=STRIP) for at in moments]
    assert clock_of(readings, STREAM, UTC) is None


def test_a_clock_without_seconds_must_go_for_more_than_a_minute():
    def readings(*moments):
        return [ClockReading(pts_s=at, text=f"{STREAM.at(at + 600):%H:%M}", box=STRIP) for at in moments]

    assert clock_of(readings(1, 20, 50), STREAM, UTC) is None
    found = clock_of(readings(1, 50, 90, 150), STREAM, UTC)
    assert found is not None
    assert abs(found.offset_s - 600) <= 31


def test_a_misread_digit_is_outvoted_and_a_sign_is_not_taken_for_it():
    good = [ClockReading(pts_s=at, text=f"{STREAM.at(at + 7):%H:%M:%S}", box=STRIP) for at in (1.0, 4.0, 9.0)]
    bad = replace(good[1], text="19:03:22", pts_s=6.0)
    signs = [ClockReading(pts_s=at, text="OPEN 09:00:00", box=ELSEWHERE) for at in (1.0, 4.0, 9.0)]
    found = clock_of([*signs, bad, *good], STREAM, UTC)
    assert found is not None
    assert (abs(found.offset_s - 7) <= 1, found.readings) == (True, 3)
    assert covers(found.box, STRIP)
    assert not covers(found.box, ELSEWHERE)


def test_the_same_offset_in_another_place_is_another_clock():
    one = ClockReading(pts_s=1.0, text=f"{STREAM.at(8):%H:%M:%S}", box=STRIP)
    other = ClockReading(pts_s=9.0, text=f"{STREAM.at(16):%H:%M:%S}", box=ELSEWHERE)
    assert clock_of([one, other], STREAM, UTC) is None
    assert clock_of([], STREAM, UTC) is None


def test_the_clock_is_of_the_place():
    """A camera in Paris writes local time; a stream's own time is UTC."""
    readings = [
        ClockReading(pts_s=at, text=f"{STREAM.at(at).astimezone(PARIS):%H:%M:%S}", box=STRIP) for at in (0.0, 9.0)
    ]
    assert abs(clock_of(readings, STREAM, PARIS).offset_s) <= 1
    assert abs(clock_of(readings, STREAM, UTC).offset_s - 3600) <= 1
