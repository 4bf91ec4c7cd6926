"""What people say to a camera, in their own words: what is answered, and what is refused and why."""

from datetime import timedelta

import pytest

from agent.ask.ask import ask
from graph.embedded import EmbeddedStore
from tests.agent.ask import world
from tests.agent.ask.conftest import NOW, PARIS, START, Scene
from vidette.ids import make_id
from vidette.models import EventType, FastState, Label
from vidette.streams import Zone


@pytest.fixture(scope="module")
def week():
    opened = EmbeddedStore(":memory:")
    world.build(opened)
    yield opened
    opened.close()


def asked(question, store, now=NOW):
    return ask(question, store, now=now, tz=PARIS)


@pytest.fixture
def till(scene):
    """A camera whose name is made of a word of time and a number: two things taken, one put back."""
    made = scene("till 2", length_s=60.0)
    for at, kind in ((10.0, EventType.OBJECT_REMOVED), (20.0, EventType.OBJECT_LEFT), (30.0, EventType.OBJECT_REMOVED)):
        made.event(kind, at, track=made.track(at, at + 5))
    made.passing(40.0, 45.0, Label.PERSON)
    return made


@pytest.mark.parametrize(
    ("question", "kind", "value"),
    [
        ("was anything taken from till 2?", "exists", True),
        ("how many things were taken at till 2", "count", 2),
        ("what got put back on till 2", "list", 1),
        ("who came to till 2", "list", 1),
        ("did anyone come till 2 pm", "exists", True),
        ("what happened after the first thing was taken at till 2", "describe", 4),
    ],
)
def test_a_name_of_several_ordinary_words_is_one_where_a_place_is_spoken_of(make, till, question, kind, value):
    answer = asked(question, make(till))
    assert (answer.plan.kind, answer.value) == (kind, value), answer.answer
    assert (
        "till 2" not in question
        or answer.plan.where.streams == ("till 2",)
        or answer.plan.relations
        or "pm" in question
    )


@pytest.mark.parametrize(
    "question", ["how many times was something taken off the shelf", "what was taken from the shelf?"]
)
def test_a_zone_whose_name_is_part_of_phrases_is_known_by_its_article(make, scene, question):
    zone = Zone(id=make_id("zone", "cam1", "shelf"), name="shelf", polygon=((0, 0), (1, 0), (1, 1)))
    made = scene(zones=(zone,))
    made.event(EventType.OBJECT_REMOVED, 5.0, track=made.track(1.0, 9.0), zone="shelf")
    made.event(EventType.OBJECT_REMOVED, 15.0, track=made.track(11.0, 19.0))
    answer = asked(question, make(made))
    assert (answer.value, answer.plan.where.zones) == (1, ("shelf",)), answer.answer


@pytest.mark.parametrize(
    ("question", "why"),
    [
        ("did anyone go from cam1 to cam2", "from one place to another"),
        ("how many people went past cam1 to cam2", "from one place to another"),
        ("how many people were in the left of cam1", "parts of a picture"),
        ("did anyone come to the top half of cam1", "parts of a picture"),
    ],
)
def test_ways_and_parts_of_places_are_refused(make, lobby, second_camera, question, why):
    answer = asked(question, make(lobby, second_camera))
    assert answer.unknown
    assert why in answer.answer


def test_coming_from_a_place_is_not_being_in_it(make, lobby, second_camera):
    assert asked("how many people came from cam2", make(lobby, second_camera)).unknown


@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("did every vehicle leave", True),
        ("did every person leave on yard", True),
        ("did all vehicles stop", False),
        ("did all the vehicles leave", True),
    ],
)
def test_all_of_them_is_not_any_of_them(week, question, value):
    answer = ask(question, week, now=world.NOW, tz=world.PARIS)
    if not answer.unknown:
        assert answer.value is value, answer.answer
    assert not (value is False and answer.value is True)


@pytest.mark.parametrize(
    "question",
    [
        "did the cars all stop",
        "was everything taken",
        "has everything that was taken been put back",
        "were vehicles seen on every camera",
    ],
)
def test_all_of_them_is_refused_where_it_cannot_be_told(week, question):
    assert ask(question, week, now=world.NOW, tz=world.PARIS).unknown


@pytest.mark.parametrize(
    ("question", "value", "said"),
    [
        ("was the camera down", True, "only in part"),
        ("was cam1 down between second 10 and 20", False, "no, all of it was watched"),
        ("were you watching cam1 between second 10 and 20", True, "yes, all of it was watched"),
        ("was the camera working between second 50 and 53", False, "no, 0 s"),
        ("how much of cam1 did you actually see", 57.0, "57 s of 1 min"),
    ],
)
def test_whether_a_camera_was_up_is_whether_it_was_watched(make, lobby, question, value, said):
    answer = asked(question, make(lobby))
    assert answer.plan.of == "coverage", answer.answer
    assert answer.value == value, answer.answer
    assert said in answer.answer.casefold()


def test_what_happened_in_a_zone_is_not_what_happened_anywhere(make, lobby):
    answer = asked("what happened in the entrance zone", make(lobby))
    assert (answer.value, answer.plan.where.zones) == (3, ("entrance",))
    assert asked("near the door", make(lobby)).value == 1
    assert asked("was the view blocked in the entrance zone", make(lobby)).unknown
    assert asked("how much was watched in the entrance zone", make(lobby)).unknown


def test_how_a_camera_is_now_is_not_told_from_memory(make, lobby):
    answer = asked("is the camera working", make(lobby))
    assert answer.unknown
    assert "vidette streams" in answer.answer


def test_moving_the_camera_is_not_moving(make, lobby):
    answer = asked("did somebody move the cam1 camera", make(lobby))
    assert answer.plan.where.types == (EventType.CAMERA_MOVED,)
    assert answer.value is True


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("how fast were the cars", "measures speed"),
        ("did the dog bark", "sound"),
        ("was it raining", "weather"),
        ("is my wife home", "who somebody is"),
        ("will someone come tomorrow", "to come"),
        ("anything suspicious?", "vidette report"),
        ("was anybody wearing a helmet", "wear"),
        ("did the same person come twice", "the same one"),
        ("what colour was the car", "by its name"),
        ("how many bottles were taken", "'bottles' is nothing that is told apart"),
        ("wie viele autos waren im hof", "plain English"),
        ("前门今天有多少人", "plain English"),
        ("hello", "no question in it"),
    ],
)
def test_what_nothing_can_tell_is_refused_with_the_reason(make, lobby, question, said):
    answer = asked(question, make(lobby))
    assert answer.unknown
    assert said in answer.answer


def test_some_of_several_sorts_that_nothing_tells_are_named(make, scene):
    made = scene()
    made.passing(3.0, 9.0, Label.PERSON)
    made.passing(13.0, 19.0)
    made.passing(23.0, 29.0)
    answer = asked("how many people and cars were there", make(made))
    assert answer.value == 1
    assert "nothing here tells vehicles from others, and 2 more objects could not be told apart" in answer.answer


def test_the_fewest_is_not_told_of_the_only_hour_that_was_watched_long(make, scene):
    long, short = scene("long", length_s=600.0), scene("short", length_s=20.0, start=START + timedelta(hours=3))
    for at in (10.0, 40.0, 70.0):
        long.passing(at, at + 5)
    short.passing(3.0, 6.0)
    answer = asked("what was the quietest hour", make(long, short), now=NOW)
    assert answer.unknown
    assert "no other hour was watched as long" in answer.answer


def test_a_rate_is_no_power_of_ten(make, traffic):
    answer = asked("how many objects per hour", make(traffic))
    assert answer.value == 480.0
    assert "480 objects were seen per hour" in answer.answer


def test_many_events_are_told_by_their_kinds_and_ends(make, lobby):
    answer = asked("what happened?", make(lobby))
    assert answer.value == 17 == sum(int(part.split(" ×")[0].split()[-1]) for part in answer.answer.split("; first")[0].split(",") if "×" in part) + _others(answer.answer)  # fmt: skip
    assert "first: person entered, at 12:04:11" in answer.answer
    assert "last: the camera moved, at 12:05:03" in answer.answer


def _others(text):
    return int(text.split(" of other kinds")[0].split()[-1]) if "of other kinds" in text else 0


def test_the_last_event_is_said(make, lobby):
    assert asked("what was the last thing that happened?", make(lobby)).answer.startswith(
        "The last event: the camera moved"
    )


@pytest.mark.parametrize(
    ("question", "value"), [("cam2?", 2), ("tell me about cam2", 2), ("in the first 20 seconds?", None)]
)
def test_a_place_or_a_time_alone_asks_what_happened_there(make, lobby, second_camera, question, value):
    answer = asked(question, make(lobby, second_camera))
    assert answer.plan.kind == "describe"
    assert value is None or answer.value == value


@pytest.mark.parametrize(
    ("question", "hour"),
    [("who came at 9 this evening", 21), ("did anyone come at 12", 12), ("anything before 1 today", 13), ("who came at 14", 14)],
)  # fmt: skip
def test_an_hour_without_am_or_pm_is_the_one_that_was_filmed(make, scene, question, hour):
    day = scene("day", length_s=7200.0)
    answer = asked(question, make(day))
    edge = answer.plan.where.until if "before" in question else answer.plan.where.since
    assert edge is not None, answer.answer
    assert edge.astimezone(PARIS).hour == hour
    assert any("read as" in note for note in answer.plan.notes)


@pytest.mark.parametrize(
    ("question", "kind", "value"),
    [
        ("compare monday and tuesday", "compare", "monday"),
        ("compare people and vehicles on tuesday", "compare", "people"),
        ("busiest hour on the yard", "most", None),
        ("when was it busiest on the yard", "most", None),
        ("didn't anyone enter?", "exists", True),
        ("no vehicles on monday?", "exists", False),
        ("how many hours of video do you have", "coverage", None),
    ],
)
def test_a_question_put_another_way_is_the_same_question(week, question, kind, value):
    answer = ask(question, week, now=world.NOW, tz=world.PARIS)
    assert not answer.unknown, answer.answer
    assert answer.plan.kind == kind
    assert value is None or answer.value == value


def test_sides_of_a_comparison_are_named_by_their_times(week):
    answer = ask("did more people come on monday or on tuesday?", week, now=world.NOW, tz=world.PARIS)
    assert answer.value == "on monday"


def test_captions_of_the_fast_look_are_no_answer_to_what_was_not_understood(make, lobby):
    assert asked("an object entered strangely from the left", make(lobby)).unknown


def test_at_once_begins_no_clause(make, lobby):
    assert asked("what is the maximum number of people at once on cam1", make(lobby)).plan.kind == "peak"


def test_scenes_without_coverage_refuse_an_empty_place(make):
    made = Scene("yard", length_s=20.0)
    made.coverage = [made.covered(0.0, 20.0, FastState.OFFLINE, "offline")]
    assert asked("was the yard empty", make(made)).unknown
    made.coverage = [made.covered(0.0, 20.0)]
    assert asked("was the yard empty", make(made)).value is True
