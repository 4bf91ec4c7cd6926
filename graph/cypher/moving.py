"""How far a move into a Neo4j database is: on the node of the schema's version (graph.moving)."""

import json
from collections.abc import Mapping

from graph.cypher.driver import Transaction, do, one

_NODE = "MATCH (v:Vidette)"


def moved(transaction: Transaction) -> tuple[str, dict[str, int]] | None:
    """From where it is moved into, and how many records of each kind are here; None: it is not."""
    found = one(transaction, f"{_NODE} WHERE v.moving IS NOT NULL RETURN v.moving AS source, v.moved_json AS counts")
    return None if found is None else (found["source"], json.loads(found["counts"]))


def note(transaction: Transaction, source: str, counts: Mapping[str, int]) -> None:
    """It is moved into from there, and so many of each kind are here."""
    said = json.dumps(dict(counts))
    do(transaction, f"{_NODE} SET v.moving = $source, v.moved_json = $counts", source=source, counts=said)


def end(transaction: Transaction) -> None:
    """All of it is here."""
    do(transaction, f"{_NODE} REMOVE v.moving, v.moved_json")
