"""What memory holds of what an observation names: asked for at once, as its stream is locked."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from graph.covering import disjoint
from graph.cypher.assertions import SAYING, Saying, saying_of, waiting
from graph.cypher.driver import KEPT, Row, Transaction, one
from graph.things import entity_of
from vidette.models import EventType, Observation, Track

# The stream's node is the lock: whoever settles of it waits here for who settles now.
_LOCK = (
    "MATCH (s:Stream {id: $given.id}) SET s.locked = true SET s.turn = s.turn + 1 WITH s"
    " OPTIONAL MATCH (run:Run {id: $given.run}) OPTIONAL MATCH (o:Observation {id: $given.observation})"
)
_STREAM = (
    "s{.id, .name, .kind, .uri, .start, .start_from, .duration, .width, .height, .watch, .turn, fence: coalesce(s.fence, 0),"
    " .commit_sequence, .commit_watermark, .commit_final} AS stream, run.seq AS run_seq, o IS NOT NULL AS settled"
)
_PARTS = {
    "zones": "MATCH (z:Zone) WHERE z.key STARTS WITH $given.prefix RETURN collect(z{.*}) AS zones",
    "lines": "MATCH (l:Line) WHERE l.key STARTS WITH $given.prefix RETURN collect(l{.*}) AS lines",
    "tracks": "MATCH (t:Track) WHERE t.id IN $given.tracks RETURN collect({id: t.id, present: t.present,"
    " run: head([(t)-[:BY]->(r:Run) | r.id]), entity: head([(t)-[:IS]->(e:Entity) | e.id])}) AS tracks",
    "paths": "UNWIND $given.paths AS one MATCH (t:Track {id: one.track}) MATCH (p:Path {track_id: one.track})"
    " WHERE p.end_pts >= CASE WHEN t.present THEN one.first ELSE -1.0e300 END"
    " RETURN collect(p{.track_id, .key, .points}) AS paths",
    "entities": "MATCH (e:Entity) WHERE e.id IN $given.entities RETURN collect({now: e{.id, .label, .kind, .name, .description,"
    " .attributes_json, .present}, told: [(d:Description)-[:TELLS_OF]->(e) | d{.*}]}) AS entities",
    "said": f"MATCH (a:Assertion) WHERE a.id IN $given.said RETURN collect({SAYING}) AS said",
    "events": "MATCH (e:Event) WHERE e.id IN $given.events"
    f" RETURN collect({{event: e{{.*}}, said: [(a:Assertion)-[:SAYS]->(e) | {SAYING}]}}) AS events",
    "free": "UNWIND $given.waits AS waits WITH waits WHERE EXISTS { MATCH (a:Assertion {waits: waits})"
    " WHERE a.start_pts > -1.0e300 } RETURN collect(waits) AS free",
    "before": "UNWIND $given.lanes AS lane CALL (lane) { MATCH (c:Coverage {stream_id: $given.id, look: $given.look})"
    " WHERE c.start_pts < lane.low RETURN c ORDER BY c.start_pts DESC LIMIT 1 } RETURN collect(c{.*}) AS before",
    "inside": "UNWIND $given.lanes AS lane MATCH (c:Coverage {stream_id: $given.id, look: $given.look})"
    " WHERE c.start_pts >= lane.low AND c.start_pts <= lane.high RETURN collect(c{.*}) AS inside",
}
_ASK = (
    KEPT
    + _LOCK
    + " ".join(f" CALL () {{ {part} }}" for part in _PARTS.values())
    + f" RETURN {_STREAM}, {', '.join(_PARTS)}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The stream's node (without its carry) and places, and by id what there is of what the observation names.

    `paths` are stretches by track that reach into its new path (all of a track that an earlier watch saw), `says` who
    said each event, `free` the types of which deep assertions wait for events to support, `coverage` the rows that
    touch the first stretch of its own.
    """

    stream: Row
    zones: list[Row]
    lines: list[Row]
    run_seq: int | None
    settled: bool
    tracks: dict[str, Row]
    paths: dict[str, list[Row]]
    entities: dict[str, Row]
    told: dict[str, list[Row]]
    said: dict[str, Row]
    events: dict[str, Row]
    says: dict[str, dict[str, Saying]]
    free: frozenset[EventType]
    coverage: list[Row]


def hold(transaction: Transaction, stream_id: str) -> None:
    """Have the stream to oneself until the transaction ends, where there is one."""
    one(transaction, "MATCH (s:Stream {id: $id}) SET s.locked = true RETURN s.id AS id", id=stream_id)


def lock(transaction: Transaction, observation: Observation) -> Known | None:
    """Have the stream to oneself until the transaction ends; -> what there is, None where there is no such stream."""
    found = one(transaction, _ASK, given=_asked(observation))
    if found is None:
        return None
    types = {waiting(observation.stream_id, type_): type_ for type_ in _types(observation)}
    return Known(
        stream=found["stream"],
        zones=found["zones"],
        lines=found["lines"],
        run_seq=found["run_seq"],
        settled=found["settled"],
        tracks=_by_id(found["tracks"]),
        paths=_grouped(found["paths"]),
        entities=_by_id(row["now"] for row in found["entities"]),
        told={row["now"]["id"]: row["told"] for row in found["entities"]},
        said=_by_id(found["said"]),
        events=_by_id(row["event"] for row in found["events"]),
        says={row["event"]["id"]: {node["id"]: saying_of(node) for node in row["said"]} for row in found["events"]},
        free=frozenset(types[waits] for waits in found["free"]),
        coverage=[*found["before"], *sorted(found["inside"], key=lambda row: row["start_pts"])],
    )


def _asked(observation: Observation) -> Row:
    stream_id, tracks = observation.stream_id, observation.tracks
    lanes = disjoint(observation.coverage)[:1]
    return {
        "id": stream_id,
        "prefix": f"{stream_id}|",
        "look": observation.look,
        "run": observation.run.id,
        "observation": observation.id,
        "tracks": [track.id for track in tracks],
        "paths": [{"track": track.id, "first": _first(track)} for track in tracks],
        "entities": [*(entity_of(track).id for track in tracks), *(one_.id for one_ in observation.entities)],
        "said": [said.id for said in observation.assertions],
        "events": sorted({said.of or said.id for said in observation.assertions}),
        "waits": sorted(waiting(stream_id, type_) for type_ in _types(observation)),
        "lanes": [{"low": group[0].start_s, "high": group[-1].end_s} for group in lanes],
    }


def _types(observation: Observation) -> set[EventType]:
    return {said.type for said in observation.assertions}


def _first(track: Track) -> float:
    """From when on a path is said anew; never, where none is."""
    return track.path[0].pts_s if track.path else 1e300


def _by_id(found: Iterable[Row]) -> dict[str, Row]:
    return {row["id"]: row for row in found}


def _grouped(found: Iterable[Row]) -> dict[str, list[Row]]:
    out: dict[str, list[Row]] = defaultdict(list)
    for row in found:
        out[row["track_id"]].append(row)
    return out
