"""Deep looks support events that began long before them, in every store; finding those costs no more the longer the footage."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import neo4j
import pytest

from tests.graph_stores import STORES, address, fresh
from vidette.models import Assertion, EventType, Observation, Run, State
from vidette.ports import GraphStore
from vidette.queries import AssertionsOf, Events, Filter
from vidette.streams import Stream

FAST, DEEP = Run(id="fast", model="fast", revision="1"), Run(id="deep", model="vlm", revision="1")
YARD, GATE = (
    Stream(id=name, name=name, kind="live", uri="x", start=datetime(2026, 3, 1, tzinfo=UTC))
    for name in ("yard", "gate")
)
NOW = 100_000.0
BEGAN = {  # by what an event is: when it began, and its end
    "in it": (NOW + 1, NOW + 2),
    "shortly before": (NOW - 20, NOW + 1),
    "a minute before": (NOW - 65.535, NOW + 0.5),
    "a little more before": (NOW - 65.536, NOW + 0.5),
    "an hour before": (NOW - 3600, NOW + 1),
    "a day before": (NOW - 86_400, NOW + 1),
    "not over": (2.0, None),
    "at its start": (NOW, NOW),
}
_CHANGES = re.compile(r"\b(SET|CREATE|MERGE|DELETE)\b")


def said(id_: str, start: float, end: float | None, stream: Stream = YARD, **more: Any) -> Assertion:
    fixed: dict[str, Any] = {"id": id_, "stream_id": stream.id, "start_s": start, "end_s": end, "caption": id_}
    given: dict[str, Any] = {"type": EventType.LOITERING, "look": "fast", "run_id": "fast", "confidence": 0.5}
    return Assertion(**{**fixed, **given, **more})


def settle_fast(store: GraphStore, sequence: int, *told: Assertion, stream: Stream = YARD) -> None:
    given: dict[str, Any] = {"stream_id": stream.id, "run": FAST, "start_s": 0.0, "end_s": 1.0}
    store.settle(Observation(id=f"{stream.id}{sequence}", look="fast", sequence=sequence, assertions=told, **given))


def settle_deep(store: GraphStore, id_: str, start: float, end: float) -> None:
    one = said(id_, start, end, look="deep", run_id="deep")
    given: dict[str, Any] = {"stream_id": YARD.id, "run": DEEP, "start_s": start, "end_s": end}
    store.settle(Observation(id=f"look at {id_}", look="deep", assertions=(one,), **given))


@pytest.fixture(params=["embedded in memory", "neo4j"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[GraphStore]:
    """An empty memory with two cameras."""
    opened = STORES[request.param](tmp_path)
    for stream in (YARD, GATE):
        opened.open_stream(stream)
    yield opened
    opened.close()


@pytest.mark.parametrize("name", BEGAN)
def test_a_deep_look_supports_the_event_that_reaches_into_it(store: GraphStore, name: str) -> None:
    start, end = BEGAN[name]
    other = said("other", start, end, GATE)
    settle_fast(store, 0, said("long gone", 1, 90_000), said("gone", NOW - 30, NOW - 5), said("to come", NOW + 9, None))
    settle_fast(store, 0, other, stream=GATE)
    settle_fast(store, 1, said("it", start, end), said("another kind", start, end, type=EventType.FIRE))
    settle_deep(store, "seen", NOW, NOW + 3)
    assert {one.id for one in store.read(AssertionsOf(event_id="it"))} == {"it", "seen"}


def test_a_deep_look_supports_no_event_that_is_over_or_was_none(store: GraphStore) -> None:
    over = [said(f"over {start}", start, NOW - 1) for start in (2.0, NOW - 3600, NOW - 65, NOW - 3)]
    none = said("none", NOW - 3600, NOW + 1, state=State.RETRACTED)
    settle_fast(store, 0, *over, none)
    settle_deep(store, "seen", NOW, NOW + 3)
    (found,) = store.read(Events(where=Filter(from_s=NOW, to_s=NOW + 3)))
    assert found.id == "seen"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """Statements that ask a server, with their parameters, as they go to it."""
    out: list[tuple[str, Any]] = []
    run = neo4j.ManagedTransaction.run

    def recorded(self: Any, query: str, parameters: Any = None, **more: Any) -> Any:
        if not _CHANGES.search(query):
            out.append((query, parameters))
        return run(self, query, parameters, **more)

    monkeypatch.setattr(neo4j.ManagedTransaction, "run", recorded)
    return out


def work(asked: list[tuple[str, Any]], act: Callable[[], None]) -> int:
    """What the server touches to answer the questions that something asks."""
    asked.clear()
    act()
    with neo4j.GraphDatabase.driver(address(), notifications_min_severity="OFF") as driver, driver.session() as session:
        plans = [session.run(f"PROFILE {text}", values).consume().profile for text, values in asked]
    return sum(_touched(plan) for plan in plans if plan)


def _touched(plan: Any) -> int:
    return int(plan["dbHits"]) + sum(map(_touched, plan.get("children", ())))


def test_a_server_finds_what_a_deep_look_supports_at_no_more_work_the_longer_the_footage(
    asked: list[tuple[str, Any]],
) -> None:
    served = fresh()
    served.open_stream(YARD)
    events = [said(f"e{at}", at * 30.0, at * 30.0 + (9 if at % 10 else 100)) for at in range(1000)]
    settle_fast(served, 0, *events[:50])
    few = work(asked, lambda: settle_deep(served, "early", 40 * 30.0, 40 * 30.0 + 5))
    settle_fast(served, 1, *events[50:])
    many = work(asked, lambda: settle_deep(served, "late", 990 * 30.0, 990 * 30.0 + 5))
    assert [one.id for one in served.read(AssertionsOf(event_id="e990"))] == ["e990", "late"]
    served.close()
    assert few > 100
    assert many < 1.5 * few
