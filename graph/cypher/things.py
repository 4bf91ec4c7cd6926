"""Writing tracks, entities and segments of one observation to a Neo4j server."""

import json
from collections import defaultdict

from graph.cypher import embedding
from graph.cypher.driver import Row, Transaction, do, rows
from graph.cypher.scene import Scene
from graph.cypher.tokens import tokens
from graph.portrait import Told, portrait
from graph.rows import dump, kind, times
from vidette import ids
from vidette.models import Entity, Keyframe, Label, PathPoint, Segment, Track

_TRACKS = (
    "UNWIND $rows AS r MERGE (t:Track {id: r.id}) SET t += r.row"
    " WITH t MATCH (run:Run {id: $run}), (s:Stream {id: $stream})"
    " OPTIONAL MATCH (t)-[old:BY]->(other:Run) WHERE other <> run DELETE old MERGE (t)-[:BY]->(run) MERGE (t)-[:ON]->(s)"
)
_IDENTIFY = (
    "UNWIND $pairs AS p MATCH (t:Track {id: p.track}), (e:Entity {id: p.entity}) WHERE NOT EXISTS { (t)-[:IS]->() }"
    " CREATE (t)-[:IS {confidence: 1.0, method: 'track', run: $run}]->(e) RETURN p.track AS track, e.id AS entity"
)
_DESCRIBE = (
    "UNWIND $rows AS r MERGE (d:Description {key: r.key}) SET d += r.row"
    " WITH d, r MATCH (e:Entity {id: r.entity}) MERGE (d)-[:TELLS_OF]->(e)"
)
_TOLD = (
    "MATCH (d:Description)-[:TELLS_OF]->(e:Entity) WHERE e.id IN $ids"
    " RETURN e.id AS entity, e.label AS label, e.kind AS kind, d{.*} AS told"
)


def write_tracks(scene: Scene) -> None:
    """Keep the tracks: the newest word wins; the path before a new path's first point is kept."""
    tracks, transaction = scene.observation.tracks, scene.transaction
    if not tracks:
        return
    asked = "MATCH (t:Track) WHERE t.id IN $ids AND t.label IS NOT NULL RETURN t.id AS id, t.present AS present"
    known = {row["id"]: row["present"] for row in rows(transaction, asked, ids=[track.id for track in tracks])}
    given = [{"id": track.id, "row": _track_row(scene, track)} for track in tracks]
    do(transaction, _TRACKS, rows=given, run=scene.observation.run.id, stream=scene.observation.stream_id)
    for track in tracks:
        if track.id in known:
            _cut(transaction, track, known[track.id])
    do(
        transaction,
        "UNWIND $rows AS r MATCH (t:Track {id: r.track}) MERGE (p:Path {key: r.key})"
        " SET p.track_id = r.track, p.start_pts = r.start, p.end_pts = r.end, p.points = r.points MERGE (t)-[:WENT]->(p)",
        rows=[chunk(track.id, track.path) for track in tracks if track.path],
    )


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


def _cut(transaction: Transaction, track: Track, present: bool) -> None:
    """Forget a path from a time on: all of it where an earlier watch saw it."""
    if present and not track.path:
        return
    first = track.path[0].pts_s if present else float("-inf")
    asked = "MATCH (p:Path {track_id: $id}) WHERE p.end_pts >= $first RETURN p.points AS points, p.key AS key"
    met = rows(transaction, asked, id=track.id, first=first)
    kept = [[point for point in points_of(row["points"]) if point.pts_s < first] for row in met]
    do(transaction, "MATCH (p:Path) WHERE p.key IN $keys DETACH DELETE p", keys=[row["key"] for row in met])
    do(
        transaction,
        "UNWIND $rows AS r MATCH (t:Track {id: r.track}) CREATE (t)-[:WENT]->(:Path {key: r.key, track_id: r.track,"
        " start_pts: r.start, end_pts: r.end, points: r.points})",
        rows=[chunk(track.id, points) for points in kept if points],
    )


def _track_row(scene: Scene, track: Track) -> Row:
    return {
        "stream_id": track.stream_id,
        "label": str(track.label),
        **times(scene.origin_ms, track.start_s, track.end_s),
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
    news = _describe(scene, said) | _identify(scene)
    scene.changed.update(_events_of(scene.transaction, news))


def _identify(scene: Scene) -> set[str]:
    """Keep which entity each track is, for ever; -> those of tracks that were new."""
    pairs = [{"track": track, "entity": entity.id} for track, entity in scene.entities.items()]
    made = rows(scene.transaction, _IDENTIFY, pairs=pairs, run=scene.observation.run.id)
    return {row["entity"] for row in made}


def _describe(scene: Scene, said: list[tuple[Entity, str]]) -> set[str]:
    """Keep what is said of entities, and by what source; -> those that are now known as something else."""
    transaction, observation = scene.transaction, scene.observation
    first = {
        entity.id: {"stream_id": entity.stream_id, **_plain(entity), "kind": kind(entity.attributes)}
        for entity, _ in reversed(said)
    }
    do(
        transaction,
        "MATCH (s:Stream {id: $stream}) UNWIND $rows AS r MERGE (e:Entity {id: r.id})"
        " SET e += CASE WHEN e.label IS NULL THEN r.row ELSE {} END, e.present = true MERGE (e)-[:ON]->(s)",
        stream=observation.stream_id,
        rows=[{"id": id_, "row": row} for id_, row in first.items()],
    )
    told = {"look": observation.look, "run_id": observation.run.id, "at_pts": observation.start_s}
    given = [
        {"key": f"{entity.id}|{source}", "entity": entity.id, "row": {"source": source, **told, **_plain(entity)}}
        for entity, source in said
    ]
    do(transaction, _DESCRIBE, rows=given)
    return _portray(transaction, list(first))


def _plain(entity: Entity) -> Row:
    return {
        "label": str(entity.label),
        "name": entity.name,
        "description": entity.description,
        "attributes_json": dump(entity.attributes),
    }


def _portray(transaction: Transaction, entities: list[str]) -> set[str]:
    """Set entities to what is said of them; -> those that are now known as something else."""
    told: dict[str, list[Told]] = defaultdict(list)
    known: dict[str, tuple[str, str | None]] = {}
    for row in rows(transaction, _TOLD, ids=entities):
        known[row["entity"]] = row["label"], row["kind"]
        told[row["entity"]].append(_told(row["told"]))
    now = {id_: portrait(said) for id_, said in told.items()}
    given = [
        {
            "id": id_,
            "row": {
                "label": str(one.label),
                "name": one.name,
                "description": one.description,
                "attributes_json": dump(one.attributes),
                "kind": kind(one.attributes),
            },
        }
        for id_, one in now.items()
    ]
    do(transaction, "UNWIND $rows AS r MATCH (e:Entity {id: r.id}) SET e += r.row", rows=given)
    return {id_ for id_, one in now.items() if known[id_] != (str(one.label), kind(one.attributes))}


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
        **times(scene.origin_ms, segment.start_s, segment.end_s),
        "caption": "",
        "words": "",
        "gated": segment.gated,
        "backdrop": segment.backdrop,
    }


def _lies(scene: Scene, segment: Segment) -> Row:
    """Where a segment lies is the fast look's to say; a deep look brings its words."""
    moved = times(scene.origin_ms, segment.start_s, segment.end_s)
    ends = {name: moved[name] for name in ("end", "end_pts", "size")}
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
        "MATCH (g:Segment) WHERE g.id IN $ids CALL (g) { OPTIONAL MATCH (c:Caption)-[:OF]->(g)"
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
        "MATCH (t:Track {stream_id: $id}) SET t.present = false",
        "MATCH (g:Segment {stream_id: $id}) SET g.present = false",
        "MATCH (d:Description {look: 'fast'})-[:TELLS_OF]->(:Entity {stream_id: $id}) DETACH DELETE d",
        "MATCH (:Track {stream_id: $id})-[:IS]->(e:Entity) SET e.present = false",
        "MATCH (c:Caption {look: 'fast'})-[:OF]->(:Segment {stream_id: $id}) DETACH DELETE c",
        "MATCH (:Track)-[r:IN]->(:Segment {stream_id: $id}) DELETE r",
    ):
        do(transaction, statement, id=stream_id)
    found = rows(transaction, "MATCH (g:Segment {stream_id: $id}) RETURN g.id AS id", id=stream_id)
    refresh_segments(transaction, [row["id"] for row in found])
