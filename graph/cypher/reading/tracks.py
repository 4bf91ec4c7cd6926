"""Tracks and entities as rows."""

import json
from collections import defaultdict

from graph.cypher import where as conditions
from graph.cypher.driver import Row, Transaction, rows
from graph.cypher.reading.passing import first
from graph.cypher.things import points_of
from graph.rows import to_instant
from vidette.models import Label, PathPoint
from vidette.queries import Entities, Tracks
from vidette.rows import EntityRow, TrackRow

_TOLD = (
    "UNWIND range(0, size($ids) - 1) AS place MATCH (t:Track {id: $ids[place]})-[:IS]->(n:Entity)"
    " MATCH (s:Stream {id: t.stream_id}) RETURN t{.*} AS t, n.id AS entity, s.name AS stream ORDER BY place"
)


def read_tracks(transaction: Transaction, query: Tracks) -> list[TrackRow]:
    """Tracks that match."""
    ids = first(transaction, query)
    paths = {} if query.brief else _paths(transaction, ids)
    return [_row(row, tuple(paths.get(row["t"]["id"], ()))) for row in rows(transaction, _TOLD, ids=ids)]


def _row(row: Row, path: tuple[PathPoint, ...]) -> TrackRow:
    track = row["t"]
    return TrackRow(
        id=track["id"],
        stream=row["stream"],
        label=Label(track["label"]),
        start=to_instant(track["start"]),
        end=None if track.get("end") is None else to_instant(track["end"]),
        start_s=track["start_pts"],
        end_s=track.get("end_pts"),
        confidence=track["confidence"],
        path=path,
        entity=row["entity"],
        attributes=json.loads(track["attributes_json"]),
    )


def _paths(transaction: Transaction, ids: list[str]) -> dict[str, list[PathPoint]]:
    asked = "MATCH (p:Path) WHERE p.track_id IN $ids AND p.end_pts IS NOT NULL RETURN p.track_id AS track, p.points AS points ORDER BY p.start_pts"
    out: dict[str, list[PathPoint]] = defaultdict(list)
    for row in rows(transaction, asked, ids=ids):
        out[row["track"]] += points_of(row["points"])
    return out


def read_entities(transaction: Transaction, query: Entities) -> list[EntityRow]:
    """Entities that match, by stream and id."""
    where = conditions.entities(transaction, query.where)
    found = rows(
        transaction,
        f"{where.text} RETURN n{{.*}} AS n ORDER BY n.stream_id, n.id LIMIT $limit",
        **where.values,
        limit=max(0, query.limit),
    )
    return [_entity(row["n"]) for row in found]


def _entity(node: Row) -> EntityRow:
    own = json.loads(node["attributes_json"])
    named = {"name": node["name"], "description": node["description"]}
    attributes = {**own, **{key: value for key, value in named.items() if value}}
    return EntityRow(id=node["id"], label=Label(node["label"]), role="", attributes=attributes)
