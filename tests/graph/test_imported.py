import io
from dataclasses import dataclass
from datetime import UTC, datetime

import networkx as nx

from graph.embedded import EmbeddedStore
from graph.graphml import write_graphml
from graph.imported import observation_of
from vidette import ids
from vidette.models import DeepState, EventType, FastState, Label
from vidette.queries import CoverageIn, Events, Filter, Streams, WholeGraph
from vidette.streams import Stream

TAPE = Stream(
    id=ids.stream_id("tape"),
    name="tape",
    kind="import",
    uri="captions.json",
    start=datetime(2026, 1, 1, tzinfo=UTC),
    duration_s=20.0,
)


@dataclass(frozen=True)
class Said:
    start_s: float
    end_s: float
    text: str
    type: EventType | None = None
    label: Label | None = None


ROWS = [
    Said(1, 5, "A man puts a bag down", EventType.OBJECT_LEFT, Label.BAG),
    Said(4, 9, "He walks off"),
    Said(4, 9, "A dog barks"),
    Said(15, 15, "A flash"),
]


def test_every_caption_is_found_again() -> None:
    store = EmbeddedStore(":memory:")
    store.open_stream(TAPE)
    assert store.settle(observation_of(TAPE, ROWS, revision="abc"))
    assert not store.settle(observation_of(TAPE, ROWS, revision="abc"))
    events = store.read(Events())
    assert sorted(event.caption for event in events) == sorted(row.text for row in ROWS)
    (left,) = store.read(Events(where=Filter(types=(EventType.OBJECT_LEFT,), labels=(Label.BAG,))))
    assert (left.start_s, left.end_s, left.runs[0].model, left.runs[0].revision) == (1.0, 5.0, "import", "abc")
    assert [event.caption for event in store.read(Events(where=Filter(text="barking dogs")))] == ["A dog barks"]
    assert store.read(Streams())[0].state == "imported"
    store.close()


def test_coverage_says_what_was_told_and_that_nothing_watched() -> None:
    store = EmbeddedStore(":memory:")
    store.open_stream(TAPE)
    store.settle(observation_of(TAPE, ROWS, revision="abc"))
    rows = store.read(CoverageIn())
    assert {row.state for row in rows} == {FastState.NOT_RUNNING}
    told = [(row.start_s, row.end_s) for row in rows if row.deep is DeepState.EXAMINED]
    assert told == [(1, 9)]
    assert [(row.start_s, row.end_s) for row in rows if row.deep is DeepState.OFF] == [(0, 1), (9, 20)]
    assert store.read(Streams())[0].watched_s == 0
    store.close()


def test_ids_are_of_the_content() -> None:
    assert observation_of(TAPE, ROWS, revision="abc") == observation_of(TAPE, ROWS, revision="abc")
    other = observation_of(TAPE, ROWS, revision="def")
    assert not {said.id for said in other.assertions} & {
        said.id for said in observation_of(TAPE, ROWS, revision="abc").assertions
    }


def test_the_graph_of_an_import_opens_elsewhere() -> None:
    store, out = EmbeddedStore(":memory:"), io.BytesIO()
    store.open_stream(TAPE)
    store.settle(observation_of(TAPE, ROWS, revision="abc"))
    graph = store.read(WholeGraph())
    store.close()
    write_graphml(graph, out)
    made = nx.read_graphml(io.BytesIO(out.getvalue()))
    assert made.number_of_nodes() == len(graph.nodes)
    assert {data["node"] for _, data in made.nodes(data=True)} == {"Stream", "Event", "Entity", "Assertion", "Run"}
