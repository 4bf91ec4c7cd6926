"""What is particular to memory on a Neo4j server: its address, its faults, its schema, and that it is the same memory."""

import importlib.util
import socket
from pathlib import Path

import neo4j
import pytest

from graph.cypher.driver import Server, address_of, joined, rows
from graph.cypher.tokens import tokens
from graph.embedded import EmbeddedStore
from graph.neo4j import Neo4jStore
from tests.contracts.test_graph_store_at_once import CAMERAS, fast_of
from tests.graph_stores import address, fresh
from vidette.alerting import Alerts, Decisions, Deliveries
from vidette.errors import ConfigError, StoreError
from vidette.models import EventType, Label
from vidette.queries import Events, Filter, Segments, Streams, Tracks

_spec = importlib.util.spec_from_file_location("rules_fixtures", Path(__file__).parents[1] / "rules" / "conftest.py")
_rules = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_rules)

HOSTILE = "x'}) DETACH DELETE n // \" OR 1=1 \\ ` $id {.*} \u2028 ☃"


def asked(statement):
    with neo4j.GraphDatabase.driver(address()) as driver, driver.session() as session:
        return session.run(statement).data()


@pytest.fixture
def store():
    opened = fresh()
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("bolt://graph.example:7687", "bolt://graph.example:7687"),
        ("neo4j+s://[2001:db8::1]:7687", "neo4j+s://[2001:db8::1]:7687"),
        ("neo4j://graph.example", "neo4j://graph.example"),
    ],
)
def test_an_address_is_told_without_more(uri, said):
    assert address_of(uri) == said


@pytest.mark.parametrize("uri", ["http://x", "bolt://", "bolt://x:y", "bolt://anna:secret@x"])
def test_what_is_no_address_is_refused_and_no_password_is_told(uri):
    with pytest.raises(ConfigError) as refused:
        address_of(uri)
    assert "secret" not in str(refused.value)


def test_a_server_that_is_not_there_is_one_line_that_names_it():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(StoreError, match=f"bolt://127.0.0.1:{port}: no Neo4j answers there") as fault:
        Neo4jStore(f"bolt://127.0.0.1:{port}")
    assert fault.value.retryable
    assert "\n" not in str(fault.value)


def test_it_is_opened_as_often_as_one_likes_and_a_newer_one_is_refused(store):
    Neo4jStore(address()).close()
    assert asked("SHOW CONSTRAINTS YIELD name RETURN count(*) AS count")[0]["count"] > 20
    asked("MATCH (v:Vidette) SET v.before = v.version, v.version = 999")
    try:
        with pytest.raises(StoreError, match="written by a newer Vidette"):
            Neo4jStore(address())
    finally:
        asked("MATCH (v:Vidette) SET v.version = v.before REMOVE v.before")


def test_words_are_cut_as_the_embedded_store_cuts_them():
    assert tokens("Two men were running; the Café's doors, EXIT_3") == "two men were run the cafe s door exit 3"
    assert tokens("?!\0") == ""


def scene(store):
    """A day at the gate under rules of one event and over time, with names that would be statements."""
    watch = _rules.Watch(
        {"id": "waits", "when": {"event": "loitering", "zone": HOSTILE, "for_s": 5}},
        {"id": "then", "when": {"in_order": [{"event": "zone_entered"}, {"event": "loitering"}], "within_s": 60}},
        {"id": "nobody", "when": {"absence": {"event": "zone_entered"}, "for_s": 100}},
        store=store,
        name=HOSTILE,
    )
    thing = watch.thing("van", Label.VEHICLE)
    watch.happens(EventType.ZONE_ENTERED, thing, 2.0, zone="gate", caption=HOSTILE)
    key = watch.opens(EventType.LOITERING, thing, 4.0, caption="a van waits", zone=HOSTILE)
    watch.commit(8.0)
    watch.ends(key, 30.0)
    watch.commit(40.0)
    watch.commit(120.0)
    watch.happens(EventType.ZONE_ENTERED, thing, 125.0, zone="gate")
    watch.commit(130.0, final=True)
    return watch


def test_a_watch_under_rules_leaves_the_same_memory(store):
    kept = []
    for one in (EmbeddedStore(":memory:"), store):
        scene(one)
        kept.append(
            [
                *(one.read(query) for query in (Events(limit=99), Tracks(), Segments(), Streams(), Alerts())),
                one.read(Decisions(rules=("waits", "then", "nobody"))),
                one.read(Deliveries()),
                [event.id for event in one.read(Events(where=Filter(text="vans waiting")))],
            ]
        )
    assert kept[0] == kept[1]
    assert {alert.rule for alert in kept[0][4]} == {"waits", "then", "nobody"}


def test_names_and_captions_are_data(store):
    scene(store)
    (stream,) = store.read(Streams())
    assert stream.name == HOSTILE
    for given in (Filter(text=HOSTILE), Filter(zones=(HOSTILE,)), Filter(streams=(HOSTILE,)), Filter(ids=(HOSTILE,))):
        store.read(Events(where=given))
    assert len(store.read(Events(where=Filter(zones=(HOSTILE,))))) == 1
    assert asked("MATCH (n:Event) RETURN count(n) AS count")[0]["count"] == 3


def test_what_takes_too_long_is_given_up_and_said_in_one_line():
    server = Server(address(), timeout_s=0.5)
    slow = "UNWIND range(1, 100000000) AS a UNWIND range(1, 100) AS b RETURN sum(a * b) AS sum"
    for act in (server.read, server.write):
        with pytest.raises(
            StoreError, match=r"more than 0.5 s were needed; ask for less, or raise neo4j.timeout_s"
        ) as fault:
            act(lambda transaction: rows(transaction, slow))
        assert "\n" not in str(fault.value)
        assert not fault.value.retryable
    assert server.read(lambda transaction: rows(transaction, "RETURN 1 AS one")) == [{"one": 1}]
    server.close()


def test_an_observation_is_a_few_statements(store, monkeypatch):
    """Each is a way to the server and back: this is what memory there costs, more than what it does."""
    asked_, send = [], neo4j.ManagedTransaction.run
    monkeypatch.setattr(
        neo4j.ManagedTransaction, "run", lambda self, *said: asked_.append(said[0]) or send(self, *said)
    )
    store.open_stream(CAMERAS[0])
    for number in range(3):
        asked_.clear()
        assert store.settle(fast_of(CAMERAS[0], number))
    assert len(asked_) == 2


def test_what_changes_goes_as_one_statement():
    text = joined(("MATCH (n {id: $id}) SET n += $row", "UNWIND $rows AS r CREATE (m) SET m = r"))
    assert text == (
        "CALL () { MATCH (n {id: $given.id_0}) SET n += $given.row_0 }\nCALL () { UNWIND $given.rows_1 AS r CREATE (m) SET m = r }"
    )
