from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.options import instant, make_filter, media_seconds, zone
from app.tables import media
from vidette.errors import ConfigError
from vidette.models import EventType, Label
from vidette.settings import Settings

PARIS = Settings(tz="Europe/Paris")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("12", 12), ("12.5", 12.5), ("12.5s", 12.5), ("1:30", 90), ("1:02:03.5", 3723.5), ("0", 0)],
)
def test_media_time(text, seconds):
    assert media_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "x", "1:2:3:4", "2026-05-01", "10:30 am", "-5", "1..2", "s", "²"])
def test_no_media_time(text):
    assert media_seconds(text) is None


@given(st.integers(0, 10**7))
def test_media_time_reads_what_tables_write(tenths):
    assert media_seconds(media(tenths / 10)) == pytest.approx(tenths / 10)


def test_instants_without_a_zone_are_local():
    assert instant("2026-05-01T14:00", PARIS) == datetime(2026, 5, 1, 12, tzinfo=UTC)
    assert instant("2026-05-01T14:00+00:00", PARIS) == datetime(2026, 5, 1, 14, tzinfo=UTC)


def test_plain_words_are_read():
    at = instant("yesterday 5 pm", PARIS)
    assert (at.hour, at.minute, at.tzinfo) == (17, 0, ZoneInfo("Europe/Paris"))


def test_a_filter_of_options():
    where = make_filter(
        PARIS,
        streams=("a",),
        types=("object_left",),
        labels=("bag",),
        zones=("z",),
        since="1:00",
        until="2026-05-01T14:00",
    )
    assert where.streams == ("a",)
    assert where.types == (EventType.OBJECT_LEFT,)
    assert where.labels == (Label.BAG,)
    assert (where.from_s, where.to_s, where.since) == (60, None, None)
    assert where.until == datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given_", "part"),
    [
        ({"types": ("object_lefd",)}, "did you mean 'object_left'"),
        ({"labels": ("zzz",)}, "choose from object, person"),
        ({"since": "gibberish xyz"}, "cannot read the time"),
    ],
)
def test_what_is_no_choice_is_refused(given_, part):
    with pytest.raises(ConfigError, match=part):
        make_filter(PARIS, **given_)


@pytest.mark.parametrize("name", ["Europe/Pariss", "../etc/passwd", "/etc/passwd", "\x00"])
def test_no_such_zone(name):
    with pytest.raises(ConfigError, match="no time zone"):
        zone(Settings(tz=name))
