"""Graph algorithms over what a query loaded: NetworkX (Hagberg, Schult, Swart 2008) does the work."""

import networkx as nx

from vidette.queries import Edge, Subgraph

SAME = 0.8
"""Two entities joined by `MAYBE_SAME` at least so sure are counted as one."""


def to_networkx(graph: Subgraph) -> "nx.MultiDiGraph[str]":
    """A directed multigraph with the properties of nodes and edges.

    `node` is a node's label in the graph (`Track`; its `label` says what the thing is), `relation` an edge's type.
    """
    out: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    for node in graph.nodes:
        out.add_node(node.id, **{**node.properties, "node": node.label})
    for edge in graph.edges:
        out.add_edge(edge.source, edge.target, key=_key(edge), **{**edge.properties, "relation": edge.type})
    return out


def _key(edge: Edge) -> str:
    """Two roles of one track in one event are two relations."""
    role = edge.properties.get("role")
    return f"{edge.type}:{role}" if role else edge.type


def shortest_path(graph: Subgraph, source: str, target: str) -> tuple[str, ...]:
    """Ids from one node to another by the fewest relations, their direction ignored; empty where none leads."""
    plain = _undirected(graph)
    if source not in plain or target not in plain or not nx.has_path(plain, source, target):
        return ()
    return tuple(nx.shortest_path(plain, source, target))


def components(graph: Subgraph, sure: float = SAME) -> list[frozenset[str]]:
    """Entities that are one thing as far as `MAYBE_SAME` of at least `sure` says, largest first."""
    same: nx.Graph[str] = nx.Graph()
    same.add_nodes_from(node.id for node in graph.nodes if node.label == "Entity")
    same.add_edges_from((edge.source, edge.target) for edge in graph.edges if _same(edge, sure))
    found = [frozenset(part) for part in nx.connected_components(same)]
    return sorted(found, key=lambda part: (-len(part), min(part)))


def _same(edge: Edge, sure: float) -> bool:
    return edge.type == "MAYBE_SAME" and float(edge.properties.get("confidence", 0)) >= sure


def _undirected(graph: Subgraph) -> "nx.Graph[str]":
    plain: nx.Graph[str] = nx.Graph()
    plain.add_nodes_from(sorted(node.id for node in graph.nodes))
    # In order of ids, so that of equally short paths the same one is found each time.
    plain.add_edges_from(sorted((edge.source, edge.target) for edge in graph.edges))
    return plain
