"""Short questions about the answer before."""

import pytest

from agent.ask.again import again
from agent.ask.ask import ask
from agent.ask.scan import NotUnderstood
from graph.embedded import EmbeddedStore
from tests.agent.ask.world import NOW, PARIS, build
from vidette.answers import Plan


@pytest.fixture(scope="module")
def store():
    opened = EmbeddedStore(":memory:")
    build(opened)
    yield opened
    opened.close()


def talk(store, *questions):
    """The last answer of a talk."""
    plan = None
    for question in questions:
        answer = ask(question, store, now=NOW, tz=PARIS, previous=plan)
        plan = plan if answer.plan.kind == "cannot_tell" else answer.plan
    return answer


@pytest.mark.parametrize(
    ("questions", "kind", "value"),
    [
        (["Did anyone run?", "when was it?"], "when", None),
        (["Did more than 3 vehicles stop?", "how many"], "count", 4),
        (["How many people entered on Monday?", "show me them"], "list", 7),
        (["How many people entered on Monday?", "when was the first one?"], "first", None),
        (["Which vehicles were seen?", "which was the longest?"], "longest", None),
        (["When was the bag left?", "where was it"], "where", None),
        (["When was the bag left?", "and how long?"], "how_long", 1140.0),
    ],
)
def test_the_same_rows_are_asked_for_something_else(store, questions, kind, value):
    answer = talk(store, *questions)
    assert not answer.unknown, answer.answer
    assert answer.plan.kind == kind
    assert value is None or answer.value == value


@pytest.mark.parametrize(
    ("questions", "why"),
    [
        (["when?"], "no question before"),
        (["Did anyone run?", "why?"], "not why"),
        (["What happened on Monday?", "how long?"], "one thing"),
        (["How much was watched?", "which was the longest"], "in full"),
        (["Were there more cars than people?", "when"], "in full"),
    ],
)
def test_what_does_not_go_with_the_question_before_is_refused(store, questions, why):
    answer = talk(store, *questions)
    assert answer.unknown
    assert why in answer.answer


def test_a_question_that_was_refused_is_not_gone_on_from():
    with pytest.raises(NotUnderstood):
        again("when", Plan(kind="cannot_tell"))


@pytest.mark.parametrize("added", ["and in the yard?", "and yesterday?"])
def test_nor_with_another_place_or_time(store, added):
    answer = ask(added, store, now=NOW, tz=PARIS, previous=Plan(kind="cannot_tell"))
    assert answer.unknown
    assert "no question before" in answer.answer


def test_the_thing_that_was_asked_for_is_kept_though_nothing_tells_it(make, traffic, second_camera):
    store = make(traffic, second_camera)
    first = ask("How many bicycles on cam1?", store, now=NOW, tz=PARIS)
    assert "nothing here tells bicycles from others" in first.answer
    second = ask("and in the first 20 seconds?", store, now=NOW, tz=PARIS, previous=first.plan)
    assert "nothing here tells bicycles from others" in second.answer
    third = ask("and on cam2?", store, now=NOW, tz=PARIS, previous=second.plan)
    assert third.value == 0
