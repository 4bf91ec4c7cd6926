"""All that a memory says of what was watched, comparable: equal for equal graphs, ledgers and alerts."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from vidette.alerting import Alerts, Deliveries
from vidette.alerts import Delivery
from vidette.ports import GraphStore
from vidette.queries import (
    AssertionsOf,
    CoverageIn,
    Entities,
    Events,
    Filter,
    Node,
    Segments,
    Streams,
    Tracks,
    WholeGraph,
)
from vidette.rows import StreamRow

ALL = 100_000
_WALL_CLOCK = {"raised_at", "next_at", "late_s", "tries"}


def remembered(store: GraphStore) -> dict[str, list[Any]]:
    """Everything but what the wall clock said, and how often a message was tried to be sent."""
    read = store.read
    events = read(Events(where=Filter(retracted=True), limit=ALL))
    graph = read(WholeGraph(limit=ALL))
    tries = {one.id for one in graph.nodes if one.label == "Attempt"}
    return {
        "streams": [_stream(row) for row in read(Streams())],
        "events": events,
        "says": [sorted(said.id for said in read(AssertionsOf(event_id=event.id))) for event in events],
        "tracks": read(Tracks(limit=ALL)),
        "entities": sorted(read(Entities(limit=ALL)), key=lambda row: row.id),
        "segments": read(Segments(limit=ALL)),
        "coverage": read(CoverageIn()),
        "nodes": sorted(
            (_node(one) for one in graph.nodes if one.id not in tries), key=lambda node: (node.label, node.id)
        ),
        "edges": sorted(
            (one for one in graph.edges if one.source not in tries),
            key=lambda edge: (edge.type, edge.source, edge.target, str(edge.properties)),
        ),
        "alerts": sorted(
            (replace(one, raised_at=one.at, late_s=None) for one in read(Alerts(limit=ALL))), key=lambda one: one.id
        ),
        "deliveries": sorted(map(_delivery, read(Deliveries(limit=ALL)))),
    }


def differences(found: dict[str, list[Any]], wanted: dict[str, list[Any]]) -> str:
    """What one has that the other lacks, kind by kind, for a failure that can be read."""
    lines = []
    for kind, rows in wanted.items():
        extra, missing = _without(found[kind], rows), _without(rows, found[kind])
        lines += [f"{kind} too much: {one}"[:600] for one in extra[:3]]
        lines += [f"{kind} missing: {one}"[:600] for one in missing[:3]]
    return "\n".join(lines) or ("" if found == wanted else "the same in another order")


def _without(these: Iterable[Any], those: Iterable[Any]) -> list[Any]:
    known = list(those)
    return [one for one in these if one not in known]


def _stream(row: StreamRow) -> tuple[Any, ...]:
    return row.id, row.name, row.watched_s, row.events, row.tracks, row.state


def _node(node: Node) -> Node:
    return replace(node, properties={key: said for key, said in node.properties.items() if key not in _WALL_CLOCK})


def _delivery(one: Delivery) -> tuple[str, ...]:
    return one.id, one.sink, str(one.status), str(one.message.change), one.message.text
