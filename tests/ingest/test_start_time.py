"""When a recording began, by its name."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.start_time import in_name, sane

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
AT = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    "name",
    [
        "2024-05-06_07-08-09",
        "2024-05-06 07-08-09",
        "2024-05-06T07:08:09",
        "2024-05-06T07-08-09Z",
        "2024-05-06T09:08:09+02:00",
        "2024.05.06_07.08.09",
        "20240506T070809",
        "20240506_070809",
        "20240506-070809",
        "20240506070809",
        "VID_20240506_070809",
        "ch01_20240506070809",
        "ch01_20240506070809_2",
        "NVR 1 - 2024_05_06 07_08_09 front door",
        "Recording 2024-05-06 at 07.08.09",
        "cam1_1714979289",
        "1714979289000",
        "cam.2024-05-06_07h08m09s",
    ],
)
def test_times_in_names(name):
    assert in_name(name, UTC, now=NOW).at == AT


def test_a_naive_time_is_in_the_zone_given():
    assert in_name("20240506_070809", PARIS, now=NOW).at == AT - timedelta(hours=2)
    assert in_name("20240506T070809Z", PARIS, now=NOW).at == AT
    assert in_name("1714979289", PARIS, now=NOW).at == AT


def test_milliseconds_count():
    assert in_name("2024-05-06_07-08-09.250", UTC, now=NOW).at == AT + timedelta(milliseconds=250)


@pytest.mark.parametrize(
    "name",
    ["", "clip", "clip10", "2024-05-06", "20241306_070809", "20240506_250809", "1080p_20240506", "19800101_000000",
     "20991231_235959", "123456789012345678", "0000000000", "99999999999999"],
)  # fmt: skip
def test_names_without_a_believable_time(name):
    assert in_name(name, UTC, now=NOW) is None


def test_the_rest_of_the_name_tells_the_camera():
    one, two = in_name("cam1_20240506_070809", UTC, now=NOW), in_name("cam1_20240506_071809", UTC, now=NOW)
    assert one.rest == two.rest == "cam1_#"
    assert in_name("cam2_20240506_070809", UTC, now=NOW).rest != one.rest


@given(
    st.datetimes(datetime(1990, 1, 2), datetime(2025, 12, 31)), st.sampled_from(["%Y-%m-%d_%H-%M-%S", "x%Y%m%d%H%M%S"])
)
def test_every_second_survives_a_name(at, pattern):
    at = at.replace(microsecond=0)
    assert in_name(at.strftime(pattern), UTC, now=NOW).at == at.replace(tzinfo=UTC)


@given(st.text(max_size=60))
def test_any_name_is_read_without_fault(name):
    found = in_name(name, UTC, now=NOW)
    assert found is None or sane(found.at, now=NOW)


def test_what_can_be_believed():
    assert sane(NOW + timedelta(hours=23), now=NOW)
    assert not sane(NOW + timedelta(days=2), now=NOW)
    assert not sane(datetime(1904, 1, 1, tzinfo=UTC), now=NOW)
