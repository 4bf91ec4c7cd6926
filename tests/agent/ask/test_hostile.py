"""Whatever is asked, of whatever is stored: an answer or a VidetteError, of bounded size."""

import contextlib
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from agent.ask.ask import ask
from agent.ask.words import WORDS
from vidette import codec
from vidette.errors import VidetteError

NOW = datetime(2026, 3, 11, 17, 0, tzinfo=UTC)
TZ = ZoneInfo("Europe/Paris")
TIMES = ["in the first minute", "between second 10 and 20", "yesterday", "after 5 pm", "at 0:12", "in the last hour", "on monday", "since 10:00"]  # fmt: skip
GRAMMAR = [
    "before",
    "alert",
    "why",
    "red",
    "down",
    "every",
    "compare",
    "empty",
    "after",
    "while",
    "until",
    "since",
    "when",
    "within",
    "between",
    "than",
    "or",
    "and",
    "without",
    "never",
    "not",
    "except",
    "other",
    "than",
    "who",
    "that",
    "which",
    "more",
    "fewer",
    "most",
    "fewest",
    "busiest",
    "longest",
    "shortest",
    "average",
    "per",
    "hour",
    "at",
    "the",
    "same",
    "time",
    "second",
    "third",
    "did",
    "nobody",
    "it",
    "and",
    "what",
    "about",
    "how",
    "long",
    "passed",
    "search",
    "for",
    "captions",
    "zone",
    "camera",
    "line",
    "busier",
    "longer",
    "than",
    "20",
    "s",
    "at",
    "least",
    "two",
]
words = st.lists(
    st.sampled_from(sorted(WORDS) + 4 * GRAMMAR + TIMES + ["entrance", "cam1", "on", "?"]), min_size=1, max_size=12
)


@pytest.fixture
def store(make, lobby, second_camera):
    return make(lobby, second_camera)


def answered(question, store):
    with contextlib.suppress(VidetteError):
        answer = ask(question, store, now=NOW, tz=TZ)
        assert len(answer.answer) < 2500
        assert len(answer.claims) <= 11
        assert codec.line(answer)
        assert not (answer.unknown and answer.value is not None)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=300))
@example("'; DROP TABLE events; --")
@example("between 99999999999999999999 and 99999999999999999999 seconds")
@example("in the last 999999999 hours")
@example("on 31 february 9999")
@example("what happened 999999999 days ago")
@example("what happened on 9999-12-31")
@example("what happened on 0000-00-00")
@example("what happened on 0001-01-01")
@example("since " * 160)
@example("between " * 120)
@example("1 s " * 250)
@example("a minute and " * 75)
@example("ı" * 900)
def test_any_text(store, question):
    answered(question, store)


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words)
def test_any_known_words(store, question):
    answered(" ".join(question), store)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(min_size=1, max_size=40).filter(str.strip))
def test_any_name_of_a_stream(make, scene, name):
    with contextlib.suppress(VidetteError, UnicodeEncodeError):
        answered(f"How many people entered on {name}?", make(scene(name, length_s=10.0)))
