"""Things by the colour that captions call them, and what is said where captions call none."""

from datetime import timedelta

import pytest

from agent.ask.ask import ask
from tests.agent.ask.conftest import NOW, PARIS
from vidette.ids import make_id
from vidette.models import EventType, Label
from vidette.streams import Zone


@pytest.fixture
def street(scene):
    """Four vehicles: red, white and white, and one of no colour; a red person."""
    made = scene("street", length_s=60.0)
    for at, label, caption in (
        (5.0, Label.VEHICLE, "A red vehicle entered from the left."),
        (15.0, Label.VEHICLE, "A white vehicle entered from the left."),
        (25.0, Label.VEHICLE, "A white vehicle entered from the left."),
        (35.0, Label.VEHICLE, "A vehicle entered from the left."),
        (45.0, Label.PERSON, "A person in red entered from the left."),
    ):
        track = made.track(at, at + 5, label)
        made.event(EventType.OBJECT_ENTERED, at, track=track, caption=caption)
    return made


def asked(question, store):
    return ask(question, store, now=NOW, tz=PARIS)


@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("How many red vehicles were there?", 1),
        ("how many white vehicles entered", 2),
        ("how many red or white vehicles", 3),
        ("was anyone in red there?", True),
        ("was there a blue vehicle", False),
        ("when did the red vehicle enter", 5.0),
        ("were there more white vehicles than red vehicles", True),
        ("how many red things", 2),
    ],
)
def test_captions_tell_the_colour(make, street, question, value):
    answer = asked(question, make(street))
    assert not answer.unknown, answer.answer
    assert answer.value == value


def test_how_many_no_caption_tells_is_said(make, street):
    assert "the colour of 1 more was not told" in asked("how many red vehicles were seen", make(street)).answer


def test_where_no_caption_tells_any_colour_nothing_is_told(make, traffic):
    answer = asked("was there a red car", make(traffic))
    assert answer.unknown
    assert "no caption tells the colour of the 4 objects" in answer.answer


@pytest.mark.parametrize(
    "question", ["vehicles that are not red", "how many vehicles except red ones", "how many red", "was the red picture frozen", "did a red car follow a blue one"]
)  # fmt: skip
def test_what_cannot_be_asked_of_colours_is_refused(make, street, question):
    answer = asked(question, make(street))
    assert answer.unknown, answer.answer


def test_a_place_that_is_called_by_a_colour_is_not_taken_for_the_colour_of_a_thing(make, scene):
    zone = Zone(id=make_id("zone", "cam1", "red room"), name="red room", polygon=((0, 0), (1, 0), (1, 1)))
    made = scene(zones=(zone,))
    made.event(
        EventType.ZONE_ENTERED, 5.0, track=made.track(5.0, 9.0), zone="red room", caption="An object entered red room."
    )
    store = make(made)
    assert asked("how many things entered the red room", store).value == 1
    assert "red" in asked("how many red things were there", store).answer
    assert asked("how many red things were there", store).unknown


def test_a_colour_goes_on_to_the_next_question(make, street):
    store = make(street)
    first = asked("how many vehicles were seen", store)
    second = ask("and red ones?", store, now=NOW + timedelta(0), tz=PARIS, previous=first.plan)
    assert (first.value, second.value) == (4, 1)
