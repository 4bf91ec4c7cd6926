"""Relations and further conditions over more rows than are shown, over windows of time, and beyond what is read."""

import pytest

from agent.ask.ask import ask
from tests.agent.ask.conftest import PARIS, START, Scene
from vidette.ids import make_id
from vidette.models import EventType, FastState, Label
from vidette.streams import Zone

MANY = 150
HALF = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
T = EventType


@pytest.fixture(scope="module")
def busy():
    """150 cars, one every 20 s, each standing from second 2 to 8 of its own; a person 5 s after each, every third in
    the zone."""
    scene = Scene(length_s=20.0 * MANY, zones=(Zone(id=make_id("zone", "cam1", "bay"), name="bay", polygon=HALF),))
    for number in range(MANY):
        at = 20.0 * number
        car = scene.passing(at, at + 10, Label.VEHICLE, kind="car")
        scene.event(T.OBJECT_STOPPED, at + 2, at + 8, car)
        person = scene.passing(at + 5, at + 15, Label.PERSON)
        if number % 3 == 0:
            scene.event(T.ZONE_ENTERED, at + 6, track=person, zone="bay")
    return scene


def asked(question, store):
    return ask(question, store, now=START.astimezone(PARIS), tz=PARIS)


def test_every_row_that_is_related_to_counts_not_only_those_that_are_shown(make, busy):
    store = make(busy)
    assert asked("How many people entered within 4 seconds after a car stopped?", store).value == MANY
    assert asked("How many people entered while a car was stopped?", store).value == MANY
    assert asked("How many cars entered while a car was stopped?", store).value == 0
    assert asked("How many people entered when a car stopped?", store).value == 0
    assert asked("How many people entered after the last car stopped?", store).value == 1
    assert asked("How many people entered after the 141st car stopped?", store).value == 10
    answer = asked("How many people entered after a car stopped?", store)
    assert (answer.value, answer.plan.notes) == (MANY, ("more than 20 cars stopped; read as the first",))


def test_what_else_they_did_is_asked_of_all_of_them(make, busy):
    store = make(busy)
    assert asked("How many people entered and entered the bay?", store).value == MANY / 3
    assert asked("How many cars entered and stopped?", store).value == MANY
    assert asked("How many people never entered the bay?", store).value == MANY * 2 / 3
    assert asked("How many cars never stopped?", store).value == 0


def test_a_window_holds_for_what_they_never_did(make):
    scene = Scene(length_s=100.0)
    early = scene.passing(0.0, 90.0, Label.PERSON)
    late = scene.passing(50.0, 90.0, Label.PERSON)
    scene.event(T.OBJECT_STOPPED, 10.0, 20.0, early)
    scene.event(T.OBJECT_STOPPED, 60.0, 70.0, late)
    scene.coverage = [scene.covered(0, 30), scene.covered(30, 40, FastState.DROPPED), scene.covered(40, 100)]
    store = make(scene)
    assert asked("Which people were seen and stopped between second 0 and 30?", store).value == 1
    assert asked("Which people never stopped between second 0 and 25?", store).value == 0  # the late one was not there
    assert asked("Which people never stopped between second 45 and 58?", store).value == 2
    assert asked("Which people never stopped?", store).value == 0


@pytest.mark.parametrize(
    ("question", "value", "which"),
    [
        ("How many people entered while a car was stopped?", 20, "newest 20 people were looked at"),
        ("How many people never entered the bay?", 14, "newest 20 people were looked at"),
        ("How many cars were in view at the same time?", 1, "newest 20 cars were looked at"),
        ("Which person stayed the longest?", 10.0, "newest 20 people were looked at"),
        ("When did the first person enter while a car was stopped?", 5.0, "oldest 20 people were looked at"),
    ],
)
def test_it_says_when_not_all_rows_were_looked_at(make, busy, monkeypatch, question, value, which):
    monkeypatch.setattr("agent.ask.lookup.MOST", 20)
    monkeypatch.setattr("agent.ask.lookup.SHOWN", 10)
    answer = asked(question, make(busy))
    assert f"only the {which}" in answer.answer
    assert answer.value == value


def test_a_window_makes_it_exact(make, busy, monkeypatch):
    monkeypatch.setattr("agent.ask.lookup.MOST", 20)
    monkeypatch.setattr("agent.ask.lookup.SHOWN", 10)
    answer = asked("How many people entered between second 0 and 300 while a car was stopped?", make(busy))
    assert (answer.value, "only the" in answer.answer) == (15, False)
