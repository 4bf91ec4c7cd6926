"""Memory on a server that dies: nothing is acknowledged meanwhile, and nothing is lost."""

import pytest

from tests.cluster.cluster import CLUSTER, check
from tests.cluster.neo4j_server import Neo4j


@pytest.fixture
def neo4j(tmp_path):
    server = Neo4j(tmp_path)
    yield server
    server.kill()


def test_killed_and_started_again_it_loses_nothing(cluster, films, undisturbed, neo4j):
    patient = {**CLUSTER, "settle_limit_s": 40}  # a server that has just begun takes its time
    place = cluster(db=neo4j.url, cluster=patient)
    place.start()
    place.watch(*films)
    place.until(lambda: place.commits() >= 6, "the first commits")
    neo4j.start()
    check(place, place.finish(len(films)), undisturbed)
