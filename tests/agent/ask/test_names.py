"""Names of streams, zones and lines in a question."""

import pytest

from agent.ask.names import Known, find_names, known, normal
from vidette.models import Zone


@pytest.fixture
def names(make, lobby, scene) -> Known:
    corner = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))
    other = scene("yard-0a1b2c3d", zones=(Zone(id="z1", name="left", polygon=corner), Zone(id="z2", name="Loading Bay", polygon=corner)))  # fmt: skip
    return known(make(lobby, other, scene("7"), scene("a.b(c)*")))


def test_what_exists(names):
    assert names.zones == ("Loading Bay", "entrance", "left")
    assert names.lines == ("door",)


@pytest.mark.parametrize(
    ("question", "text", "streams", "zones", "lines"),
    [
        ("what happened on cam1", "what happened on", ("cam1",), (), ()),
        ("what happened on camera cam1?", "what happened on", ("cam1",), (), ()),
        ("what happened on the YARD camera", "what happened on", ("yard-0a1b2c3d",), (), ()),
        ("what happened on yard-0a1b2c3d", "what happened on", ("yard-0a1b2c3d",), (), ()),
        ("who entered the loading bay?", "who entered the", (), ("Loading Bay",), ()),
        ("who entered the zone entrance", "who entered", (), ("entrance",), ()),
        ("who entered the entrance area or the loading bay", "who entered", (), ("Loading Bay", "entrance"), ()),
        ("who crossed the line door", "who crossed", (), (), ("door",)),
        ("what was left", "what was left", (), (), ()),  # a zone called "left" is named as one
        ("who entered the zone left", "who entered", (), ("left",), ()),
        ("what happened at second 7", "what happened at second 7", (), (), ()),
        ("what happened on stream 7", "what happened on", ("7",), (), ()),
    ],
)
def test_names_are_taken_out(names, question, text, streams, zones, lines):
    named = find_names(normal(question), names)
    assert (named.text.split(), named.streams, named.zones, named.lines) == (text.split(), streams, zones, lines)
    assert not named.problem


@pytest.mark.parametrize(
    "question", ["who entered the garage zone", "what happened on camera kitchen", "on stream 99x"]
)
def test_unknown_names_list_what_exists(names, question):
    assert "streams: 7, a.b(c)*, cam1, yard-0a1b2c3d; zones: Loading Bay" in find_names(normal(question), names).problem


def test_normal_text():
    assert normal("What’s “this”: at 5 P.M., 0:12?!") == "what is this at 5 pm 0:12"
