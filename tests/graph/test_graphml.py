import io

import networkx as nx
from hypothesis import given
from hypothesis import strategies as st

from graph.graphml import write_graphml
from vidette.queries import Edge, Node, Subgraph


def opened(graph: Subgraph) -> "nx.MultiDiGraph[str]":
    out = io.BytesIO()
    write_graphml(graph, out)
    return nx.read_graphml(io.BytesIO(out.getvalue()), force_multigraph=True)


def test_another_program_reads_it_back() -> None:
    track = Node("Track", "t", {"label": "person", "confidence": 0.5, "start": 1_767_225_600_000})
    event = Node("Event", "e", {"caption": 'a <b>man</b> & "dog" ]]> café'})
    roles = [Edge("TAKES_PART", "t", "e", {"role": role}) for role in ("subject", "bringer")]
    made = opened(Subgraph(nodes=(track, event), edges=tuple(roles)))
    assert made.nodes["t"] == {"node": "Track", "label": "person", "confidence": 0.5, "start": 1_767_225_600_000}
    assert made.nodes["e"]["caption"] == event.properties["caption"]
    assert sorted(data["role"] for _, _, data in made.edges(data=True)) == ["bringer", "subject"]


@given(st.text())
def test_any_caption_makes_a_file_that_opens(caption: str) -> None:
    made = opened(Subgraph(nodes=(Node("Event", "e", {"caption": caption}),), edges=()))
    assert list(made.nodes) == ["e"]
