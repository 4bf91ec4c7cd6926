"""Registering a stream, and taking back what its fast looks said."""

from graph import covering, saying, things
from graph.rows import Connection, Row, Value, dump, to_ms, upsert
from vidette.errors import StoreError
from vidette.models import Commit
from vidette.streams import Stream

_TIMED = ("segments", "tracks", "events", "assertions", "coverage", "looks")


def open_stream(connection: Connection, stream: Stream, *, again: bool) -> Commit | None:
    """Register a stream or refresh its row; -> its last commit. `again` begins a new watch."""
    _write_stream(connection, stream)
    if again:
        _begin_again(connection, stream)
    return last_commit(connection, stream.id)


def _write_stream(connection: Connection, stream: Stream) -> None:
    known = connection.execute("SELECT * FROM streams WHERE id = ? OR name = ?", (stream.id, stream.name)).fetchone()
    if known and (known["id"], known["name"]) != (stream.id, stream.name):
        raise StoreError(f"stream {stream.name!r} is known by another id or name; ids are made of names")
    start = to_ms(stream.start)
    row: dict[str, Value] = {
        "id": stream.id,
        "name": stream.name,
        "kind": stream.kind,
        "uri": stream.uri,
        "start": start,
        "start_from": stream.start_from,
        "duration": stream.duration_s,
        "width": stream.width,
        "height": stream.height,
    }
    upsert(connection, "streams", "id", row)
    _write_places(connection, stream)
    if known and known["start"] != start:
        _shift(connection, stream.id, start - known["start"])


def _write_places(connection: Connection, stream: Stream) -> None:
    connection.execute("DELETE FROM zones WHERE stream_id = ?", (stream.id,))
    connection.execute("DELETE FROM lines WHERE stream_id = ?", (stream.id,))
    for place, zone in enumerate(stream.zones):
        zone_row: dict[str, Value] = {"id": zone.id, "stream_id": stream.id, "name": zone.name, "place": place}
        upsert(connection, "zones", "stream_id, id", {**zone_row, "polygon_json": dump(zone.polygon)})
    for place, line in enumerate(stream.lines):
        line_row: dict[str, Value] = {"id": line.id, "stream_id": stream.id, "name": line.name, "place": place}
        upsert(connection, "lines", "stream_id, id", {**line_row, "points_json": dump([line.a, line.b])})


def _shift(connection: Connection, stream_id: str, by_ms: int) -> None:
    """Move every instant of a stream whose start became better known; media times and ids stay."""
    for table in _TIMED:
        moved = f'UPDATE {table} SET start = start + ?1, "end" = "end" + ?1 WHERE stream_id = ?2'  # noqa: S608  a name from `_TIMED`
        connection.execute(moved, (by_ms, stream_id))
    connection.execute(
        "UPDATE keyframes SET at = at + ? WHERE segment_seq IN (SELECT seq FROM segments WHERE stream_id = ?)",
        (by_ms, stream_id),
    )


def _begin_again(connection: Connection, stream: Stream) -> None:
    connection.execute("UPDATE streams SET watch = watch + 1 WHERE id = ?", (stream.id,))
    connection.execute("DELETE FROM commits WHERE stream_id = ?", (stream.id,))
    connection.execute("DELETE FROM feeds WHERE stream_id = ?", (stream.id,))
    connection.execute("DELETE FROM observations WHERE stream_id = ? AND look = 'fast'", (stream.id,))
    covering.retract(connection, stream.id)
    saying.retract(connection, stream.id, to_ms(stream.start))
    things.retract(connection, stream.id)
    connection.execute("DELETE FROM rule_states WHERE stream_id = ?", (stream.id,))


def take(connection: Connection, stream_id: str) -> int:
    """Raise the fence of a stream; -> the new one. Raises StoreError where it is not registered."""
    raised = "UPDATE streams SET fence = fence + 1 WHERE id = ? RETURNING fence"
    row: Row | None = connection.execute(raised, (stream_id,)).fetchone()
    if row is None:
        raise StoreError(f"stream {stream_id!r} is not open; call open_stream before take")
    return int(row["fence"])


def last_commit(connection: Connection, stream_id: str) -> Commit | None:
    """The newest settled fast observation of a stream."""
    row: Row | None = connection.execute("SELECT * FROM commits WHERE stream_id = ?", (stream_id,)).fetchone()
    if row is None:
        return None
    return Commit(
        stream_id=stream_id,
        sequence=row["sequence"],
        watermark_s=row["watermark"],
        carry=row["carry"],
        final=bool(row["final"]),
        run_id=row["run_id"],
    )
