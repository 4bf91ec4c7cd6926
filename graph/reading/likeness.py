"""What lies nearest to a vector: the filter first, then a sweep over the embeddings that are left."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from graph.reading import where as conditions
from graph.reading.where import Where
from graph.rows import Connection, Value, many, to_box
from vidette.errors import StoreError
from vidette.likeness import Embeddable, Near, Nearest, Unembedded
from vidette.models import ClockReading
from vidette.queries import ClockReadings, Filter

_CHUNK = 2048
"""So many vectors are held at once: some MB."""
_RUN = "(SELECT seq FROM runs WHERE id = ?)"

_JOINED = {
    "keyframe": "keyframes k ON k.seq = v.seq CROSS JOIN segments ON segments.seq = k.segment_seq",
    "segment": "segments ON segments.seq = v.seq",
    "event": "says ON says.assertion_seq = v.seq CROSS JOIN events ON events.seq = says.event_seq",
    "entity": "entities n ON n.seq = v.seq",
}
_NUMBER = {"keyframe": "k.seq", "segment": "segments.seq", "event": "events.seq", "entity": "n.seq"}
_SOURCES = {
    "keyframe": "SELECT t.seq, t.id, s.stream_id, '' AS text, t.sha256 FROM keyframes t"
    " JOIN segments s ON s.seq = t.segment_seq {} WHERE v.seq IS NULL",
    "assertion": "SELECT t.seq, t.id, t.stream_id, t.caption AS text, '' AS sha256 FROM assertions t {}"
    " WHERE v.seq IS NULL AND t.look = 'deep' AND t.caption != ''",
    "segment": "SELECT t.seq, t.id, t.stream_id, t.caption AS text, '' AS sha256 FROM segments t {}"
    " WHERE v.said IS NOT t.caption AND t.caption != '' AND EXISTS (SELECT 1 FROM segment_captions c"
    " WHERE c.segment_seq = t.seq AND c.look = 'deep')",
    "entity": "SELECT t.seq, t.id, t.stream_id, t.description AS text, '' AS sha256 FROM entities t {}"
    " WHERE v.said IS NOT t.description AND t.description != ''",
}


def read_nearest(connection: Connection, query: Nearest) -> list[Near]:
    """The nearest rows that match, best first; those of equal likeness by their age."""
    wanted = np.frombuffer(query.vector, "<f4")
    if not wanted.size:
        raise StoreError(f"a vector of {len(query.vector)} bytes is none; give float32 numbers")
    numbers, likeness = _swept(connection, query, wanted)
    best: dict[int, float] = {}
    for at in np.lexsort((numbers, -likeness)):
        if len(best) == query.limit:
            break
        best.setdefault(int(numbers[at]), float(likeness[at]))
    return _named(connection, query.of, best)


def _swept(
    connection: Connection, query: Nearest, wanted: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The numbers of all rows that match, and how like what is wanted they are."""
    numbers, likeness = [np.empty(0, np.int64)], [np.empty(0, np.float32)]
    for seqs, vectors in _chunks(connection, query):
        if len(vectors) != 2 * wanted.size * len(seqs):
            raise StoreError(
                f"embeddings of run {query.run_id!r} have other dimensions than the {wanted.size} asked for"
            )
        rows = np.frombuffer(vectors, "<f2").reshape(len(seqs), wanted.size)
        numbers.append(np.array(seqs, np.int64))
        likeness.append(rows.astype(np.float32) @ wanted)
    return np.concatenate(numbers), np.concatenate(likeness)


def _chunks(connection: Connection, query: Nearest) -> Iterator[tuple[list[int], bytes]]:
    of, where = query.of, _where(query)
    asked = f"SELECT {_NUMBER[of]} AS seq, v.vector FROM embeddings v CROSS JOIN {_JOINED[of]}"  # noqa: S608  from this file
    held = Where([f"v.run_seq = {_RUN}", 'v."of" = ?'], [query.run_id, "assertion" if of == "event" else of])
    whole = Where([*held.conditions, *where.conditions], [*held.values, *where.values])
    found = connection.execute("".join((asked, whole.text)), whole.values)
    while rows := found.fetchmany(_CHUNK):
        yield [row[0] for row in rows], b"".join(row[1] for row in rows)


def _where(query: Nearest) -> Where:
    if query.of == "event":
        return conditions.events(query.where, by_index=False)
    if query.of == "entity":
        return _entities(query.where)
    where = conditions.segments(query.where)
    if query.of == "keyframe":
        conditions.moments(where, "k", query.where)
    return where


def _entities(asked: Filter) -> Where:
    where = Where()
    where.add("n.present")
    conditions.streams(where, "n", asked)
    where.among("n.label", asked.labels)
    where.among("n.kind", asked.kinds)
    where.named("n.seq", asked.ids)
    return where


def _named(connection: Connection, of: str, best: dict[int, float]) -> list[Near]:
    """The ids of numbers, in their order; a keyframe with its segment's."""
    out = []
    for seq, likeness in best.items():
        row = connection.execute(
            "SELECT m.id, (SELECT g.id FROM keyframes k JOIN names g ON g.seq = k.segment_seq WHERE k.seq = m.seq)"
            " FROM names m WHERE m.seq = ?",
            (seq,),
        ).fetchone()
        out.append(Near(row[0], likeness, (row[1] or "") if of == "keyframe" else ""))
    return out


def read_unembedded(connection: Connection, query: Unembedded) -> list[Embeddable]:
    """What this run has not embedded, or not as it is said now, in the order in which it was heard of."""
    joined = f'LEFT JOIN embeddings v ON v.run_seq = {_RUN} AND v."of" = ? AND v.seq = t.seq'
    values: list[Value] = [query.run_id, query.of]
    asked = _SOURCES[query.of].replace("{}", joined)
    if query.streams:
        asked += " AND stream_id IN (SELECT value FROM json_each(?))"
        values.append(many(query.streams))
    asked += " AND t.seq > coalesce((SELECT seq FROM names WHERE id = ?), 0) ORDER BY t.seq LIMIT ?"
    found = connection.execute(asked, (*values, query.after, query.limit))
    return [Embeddable(row["id"], row["stream_id"], row["text"], row["sha256"]) for row in found]


def read_clock_readings(connection: Connection, query: ClockReadings) -> list[ClockReading]:
    """What the clock burnt into a stream's pictures said, by media time."""
    found = connection.execute(
        "SELECT pts, text, box_json FROM clock_readings WHERE stream_id = ? ORDER BY pts, text", (query.stream_id,)
    )
    return [
        ClockReading(pts_s=row["pts"], text=row["text"], box=to_box(row["box_json"]) or (0.0, 0.0, 1.0, 1.0))
        for row in found
    ]
