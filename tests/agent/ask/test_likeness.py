"""Captions by words and by meaning, fused; pictures in an order that promises nothing."""

import re
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.ask.alike import asked_alike
from agent.ask.ask import ask
from agent.ask.footage import Footage
from agent.ask.likeness import Likeness, fused
from agent.ask.names import Known
from agent.perception.embed.look import words_look
from graph.embedded import EmbeddedStore
from graph.imported import observation_of
from tests.agent.ask.test_search import SAID, Line, imported
from tests.agent.ask.world import NOW, PARIS
from vidette.errors import ModelError
from vidette.ids import stream_id
from vidette.models import Run
from vidette.streams import Stream

THEMES = ({"gate", "opens", "unlocks", "entrance"}, {"pram", "women", "buggy", "ladies"}, {"smokes", "cigarette", "waits"},
          {"rain", "drizzle", "wet"}, {"dog", "puppy", "ball"})  # fmt: skip


@dataclass
class Themes:
    """An embedder that knows synonyms: one dimension a theme, and one for all else."""

    fails: bool = False
    asked: list = field(default_factory=list)
    run = Run(id="themes", model="themes", revision="1")

    def images(self, images):
        raise ModelError("it sees no pictures")

    def texts(self, texts):
        if self.fails:
            raise ModelError("the model is gone")
        self.asked += texts
        rows = [[len(theme & set(re.findall(r"\w+", text.casefold()))) for theme in THEMES] for text in texts]
        made = np.array([[*row, 0.01] for row in rows], np.float32)
        return made / np.linalg.norm(made, axis=1, keepdims=True)

    def close(self):
        pass


@pytest.fixture
def themes():
    return Themes()


@pytest.fixture
def store(themes):
    opened = EmbeddedStore(":memory:")
    stream = Stream(id=stream_id("street"), name="street", kind="import", uri="x", start=NOW, duration_s=60.0)
    opened.open_stream(stream)
    said = observation_of(stream, [Line(*row) for row in SAID], revision="street")
    opened.settle(said)
    opened.settle(words_look(themes, said))
    yield opened
    opened.close()


def answered(store, question, **likeness):
    return ask(question, store, now=NOW, tz=PARIS, likeness=Likeness(**likeness))


@pytest.mark.parametrize(
    ("question", "caption"),
    [("search for ladies and a buggy", 1), ('search "drizzle"', 3), ("find captions about a puppy", 4)],
)
def test_other_words_for_the_same_are_found(store, themes, question, caption):
    assert answered(store, question).unknown
    told = answered(store, question, captions=themes)
    assert told.rows[0].caption == SAID[caption][2]
    assert told.claims[0].citations == (told.rows[0].id,)


def test_words_and_meaning_both_count(store, themes):
    told = answered(store, "search for somebody with a cigarette and a hat", captions=themes)
    assert told.rows[0].caption == SAID[2][2]  # both say so
    assert SAID[0][2] in [row.caption for row in told.rows]  # the words alone


def test_what_is_unlike_is_not_told(store, themes):
    assert answered(store, "search for an elephant", captions=themes).unknown


def test_a_model_that_fails_leaves_the_words(store, themes, caplog):
    told = answered(store, "search for a pram", captions=Themes(fails=True))
    assert told.rows[0].caption == SAID[1][2]
    assert "by their words alone: the model is gone" in caplog.text


def test_times_and_streams_hold_for_meaning_too(store, themes):
    imported(store, "square")
    told = answered(store, "search for a buggy on street", captions=themes)
    assert {row.stream for row in told.rows} == {"street"}
    assert answered(store, "search for a buggy between second 20 and 60", captions=themes).unknown


@pytest.mark.parametrize(
    ("question", "of"),
    [
        ("Find pictures like a red umbrella", "a red umbrella"),
        ("show me pictures of two dogs", "two dogs"),
        ("Where is something that looks like a red umbrella?", "a red umbrella"),
        ("was there anything similar to a tent?", "a tent"),
        ("pictures showing a fire engine", "a fire engine"),
        ("find something resembling a drone", "a drone"),
        ("What looks like smoke?", "smoke"),
        ("which frame looks like a parked bus", "a parked bus"),
    ],
)
def test_questions_for_likeness(question, of):
    plan = asked_alike(question, Known((), (), ()), Footage((), NOW, PARIS))
    assert plan is not None
    assert plan.said == of


@pytest.mark.parametrize(
    "question",
    ["How many people entered?", "What happened after the bag was left?", "Find pictures like the", "who left a bag?"],
)
def test_other_questions(question):
    assert asked_alike(question, Known((), (), ()), Footage((), NOW, PARIS)) is None


def test_without_a_model_that_sees_it_is_said_which_setting_is_missing(store):
    told = answered(store, "Where is something that looks like a zebra crossing?")
    assert told.unknown
    assert "embedder.pictures" in told.answer
    told = answered(store, "Find pictures of a dog that chases the red ball")
    assert told.rows[0].caption == SAID[4][2]  # somebody said so


RANKINGS = st.lists(st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=8), min_size=1, max_size=3)


@given(RANKINGS)
def test_fusing_keeps_everything_once_and_what_all_agree_on(rankings):
    found = fused(*rankings)
    assert sorted(found) == sorted(set().union(*map(set, rankings)))
    firsts = {ranking[0] for ranking in rankings if ranking}
    if len(firsts) == 1 and all(rankings):
        assert found[0] in firsts
    assert fused(rankings[0]) == rankings[0]
