"""Names of streams, zones and lines in a question."""

import pytest

from agent.ask.ask import ask
from agent.ask.names import Known, find_names, known, normal
from tests.agent.ask.conftest import NOW, PARIS
from vidette.ids import make_id
from vidette.models import EventType, Label
from vidette.streams import Zone


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


def test_a_place_may_be_called_as_a_word_of_time(make, scene):
    shop = scene(zones=(Zone(id=make_id("zone", "cam1", "till"), name="till", polygon=((0, 0), (1, 0), (1, 1))),))
    person = shop.passing(3.0, 9.0, Label.PERSON)
    shop.event(EventType.ZONE_ENTERED, 4.0, track=person, zone="till")
    answer = ask("Who entered the till between second 1 and 10?", make(shop), now=NOW, tz=PARIS)
    assert (answer.value, answer.plan.where.zones, answer.plan.relations) == (1, ("till",), ())


def test_a_camera_with_a_number_in_its_name(make, scene):
    one, two = scene("camera 01"), scene("camera 02")
    two.passing(3.0, 9.0, Label.PERSON)
    store = make(one, two)
    assert [ask(f"How many people entered on {name}?", store, now=NOW, tz=PARIS).value for name in ("camera 01", "camera 02", "camera 2")] == [0, 1, 1]  # fmt: skip


def test_the_parking_is_a_place_where_there_is_one(make, scene):
    yard = scene(zones=(Zone(id=make_id("zone", "cam1", "parking"), name="parking", polygon=((0, 0), (1, 0), (1, 1))),))
    car = yard.passing(3.0, 9.0, Label.VEHICLE)
    yard.event(EventType.ZONE_ENTERED, 4.0, track=car, zone="parking")
    yard.event(EventType.OBJECT_STOPPED, 5.0, 8.0, car)
    answer = ask("How many vehicles entered the parking and stopped?", make(yard), now=NOW, tz=PARIS)
    assert (answer.value, answer.plan.where.zones) == (1, ("parking",))
