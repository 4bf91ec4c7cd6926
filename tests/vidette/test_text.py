from hypothesis import given
from hypothesis import strategies as st

from vidette.text import plain


@given(st.text())
def test_what_is_shown_is_one_printable_line_as_long_as_before(text):
    said = plain(text)
    assert said.isprintable()
    assert len(said) == len(text)
    assert plain(said) == said


def test_a_caption_does_not_steer_a_terminal():
    assert plain("a\x1b[2Jb\nc\u202ed") == "a [2Jb c d"


@given(st.text(alphabet=st.characters(categories=("L", "N", "P", "S"))))
def test_what_is_printable_stays(text):
    assert plain(text) == text
