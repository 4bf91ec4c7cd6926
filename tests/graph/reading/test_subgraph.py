"""Neighbours are found by index: no plan walks a whole table of rows that grow with time."""

import sqlite3
from collections.abc import Iterator

import pytest

from graph import schema
from graph.reading import subgraph

GROWING = ("events e", "assertions a", "says s", "takes_part t", "shown_in p", "tracks t", "segments s", "segments a")
GROWING += ("keyframes k", "identities i", "segment_tracks s", "names m", "names n", "segments b", "entities")
GROWING += ("events", "assertions", "tracks", "segments", "keyframes", "names")


@pytest.fixture(scope="module")
def empty() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    schema.migrate(connection)
    yield connection
    connection.close()


def scans(connection: sqlite3.Connection, sql: str) -> list[str]:
    """Steps of the plan that walk a table which grows."""
    plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", ("[]",))]
    names = [step.removeprefix("SCAN ").split(" USING ")[0] for step in plan if step.startswith("SCAN ")]
    return [name for name in names if name in GROWING or name in {one.split(" ")[-1] for one in GROWING}]


ENDS = [(relation, end) for relation in subgraph._EDGES for end in ("source", "target")]
ENDS = [one for one in ENDS if one[0][1:] != ("BY", "Run") or one[1] == "source"]  # of a run's rows any will do


@pytest.mark.parametrize(("relation", "end"), ENDS)
def test_relations(empty: sqlite3.Connection, relation: tuple[str, str, str], end: str) -> None:
    sql = subgraph._EDGES[relation].replace("$attempt", subgraph._ATTEMPT)
    assert scans(empty, f"SELECT * FROM ({sql}) WHERE {end} {subgraph._LISTED}") == []


@pytest.mark.parametrize(("label", "sql"), subgraph._BELONGING)
def test_what_belongs(empty: sqlite3.Connection, label: str, sql: str) -> None:
    asked = sql.replace("$listed", subgraph._LISTED).replace("$numbered", subgraph._NUMBERED)
    assert scans(empty, asked.replace("$attempt", subgraph._ATTEMPT)) == [], label


@pytest.mark.parametrize("label", subgraph._BY_NUMBER)
def test_nodes(empty: sqlite3.Connection, label: str) -> None:
    sql = subgraph._NODES[label].replace("$times", subgraph._TIMED)
    joint = " AND " if " WHERE " in sql else " WHERE "
    assert scans(empty, f"{sql}{joint}seq {subgraph._NUMBERED}") == []


def test_a_walk_is_noticed(empty: sqlite3.Connection) -> None:
    assert scans(empty, f"SELECT id FROM segments s WHERE id {subgraph._LISTED}") == ["s"]
