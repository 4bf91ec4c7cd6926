"""What filters ask of events, counted: every event has the key of its shape, and a node a shape says how many have it.

A shape is a stream, type, zone, line, labels and whether the event holds, as in the embedded store (graph.shapes). The
statements that write go in the transaction that changed the events: a stream's shapes change under its lock.
"""

from collections.abc import Iterable

from graph.cypher.driver import Row, Transaction, do
from vidette.queries import Filter

# Zones and lines may be called anything: how long each is tells where it ends.
KEY = (
    "e.type + CASE WHEN e.state = 'retracted' THEN '|-' ELSE '|+' END + reduce(all = '', label IN e.labels | all + ' ' + label)"
    " + '|' + size(e.stream_id) + '|' + size(coalesce(e.zone, '')) + '|' + e.stream_id + '|' + coalesce(e.zone, '')"
    " + '|' + coalesce(e.line, '')"
)
"""The key of the shape that an event `e` has."""
NATURE = (
    "e.stream_id AS stream_id, e.type AS type, e.zone AS zone, e.line AS line, e.labels AS labels,"
    " e.state <> 'retracted' AS live"
)
_SET = "{stream_id: stream_id, type: type, zone: zone, line: line, labels: labels, live: live}"
_RESHAPE = (
    f" WITH e, e.shape AS was, {KEY} AS now WHERE was IS NULL OR was <> now SET e.shape = now"
    f" WITH was, now, {NATURE}, count(*) AS moved"
    f" MERGE (h:Shape {{key: now}}) ON CREATE SET h += {_SET}, h.count = 0 SET h.count = h.count + moved"
    " WITH was, moved WHERE was IS NOT NULL MATCH (o:Shape {key: was}) SET o.count = o.count - moved"
)
COUNT_ALL = (
    f"MATCH (e:Event) WITH e.shape AS key, {NATURE}, count(*) AS held"
    f" MERGE (h:Shape {{key: key}}) SET h += {_SET}, h.count = held"
)
"""Counts the shapes that events have."""


def reshape(transaction: Transaction, events: Iterable[str]) -> None:
    """Set the shapes of events that changed, by their ids; call it after all else that changes them."""
    do(transaction, f"MATCH (e:Event) WHERE e.id IN $ids{_RESHAPE}", ids=sorted(events))


def reshape_stream(transaction: Transaction, stream_id: str) -> None:
    """Set the shapes of all events of a stream."""
    found = "MATCH (e:Event {stream_id: $id}) USING INDEX e:Event(stream_id, start_pts) WHERE e.start_pts > -1.0e300"
    do(transaction, found + _RESHAPE, id=stream_id)


def asked_of(asked: Filter, streams: list[str] | None) -> Row:
    """What a filter asks of shapes, as the parameter `$given`; `streams` are ids, None: of every stream."""
    given = {"types": asked.types, "zones": asked.zones, "lines": asked.lines, "labels": asked.labels}
    return {
        "streams": streams,
        "retracted": asked.retracted,
        **{name: [str(one) for one in those] for name, those in given.items()},
    }


def _natured(variable: str, live: str) -> str:
    """The conditions of every filter in one text: the server plans a text once, and would each mix of conditions."""
    listed = "".join(
        f" AND (size($given.{column}s) = 0 OR {variable}.{column} IN $given.{column}s)"
        for column in ("type", "zone", "line")
    )
    labels = f"any(label IN {variable}.labels WHERE label IN $given.labels)"
    return f"($given.retracted OR {live}){listed} AND (size($given.labels) = 0 OR {labels})"


EVENTS = _natured("e", "e.state <> 'retracted'")
"""Conditions on events `e`, but for their stream."""
_MET = f"{_natured('h', 'h.live')} AND h.count > 0"


def shapes(given: Row) -> str:
    """How the shapes `h` that a filter asks for are found."""
    if given["streams"] is None:
        return f"MATCH (h:Shape) WHERE {_MET}"
    return f"MATCH (h:Shape) USING INDEX h:Shape(stream_id) WHERE h.stream_id IN $given.streams AND {_MET}"
