"""Bringing up a memory whose counters were not unique: one of each is left, and every run has a number of its own."""

from collections.abc import Iterator
from typing import Any

import neo4j
import pytest

from graph.cypher import schema
from graph.neo4j import Neo4jStore
from tests.contracts.test_graph_store_at_once import CAMERAS, quiet
from tests.graph_stores import address, fresh

BEFORE = 5
"""The version of the schema that had them."""


@pytest.fixture
def session() -> Iterator[neo4j.Session]:
    """Of a memory that is empty and up to date, before and after."""
    fresh().close()
    with neo4j.GraphDatabase.driver(address()) as driver, driver.session() as opened:
        yield opened
    fresh().close()


def put_back(session: neo4j.Session, *statements: str) -> None:
    """Make the memory one of that version, with this in it."""
    session.run("DROP CONSTRAINT counter_name IF EXISTS").consume()
    session.run("MATCH (c:Counter) DETACH DELETE c").consume()
    session.run("MATCH (v:Vidette) SET v.version = $version", version=BEFORE).consume()
    for statement in statements:
        session.run(statement).consume()


def counters(session: neo4j.Session) -> list[tuple[str, Any]]:
    found = session.run("MATCH (c:Counter) RETURN c.name AS name, c.count AS count ORDER BY name").data()
    return [(row["name"], row["count"]) for row in found]


def runs(session: neo4j.Session) -> dict[str, int]:
    return {row["id"]: row["seq"] for row in session.run("MATCH (r:Run) RETURN r.id AS id, r.seq AS seq").data()}


def test_two_counters_become_one_and_runs_that_shared_a_number_do_not(session: neo4j.Session) -> None:
    put_back(
        session,
        "CREATE (:Counter {name: 'runs', count: 2}), (:Counter {name: 'runs', count: 3})",
        "UNWIND [['a', 1], ['b', 1], ['c', 2], ['d', 2], ['e', 3], ['f', 2]] AS one CREATE (:Run {id: one[0], seq: one[1]})",
    )
    store = Neo4jStore(address())
    assert runs(session) == {"a": 1, "c": 2, "e": 3, "b": 4, "d": 5, "f": 6}
    assert counters(session) == [("judge", None), ("runs", 6)]
    store.open_stream(CAMERAS[0])
    store.settle(quiet(CAMERAS[0], 0, "next"))
    store.close()
    assert runs(session)["next"] == 7


def test_one_counter_counts_on(session: neo4j.Session) -> None:
    put_back(session, "CREATE (:Counter {name: 'runs', count: 9})", "CREATE (:Run {id: 'a', seq: 4})")
    Neo4jStore(address()).close()
    assert runs(session) == {"a": 4}
    assert counters(session) == [("judge", None), ("runs", 9)]


def test_a_memory_without_runs_has_its_counters_at_once(session: neo4j.Session) -> None:
    put_back(session)
    Neo4jStore(address()).close()
    assert counters(session) == [("judge", None), ("runs", 0)]


def test_a_counter_cannot_be_made_twice(session: neo4j.Session) -> None:
    assert schema.STEPS[BEFORE:]
    session.run("MERGE (:Counter {name: 'runs'})").consume()
    with pytest.raises(neo4j.exceptions.ConstraintError):
        session.run("CREATE (:Counter {name: 'runs'})").consume()
