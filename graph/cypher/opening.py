"""Registering a stream on a Neo4j server, and taking back what its fast looks said."""

import json

from graph.cypher import covering, saying, things, totals
from graph.cypher.driver import Row, Transaction, do, one
from graph.rows import dump, to_instant, to_ms
from vidette.errors import StoreError
from vidette.models import Commit
from vidette.streams import Line, Stream, Zone

_TIMED = (
    *(
        f"MATCH (n:{label} {{stream_id: $id}}) WHERE n.start_pts IS NOT NULL"
        for label in ("Segment", "Track", "Event", "Look")
    ),
    "MATCH (n:Coverage {stream_id: $id}) WHERE n.look IS NOT NULL AND n.start_pts IS NOT NULL",
    "MATCH (e:Event {stream_id: $id}) USING INDEX e:Event(stream_id, start_pts) WHERE e.start_pts IS NOT NULL"
    " MATCH (n:Assertion)-[:SAYS]->(e)",
)
"""What has instants; an index of a stream and more is used where the rest is spoken of too."""


def open_stream(transaction: Transaction, stream: Stream, *, again: bool) -> Commit | None:
    """Register a stream or refresh its row; -> its last commit. `again` begins a new watch."""
    _write_stream(transaction, stream)
    if again:
        _begin_again(transaction, stream)
    return last_commit(transaction, stream.id)


def _write_stream(transaction: Transaction, stream: Stream) -> None:
    known = one(
        transaction,
        "MATCH (s:Stream) WHERE s.id = $id OR s.name = $name RETURN s.id AS id, s.name AS name, s.start AS start"
        " ORDER BY s.id = $id LIMIT 1",
        id=stream.id,
        name=stream.name,
    )
    if known and (known["id"], known["name"]) != (stream.id, stream.name):
        raise StoreError(f"stream {stream.name!r} is known by another id or name; ids are made of names")
    start = to_ms(stream.start)
    do(
        transaction,
        "MERGE (s:Stream {id: $id}) ON CREATE SET s.watch = 0, s.turn = 0 SET s += $row",
        id=stream.id,
        row={
            "name": stream.name,
            "kind": stream.kind,
            "uri": stream.uri,
            "start": start,
            "start_from": stream.start_from,
            "duration": stream.duration_s,
            "width": stream.width,
            "height": stream.height,
        },
    )
    _write_places(transaction, stream)
    if known and known["start"] != start:
        _shift(transaction, stream.id, start - known["start"])


def _write_places(transaction: Transaction, stream: Stream) -> None:
    """The zones and lines of a stream, in order; events keep pointing at a zone that is still there."""
    zones = [(zone.id, zone.name, dump(zone.polygon)) for zone in stream.zones]
    lines = [(line.id, line.name, dump([line.a, line.b])) for line in stream.lines]
    for label, name, places in (("Zone", "polygon_json", zones), ("Line", "points_json", lines)):
        given = [
            {"key": f"{stream.id}|{id_}", "row": {"id": id_, "name": called, "place": at, name: shape}}
            for at, (id_, called, shape) in enumerate(places)
        ]
        do(
            transaction,
            f"MATCH (p:{label}) WHERE p.key STARTS WITH $prefix AND NOT p.key IN $kept DETACH DELETE p",
            prefix=f"{stream.id}|",
            kept=[one_["key"] for one_ in given],
        )
        do(
            transaction,
            f"MATCH (s:Stream {{id: $id}}) UNWIND $rows AS r MERGE (p:{label} {{key: r.key}}) SET p += r.row MERGE (p)-[:ON]->(s)",
            id=stream.id,
            rows=given,
        )


def _shift(transaction: Transaction, stream_id: str, by_ms: int) -> None:
    """Move every instant of a stream whose start became better known; media times and ids stay."""
    for found in _TIMED:
        moved = f"{found} SET n.start = n.start + $by, n.end = n.end + $by"
        do(transaction, moved, id=stream_id, by=by_ms)
    do(
        transaction,
        "MATCH (g:Segment {stream_id: $id}) USING INDEX g:Segment(stream_id, start_pts) WHERE g.start_pts IS NOT NULL"
        " MATCH (k:Keyframe)-[:IN]->(g) SET k.at = k.at + $by",
        id=stream_id,
        by=by_ms,
    )


def _begin_again(transaction: Transaction, stream: Stream) -> None:
    do(
        transaction,
        "MATCH (s:Stream {id: $id}) SET s.watch = s.watch + 1 REMOVE s.commit_sequence, s.commit_watermark,"
        " s.commit_carry, s.commit_final, s.commit_run, s.feed_json",
        id=stream.id,
    )
    do(transaction, "MATCH (o:Observation {stream_id: $id, look: 'fast'}) DETACH DELETE o", id=stream.id)
    covering.retract(transaction, stream.id)
    saying.retract(transaction, stream.id, to_ms(stream.start))
    things.retract(transaction, stream.id)
    totals.retract(transaction, stream.id)
    do(transaction, "MATCH (r:RuleState {stream_id: $id}) DETACH DELETE r", id=stream.id)


def take(transaction: Transaction, stream_id: str) -> int:
    """Raise the fence of a stream; -> the new one. Raises StoreError where it is not registered."""
    row = one(
        transaction,
        "MATCH (s:Stream {id: $id}) SET s.locked = true SET s.fence = coalesce(s.fence, 0) + 1 RETURN s.fence AS fence",
        id=stream_id,
    )
    if row is None:
        raise StoreError(f"stream {stream_id!r} is not open; call open_stream before take")
    return int(row["fence"])


def last_commit(transaction: Transaction, stream_id: str) -> Commit | None:
    """The newest settled fast observation of a stream."""
    row = one(
        transaction,
        "MATCH (s:Stream {id: $id}) WHERE s.commit_sequence IS NOT NULL RETURN s.commit_sequence AS sequence,"
        " s.commit_watermark AS watermark, s.commit_carry AS carry, s.commit_final AS final, s.commit_run AS run",
        id=stream_id,
    )
    if row is None:
        return None
    return Commit(
        stream_id=stream_id,
        sequence=row["sequence"],
        watermark_s=row["watermark"],
        carry=bytes(row["carry"]),
        final=row["final"],
        run_id=row["run"],
    )


def read_stream(transaction: Transaction, name: str) -> Stream | None:
    """A stream as configured, by name or id."""
    found = one(
        transaction,
        "MATCH (s:Stream) WHERE s.id = $name OR s.name = $name WITH s ORDER BY s.id = $name DESC LIMIT 1"
        " CALL (s) { MATCH (z:Zone) WHERE z.key STARTS WITH s.id + '|' RETURN collect(z{.*}) AS zones }"
        " CALL (s) { MATCH (l:Line) WHERE l.key STARTS WITH s.id + '|' RETURN collect(l{.*}) AS lines }"
        " RETURN s{.id, .name, .kind, .uri, .start, .start_from, .duration, .width, .height} AS s, zones, lines",
        name=name,
    )
    return stream_of(found["s"], found["zones"], found["lines"]) if found else None


def stream_of(row: Row, zones: list[Row], lines: list[Row]) -> Stream:
    """The stream of a node and those of its places."""

    def ordered(places: list[Row]) -> list[Row]:
        return sorted(places, key=lambda place: int(place["place"]))

    out_lines = []
    for line in ordered(lines):
        (ax, ay), (bx, by) = json.loads(line["points_json"])
        out_lines.append(Line(id=line["id"], name=line["name"], a=(ax, ay), b=(bx, by)))
    return Stream(
        id=row["id"],
        name=row["name"],
        kind=row["kind"],
        uri=row["uri"],
        start=to_instant(row["start"]),
        start_from=row["start_from"],
        duration_s=row.get("duration"),
        width=row["width"],
        height=row["height"],
        zones=tuple(
            Zone(id=zone["id"], name=zone["name"], polygon=tuple((x, y) for x, y in json.loads(zone["polygon_json"])))
            for zone in ordered(zones)
        ),
        lines=tuple(out_lines),
    )
