import networkx as nx

from graph.algorithms import components, shortest_path, to_networkx
from vidette.queries import Edge, Node, Subgraph


def graph(edges: list[Edge], labels: dict[str, str]) -> Subgraph:
    return Subgraph(nodes=tuple(Node(label, id_) for id_, label in labels.items()), edges=tuple(edges))


SCENE = graph(
    [
        Edge("TAKES_PART", "bag", "left", {"role": "subject"}),
        Edge("TAKES_PART", "man", "left", {"role": "bringer"}),
        Edge("TAKES_PART", "man", "left", {"role": "owner"}),
        Edge("TAKES_PART", "man", "exit", {"role": "subject"}),
        Edge("TAKES_PART", "bus", "passes", {"role": "subject"}),
    ],
    {"bag": "Entity", "man": "Entity", "bus": "Entity", "left": "Event", "exit": "Event", "passes": "Event"},
)


def test_a_path_ignores_direction() -> None:
    assert shortest_path(SCENE, "bag", "exit") == ("bag", "left", "man", "exit")
    assert shortest_path(SCENE, "bag", "bag") == ("bag",)


def test_no_path_is_empty() -> None:
    assert shortest_path(SCENE, "bag", "bus") == ()
    assert shortest_path(SCENE, "bag", "nobody") == ()


def test_of_equal_paths_the_same_is_found_each_time() -> None:
    ring = [Edge("E", "a", "c"), Edge("E", "a", "b"), Edge("E", "c", "d"), Edge("E", "b", "d")]
    labels = dict.fromkeys("dcba", "Event")
    found = {shortest_path(graph(edges, labels), "a", "d") for edges in (ring, ring[::-1])}
    assert len(found) == 1


def test_things_that_are_surely_the_same_are_one() -> None:
    def same(a: str, b: str, confidence: float) -> Edge:
        return Edge("MAYBE_SAME", a, b, {"confidence": confidence})

    things = graph([same("a", "b", 0.8), same("b", "c", 0.95), same("c", "d", 0.79)], dict.fromkeys("abcde", "Entity"))
    assert components(things) == [frozenset("abc"), frozenset("d"), frozenset("e")]
    assert components(things, sure=0.5) == [frozenset("abcd"), frozenset("e")]


def test_two_roles_are_two_relations() -> None:
    made = to_networkx(SCENE)
    assert isinstance(made, nx.MultiDiGraph)
    assert sorted(data["role"] for data in made["man"]["left"].values()) == ["bringer", "owner"]
    assert made.nodes["bag"]["node"] == "Entity"
