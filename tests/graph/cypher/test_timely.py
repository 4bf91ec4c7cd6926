"""What is first in the order of time, and how many there are: as on the embedded store, however far is walked."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import product
from random import Random
from typing import Any

import pytest

from benchmarks import memory_made as made
from graph.cypher.reading import passing, timely
from graph.embedded import EmbeddedStore
from graph.neo4j import Neo4jStore
from tests.graph.cypher.both import both
from vidette.models import EventType, Label
from vidette.moments import Moments
from vidette.queries import Count, Events, Filter, Tally, Tracks

WINDOWS: tuple[dict[str, Any], ...] = (
    {},
    {"since": made.START + timedelta(seconds=14)},
    {"since": made.START + timedelta(seconds=14), "starts_inside": True},
    {"until": made.START + timedelta(seconds=20)},
    {"since": made.START + timedelta(seconds=5), "until": made.START + timedelta(seconds=25)},
    {"since": made.START + timedelta(seconds=18), "until": made.START + timedelta(seconds=19)},
    {"since": made.START + timedelta(seconds=19), "until": made.START + timedelta(seconds=18)},
)
GIVEN: dict[str, tuple[Any, ...]] = {
    "streams": ((), ("camera 01",), ("camera 02", "camera 03"), ("nobody's",)),
    "types": ((), (EventType.OBJECT_ENTERED,), (EventType.ZONE_ENTERED, EventType.OBJECT_STOPPED)),
    "labels": ((), (Label.PERSON,), (Label.ANIMAL, Label.OBJECT)),
    "zones": ((), ("dock",)),
    "lines": ((), ("gate",)),
    "kinds": ((), ("person", "van")),
    "min_confidence": (0.0, 0.7),
    "retracted": (False, True),
}
WALKED = (0, 30)


@pytest.fixture(scope="module")
def stores() -> Iterator[tuple[Neo4jStore, EmbeddedStore]]:
    """Some hundred and fifty events on both; those of a camera that was watched anew do not hold."""
    with both(150) as stores:
        for store in stores:
            store.open_stream(made.cameras()[2], again=True)
        yield stores


def filters() -> list[Filter]:
    """Each condition alone, and some mixes, in every window."""
    chance, alone = Random(3), [{name: value} for name, values in GIVEN.items() for value in values]
    mixed = [{name: chance.choice(values) for name, values in GIVEN.items()} for _ in range(25)]
    mixed.append({"types": (EventType.OBJECT_ENTERED,), "zones": ("dock",)})  # none
    every = list(product([*alone, *mixed], WINDOWS))
    return [Filter(**one, **window) for one, window in chance.sample(every, 40)]


@pytest.mark.parametrize("walked", WALKED)
def test_the_first_are_those_of_the_embedded_store(stores, walked, monkeypatch):
    served, plain = stores
    monkeypatch.setattr(timely, "WALKED", walked)
    monkeypatch.setattr(passing, "WALKED", walked)
    for where, (order, limit) in zip(filters(), 10 * [*product(("start", "-start"), (2, 1000))], strict=False):
        asked: tuple[Any, ...] = (
            Events(where=where, order=order, limit=limit, brief=True),
            Tracks(where=where, order=order, limit=limit, brief=True),
            Moments(of="events", where=where, order=order, limit=limit, things=False),
        )
        for query in asked:
            assert [row.id for row in served.read(query)] == [row.id for row in plain.read(query)], query


def test_counts_are_those_of_the_embedded_store(stores):
    served, plain = stores
    for where in filters():
        asked: list[Any] = [Count(of="events", where=where)]
        if timely.is_kept(where):
            asked += [Tally(of="events", by=by, where=where) for by in timely.PLACES]
        for query in asked:
            assert served.read(query) == plain.read(query), query
