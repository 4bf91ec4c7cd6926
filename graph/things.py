"""Writing tracks, entities and segments of one observation."""

import json
from collections import Counter
from collections.abc import Iterable

from graph.rows import Connection, Value, dump, insert, insert_all, kind, many, times, upsert_all
from graph.scene import Scene
from vidette import ids
from vidette.models import Attributes, Entity, Keyframe, Label, Segment, Track

_TOLD_AGAIN = (
    "(entity_id, observation_id) DO UPDATE SET label = excluded.label, name = excluded.name,"
    " description = excluded.description, attributes_json = excluded.attributes_json,"
    " at_pts = excluded.at_pts, run_seq = excluded.run_seq"
)


def write_tracks(scene: Scene) -> None:
    """Keep the tracks: the newest word wins; the path before a new path's first point is kept."""
    tracks = scene.observation.tracks
    found = scene.connection.execute(
        "SELECT id, present FROM tracks WHERE id IN (SELECT value FROM json_each(?))", _of(tracks)
    )
    known = {row["id"]: row["present"] for row in found}
    upsert_all(scene.connection, "tracks", "id", [_track_row(scene, track) for track in tracks])
    written = "SELECT id, seq FROM tracks WHERE id IN (SELECT value FROM json_each(?))"
    seqs = {row["id"]: row["seq"] for row in scene.connection.execute(written, _of(tracks))}
    scene.connection.executemany(
        "DELETE FROM path WHERE track_seq = ? AND pts >= ?",
        [(seqs[track.id], _kept_before(track, known[track.id])) for track in tracks if track.id in known],
    )
    scene.connection.executemany(
        "INSERT OR REPLACE INTO path VALUES (?, ?, ?, ?, ?, ?)",
        [(seqs[track.id], point.pts_s, *point.box) for track in tracks for point in track.path],
    )


def _of(things: Iterable[Track | Entity]) -> tuple[str]:
    return (many(dict.fromkeys(one.id for one in things)),)


def _track_row(scene: Scene, track: Track) -> dict[str, Value]:
    return {
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


def _kept_before(track: Track, present: int) -> float:
    """Media time from which a track's path is forgotten: all of it where an earlier watch saw it."""
    if not present:
        return float("-inf")
    return track.path[0].pts_s if track.path else float("inf")


def write_entities(scene: Scene) -> None:
    """Keep what was said of entities; what one is, is the latest such word (deep over fast). A track is one."""
    tracks, observation = scene.observation.tracks, scene.observation
    said = [(_entity_of(track), f"track {track.id}") for track in tracks]
    said += [(entity, observation.id) for entity in observation.entities]
    news = _describe(scene, said) | _identify(scene)
    scene.changed.update(_events_of(scene.connection, news))


def _entity_of(track: Track) -> Entity:
    id_ = track.entity_id or ids.entity_id(track.id)
    return Entity(id=id_, stream_id=track.stream_id, label=track.label, attributes=track.attributes)


def _identify(scene: Scene) -> set[str]:
    """Keep which entity each track is, for ever; -> the entities of tracks that were not known."""
    tracks = {track.id: _entity_of(track).id for track in scene.observation.tracks}
    known = "SELECT track_id FROM identities WHERE track_id IN (SELECT value FROM json_each(?))"
    for row in scene.connection.execute(known, (many(tracks),)).fetchall():
        del tracks[row["track_id"]]
    scene.connection.executemany(
        "INSERT INTO identities VALUES (?, ?, 1.0, 'track', ?)",
        [(track, entity, scene.observation.run.id) for track, entity in tracks.items()],
    )
    return set(tracks.values())


def _describe(scene: Scene, said: list[tuple[Entity, str]]) -> set[str]:
    """Keep what is said of entities, and by what source; -> those that are now known as something else."""
    listed = _of(entity for entity, _ in said)
    found = scene.connection.execute("SELECT id FROM entities WHERE id IN (SELECT value FROM json_each(?))", listed)
    more_said = {row["id"] for row in found} | _repeated([entity.id for entity, _ in said])
    plain = [(entity, source, _plain(entity)) for entity, source in said]
    bases = [
        {"id": entity.id, "stream_id": entity.stream_id, **row, "kind": kind(entity.attributes), "present": 1}
        for entity, _, row in plain
    ]
    insert_all(scene.connection, "entities", bases, conflict="(id) DO UPDATE SET present = 1")
    told = {"look": scene.observation.look, "run_seq": scene.run_seq, "at_pts": scene.observation.start_s}
    descriptions = [{"entity_id": entity.id, "observation_id": source, **told, **row} for entity, source, row in plain]
    insert_all(scene.connection, "descriptions", descriptions, conflict=_TOLD_AGAIN)
    return {one for one in sorted(more_said) if _refresh_entity(scene.connection, one)}


def _repeated(items: list[str]) -> set[str]:
    return {one for one, count in Counter(items).items() if count > 1}


def _plain(entity: Entity) -> dict[str, Value]:
    return {
        "label": entity.label,
        "name": entity.name,
        "description": entity.description,
        "attributes_json": dump(entity.attributes),
    }


def _events_of(connection: Connection, entities: set[str]) -> list[str]:
    """Events in which entities take part, by themselves or as tracks."""
    listed = many(entities)
    if not entities:
        return []
    found = connection.execute(
        "SELECT events.id FROM takes_part t JOIN says USING (assertion_seq) JOIN events ON events.seq = says.event_seq"
        " WHERE t.entity_id IN (SELECT value FROM json_each(?1)) UNION SELECT events.id FROM identities i"
        " JOIN takes_part t ON t.track_id = i.track_id JOIN says USING (assertion_seq)"
        " JOIN events ON events.seq = says.event_seq WHERE i.entity_id IN (SELECT value FROM json_each(?1))",
        (listed,),
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
    segments = scene.observation.segments
    listed = (many(segment.id for segment in segments),)
    found = scene.connection.execute("SELECT id FROM segments WHERE id IN (SELECT value FROM json_each(?))", listed)
    known = {row["id"] for row in found} | _repeated([segment.id for segment in segments])
    for segment in segments:
        _write_segment(scene, segment)
        frames = [_keyframe_row(scene, segment, frame) for frame in segment.keyframes]
        upsert_all(scene.connection, "keyframes", "id", frames)
        scene.connection.executemany(
            "INSERT OR IGNORE INTO segment_tracks VALUES (?, ?)", [(segment.id, track) for track in segment.track_ids]
        )
        if segment.id in known:
            _refresh_segment(scene.connection, segment.id)


def _write_segment(scene: Scene, segment: Segment) -> None:
    row: dict[str, Value] = {
        "id": segment.id,
        "stream_id": segment.stream_id,
        **times(scene.origin_ms, segment.start_s, segment.end_s),
        "caption": segment.caption,
        "words": "\n".join([segment.caption, *(frame.text for frame in segment.keyframes if frame.text)]),
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


def _keyframe_row(scene: Scene, segment: Segment, frame: Keyframe) -> dict[str, Value]:
    return {
        "id": frame.id,
        "segment_id": segment.id,
        "at": scene.origin_ms + ids.milliseconds(frame.pts_s),
        "pts": frame.pts_s,
        "sha256": frame.sha256,
        "uri": frame.uri,
        "text": frame.text,
    }


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
