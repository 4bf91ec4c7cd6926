"""Questions that go on from the one before."""

import pytest

from agent.ask.ask import ask
from agent.ask.follow import follows
from graph.embedded import EmbeddedStore
from tests.agent.ask.world import NOW, PARIS, build


@pytest.fixture(scope="module")
def store():
    opened = EmbeddedStore(":memory:")
    build(opened)
    yield opened
    opened.close()


def talk(store, *questions):
    """The answers to one question after another."""
    out, plan = [], None
    for question in questions:
        answer = ask(question, store, now=NOW, tz=PARIS, previous=plan)
        plan = plan if answer.plan.kind == "cannot_tell" else answer.plan
        out.append(answer.value)
    return out


@pytest.mark.parametrize(
    ("question", "added"),
    [
        ("and yesterday?", "yesterday"),
        ("What about camera 2?", "camera 2"),
        ("And what about people?", "people"),
        ("How about on Monday?", "on monday"),
        ("the same for vehicles", "vehicles"),
        ("how many people entered and left?", ""),
        ("and", ""),
    ],
)
def test_what_goes_on_and_what_stands_alone(question, added):
    assert follows(question) == added


@pytest.mark.parametrize(
    ("questions", "values"),
    [
        (["How many people entered on Monday?", "and on Tuesday?", "and yesterday?", "and today?"], [7, 3, 3, 4]),
        (["How many people entered?", "what about yard?", "and vehicles?", "and on Monday?"], [14, 2, 8, 4]),
        (["How many people entered on Monday?", "and in the entrance?"], [7, 2]),
        (["Which camera saw the most people?", "and vehicles?"], ["front-door", "yard"]),
        (["Were there more cars than people?", "and on Tuesday?"], [False, False]),
        (["How many people entered on Monday?", "and how many left?", "and on Wednesday?"], [7, 7, 3]),
        (["How many people entered after the bag was left?", "and vehicles?"], [10, 6]),
        (["What was the average stay of vehicles?", "and people on Tuesday?"], [990.0, 160.0]),
        (["Who never left?", "and on Tuesday?"], [1, 0]),
        (["How many people entered on Monday?", "and crossed the door?", "and on Tuesday?"], [7, 2, 1]),
        (["How many vehicles were seen?", "and stopped?", "and moved off?", "and left?"], [8, 4, 3, 8]),
        (["Which vehicles were seen on Wednesday?", "and stopped?"], [2, 1]),
        (["Was everything watched on Monday?", "and on Tuesday?"], [False, False]),
    ],
)
def test_the_same_question_of_another_time_place_or_thing(store, questions, values):
    assert talk(store, *questions) == values


@pytest.mark.parametrize("added", ["and the moon?", "and", "what about it?"])
def test_what_changes_nothing_known_is_refused(store, added):
    assert talk(store, "How many people entered?", added) == [14, None]


@pytest.mark.parametrize("first", ["Where was the bag?", "Which camera saw the most people?", "How much was watched?"])
def test_what_something_did_does_not_go_on_from_every_question(store, first):
    assert talk(store, first, "and stopped?")[1] is None


def test_without_a_question_before_there_is_nothing_to_go_on_from(store):
    answer = ask("and yesterday?", store, now=NOW, tz=PARIS)
    assert answer.unknown
    assert "no question before" in answer.answer
