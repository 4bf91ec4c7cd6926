"""The set of questions over the scripted store: what was tuned on must all be right, what was held out mostly."""

import pytest

from graph.embedded import EmbeddedStore
from tests.agent.ask.questions import HELD_OUT, TUNED, Question
from tests.agent.ask.scoring import wrong
from tests.agent.ask.world import build

FLOOR = 0.86  # of all of them


@pytest.fixture(scope="module")
def world():
    store = EmbeddedStore(":memory:")
    yield store, build(store)
    store.close()


def asked(questions: dict[str, list[Question]]) -> list[Question]:
    return [question for kind in questions.values() for question in kind]


@pytest.mark.parametrize("question", asked(TUNED), ids=lambda question: question[0])
def test_each_question_that_the_grammar_was_written_for(world, question):
    assert not wrong(question, *world)


def test_the_accuracy_over_all_questions(world):
    questions = [*asked(TUNED), *asked(HELD_OUT)]
    assert len(questions) >= 150
    faults = [fault for question in questions if (fault := wrong(question, *world))]
    accuracy = 1 - len(faults) / len(questions)
    print(f"{accuracy:.1%} of {len(questions)} questions", *faults, sep="\n")
    assert accuracy >= FLOOR


def test_no_question_is_in_both_lists():
    texts = [text for text, *_ in (*asked(TUNED), *asked(HELD_OUT))]
    assert len(set(texts)) == len(texts)
