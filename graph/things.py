"""Writing tracks, entities and segments of one observation."""

import json

from graph.rows import Connection, Value, dump, insert, kind, times, upsert
from graph.scene import Scene
from vidette import ids
from vidette.models import Attributes, Entity, Keyframe, Label, Segment, Track


def write_tracks(scene: Scene) -> None:
    """Keep the tracks: the newest word wins; the path before a new path's first point is kept."""
    for track in scene.observation.tracks:
        _write_track(scene, track)
        _write_identity(scene, track)


def _write_track(scene: Scene, track: Track) -> None:
    known = scene.connection.execute("SELECT present FROM tracks WHERE id = ?", (track.id,)).fetchone()
    row: dict[str, Value] = {
        "id": track.id,
        "stream_id": track.stream_id,
        "run_id": scene.observation.run.id,
        "label": track.label,
        **times(scene.origin_ms, track.start_s, track.end_s),
        "confidence": track.confidence,
        "attributes_json": dump(track.attributes),
        "kind": kind(track.attributes),
        "present": 1,
    }
    upsert(scene.connection, "tracks", "id", row)
    renewed = known is not None and not known["present"]
    keep_before = track.path[0].pts_s if track.path else float("inf")
    scene.connection.execute(
        "DELETE FROM path WHERE track_id = ? AND pts >= ?", (track.id, float("-inf") if renewed else keep_before)
    )
    scene.connection.executemany(
        "INSERT OR REPLACE INTO path VALUES (?, ?, ?, ?, ?, ?)",
        [(track.id, point.pts_s, *point.box) for point in track.path],
    )


def _write_identity(scene: Scene, track: Track) -> None:
    entity = Entity(
        id=track.entity_id or ids.entity_id(track.id),
        stream_id=track.stream_id,
        label=track.label,
        attributes=track.attributes,
    )
    _describe(scene, entity, scene.observation.start_s, f"track {track.id}")
    identity: dict[str, Value] = {
        "track_id": track.id,
        "entity_id": entity.id,
        "confidence": 1.0,
        "method": "track",
        "run_id": scene.observation.run.id,
    }
    insert(scene.connection, "identities", identity, conflict="(track_id) DO NOTHING")


def write_entities(scene: Scene) -> None:
    """Keep what was said of entities; what an entity is, is the latest such word (deep over fast)."""
    for entity in scene.observation.entities:
        _describe(scene, entity, scene.observation.start_s, scene.observation.id)


def _describe(scene: Scene, entity: Entity, at_s: float, source: str) -> None:
    plain: dict[str, Value] = {
        "label": entity.label,
        "name": entity.name,
        "description": entity.description,
        "attributes_json": dump(entity.attributes),
    }
    base: dict[str, Value] = {"id": entity.id, "stream_id": entity.stream_id, **plain, "kind": None, "present": 1}
    insert(scene.connection, "entities", base, conflict="(id) DO UPDATE SET present = 1")
    said: dict[str, Value] = {
        "entity_id": entity.id,
        "observation_id": source,
        "look": scene.observation.look,
        "run_seq": scene.run_seq,
        "at_pts": at_s,
        **plain,
    }
    insert(
        scene.connection,
        "descriptions",
        said,
        conflict="(entity_id, observation_id) DO UPDATE SET label = excluded.label, name = excluded.name,"
        " description = excluded.description, attributes_json = excluded.attributes_json,"
        " at_pts = excluded.at_pts, run_seq = excluded.run_seq",
    )
    if _refresh_entity(scene.connection, entity.id):
        scene.changed.update(_events_of(scene.connection, entity.id))


def _events_of(connection: Connection, entity_id: str) -> list[str]:
    """Events in which an entity takes part, by itself or as a track."""
    found = connection.execute(
        "SELECT says.event_id FROM takes_part t JOIN says ON says.assertion_id = t.assertion_id"
        " WHERE t.entity_id = ?1 UNION SELECT says.event_id FROM identities i"
        " JOIN takes_part t ON t.track_id = i.track_id JOIN says ON says.assertion_id = t.assertion_id"
        " WHERE i.entity_id = ?1",
        (entity_id,),
    )
    return [row[0] for row in found]


def _refresh_entity(connection: Connection, entity_id: str) -> bool:
    """Set an entity to what is said of it: a function of the set of descriptions, whatever their order.

    -> whether it is now known as something else.
    """
    known = connection.execute("SELECT label, kind FROM entities WHERE id = ?", (entity_id,)).fetchone()
    said = connection.execute(
        "SELECT * FROM descriptions WHERE entity_id = ? ORDER BY look = 'deep', run_seq, at_pts, observation_id",
        (entity_id,),
    ).fetchall()
    label, name, description = Label.OBJECT, "", ""
    attributes: Attributes = {}
    for row in said:
        label = Label(row["label"]) if row["label"] != Label.OBJECT else label
        name, description = row["name"] or name, row["description"] or description
        attributes.update(json.loads(row["attributes_json"]))
    connection.execute(
        "UPDATE entities SET label = ?, name = ?, description = ?, attributes_json = ?, kind = ? WHERE id = ?",
        (label, name, description, dump(attributes), kind(attributes), entity_id),
    )
    return (known["label"], known["kind"]) != (label, kind(attributes))


def write_segments(scene: Scene) -> None:
    """Keep segments, their keyframes and tracks; the caption is the newest run's (deep over fast)."""
    for segment in scene.observation.segments:
        _write_segment(scene, segment)
        for frame in segment.keyframes:
            _write_keyframe(scene, segment, frame)
        scene.connection.executemany(
            "INSERT OR IGNORE INTO segment_tracks VALUES (?, ?)", [(segment.id, track) for track in segment.track_ids]
        )
        _refresh_segment(scene.connection, segment.id)


def _write_segment(scene: Scene, segment: Segment) -> None:
    row: dict[str, Value] = {
        "id": segment.id,
        "stream_id": segment.stream_id,
        **times(scene.origin_ms, segment.start_s, segment.end_s),
        "caption": "",
        "words": "",
        "present": 1,
    }
    # Where a segment lies is the fast look's to say; a deep look brings its words.
    moved = ', "end" = excluded."end", end_pts = excluded.end_pts, size = excluded.size'
    fast = scene.observation.look == "fast"
    insert(scene.connection, "segments", row, conflict="(id) DO UPDATE SET present = 1" + (moved if fast else ""))
    if segment.caption:
        said: dict[str, Value] = {
            "segment_id": segment.id,
            "run_seq": scene.run_seq,
            "look": scene.observation.look,
            "caption": segment.caption,
        }
        insert(
            scene.connection,
            "segment_captions",
            said,
            conflict="(segment_id, run_seq) DO UPDATE SET caption = excluded.caption",
        )


def _write_keyframe(scene: Scene, segment: Segment, frame: Keyframe) -> None:
    row: dict[str, Value] = {
        "id": frame.id,
        "segment_id": segment.id,
        "at": scene.origin_ms + ids.milliseconds(frame.pts_s),
        "pts": frame.pts_s,
        "sha256": frame.sha256,
        "uri": frame.uri,
        "text": frame.text,
    }
    upsert(scene.connection, "keyframes", "id", row)


def _refresh_segment(connection: Connection, segment_id: str) -> None:
    connection.execute(
        "UPDATE segments SET caption = coalesce((SELECT caption FROM segment_captions WHERE segment_id = ?1"
        " ORDER BY look = 'deep' DESC, run_seq DESC LIMIT 1), '') WHERE id = ?1",
        (segment_id,),
    )
    connection.execute(
        "UPDATE segments SET words = caption || coalesce((SELECT char(10) || group_concat(text, char(10))"
        " FROM keyframes WHERE segment_id = ?1 AND text != ''), '') WHERE id = ?1",
        (segment_id,),
    )


def retract(connection: Connection, stream_id: str) -> None:
    """Hide what a stream's fast look saw, until it is seen again; a deep look's captions and words stay."""
    connection.execute("UPDATE tracks SET present = 0 WHERE stream_id = ?", (stream_id,))
    connection.execute("UPDATE segments SET present = 0 WHERE stream_id = ?", (stream_id,))
    connection.execute(
        "DELETE FROM descriptions WHERE look = 'fast' AND entity_id IN (SELECT id FROM entities WHERE stream_id = ?)",
        (stream_id,),
    )
    connection.execute(
        "UPDATE entities SET present = 0 WHERE stream_id = ?1"
        " AND id IN (SELECT entity_id FROM identities JOIN tracks ON tracks.id = track_id WHERE stream_id = ?1)",
        (stream_id,),
    )
    connection.execute(
        "DELETE FROM segment_captions WHERE look = 'fast'"
        " AND segment_id IN (SELECT id FROM segments WHERE stream_id = ?)",
        (stream_id,),
    )
    connection.execute(
        "DELETE FROM segment_tracks WHERE segment_id IN (SELECT id FROM segments WHERE stream_id = ?)", (stream_id,)
    )
