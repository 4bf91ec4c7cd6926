import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.inbox import HELD, Inbox, Message, Order, message_of
from vidette.errors import ConfigError

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
PLACES = st.tuples(st.sampled_from("abc"), st.integers(1, 6))


def body(alert: str, sequence: int) -> bytes:
    return json.dumps({"type": "alert.raised", "data": {"alert": {"id": alert, "sequence": sequence}}}).encode()


def message(alert: str, sequence: int, at: datetime = NOW) -> Message:
    return message_of(f"{alert}_{sequence}", body(alert, sequence), at)


def places(gone) -> list[tuple[str, int]]:
    return [(one.key, one.sequence) for one in gone]


@given(st.permutations([(alert, number) for alert in "abc" for number in range(1, 6)]))
def test_whatever_order_they_come_in_each_goes_once_and_in_order(arrivals):
    order = Order(hold_s=10)
    gone = [place for one in arrivals for place in places(order.take(message(*one)))]
    assert sorted(gone) == sorted(arrivals)
    for alert in "abc":
        assert [number for about, number in gone if about == alert] == [1, 2, 3, 4, 5]


@given(st.lists(PLACES, unique=True, max_size=18))
def test_what_never_comes_is_waited_for_no_longer_than_said(arrivals):
    order = Order(hold_s=10)
    gone = [one for place in arrivals for one in order.take(message(*place))]
    assert order.overdue(NOW + timedelta(seconds=9.9)) == []
    gone += order.overdue(NOW + timedelta(seconds=10))
    assert sorted(places(gone)) == sorted(arrivals)
    for alert in "abc":
        come = sorted(number for about, number in arrivals if about == alert)
        assert [one.sequence for one in gone if one.key == alert] == come
        assert sum(one.missing for one in gone if one.key == alert) == (come[-1] - len(come) if come else 0)


def test_one_that_comes_after_a_later_one_went_is_told_all_the_same():
    order = Order(hold_s=10)
    order.take(message("a", 2))
    assert places(order.overdue(NOW + timedelta(seconds=11))) == [("a", 2)]
    assert places(order.take(message("a", 1))) == [("a", 1)]
    assert places(order.take(message("a", 3))) == [("a", 3)]


def test_no_more_than_so_many_wait():
    order = Order(hold_s=3600)
    gone = [one for number in range(HELD + 5) for one in order.take(message(f"alert-{number}", 2))]
    assert len(gone) == 5


@settings(max_examples=20)  # each keeps its messages on the disk
@given(st.lists(PLACES, max_size=30), st.integers(0, 30))
def test_a_restart_forgets_nothing(tmp_path_factory, arrivals, at):
    path = tmp_path_factory.mktemp("inbox") / "in.jsonl"
    inbox, told = Inbox(path, 10, NOW), []
    for number, place in enumerate(arrivals):
        if number == at:
            inbox = Inbox(path, 10, NOW)
        told += inbox.take(message(*place)) or []
    told += inbox.overdue(NOW + timedelta(seconds=10))
    assert sorted(places(told)) == sorted(set(arrivals))
    assert len(path.read_text().splitlines() if arrivals else []) == len(set(arrivals))
    again = Inbox(path, 10, NOW + timedelta(seconds=11))
    assert all(again.take(message(*place)) is None for place in arrivals)
    assert again.overdue(NOW + timedelta(hours=1)) == []


def test_a_line_that_was_cut_off_is_passed_over(tmp_path):
    path = tmp_path / "in.jsonl"
    Inbox(path, 10, NOW).take(message("a", 1))
    path.write_bytes(path.read_bytes() + b'{"id": "b_1", "mess')
    inbox = Inbox(path, 10, NOW)
    assert inbox.take(message("a", 1)) is None
    assert places(inbox.take(message("b", 1)) or []) == [("b", 1)]
    assert Inbox(path, 10, NOW).take(message("b", 1)) is None


def test_a_file_that_cannot_be_read_is_said(tmp_path):
    with pytest.raises(ConfigError, match="--out"):
        Inbox(tmp_path, 10, NOW)


@given(
    st.binary(max_size=60)
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=9),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["data", "alert", "id", "sequence"]), inner, max_size=4)
        ),
        max_leaves=9,
    ).map(lambda value: json.dumps(value).encode())
)
def test_any_body_is_a_message_or_refused(text):
    try:
        found = message_of("id", text, NOW)
    except ValueError:
        return
    assert found.key
    assert found.sequence > 0
