"""Writing tracks, entities and segments of one observation to a Neo4j server."""

import json

from graph.cypher import embedding, totals
from graph.cypher.driver import KEPT, Row, Transaction, do, rows
from graph.cypher.lasting import times_of
from graph.cypher.scene import Scene
from graph.cypher.tokens import tokens
from graph.portrait import Portrait, Told, portrait
from graph.rows import dump, kind
from vidette import ids
from vidette.models import Entity, Keyframe, Label, PathPoint, Segment, Track

# An index of several properties serves only who asks for each of them.
_TRACKS_OF = "MATCH (t:Track {stream_id: $id}) WHERE t.start_pts > -1.0e300"
_SEGMENTS_OF = "MATCH (g:Segment {stream_id: $id}) WHERE g.start_pts > -1.0e300"
_TRACKS = "UNWIND $rows AS r MERGE (t:Track {id: r.id}) SET t += r.row"
_BY = (
    "MATCH (run:Run {id: $run}) UNWIND $ids AS id MATCH (t:Track {id: id})"
    " OPTIONAL MATCH (t)-[old:BY]->(:Run) DELETE old MERGE (t)-[:BY]->(run)"
)
_WENT = (
    "UNWIND $rows AS r MATCH (t:Track {id: r.track}) MERGE (p:Path {key: r.key})"
    " SET p.track_id = r.track, p.start_pts = r.start, p.end_pts = r.end, p.points = r.points MERGE (t)-[:WENT]->(p)"
)
_IDENTIFY = (
    "UNWIND $pairs AS p MATCH (t:Track {id: p.track}), (e:Entity {id: p.entity})"
    " CREATE (t)-[:IS {confidence: 1.0, method: 'track', run: $run}]->(e)"
)
_DESCRIBE = (
    "UNWIND $rows AS r MERGE (d:Description {key: r.key}) SET d += r.row"
    " WITH d, r MATCH (e:Entity {id: r.entity}) MERGE (d)-[:TELLS_OF]->(e)"
)


def write_tracks(scene: Scene) -> None:
    """Keep the tracks: the newest word wins; the path before a new path's first point is kept."""
    tracks, transaction, run = scene.observation.tracks, scene.transaction, scene.observation.run.id
    if not tracks:
        return
    do(transaction, _TRACKS, rows=[{"id": track.id, "row": _track_row(scene, track)} for track in tracks])
    shown = {id_ for id_, one in scene.known.tracks.items() if one["present"]}
    totals.add_tracks(transaction, scene.observation.stream_id, len({track.id for track in tracks} - shown))
    said_by = {track.id: scene.known.tracks.get(track.id, {}).get("run") for track in tracks}
    do(transaction, _BY, run=run, ids=[id_ for id_, one in said_by.items() if one != run])
    met = [(track, row) for track in tracks for row in scene.known.paths.get(track.id, ())]
    do(transaction, "MATCH (p:Path) WHERE p.key IN $keys DETACH DELETE p", keys=[row["key"] for _, row in met])
    kept = [chunk(track.id, points) for track, row in met if (points := _kept(scene, track, row))]
    do(transaction, _WENT, rows=kept + [chunk(track.id, track.path) for track in tracks if track.path])


def _kept(scene: Scene, track: Track, row: Row) -> list[PathPoint]:
    """What stays of a stretch: what is before the new path, and nothing that only an earlier watch saw."""
    if not scene.known.tracks[track.id]["present"]:
        return []
    return [point for point in points_of(row["points"]) if point.pts_s < track.path[0].pts_s]


def chunk(track_id: str, points: "tuple[PathPoint, ...] | list[PathPoint]") -> Row:
    """A stretch of a path: time and box of each point, one after the other, and which it is."""
    start = points[0].pts_s
    flat = [float(number) for point in points for number in (point.pts_s, *point.box)]
    return {"track": track_id, "key": f"{track_id}|{start!r}", "start": start, "end": points[-1].pts_s, "points": flat}


def points_of(flat: list[float]) -> list[PathPoint]:
    """The points of a stretch of a path."""
    return [
        PathPoint(pts_s=flat[i], box=(flat[i + 1], flat[i + 2], flat[i + 3], flat[i + 4]))
        for i in range(0, len(flat), 5)
    ]


def _track_row(scene: Scene, track: Track) -> Row:
    return {
        "stream_id": track.stream_id,
        "label": str(track.label),
        **times_of(scene.origin_ms, track.start_s, track.end_s),
        "confidence": track.confidence,
        "attributes_json": dump(track.attributes),
        "kind": kind(track.attributes),
        "still": bool(track.attributes.get("still")),
        "heading": track.attributes.get("heading"),
        "speed": track.attributes.get("speed"),
        "present": True,
    }


def write_entities(scene: Scene) -> None:
    """Keep what was said of entities; what one is taken for follows from all of it. A track is one."""
    tracks, observation = scene.observation.tracks, scene.observation
    said = [(scene.entities[track.id], f"track {track.id}") for track in tracks]
    said += [(entity, observation.id) for entity in observation.entities]
    if not said:
        return
    told = _tell(scene, said)
    news = _portray(scene, {entity.id: entity for entity, _ in reversed(said)}, told)
    _describe(scene, told)
    scene.retold.update(_events_of(scene.transaction, news | _identify(scene)))
    scene.changed.update(scene.retold)


def _tell(scene: Scene, said: list[tuple[Entity, str]]) -> list[Row]:
    """The properties of what is said of entities, and by what source."""
    run = {"look": scene.observation.look, "run_id": scene.observation.run.id, "at_pts": scene.observation.start_s}
    return [
        {"key": f"{entity.id}|{source}", "entity": entity.id, "row": {"source": source, **run, **_plain(entity)}}
        for entity, source in said
    ]


def _describe(scene: Scene, told: list[Row]) -> None:
    do(scene.transaction, _DESCRIBE, rows=told)


def _plain(entity: Entity) -> Row:
    return {
        "label": str(entity.label),
        "name": entity.name,
        "description": entity.description,
        "attributes_json": dump(entity.attributes),
    }


def _portray(scene: Scene, first: dict[str, Entity], told: list[Row]) -> set[str]:
    """Set entities to what is said of them; -> those that were heard of, and are now known as something else."""
    known = scene.known.entities
    said: dict[str, dict[str, Row]] = {id_: {row["key"]: row for row in scene.known.told.get(id_, ())} for id_ in first}
    for row in told:
        said[row["entity"]][row["key"]] = row["row"]
    given, news = [], set()
    for id_, rows_ in said.items():
        now = _now(portrait(_told(row) for row in rows_.values()))
        before = known.get(id_, {})
        if before.get("label") is None:  # it was named at most
            given.append({"id": id_, "row": {**now, "stream_id": first[id_].stream_id}})
        elif {**before, **now} != before:
            given.append({"id": id_, "row": now})
        if id_ in known and (before.get("label"), before.get("kind")) != (now["label"], now["kind"]):
            news.add(id_)
    do(scene.transaction, "UNWIND $rows AS r MERGE (e:Entity {id: r.id}) SET e += r.row", rows=given)
    return news


def _now(one: Portrait) -> Row:
    """The properties of an entity that is taken for this."""
    return {
        "label": str(one.label),
        "name": one.name,
        "description": one.description,
        "attributes_json": dump(one.attributes),
        "kind": kind(one.attributes),
        "present": True,
    }


def _identify(scene: Scene) -> set[str]:
    """Keep which entity each track is, for ever; -> those of tracks that were new, if either was heard of before."""
    known = scene.known.tracks
    pairs = [
        {"track": track, "entity": entity.id}
        for track, entity in scene.entities.items()
        if known.get(track, {}).get("entity") is None
    ]
    do(scene.transaction, _IDENTIFY, pairs=pairs, run=scene.observation.run.id)
    heard = [pair for pair in pairs if pair["track"] in known or pair["entity"] in scene.known.entities]
    return {pair["entity"] for pair in heard}


def _told(node: Row) -> Told:
    return Told(
        look=node["look"],
        at_s=node["at_pts"],
        run_id=node["run_id"],
        source=node["source"],
        label=Label(node["label"]),
        name=node["name"],
        description=node["description"],
        attributes=json.loads(node["attributes_json"]),
    )


def _events_of(transaction: Transaction, entities: set[str]) -> list[str]:
    """Events in which entities take part, by themselves or as tracks."""
    if not entities:
        return []
    found = rows(
        transaction,
        "MATCH (e:Entity)-[:TAKES_PART]->(v:Event) WHERE e.id IN $ids RETURN v.id AS id"
        " UNION MATCH (e:Entity)<-[:IS]-(:Track)-[:TAKES_PART]->(v:Event) WHERE e.id IN $ids RETURN v.id AS id",
        ids=list(entities),
    )
    return [row["id"] for row in found]


def write_segments(scene: Scene) -> None:
    """Keep segments, their keyframes and tracks; the caption is the newest run's (deep over fast)."""
    segments, transaction = scene.observation.segments, scene.transaction
    if not segments:
        return
    fast = scene.observation.look == "fast"
    given = [
        {"id": one.id, "row": _segment_row(scene, one), "lies": _lies(scene, one) if fast else {}} for one in segments
    ]
    do(
        transaction,
        "MATCH (s:Stream {id: $stream}) UNWIND $rows AS r MERGE (g:Segment {id: r.id}) ON CREATE SET g += r.row"
        " SET g.present = true, g += r.lies MERGE (g)-[:OF]->(s)",
        stream=scene.observation.stream_id,
        rows=given,
    )
    _write_captions(scene)
    frames = [(segment.id, frame) for segment in segments for frame in segment.keyframes]
    do(
        transaction,
        "UNWIND $rows AS r MATCH (g:Segment {id: r.segment}) MERGE (k:Keyframe {id: r.id}) ON CREATE SET k.text = ''"
        " SET k += r.row WITH k, g OPTIONAL MATCH (k)-[old:IN]->(other:Segment) WHERE other <> g DELETE old MERGE (k)-[:IN]->(g)",
        rows=[_keyframe_row(scene, segment, frame) for segment, frame in frames],
    )
    embedding.write_texts(scene, [frame for _, frame in frames])
    pairs = [{"segment": segment.id, "track": track} for segment in segments for track in segment.track_ids]
    do(
        transaction,
        "UNWIND $pairs AS p MATCH (g:Segment {id: p.segment}) MERGE (t:Track {id: p.track})"
        " ON CREATE SET t.present = false MERGE (t)-[:IN]->(g)",
        pairs=pairs,
    )
    refresh_segments(transaction, [segment.id for segment in segments])


def _segment_row(scene: Scene, segment: Segment) -> Row:
    return {
        "stream_id": segment.stream_id,
        **times_of(scene.origin_ms, segment.start_s, segment.end_s),
        "caption": "",
        "words": "",
        "gated": segment.gated,
        "backdrop": segment.backdrop,
    }


def _lies(scene: Scene, segment: Segment) -> Row:
    """Where a segment lies is the fast look's to say; a deep look brings its words."""
    moved = times_of(scene.origin_ms, segment.start_s, segment.end_s)
    ends = {name: moved[name] for name in ("end", "end_pts", "size", "long")}
    return {**ends, "gated": segment.gated, "backdrop": segment.backdrop}


def _write_captions(scene: Scene) -> None:
    run = {"run_seq": scene.run_seq, "look": scene.observation.look}
    given = [
        {"key": f"{one.id}|{scene.run_seq}", "segment": one.id, "row": {**run, "caption": one.caption}}
        for one in scene.observation.segments
        if one.caption
    ]
    do(
        scene.transaction,
        "UNWIND $rows AS r MATCH (g:Segment {id: r.segment}) MERGE (c:Caption {key: r.key}) SET c += r.row"
        " MERGE (c)-[:OF]->(g)",
        rows=given,
    )


def _keyframe_row(scene: Scene, segment: str, frame: Keyframe) -> Row:
    return {
        "segment": segment,
        "id": frame.id,
        "row": {
            "at": scene.origin_ms + ids.milliseconds(frame.pts_s),
            "pts": frame.pts_s,
            "sha256": frame.sha256,
            "uri": frame.uri,
        },
    }


def refresh_segments(transaction: Transaction, segments: list[str]) -> None:
    """Set the captions of segments, and what full-text search finds them by."""
    found = rows(
        transaction,
        KEPT + "MATCH (g:Segment) WHERE g.id IN $ids CALL (g) { OPTIONAL MATCH (c:Caption)-[:OF]->(g)"
        " WITH c ORDER BY c.look = 'deep' DESC, c.run_seq DESC LIMIT 1 RETURN coalesce(c.caption, '') AS caption }"
        " CALL (g) { OPTIONAL MATCH (k:Keyframe)-[:IN]->(g) WHERE k.text <> '' WITH k ORDER BY k.pts"
        " RETURN collect(k.text) AS texts }"
        " SET g.caption = caption RETURN g.id AS id, [caption] + texts AS said",
        ids=segments,
    )
    words = [{"id": row["id"], "words": tokens("\n".join(row["said"]))} for row in found]
    do(transaction, "UNWIND $rows AS r MATCH (g:Segment {id: r.id}) SET g.words = r.words", rows=words)


def retract(transaction: Transaction, stream_id: str) -> None:
    """Hide what a stream's fast look saw, until it is seen again; a deep look's captions and words stay."""
    for statement in (
        f"{_TRACKS_OF} SET t.present = false",
        f"{_SEGMENTS_OF} SET g.present = false",
        "MATCH (e:Entity {stream_id: $id}) WHERE e.label IS NOT NULL"
        " MATCH (d:Description {look: 'fast'})-[:TELLS_OF]->(e) DETACH DELETE d",
        f"{_TRACKS_OF} MATCH (t)-[:IS]->(e:Entity) SET e.present = false",
        f"{_SEGMENTS_OF} MATCH (c:Caption {{look: 'fast'}})-[:OF]->(g) DETACH DELETE c",
        f"{_SEGMENTS_OF} MATCH (:Track)-[r:IN]->(g) DELETE r",
    ):
        do(transaction, statement, id=stream_id)
    found = rows(transaction, f"{_SEGMENTS_OF} RETURN g.id AS id", id=stream_id)
    refresh_segments(transaction, [row["id"] for row in found])
