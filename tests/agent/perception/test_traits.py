"""What a track says of itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.perception.motion import begin
from agent.perception.tracking import Following
from agent.perception.traits import attributes_of, colour_name, confidence, label_of
from vidette.models import Label

MOTION = begin((0.0, 0.0, 10.0, 20.0), 0.0)


def item(**other):
    known = {"number": 1, "motion": MOTION, "birth_s": 2.0, "seen_s": 6.0, "origin": "border", "hits": 20}
    known |= {"walked": 100.0, "reach": 100.0, "score": 2.0, "area": 300.0, "path": [(2.0, (0.0, 0.0, 10.0, 20.0))]}
    return Following(**(known | other))


def test_confidence_by_its_formula():
    assert confidence(item()) == pytest.approx(1 - 2.718281828 ** (-20 / 6), abs=1e-3)
    assert confidence(item(score=0.75)) == pytest.approx(confidence(item()) / 2, abs=1e-3)
    assert confidence(item(reach=0.0)) == pytest.approx(0.6 * confidence(item()), abs=1e-3)


@given(st.integers(1, 500), st.floats(0, 4), st.floats(0, 1e4), st.floats(0, 1e4))
def test_confidence_is_a_share_and_grows_with_sightings(hits, score, walked, reach):
    sure = confidence(item(hits=hits, score=score, walked=walked, reach=reach))
    assert 0 <= sure <= 1
    assert sure <= confidence(item(hits=hits + 1, score=score, walked=walked, reach=reach))


@pytest.mark.parametrize(
    ("asked", "people", "label"),
    [(0, 0, "object"), (3, 1, "object"), (3, 2, "person"), (5, 2, "person"), (6, 2, "object"), (10, 4, "person")],
)
def test_a_person_is_one_where_the_detector_said_so_often_enough(asked, people, label):
    assert label_of(item(asked=asked, people=people)) is Label(label)


def test_the_colour_is_the_one_seen_most_and_ties_go_by_name():
    assert colour_name(item()) == ""
    assert colour_name(item(colours={"red": 1, "blue": 3})) == "blue"
    assert colour_name(item(colours={"red": 2, "blue": 2})) == "blue"


def test_size_speed_and_heading():
    attributes = attributes_of(item(colours={"red": 1}), (0.0, 0.4, 0.1, 0.6), (0.8, 0.4, 0.9, 0.6), (100, 200))
    assert attributes == {"size": 0.015, "speed": 0.25, "heading": "left to right", "colour": "red"}
    assert "colour" not in attributes_of(item(seen_s=2.0), (0, 0, 1, 1), (0, 0, 1, 1), (100, 200))
