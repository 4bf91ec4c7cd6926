"""Writing tracks, entities and segments of one observation."""

import json
from collections import Counter
from collections.abc import Iterable

from graph import embedding
from graph.names import listed
from graph.portrait import Told, portrait
from graph.rows import Connection, Row, Value, dump, insert, insert_all, kind, times, upsert_all
from graph.scene import Scene
from vidette import ids
from vidette.models import Entity, Keyframe, Label, Segment, Track

_TOLD_AGAIN = (
    "(entity_seq, source) DO UPDATE SET label = excluded.label, name = excluded.name,"
    " description = excluded.description, attributes_json = excluded.attributes_json,"
    " at_pts = excluded.at_pts, run_seq = excluded.run_seq"
)
_FRAME_AGAIN = (  # its text is what all runs read there
    "(seq) DO UPDATE SET segment_seq = excluded.segment_seq, at = excluded.at, pts = excluded.pts,"
    " sha256 = excluded.sha256, uri = excluded.uri"
)
_IN = "IN (SELECT value FROM json_each(?))"
_REJOIN = (
    f"INSERT OR IGNORE INTO rejoined SELECT entity_seq FROM identities WHERE entity_seq {_IN}"  # noqa: S608  fixed text
    " GROUP BY entity_seq HAVING count(*) > 1"
)


def write_tracks(scene: Scene) -> None:
    """Keep the tracks: the newest word wins; the path before a new path's first point is kept."""
    tracks, numbers = scene.observation.tracks, scene.numbers
    known = _known(scene, "seq, present", "tracks", "seq", (track.id for track in tracks))
    upsert_all(scene.connection, "tracks", "seq", [_track_row(scene, track) for track in tracks])
    again = [(numbers[track.id], track) for track in tracks if numbers[track.id] in known]
    scene.connection.executemany(
        "DELETE FROM path WHERE track_seq = ? AND pts >= ?",
        [(seq, _kept_before(track, known[seq])) for seq, track in again],
    )
    scene.connection.executemany(
        "INSERT OR REPLACE INTO path VALUES (?, ?, ?, ?, ?, ?)",
        [(numbers[track.id], point.pts_s, *point.box) for track in tracks for point in track.path],
    )


def _known(scene: Scene, columns: str, table: str, key: str, ids: Iterable[str]) -> dict[int, int]:
    """The last of the columns by the first, of rows that are there."""
    heard = scene.heard(ids)
    if not heard:
        return {}
    asked = f"SELECT {columns} FROM {table} WHERE {key} {_IN}"  # noqa: S608  names from this file
    return {row[0]: row[-1] for row in scene.connection.execute(asked, (listed(heard),))}


def _track_row(scene: Scene, track: Track) -> dict[str, Value]:
    return {
        "seq": scene.numbers[track.id],
        "id": track.id,
        "stream_id": track.stream_id,
        "run_seq": scene.run_seq,
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
    """Keep what was said of entities; what one is taken for follows from all of it. A track is one."""
    tracks, observation = scene.observation.tracks, scene.observation
    said = [(scene.entities[track.id], f"track {track.id}") for track in tracks]
    said += [(entity, observation.id) for entity in observation.entities]
    news = _describe(scene, said) | _identify(scene)
    scene.changed.update(_events_of(scene.connection, news))


def entity_of(track: Track) -> Entity:
    """The entity that a track is from the start."""
    id_ = track.entity_id or ids.entity_id(track.id)
    return Entity(id=id_, stream_id=track.stream_id, label=track.label, attributes=track.attributes)


def _identify(scene: Scene) -> set[int]:
    """Keep which entity each track is, for ever; -> those of tracks that were not known, but heard of."""
    known = _known(scene, "track_seq", "identities", "track_seq", (track.id for track in scene.observation.tracks))
    numbers, entities = scene.numbers, scene.entities
    tracks = {numbers[track]: numbers[entity.id] for track, entity in entities.items()}
    fresh = [(track, entity) for track, entity in tracks.items() if track not in known]
    scene.connection.executemany(
        "INSERT INTO identities VALUES (?, ?, 1.0, 'track', ?)", [(*pair, scene.run_seq) for pair in fresh]
    )
    _rejoin(scene, [entity for _, entity in fresh])
    return {entity for track, entity in fresh if min(track, entity) < scene.first}


def _rejoin(scene: Scene, entities: list[int]) -> None:
    """Note which of these, each the thing of a new track, has several: one heard of before, or of two new tracks."""
    may = {entity for entity in entities if entity < scene.first} | _repeated(entities)
    if may:
        scene.connection.execute(_REJOIN, (listed(may),))


def _describe(scene: Scene, said: list[tuple[Entity, str]]) -> set[int]:
    """Keep what is said of entities, and by what source; -> those that are now known as something else."""
    numbers = scene.numbers
    known = _known(scene, "seq", "entities", "seq", (entity.id for entity, _ in said))
    more_said = known.keys() | _repeated([numbers[entity.id] for entity, _ in said])
    plain = [(entity, source, _plain(entity)) for entity, source in said]
    bases = [
        {
            "seq": numbers[entity.id],
            "id": entity.id,
            "stream_id": entity.stream_id,
            **row,
            "kind": kind(entity.attributes),
            "present": 1,
        }
        for entity, _, row in plain
    ]
    insert_all(scene.connection, "entities", bases, conflict="(seq) DO UPDATE SET present = 1")
    told = {"look": scene.observation.look, "run_seq": scene.run_seq, "at_pts": scene.observation.start_s}
    descriptions = [
        {"entity_seq": numbers[entity.id], "source": source, **told, **row} for entity, source, row in plain
    ]
    insert_all(scene.connection, "descriptions", descriptions, conflict=_TOLD_AGAIN)
    # What was named before anything was said of it, is something else now as well.
    named = {numbers[entity.id] for entity, _ in said if numbers[entity.id] < scene.first} - known.keys()
    return named | {one for one in sorted(more_said) if _refresh_entity(scene.connection, one)}


def _repeated(items: list[int]) -> set[int]:
    return {one for one, count in Counter(items).items() if count > 1}


def _plain(entity: Entity) -> dict[str, Value]:
    return {
        "label": entity.label,
        "name": entity.name,
        "description": entity.description,
        "attributes_json": dump(entity.attributes),
    }


def _events_of(connection: Connection, entities: set[int]) -> list[int]:
    """Events in which entities take part, by themselves or as tracks."""
    if not entities:
        return []
    found = connection.execute(
        "SELECT says.event_seq FROM takes_part t JOIN says USING (assertion_seq)"
        " WHERE t.entity_seq IN (SELECT value FROM json_each(?1)) UNION SELECT says.event_seq FROM identities i"
        " JOIN takes_part t ON t.track_seq = i.track_seq JOIN says USING (assertion_seq)"
        " WHERE i.entity_seq IN (SELECT value FROM json_each(?1))",
        (listed(entities),),
    )
    return [row[0] for row in found]


def _refresh_entity(connection: Connection, entity: int) -> bool:
    """Set an entity to what is said of it; -> whether it is now known as something else."""
    known = connection.execute("SELECT label, kind FROM entities WHERE seq = ?", (entity,)).fetchone()
    found = connection.execute(
        "SELECT d.*, r.id AS run_id FROM descriptions d JOIN runs r ON r.seq = d.run_seq WHERE d.entity_seq = ?",
        (entity,),
    )
    now = portrait(map(_told, found.fetchall()))
    connection.execute(
        "UPDATE entities SET label = ?, name = ?, description = ?, attributes_json = ?, kind = ? WHERE seq = ?",
        (now.label, now.name, now.description, dump(now.attributes), kind(now.attributes), entity),
    )
    return (known["label"], known["kind"]) != (now.label, kind(now.attributes))


def _told(row: Row) -> Told:
    return Told(
        look=row["look"],
        at_s=row["at_pts"],
        run_id=row["run_id"],
        source=row["source"],
        label=Label(row["label"]),
        name=row["name"],
        description=row["description"],
        attributes=json.loads(row["attributes_json"]),
    )


def write_segments(scene: Scene) -> None:
    """Keep segments, their keyframes and tracks; the caption is the newest run's (deep over fast)."""
    segments, numbers = scene.observation.segments, scene.numbers
    known = set(_known(scene, "seq", "segments", "seq", (segment.id for segment in segments)))
    known |= _repeated([numbers[segment.id] for segment in segments])
    for segment in segments:
        seq = numbers[segment.id]
        _write_segment(scene, segment)
        frames = [_keyframe_row(scene, seq, frame) for frame in segment.keyframes]
        insert_all(scene.connection, "keyframes", frames, conflict=_FRAME_AGAIN)
        embedding.write_texts(scene, segment.keyframes)
        scene.connection.executemany(
            "INSERT OR IGNORE INTO segment_tracks VALUES (?, ?)", [(seq, numbers[track]) for track in segment.track_ids]
        )
        if seq in known:
            _refresh_segment(scene.connection, seq)


def _write_segment(scene: Scene, segment: Segment) -> None:
    row: dict[str, Value] = {
        "seq": scene.numbers[segment.id],
        "id": segment.id,
        "stream_id": segment.stream_id,
        **times(scene.origin_ms, segment.start_s, segment.end_s),
        "caption": segment.caption,
        "words": "\n".join([segment.caption, *(frame.text for frame in segment.keyframes if frame.text)]),
        "present": 1,
        "gated": int(segment.gated),
        "backdrop": segment.backdrop,
    }
    # Where a segment lies is the fast look's to say; a deep look brings its words.
    moved = ', "end" = excluded."end", end_pts = excluded.end_pts, size = excluded.size, gated = excluded.gated'
    moved += ", backdrop = excluded.backdrop"
    fast = scene.observation.look == "fast"
    insert(scene.connection, "segments", row, conflict="(seq) DO UPDATE SET present = 1" + (moved if fast else ""))
    if segment.caption:
        said: dict[str, Value] = {
            "segment_seq": scene.numbers[segment.id],
            "run_seq": scene.run_seq,
            "look": scene.observation.look,
            "caption": segment.caption,
        }
        insert(
            scene.connection,
            "segment_captions",
            said,
            conflict="(segment_seq, run_seq) DO UPDATE SET caption = excluded.caption",
        )


def _keyframe_row(scene: Scene, segment: int, frame: Keyframe) -> dict[str, Value]:
    return {
        "seq": scene.numbers[frame.id],
        "id": frame.id,
        "segment_seq": segment,
        "at": scene.origin_ms + ids.milliseconds(frame.pts_s),
        "pts": frame.pts_s,
        "sha256": frame.sha256,
        "uri": frame.uri,
        "text": "",
    }


def _refresh_segment(connection: Connection, segment: int) -> None:
    connection.execute(
        "UPDATE segments SET caption = coalesce((SELECT caption FROM segment_captions WHERE segment_seq = ?1"
        " ORDER BY look = 'deep' DESC, run_seq DESC LIMIT 1), '') WHERE seq = ?1",
        (segment,),
    )
    connection.execute(
        "UPDATE segments SET words = caption || coalesce((SELECT char(10) || group_concat(text, char(10))"
        " FROM keyframes WHERE segment_seq = ?1 AND text != ''), '') WHERE seq = ?1",
        (segment,),
    )


def retract(connection: Connection, stream_id: str) -> None:
    """Hide what a stream's fast look saw, until it is seen again; a deep look's captions and words stay."""
    connection.execute("UPDATE tracks SET present = 0 WHERE stream_id = ?", (stream_id,))
    connection.execute("UPDATE segments SET present = 0 WHERE stream_id = ?", (stream_id,))
    connection.execute(
        "DELETE FROM descriptions WHERE look = 'fast' AND entity_seq IN (SELECT seq FROM entities WHERE stream_id = ?)",
        (stream_id,),
    )
    connection.execute(
        "UPDATE entities SET present = 0 WHERE stream_id = ?1"
        " AND seq IN (SELECT entity_seq FROM identities JOIN tracks ON tracks.seq = track_seq WHERE stream_id = ?1)",
        (stream_id,),
    )
    connection.execute(
        "DELETE FROM segment_captions WHERE look = 'fast'"
        " AND segment_seq IN (SELECT seq FROM segments WHERE stream_id = ?)",
        (stream_id,),
    )
    connection.execute(
        "DELETE FROM segment_tracks WHERE segment_seq IN (SELECT seq FROM segments WHERE stream_id = ?)", (stream_id,)
    )
