"""Which slips of the pen are read as a known word, and which are not."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from agent.ask.spelling import slip_of
from agent.ask.words import SINGLE

LONG = sorted(word for word in SINGLE if len(word) >= 7 and word.isalpha())


@pytest.mark.parametrize(
    ("word", "meant"),
    [("vehicels", "vehicles"), ("happend", "happened"), ("teh", "the"), ("hwo", "how"), ("peopel", "people"), ("yrad", "yard")],
)  # fmt: skip
def test_a_slip_is_read_as_what_it_is_a_slip_of(word, meant):
    assert slip_of(word, ("yard", "till 2")) == meant


@pytest.mark.parametrize(
    "word", ["", "trunk", "from", "form", "cards", "cashed", "2", "x" * 400, "people", "yard", "前门"]
)
def test_another_word_is_no_slip(word):
    assert slip_of(word, ("yard",)) == ""


@given(st.sampled_from(LONG), st.data())
def test_two_letters_that_changed_places_are_put_right_or_left(word, data):
    at = data.draw(st.integers(1, len(word) - 2))
    slip = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    assume(slip not in SINGLE)
    assert slip_of(slip, ()) in (word, "")
