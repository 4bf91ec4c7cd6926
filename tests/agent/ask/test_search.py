"""Captions by their words: what others said of the pictures."""

from dataclasses import dataclass
from datetime import datetime

import pytest

from agent.ask.ask import ask
from agent.ask.search import telling_words
from graph.embedded import EmbeddedStore
from graph.imported import observation_of
from tests.agent.ask.world import NOW, PARIS, build
from vidette.ids import stream_id
from vidette.models import EventType, Label
from vidette.streams import Stream

SAID = [
    (0.0, 5.0, "A man in a red hat opens the gate"),
    (10.0, 14.0, "Two women push a pram along the pavement"),
    (20.0, 24.0, "The man in the red hat waits beside a white van and smokes"),
    (30.0, 33.0, "Rain; nobody is to be seen"),
    (40.0, 45.0, "A dog chases the red ball"),
]


@dataclass(frozen=True)
class Line:
    start_s: float
    end_s: float
    text: str
    type: EventType | None = None
    label: Label | None = None


def imported(store, name, start=datetime(2026, 3, 10, 12, tzinfo=PARIS)):
    stream = Stream(
        id=stream_id(name),
        name=name,
        kind="import",
        uri=f"{name}.srt",
        start=start,
        start_from="option",
        duration_s=60.0,
    )
    store.open_stream(stream)
    store.settle(observation_of(stream, [Line(*row) for row in SAID], revision=name))


@pytest.fixture(scope="module")
def store():
    opened = EmbeddedStore(":memory:")
    build(opened)
    imported(opened, "street")
    imported(opened, "square", datetime(2026, 3, 11, 12, tzinfo=PARIS))
    yield opened
    opened.close()


def answered(store, question):
    return ask(question, store, now=NOW, tz=PARIS)


@pytest.mark.parametrize(
    ("question", "caption"),
    [
        ('search "white van"', 2),
        ("Search for a pram", 1),
        ("captions about rain", 3),
        ("Find the captions that mention a ball", 4),
        ("Was a pram mentioned?", 1),
        ("A dog chases the red ball", 4),
        ("the two women who pushed a pram", 1),
        ("Where is the man in the red hat who waits beside the van and smokes?", 2),
    ],
)
def test_captions_are_found_by_their_words(store, question, caption):
    answer = answered(store, f"{question}")
    assert answer.plan.kind == "search", answer.answer
    assert answer.rows[0].caption == SAID[caption][2]
    assert answer.claims[0].citations == (answer.rows[0].id,)
    assert not answer.unknown


def test_filters_come_first_and_the_rank_after(store):
    answer = answered(store, "search for red hat on street")
    assert {row.stream for row in answer.rows} == {"street"}
    assert [row.caption for row in answer.rows][:2] == [SAID[0][2], SAID[2][2]]
    answer = answered(store, "search for red hat today")
    assert {row.stream for row in answer.rows} == {"square"}
    answer = answered(store, 'search "red hat" on square between 12:00:00 and 12:00:10')
    assert [(row.stream, row.caption) for row in answer.rows] == [("square", SAID[0][2])]


def test_what_no_caption_says_is_not_told(store):
    answer = answered(store, "search for a helicopter")
    assert answer.unknown
    assert "no caption has any of the words" in answer.answer
    for question in ("What is the meaning of life?", "How many people wore a red hat?", "Is the pope in the vatican?"):
        answer = answered(store, question)
        assert answer.unknown, answer.answer
        assert answer.value is None


def test_a_question_that_can_be_planned_is_not_searched_for(store):
    assert answered(store, "How many people entered?").value == 14
    assert answered(store, "Did a dog appear?").plan.kind == "exists"


def test_telling_words_are_each_said_once():
    assert telling_words("The man and the MAN, in a red-hat!") == ["man", "red", "hat"]
    assert len(telling_words(" ".join(f"w{n}" for n in range(500)))) == 60
    assert telling_words("'; DROP TABLE events; --") == ["drop", "table", "events"]
