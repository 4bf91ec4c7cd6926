"""Captions: plain sentences from what was tracked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.perception import captions
from vidette.models import EventType, Label

shares = st.floats(0, 1)


@st.composite
def boxes(draw):
    (x0, x1), (y0, y1) = sorted(draw(st.tuples(shares, shares))), sorted(draw(st.tuples(shares, shares)))
    return x0, y0, x1, y1


@pytest.mark.parametrize(
    ("label", "colour", "words"),
    [
        (Label.OBJECT, "", "an object"),
        (Label.OBJECT, "white", "a white object"),
        (Label.OBJECT, "orange", "an orange object"),
        (Label.PERSON, "", "a person"),
        (Label.PERSON, "red", "a person in red"),
    ],
)
def test_things_in_words(label, colour, words):
    assert captions.thing(label, colour) == words
    assert captions.thing(label, colour, article=False) == words.split(" ", 1)[1]


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ((0.1, 0.1), "top left"),
        ((0.5, 0.1), "top"),
        ((0.9, 0.5), "right side"),
        ((0.5, 0.5), "centre"),
        ((0.5, 0.9), "bottom"),
        ((1.0, 1.0), "bottom right"),
        ((0.0, 0.5), "left side"),
    ],
)
def test_places_in_words(at, words):
    x, y = at
    assert captions.place((x, y, x, y)) == words


@pytest.mark.parametrize(
    ("box", "side"),
    [
        ((0.0, 0.4, 0.1, 0.6), "left"),
        ((0.9, 0.4, 1.0, 0.6), "right"),
        ((0.4, 0.01, 0.6, 0.2), "top"),
        ((0.4, 0.8, 0.6, 0.99), "bottom"),
        ((0.4, 0.4, 0.6, 0.6), None),
    ],
)
def test_borders(box, side):
    assert captions.border(box) == side


def test_coming_and_going():
    assert captions.entered("a red object", (0.0, 0.4, 0.1, 0.6)) == "A red object entered from the left."
    assert captions.entered("a person", (0.4, 0.4, 0.6, 0.6)) == "A person entered the view, centre."
    assert captions.exited("a person", (0.9, 0.4, 1.0, 0.6), 7.6) == "A person went out at the right after 8 s."
    assert captions.exited("a person", (0.4, 0.4, 0.6, 0.6), 600) == "A person went out of view, centre after 10 min."


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ((0.3, 0.1), "left to right"),
        ((-0.3, 0.1), "right to left"),
        ((0.1, 0.3), "downwards"),
        ((0.0, -0.3), "upwards"),
        ((0.02, 0.02), "in place"),
    ],
)
def test_headings(step, words):
    dx, dy = step
    assert captions.heading((0.4, 0.4, 0.5, 0.5), (0.4 + dx, 0.4 + dy, 0.5 + dx, 0.5 + dy)) == words


def test_a_segments_caption_says_each_thing_once_and_not_everything():
    one, other = (EventType.OBJECT_ENTERED, "A person entered."), (EventType.OBJECT_EXITED, "A person left.")
    assert captions.segment([one, other, one], 0) == "A person entered. A person left."
    counted = (EventType.COUNT_CHANGED, "2 in view, after 1.")
    assert captions.segment([counted], 0) == "Something moved for a moment."
    assert captions.segment([counted], 1) == "One thing in view, moving."
    assert captions.segment([], 3) == "3 things in view, moving."
    many = [(EventType.OBJECT_ENTERED, f"Thing {number} entered.") for number in range(9)]
    text = captions.segment(many, 0)
    assert text.endswith("Thing 5 entered. And 3 more.")


@given(boxes(), boxes(), st.floats(0, 1e6))
def test_every_sentence_is_one(first, last, stayed_s):
    who = captions.thing(Label.OBJECT, "grey")
    for text in (captions.entered(who, first), captions.exited(who, last, stayed_s)):
        assert text[0].isupper()
        assert text.endswith(".")
        assert not text.endswith("..")
    assert captions.heading(first, last) in {"in place", "left to right", "right to left", "upwards", "downwards"}


@given(st.text("abcé ,", min_size=1, max_size=30))
def test_a_sentence_said_again_stays_as_it_is(text):
    once = captions.said(text)
    assert once.endswith(".")
    assert captions.said(once) == once
