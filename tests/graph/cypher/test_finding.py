"""Words that very many events hold: the same rows as where all of these are looked at."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from benchmarks import memory_made as made
from graph.cypher.reading import finding
from graph.embedded import EmbeddedStore
from graph.neo4j import Neo4jStore
from tests.graph.cypher.both import both
from vidette.queries import Events, Filter

WORDS = (("person", False), ("person entered", False), ("person umbrella", True), ("umbrella", False))
PLACES = (
    Filter(),
    Filter(streams=("camera 01",)),
    Filter(zones=("dock",)),
    Filter(since=made.START + timedelta(seconds=10), until=made.START + timedelta(seconds=40)),
)


@pytest.fixture(scope="module")
def stores() -> Iterator[tuple[Neo4jStore, EmbeddedStore]]:
    """Some two hundred events on both."""
    with both(200) as stores:
        yield stores


@pytest.fixture(
    params=[(2, 5), (2, 1000), (3000, 2000)], ids=["few are looked at", "all of a filter", "none is common"]
)
def bounds(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """How many events make a word common, and how many are looked through for one."""
    monkeypatch.setattr(finding, "MANY", request.param[0])
    monkeypatch.setattr(finding, "LOOKED", request.param[1])


def questions(order: str) -> list[Events]:
    return [
        Events(where=replace(place, text=text, any_word=any_word), order=order, limit=limit, brief=True)  # type: ignore[arg-type]  # drawn by name
        for place in PLACES
        for text, any_word in WORDS
        for limit in (3, 1000)
    ]


@pytest.mark.usefixtures("bounds")
@pytest.mark.parametrize("order", ["start", "-start"])
def test_in_the_order_of_time_they_are_those_of_the_embedded_store(stores, order):
    served, plain = stores
    for query in questions(order):
        assert [row.id for row in served.read(query)] == [row.id for row in plain.read(query)], query


@pytest.mark.usefixtures("bounds")
def test_ranked_ones_are_among_those_that_hold_the_words_and_no_fewer_than_are_looked_at(stores):
    served, plain = stores
    for query in questions("rank"):
        found = [row.id for row in served.read(query)]
        every = {row.id for row in plain.read(replace(query, order="start", limit=1000))}
        assert set(found) <= every
        assert len(set(found)) == len(found) <= query.limit
        if len(every) < finding.MANY:
            assert len(found) == min(len(every), query.limit)


def test_a_word_said_twice_and_a_short_caption_are_better():
    told = [
        {"id": "long", "start": 0, "words": "a dog and some more word"},
        {"id": "short", "start": 1, "words": "a dog"},
        {"id": "twice", "start": 2, "words": "dog dog"},
        {"id": "other", "start": 3, "words": "a dogma"},
    ]
    assert finding._scored(told, ["dog"]) == ["twice", "short", "long", "other"]
    assert finding._scored([], ["dog"]) == []
