"""What is counted beside what it counts is what counting anew gives, after every change of any kind."""

from collections.abc import Iterator
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import neo4j
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.cypher.shapes import KEY
from graph.dump.carrying import migrate
from graph.dump.embedded import EmbeddedMemory
from graph.dump.neo4j import Neo4jMemory
from graph.embedded import EmbeddedStore
from graph.neo4j import Neo4jStore
from tests.graph_stores import address, fresh
from tests.random_memory import story, tell, tell_again

KEPT = (
    "MATCH (h:Shape) WHERE h.count <> 0 RETURN h.key AS key, h.stream_id AS stream, h.type AS type, h.zone AS zone,"
    " h.line AS line, h.labels AS labels, h.live AS live, h.count AS count ORDER BY key"
)
ANEW = (
    f"MATCH (e:Event) RETURN {KEY} AS key, e.stream_id AS stream, e.type AS type, e.zone AS zone, e.line AS line,"
    " e.labels AS labels, e.state <> 'retracted' AS live, count(*) AS count ORDER BY key"
)
OTHERS = f"MATCH (e:Event) WHERE e.shape IS NULL OR e.shape <> {KEY} RETURN e.id AS id"
STREAMS = (
    "MATCH (s:Stream) RETURN s.id AS id, coalesce(s.tracks, 0) AS tracks, coalesce(s.watched, 0) AS watched,"
    " COUNT { (t:Track {stream_id: s.id}) WHERE t.present } AS seen,"
    " reduce(ms = 0, c IN COLLECT { MATCH (c:Coverage {stream_id: s.id, look: 'fast', state: 'watched'}) RETURN c }"
    " | ms + c.end - c.start) AS covered"
)


@pytest.fixture(scope="module")
def session() -> Iterator[neo4j.Session]:
    fresh().close()
    with neo4j.GraphDatabase.driver(address()) as driver, driver.session() as opened:
        yield opened


def hold(session: neo4j.Session) -> None:
    """All that is kept is what it should be."""
    assert session.run(KEPT).data() == session.run(ANEW).data()
    assert session.run(OTHERS).data() == []
    for row in session.run(STREAMS).data():
        assert (row["tracks"], row["watched"]) == (row["seen"], row["covered"]), row["id"]


@settings(max_examples=6)
@given(seed=st.integers(0, 2**32), size=st.integers(1, 4))
def test_counts_hold_after_everything_that_is_settled_and_watched_again(session, seed, size):
    store = fresh()
    tell_again(store, story(seed, size), Random(seed), lambda: hold(session))
    store.close()


@settings(max_examples=2)
@given(seed=st.integers(0, 2**32))
def test_so_they_do_where_memory_was_moved(session, seed):
    with TemporaryDirectory() as folder:
        plain = EmbeddedStore(Path(folder) / "memory.db")
        tell(plain, story(seed, 3))
        plain.close()
        fresh().close()
        memory = Neo4jMemory(address())
        migrate(EmbeddedMemory(Path(folder) / "memory.db"), memory)
        memory.close()
        hold(session)


def test_a_memory_of_an_earlier_version_is_counted_when_it_is_opened(session):
    store = fresh()
    tell(store, story(5, 3))
    store.close()
    session.run("MATCH (h:Shape) DELETE h").consume()
    session.run("MATCH (e:Event) REMOVE e.shape").consume()
    session.run("MATCH (s:Stream) REMOVE s.tracks, s.watched").consume()
    session.run("MATCH (v:Vidette) SET v.version = 4").consume()
    Neo4jStore(address()).close()
    hold(session)
    assert session.run(KEPT).data()
