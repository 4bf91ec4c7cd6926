"""Among very many embeddings the server's index says which are worth comparing, and the answer is the same."""

from datetime import UTC, datetime

import numpy as np
import pytest

from graph.cypher.reading import likeness
from tests.graph_stores import fresh
from vidette.ids import stream_id
from vidette.likeness import Nearest
from vidette.models import Embedding, Observation, Run, Segment
from vidette.queries import Filter
from vidette.streams import Stream

SPACE, FAST = Run(id="space", model="minilm", revision="1"), Run(id="fast", model="fast", revision="1")
YARD = Stream(
    id=stream_id("yard"), name="yard", kind="file", uri="yard.mp4", start=datetime(2026, 3, 1, 12, tzinfo=UTC)
)
MANY, DIMENSIONS, LIMIT = 600, 16, 5


@pytest.fixture(scope="module")
def vectors():
    rows = np.random.default_rng(3).normal(size=(MANY, DIMENSIONS)).astype(np.float32)
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype("<f2")


@pytest.fixture(scope="module")
def store(vectors):
    opened = fresh()
    opened.open_stream(YARD)
    said = {"stream_id": YARD.id, "start_s": 0.0, "end_s": 10.0 * MANY}
    segments = tuple(
        Segment(id=f"s{at}", stream_id=YARD.id, start_s=10.0 * at, end_s=10.0 * (at + 1), caption="something")
        for at in range(MANY)
    )
    opened.settle(Observation(id="f", look="fast", run=FAST, sequence=0, segments=segments, **said))
    embeddings = tuple(Embedding(of="segment", id=f"s{at}", vector=row.tobytes()) for at, row in enumerate(vectors))
    opened.settle(Observation(id="e", look="deep", run=SPACE, embeddings=embeddings, **said))
    yield opened
    opened.close()


@pytest.fixture
def compared(monkeypatch):
    """The ids among which each search compared one by one; () is all."""
    told, swept = [], likeness._swept
    monkeypatch.setattr(likeness, "EXACT", MANY - 1)
    monkeypatch.setattr(likeness, "_swept", lambda t, query, v: told.append(query.where.ids) or swept(t, query, v))
    return told


def asked(store, wanted, **where) -> list[str]:
    query = Nearest(
        of="segment", run_id=SPACE.id, vector=wanted.astype("<f4").tobytes(), limit=LIMIT, where=Filter(**where)
    )
    return [one.id for one in store.read(query)]


def best(vectors, wanted, first: int = 0) -> list[str]:
    order = np.argsort(-(vectors[first:].astype(np.float32) @ wanted.astype(np.float32)), kind="stable")
    return [f"s{at + first}" for at in order[:LIMIT]]


def test_the_nearest_of_many_are_found_among_few(store, vectors, compared):
    for wanted in vectors[:20]:
        assert asked(store, wanted) == best(vectors, wanted)
    assert all(0 < len(ids) < MANY for ids in compared)


def test_where_few_of_the_candidates_match_all_that_match_are_compared(store, vectors, compared):
    first = MANY - 10
    assert asked(store, vectors[0], from_s=10.0 * first) == best(vectors, vectors[0], first)
    assert compared[-1] == ()
