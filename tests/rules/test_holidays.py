import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.holidays import Holidays, holidays_of
from vidette.errors import ConfigError


@pytest.fixture
def file(tmp_path):
    def written(data: str | bytes):
        path = tmp_path / "holidays.txt"
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return str(path)

    return written


def test_days_and_days_of_every_year(file):
    found = holidays_of(file("\ufeff# of the works\n2026-05-14  # Ascension\r\n\n 12-25\n02-29\n"))
    assert found == Holidays(days=frozenset({date(2026, 5, 14)}), yearly=frozenset({(12, 25), (2, 29)}))
    assert date(2026, 5, 14) in found
    assert date(2027, 5, 14) not in found
    assert date(2031, 12, 25) in found


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("25.12.2026", "'25.12.2026' is no date; write 2026-12-25, or 12-25 for every year"),
        ("2026-12-25 Christmas", "'2026-12-25 Christmas' is no date"),
        ("2026-02-29", "there is no day 2026-02-29"),
        ("0000-01-01", "there is no day 0000-01-01"),
        ("13-01", "there is no day 13-01"),
        ("١٢-٢٥", "is no date"),
        ("x" * 5000, f"'{'x' * 40}' is no date"),
    ],
)
def test_a_mistake_is_told_with_file_and_line(file, line, said):
    path = file(f"12-25\n# more\n{line}\n")
    with pytest.raises(ConfigError, match=re.escape(f"{path}:3: ") + ".*" + re.escape(said)):
        holidays_of(path)


@pytest.mark.parametrize("data", [b"\xff\xfe", b"12-25\n" * 200_000])
def test_what_is_no_such_file(file, data):
    with pytest.raises(ConfigError, match=r"holidays\.txt"):
        holidays_of(file(data))


@pytest.mark.parametrize("path", ["nowhere.txt", ".", "a\0b"])
def test_no_file(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="cannot read the file of holidays"):
        holidays_of(path)


@given(st.sets(st.dates(date(1000, 1, 1), date(9999, 12, 31)), max_size=20))
def test_what_is_written_is_read(tmp_path_factory, days):
    path = tmp_path_factory.getbasetemp() / "written.txt"
    path.write_text("\n".join(day.isoformat() for day in days))
    assert holidays_of(str(path)).days == days
