"""Reading ahead: the same items, errors in their place, nothing left running."""

import threading
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.readahead import read_ahead


@given(items=st.lists(st.integers()), depth=st.integers(1, 5))
def test_the_same_items_in_the_same_order(items, depth):
    assert list(read_ahead(iter(items), depth)) == items


@given(before=st.integers(0, 9), depth=st.integers(1, 5))
def test_an_error_comes_after_what_was_made_before_it(before, depth):
    def failing():
        yield from range(before)
        raise ValueError("spoiled")

    ahead = read_ahead(failing(), depth)
    assert [next(ahead) for _ in range(before)] == list(range(before))
    with pytest.raises(ValueError, match="spoiled"):
        next(ahead)


@given(taken=st.integers(0, 20), depth=st.integers(1, 5))
def test_no_more_is_made_than_was_asked_for(taken, depth):
    made = []

    def endless():
        for number in count():
            made.append(number)
            yield number

    ahead = read_ahead(endless(), depth)
    assert [next(ahead) for _ in range(taken)] == list(range(taken))
    ahead.close()
    assert len(made) <= taken + depth


def test_it_makes_while_nobody_waits():
    made = threading.Event()

    def items():
        yield 1
        made.set()
        yield 2

    ahead = read_ahead(items(), 2)
    assert next(ahead) == 1
    assert made.wait(10), "the second was made before it was asked for"
    ahead.close()


def test_nothing_runs_on_once_it_is_closed():
    before = threading.active_count()
    ahead = read_ahead(count())
    next(ahead)
    assert threading.active_count() == before + 1
    ahead.close()
    assert threading.active_count() == before
