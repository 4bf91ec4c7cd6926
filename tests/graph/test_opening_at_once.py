"""Several who make the schema of one Neo4j database at the same moment, as the parts of a cluster do when it first begins."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from graph.cypher.driver import Server
from tests.graph_stores import address

WHO, STATEMENTS = 6, 8


@pytest.fixture
def server():
    one = Server(address())
    yield one
    for number in range(STATEMENTS):
        one.run(f"DROP CONSTRAINT at_once_{number} IF EXISTS")
        one.run(f"DROP INDEX at_once_too_{number} IF EXISTS")
    one.close()


@pytest.mark.integration
def test_all_of_them_get_there(server):
    statements = [
        text
        for number in range(STATEMENTS)
        for text in (
            f"CREATE CONSTRAINT at_once_{number} IF NOT EXISTS FOR (n:AtOnce{number}) REQUIRE n.id IS UNIQUE",
            f"CREATE INDEX at_once_too_{number} IF NOT EXISTS FOR (n:AtOnce{number}) ON (n.x)",
        )
    ]

    def make(_):
        for text in statements:
            server.run(text)

    with ThreadPoolExecutor(WHO) as pool:
        assert len(list(pool.map(make, range(WHO)))) == WHO
