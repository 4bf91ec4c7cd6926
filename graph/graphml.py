"""GraphML export (graphml.graphdrawing.org), as Gephi, yEd and NetworkX read it."""

import re
from typing import BinaryIO

import networkx as nx

from graph.algorithms import to_networkx
from vidette.queries import Edge, Node, Subgraph

# What XML 1.0 (§2.2) cannot hold, not even escaped: captions may, an export must not.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Properties = dict[str, str | int | float | bool]


def write_graphml(graph: Subgraph, out: BinaryIO) -> None:
    """Write a subgraph as GraphML, UTF-8. Characters that XML cannot hold become U+FFFD."""
    clean = Subgraph(
        nodes=tuple(Node(node.label, _text(node.id), _clean(node.properties)) for node in graph.nodes),
        edges=tuple(
            Edge(edge.type, _text(edge.source), _text(edge.target), _clean(edge.properties)) for edge in graph.edges
        ),
    )
    nx.write_graphml(to_networkx(clean), out)


def _clean(properties: Properties) -> Properties:
    return {key: _text(value) if isinstance(value, str) else value for key, value in properties.items()}


def _text(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
