"""How answers read to a person."""

import pytest

from agent.ask.ask import ask
from graph.embedded import EmbeddedStore
from tests.agent.ask.world import NOW, PARIS, build


@pytest.fixture(scope="module")
def store():
    opened = EmbeddedStore(":memory:")
    build(opened)
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("Which vehicles never stopped?", "4 vehicles were seen and never stopped."),
        ("Who entered after the bag was left?", "10 people entered after a bag was left."),
        ("Who entered while the truck was stopped?", "No person entered while a truck stood still."),
        (
            "Who entered within 20 seconds after a vehicle crossed the gate?",
            "entered within 20 s after a vehicle crossed",
        ),
        (
            "Was anyone in the bay for more than ten minutes?",
            "was seen in the zone bay for 10 min or more, at 15:01:00 on",
        ),
        (
            "Were there more people on Monday than on Tuesday?",
            "Yes (on Monday: 7 people were seen; on Tuesday: 3 people were seen).",
        ),
        ("Which zone had most people?", "Entrance: 7 people were seen there."),
        (
            "What was the longest stay of a person?",
            "The longest of 14 people that were seen: 2 h so far, at 16:00:00 on",
        ),
        ("Where was the last person?", "At the middle left of the picture, at 16:00:00 (the last of 14)."),
        (
            "How many dogs entered?",
            "Not watched: 85 h 5 min of 174 h (not running, offline, view blocked), so there may",
        ),
    ],
)
def test_answers_say_what_was_asked(store, question, said):
    answer = ask(question, store, now=NOW, tz=PARIS)
    assert said in answer.answer


def test_a_time_of_day_over_several_days_is_today_and_says_so(store):
    answer = ask("How many people entered before noon?", store, now=NOW, tz=PARIS)
    assert answer.value == 12
    assert answer.plan.notes == ("noon read as 2026-03-11 12:00; name a day for another",)
    assert "to 2026-03-11 12:00:00 CET" in answer.plan.words


def test_what_the_fast_look_wrote_itself_is_no_answer_to_what_it_cannot_tell(store):
    answer = ask("Who entered after a bicycle stopped?", store, now=NOW, tz=PARIS)
    assert answer.unknown
    assert answer.answer == "cannot tell: no bicycle was seen that stopped to relate to."
