"""Tracks and entities as rows."""

import json
from collections import defaultdict
from dataclasses import replace

from graph.reading import where as conditions
from graph.reading.finding import few_events, order_by
from graph.rows import Connection, Row, to_instant
from vidette.models import Label, PathPoint
from vidette.queries import Entities, Filter, Tracks
from vidette.rows import EntityRow, TrackRow


def read_tracks(connection: Connection, query: Tracks) -> list[TrackRow]:
    """Tracks that match."""
    found: list[Row] = []
    for where in _lots(query):
        found += _found(connection, replace(query, where=where, limit=max(0, query.limit - len(found))))
    paths = {} if query.brief else _paths(connection, [row["seq"] for row in found])
    return [_row(row, tuple(paths.get(row["seq"], ()))) for row in found]


def _lots(query: Tracks) -> list[Filter]:
    """A filter in one lot or two in the order of time: those that reach into its window, and those that begin inside."""
    asked = query.where
    timely = query.order in ("start", "-start") and asked.from_s is None and asked.to_s is None
    if asked.since is None or asked.starts_inside or not timely:
        return [asked]
    reaching = replace(asked, until=asked.since if asked.until is None else min(asked.since, asked.until))
    lots = [reaching, replace(asked, starts_inside=True)]
    return lots[::-1] if query.order == "-start" else lots


def _found(connection: Connection, query: Tracks) -> list[Row]:
    where, by = _placed(connection, query)
    return connection.execute(
        "".join(
            (
                "SELECT tracks.*, streams.name AS stream, entities.id AS entity_id, entities.label AS told FROM tracks"
                " JOIN streams ON streams.id = tracks.stream_id"
                " JOIN identities ON identities.track_seq = tracks.seq"
                " JOIN entities ON entities.seq = identities.entity_seq",
                where.text,
                by,
                " LIMIT ?",
            )
        ),
        (*where.values, query.limit),
    ).fetchall()


def _placed(connection: Connection, query: Tracks) -> tuple[conditions.Where, str]:
    """Conditions and order; of one stream by its media time, which an index holds in that order."""
    by, names, few = order_by("tracks", query.order), query.where.streams, few_events(connection, query.where)
    if len(names) != 1 or query.order not in ("start", "-start"):
        return conditions.tracks(query.where, few=few), by
    found = connection.execute("SELECT id FROM streams WHERE id = ?1 OR name = ?1", (names[0],)).fetchall()
    if len(found) != 1:
        return conditions.tracks(query.where, few=few), by
    bare = replace(query.where, streams=())
    where = conditions.tracks(bare, few=few).also("tracks.stream_id = ?", found[0]["id"])
    return where, by.replace("tracks.start", "tracks.start_pts")


def _row(row: Row, path: tuple[PathPoint, ...]) -> TrackRow:
    return TrackRow(
        id=row["id"],
        stream=row["stream"],
        label=Label(row["label"]),
        start=to_instant(row["start"]),
        end=None if row["end"] is None else to_instant(row["end"]),
        start_s=row["start_pts"],
        end_s=row["end_pts"],
        confidence=row["confidence"],
        path=path,
        entity=row["entity_id"],
        attributes=json.loads(row["attributes_json"]),
    )


def _paths(connection: Connection, seqs: list[int]) -> dict[int, list[PathPoint]]:
    found = connection.execute(
        "SELECT * FROM path WHERE track_seq IN (SELECT value FROM json_each(?)) ORDER BY track_seq, pts",
        (json.dumps(seqs),),
    )
    out: dict[int, list[PathPoint]] = defaultdict(list)
    for row in found:
        box = row["x1"], row["y1"], row["x2"], row["y2"]
        out[row["track_seq"]].append(PathPoint(pts_s=row["pts"], box=box))
    return out


def entities_where(asked: Filter) -> conditions.Where:
    """Conditions on `entities`: one of its tracks matches, or an event that it takes part in."""
    where = conditions.Where()
    where.add("entities.present")
    conditions.streams(where, "entities", asked)
    if asked.labels and not asked.streams:
        where.add("entities.stream_id IN (SELECT id FROM streams)")  # the index is by stream and label
    where.among("entities.label", asked.labels)
    where.among("entities.kind", asked.kinds)
    where.named("entities.seq", asked.ids)
    theirs = replace(asked, labels=(), kinds=(), ids=())
    if theirs in (Filter(), Filter(streams=asked.streams), Filter(streams=asked.streams, retracted=True)):
        return where
    tracks, events = conditions.tracks(theirs), conditions.events(theirs)
    where.add(
        "".join(
            (
                "entities.seq IN (SELECT i.entity_seq FROM tracks JOIN identities i ON i.track_seq = tracks.seq",
                tracks.text,
                " UNION SELECT coalesce(t.entity_seq, i.entity_seq) FROM events JOIN says ON says.event_seq = events.seq"
                " JOIN takes_part t ON t.assertion_seq = says.assertion_seq"
                " LEFT JOIN identities i ON i.track_seq = t.track_seq",
                events.text,
                ")",
            )
        ),
        *tracks.values,
        *events.values,
    )
    return where


def read_entities(connection: Connection, query: Entities) -> list[EntityRow]:
    """Entities that match, by stream and id."""
    where = entities_where(query.where)
    found = connection.execute(
        "".join(("SELECT * FROM entities", where.text, " ORDER BY stream_id, id LIMIT ?")),
        (*where.values, query.limit),
    )
    return [EntityRow(id=row["id"], label=Label(row["label"]), role="", attributes=_attributes(row)) for row in found]


def _attributes(row: Row) -> dict[str, object]:
    own: dict[str, object] = json.loads(row["attributes_json"])
    named = {"name": row["name"], "description": row["description"]}
    return {**own, **{key: value for key, value in named.items() if value}}
