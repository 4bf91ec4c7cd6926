"""Every id has one number, for ever."""

import sqlite3
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph import names, schema
from vidette.errors import StoreError

IDS = st.lists(
    st.lists(st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=3), max_size=8), max_size=6
)


@pytest.fixture
def empty() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    schema.migrate(connection)
    yield connection
    connection.close()


@given(IDS)
def test_numbers_are_given_once_and_grow(batches: list[list[str]]) -> None:
    connection = sqlite3.connect(":memory:")
    schema.migrate(connection)
    told: dict[str, int] = {}
    for batch in batches:
        numbers, first = names.number(connection, batch)
        assert numbers.keys() == set(batch)
        for id_ in dict.fromkeys(batch):
            assert numbers[id_] == told.get(id_, numbers[id_])
            assert (numbers[id_] >= first) == (id_ not in told)
        assert sorted(numbers, key=numbers.__getitem__) == sorted(
            dict.fromkeys(batch), key=lambda id_: (told.get(id_, first), list(dict.fromkeys(batch)).index(id_))
        )
        told |= numbers
        assert names.known(connection, [*told, "never heard of"]) == told
    assert len(set(told.values())) == len(told)
    connection.close()


def test_an_id_with_a_nul_is_refused(empty: sqlite3.Connection) -> None:
    with pytest.raises(StoreError, match="NUL"):
        names.number(empty, ["a", "b\0c"])
    assert names.known(empty, ["a"]) == {}


def test_numbers_are_listed_for_sql(empty: sqlite3.Connection) -> None:
    asked = "SELECT value FROM json_each(?)"
    assert [row[0] for row in empty.execute(asked, (names.listed([3, 1, 2]),))] == [3, 1, 2]
    assert empty.execute(asked, (names.listed([]),)).fetchall() == []
