"""No statement that memory sends goes through all nodes or relations of a kind of which there may be many.

Statements are recorded as they go to the server, while everything that memory does is done; then the server plans each,
on an empty memory, whose plans may be kept, and on one that is used.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import neo4j
import pytest

from benchmarks.memory import fill as fill_made
from graph import neo4j as served
from graph.cypher.driver import KEPT
from graph.dump.carrying import migrate
from graph.dump.embedded import EmbeddedMemory
from graph.dump.neo4j import Neo4jMemory
from graph.embedded import EmbeddedStore
from tests.contracts.test_graph_store_same import questions, rows_of
from tests.filling import fill
from tests.graph_stores import address, fresh
from tests.random_memory import LATER, story, tell
from vidette import handling, remembering
from vidette.alerts import DeliveryFilter

EVENTS = 2_000
SCANS = {
    "AllNodesScan",
    "NodeByLabelScan",
    "DirectedAllRelationshipsScan",
    "UndirectedAllRelationshipsScan",
    "DirectedRelationshipTypeScan",
    "UndirectedRelationshipTypeScan",
}
FEW = {
    "Vidette": "one",
    "Counter": "one",
    "Run": "one a configuration of a model",
    "Site": "one a site",
    "Stream": "one a camera or file",
    "Sink": "one a sink that failed or was locked",
    "Rule": "one a rule",
    "Pattern": "one a rule over time",
    "Silence": "people make them",
    "Feedback": "people give it",
    "Zone": "a few a camera",
    "Shape": "some dozens a camera: what its events are",
}
"""Labels of which there are few, and why."""
ALL = {
    "MATCH (a:Alert) RETURN a.severity": "all alerts are counted",
    "MATCH (a:Alert) UNWIND a.": "all alerts are asked about: what they hold, how good rules are",
    "MATCH (d:Delivery) RETURN d.sink": "all deliveries are counted",
    "RETURN count(r) AS count": "counted once a move",
    "RETURN count(n) AS count": "counted once a move",
    "RETURN coalesce(sum((points": "counted once a move",
    "(l:Look": "costs and answers of all time are summed",
    "UNION ALL MATCH": "of alerts the made memory has none, which is as good as an index",
    ":Embedding {key": "of embeddings the made memory has none",
    "count(t) AS tracks WHERE tracks > 1": "all tracks are asked about",
    "n.kind IN $kinds": "kinds have no index",
    "RETURN n{.*} AS n ORDER BY n.stream_id, n.id": "things of all streams have no index in this order",
}
"""Parts of statements that go through all there is, and why."""
Plan = dict[str, Any]
_GATHERED = re.compile(r"(collect|count|sum|min|max)\(")
"""What an aggregation by nothing begins with; else its keys come first."""


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Every statement, with parameters that it came with."""
    out: dict[str, Any] = {}
    run = neo4j.ManagedTransaction.run

    def recorded(self: Any, query: str, parameters: Any = None, **more: Any) -> Any:
        out.setdefault(query, parameters)
        return run(self, query, parameters, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(neo4j.ManagedTransaction, "run", recorded)
        _everything(tmp_path_factory.mktemp("memory"))
    return out


def _everything(folder: Path) -> None:
    told, plain, store = story(1, 2), EmbeddedStore(folder / "memory.db"), fresh()
    for one in (plain, store):
        tell(one, told)
        fill(one)
    asked = list(questions(Random(1), told, plain))
    asked += [handling.StormOf(sink="desk", start=LATER), remembering.LeafMatches(rule="then", version="1", since=0)]
    asked += [
        remembering.SaidOfRule(rule="then", version="1", since=0),
        remembering.SaidOfRule(rule="then", version="1"),
    ]
    for query in asked:
        rows_of(store, query)
    assert {type(query) for query in asked} == served._READERS.keys()
    for stream in told.streams:
        store.open_stream(replace(stream, start=stream.start + timedelta(seconds=7)), again=True)
        store.take(stream.id)
    store.next_due(("desk", "ops"))
    store.replay(DeliveryFilter(sinks=("desk",)), LATER)
    store.disable("desk", "https://desk.example", LATER, "it said 410")
    store.enable("desk")
    store.close()
    plain.close()
    _moved(folder / "memory.db")


def _moved(file: Path) -> None:
    fresh().close()
    memory = Neo4jMemory(address())
    migrate(EmbeddedMemory(file), memory)
    memory.close()


@pytest.fixture(params=["empty", "used"])
def planning(request: pytest.FixtureRequest, said: Plan, tmp_path: Path) -> Iterator[tuple[neo4j.Session, bool]]:
    """A session on a memory of that kind, and whether only plans that are kept matter; its statistics are those of now."""
    fresh().close()
    if request.param == "used":
        fill_made(tmp_path / "made.db", EVENTS)
        _moved(tmp_path / "made.db")
    with neo4j.GraphDatabase.driver(address(), notifications_min_severity="OFF") as driver, driver.session() as session:
        session.run("CALL db.resampleOutdatedIndexes()").consume()
        session.run("CALL db.clearQueryCaches()").consume()
        yield session, request.param == "empty"


def test_no_statement_goes_through_all_there_is(planning, said):
    session, kept = planning
    planned = {text: values for text, values in said.items() if text.startswith(KEPT) or not kept}
    assert len(planned) > 20
    faults = {
        f"{fault}: {text[:300]}"
        for text, values in planned.items()
        if not any(part in text for part in ALL)
        for fault in _faults(_plan(session, text, values))
    }
    assert not faults, "\n".join(sorted(faults))


def _plan(session: neo4j.Session, text: str, values: Any) -> Plan:
    summary = session.run(f"EXPLAIN {text}", values).consume()
    assert summary.plan is not None
    return summary.plan


def _faults(plan: Plan) -> Iterator[str]:
    for part in _parts(plan):
        kind, details = part["operatorType"].split("@")[0], part["args"].get("Details", "")
        if kind in SCANS and details.rpartition(":")[2] not in FEW:
            yield f"{kind} {details}"
        if kind == "CartesianProduct" and not any(_is_one(side) for side in part["children"]):
            yield f"{kind} of {[_leaves(side) for side in part['children']]}"


def _is_one(side: Plan) -> bool:
    """Whether a side of a product is one row: nodes by what is unique, each by one value."""
    return all(
        kind.startswith("Argument") or ("Unique" in kind and " IN " not in details) for kind, details in _leaves(side)
    )


def _leaves(plan: Plan) -> list[tuple[str, str]]:
    """Where the rows of a plan come from; what is all gathered in one row comes from there."""
    kind, details = plan["operatorType"].split("@")[0], plan["args"].get("Details", "")
    if kind == "EagerAggregation" and _GATHERED.match(details):
        return [("Argument", "")]
    return [leaf for child in plan.get("children", ()) for leaf in _leaves(child)] or [(kind, details)]


def _parts(plan: Plan) -> Iterator[Plan]:
    yield plan
    for child in plan.get("children", ()):
        yield from _parts(child)
