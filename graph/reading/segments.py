"""Segments as rows."""

from collections import defaultdict

from graph.names import listed
from graph.reading import where as conditions
from graph.reading.finding import order_by
from graph.rows import Connection, Row, to_instant
from vidette.models import Keyframe
from vidette.queries import Segments, Texts
from vidette.rows import SegmentRow, TextRow


def read_segments(connection: Connection, query: Segments) -> list[SegmentRow]:
    """Segments that match."""
    where = conditions.segments(query.where)
    tables, order = "segments", order_by("segments", query.order)
    if query.order == "rank" and query.where.text:
        tables = "segment_words JOIN segments ON segments.seq = segment_words.rowid"
        where.add("segment_words MATCH ?", conditions.phrase(query.where))
        order = " ORDER BY bm25(segment_words), segments.start, segments.id"
    found = connection.execute(
        "".join(
            (
                "SELECT segments.*, streams.name AS stream FROM ",
                tables,
                " JOIN streams ON streams.id = segments.stream_id",
                where.text,
                order,
                " LIMIT ?",
            )
        ),
        (*where.values, query.limit),
    ).fetchall()
    frames = _keyframes(connection, {row["seq"]: row["id"] for row in found})
    return [_row(row, frames[row["seq"]]) for row in found]


def _row(row: Row, frames: list[Keyframe]) -> SegmentRow:
    return SegmentRow(
        id=row["id"],
        stream=row["stream"],
        start=to_instant(row["start"]),
        end=to_instant(row["end"]),
        start_s=row["start_pts"],
        end_s=row["end_pts"],
        caption=row["caption"],
        keyframes=tuple(frames),
        gated=bool(row["gated"]),
        backdrop=row["backdrop"],
    )


def _keyframes(connection: Connection, segments: dict[int, str]) -> dict[int, list[Keyframe]]:
    found = connection.execute(
        "SELECT * FROM keyframes WHERE segment_seq IN (SELECT value FROM json_each(?)) ORDER BY pts, id",
        (listed(segments),),
    )
    out: dict[int, list[Keyframe]] = defaultdict(list)
    for row in found:
        frame = Keyframe(
            id=row["id"],
            segment_id=segments[row["segment_seq"]],
            pts_s=row["pts"],
            sha256=row["sha256"],
            uri=row["uri"],
            text=row["text"],
        )
        out[row["segment_seq"]].append(frame)
    return out


def read_texts(connection: Connection, query: Texts) -> list[TextRow]:
    """What can be read in keyframes of segments that match, that in most pictures first."""
    where = conditions.segments(query.where)
    where.add("k.text != ''")
    conditions.moments(where, "k", query.where)
    found = connection.execute(
        "".join(
            (
                "SELECT k.text, streams.name AS stream, min(k.at) AS first, max(k.at) AS last, min(k.pts) AS first_s,"
                " max(k.pts) AS last_s, count(*) AS pictures FROM keyframes k"
                " JOIN segments ON segments.seq = k.segment_seq JOIN streams ON streams.id = segments.stream_id",
                where.text,
                " GROUP BY streams.id, k.text ORDER BY pictures DESC, first, k.text LIMIT ?",
            )
        ),
        (*where.values, query.limit),
    )
    return [
        TextRow(
            text=row["text"],
            stream=row["stream"],
            first=to_instant(row["first"]),
            last=to_instant(row["last"]),
            first_s=row["first_s"],
            last_s=row["last_s"],
            pictures=row["pictures"],
        )
        for row in found
    ]
