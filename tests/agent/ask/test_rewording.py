"""Spoken English, and what the grammar has in its place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.ask.rewording import reworded


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("nobody came to the yard right", "did nobody came to the yard"),
        ("nobody was in the yard", "was nobody in the yard"),
        ("anything happen overnight", "anything happen last night"),
        ("didn't anyone come", "did anyone come"),
        ("how many of the cars stopped", "how many cars stopped"),
        ("no cars in the yard after 3 pm", "were there no cars in the yard after 3 pm"),
        ("did everyone leave", "did every person leave"),
        ("has everything that was taken been put back", "has everything that was taken been put back"),
        ("what was in the warehouse", "what was seen in the warehouse"),
        ("show everything that moved", "show the objects that moved"),
        ("how many people did we have today", "how many people were there today"),
        ("which cameras do you have", "which cameras are there"),
        ("when was the last time someone entered", "when was the last someone entered"),
        ("were you watching at 3 pm", "was watched at 3 pm"),
        ("how much of today did you actually see", "how much was watched today"),
        ("did somebody move the yard camera", "was the camera moved yard"),
        ("was the yard empty at 3 pm", "was nothing seen at the yard at 3 pm"),
        ("was the yard empty of cars on monday", "was no cars seen at the yard on monday"),
        ("was the shelf empty", "was the shelf empty"),
        ("last car in the street and when", "last car in the street"),
        ("how many people entered and when", "how many people entered and when"),
    ],
)
def test_a_saying_is_put_as_the_grammar_has_it(said, meant):
    assert reworded(said, ()) == meant


@pytest.mark.parametrize(
    ("said", "name"),
    [("how many cars in overnight parking", "overnight parking"), ("was the empty yard watched", "empty yard")],
)
def test_a_name_keeps_its_words(said, name):
    assert reworded(said, (name,)) == said


@given(st.text("abcdefg nobody was empty compare and ", max_size=80), st.lists(st.text("abc ", max_size=6), max_size=3))
def test_any_text_stays_one_line_of_bounded_length(text, names):
    assert len(reworded(text, names)) <= 2 * len(text) + 60
