"""Names that nearly tell a time: an instant that can be believed, or none."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.start_time import in_name, sane

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ZONES = st.sampled_from([UTC, ZoneInfo("Europe/Paris"), ZoneInfo("Pacific/Kiritimati"), ZoneInfo("America/St_Johns")])
PART = st.sampled_from(["19", "20", "99", "00", "-", "_", ".", " ", "T", "t", "Z", "+", "at", "@", "h", "m", ":"])
DIGITS = st.text("0123456789", min_size=1, max_size=14)
NEARLY = st.lists(PART | DIGITS, max_size=14).map("".join)
SHAPED = st.builds(
    "{:04}{}{:02}{}{:02}{}{:02}{:02}{:02}{}".format,
    st.integers(0, 9999),
    st.sampled_from(["", "-", "_", "."]),
    st.integers(0, 99),
    st.sampled_from(["", "-", "."]),
    st.integers(0, 99),
    st.sampled_from(["", "_", "T", "-at-", "   "]),
    st.integers(0, 99),
    st.integers(0, 99),
    st.integers(0, 99),
    st.sampled_from(["", "Z", "+99:99", "-2400", "+0200", ".999", ",123Z", "Zulu"]),
)


@settings(max_examples=500)
@given(NEARLY | SHAPED, ZONES)
def test_what_nearly_tells_a_time(name, tz):
    found = in_name(name, tz, now=NOW)
    if found is not None:
        assert sane(found.at, now=NOW)
        assert found.at.tzinfo is UTC
        assert "#" in found.rest
        assert len(found.rest) < len(name)


def test_a_name_of_digits_without_end():
    for name in ("0" * 200_000, "20" * 100_000, "2024-05-06 " * 20_000, "1700000000" * 20_000):
        in_name(name, UTC, now=NOW)


@given(st.integers(0, 9_999_999_999), ZONES)
def test_any_epoch_seconds(seconds, tz):
    found = in_name(f"clip {seconds:010}", tz, now=NOW)
    assert found is None or found.at == datetime.fromtimestamp(seconds, UTC)
