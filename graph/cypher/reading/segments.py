"""Segments as rows, and text that can be read in their pictures."""

from graph.cypher import where as conditions
from graph.cypher.driver import Row, Transaction, rows
from graph.cypher.reading.finding import order_by
from graph.rows import to_instant, to_ms
from vidette.models import Keyframe
from vidette.queries import Segments, Texts
from vidette.rows import SegmentRow, TextRow

_FRAMES = "[(k:Keyframe)-[:IN]->(g) | k{.*}] AS frames"


def read_segments(transaction: Transaction, query: Segments) -> list[SegmentRow]:
    """Segments that match."""
    where = conditions.segments(transaction, query.where)
    ranked = query.order == "rank" and query.where.text
    order = " ORDER BY score DESC, g.start, g.id" if ranked else order_by("g", query.order)
    found = rows(
        transaction,
        f"{where.first('g' + (', score' if query.where.text else ''), order)} MATCH (g)-[:OF]->(s:Stream)"
        f" RETURN g{{.*}} AS g, s.name AS stream, {_FRAMES}{order}",
        **where.values,
        limit=max(0, query.limit),
    )
    return [_row(row) for row in found]


def _row(row: Row) -> SegmentRow:
    segment = row["g"]
    frames = sorted(row["frames"], key=lambda frame: (frame["pts"], frame["id"]))
    return SegmentRow(
        id=segment["id"],
        stream=row["stream"],
        start=to_instant(segment["start"]),
        end=to_instant(segment["end"]),
        start_s=segment["start_pts"],
        end_s=segment["end_pts"],
        caption=segment["caption"],
        keyframes=tuple(
            Keyframe(
                id=frame["id"],
                segment_id=segment["id"],
                pts_s=frame["pts"],
                sha256=frame["sha256"],
                uri=frame["uri"],
                text=frame["text"],
            )
            for frame in frames
        ),
        gated=segment["gated"],
        backdrop=segment.get("backdrop"),
    )


def read_texts(transaction: Transaction, query: Texts) -> list[TextRow]:
    """What can be read in keyframes of segments that match, that in most pictures first."""
    asked, where = query.where, conditions.segments(transaction, query.where)
    borders = {
        "k.at >= $at_low": ("at_low", None if asked.since is None else to_ms(asked.since)),
        "k.at < $at_high": ("at_high", None if asked.until is None else to_ms(asked.until)),
        "k.pts >= $pts_low": ("pts_low", asked.from_s),
        "k.pts < $pts_high": ("pts_high", asked.to_s),
    }
    inside = [text for text, (_, at) in borders.items() if at is not None]
    found = rows(
        transaction,
        f"{where.text} MATCH (k:Keyframe)-[:IN]->(g) WHERE {' AND '.join(['k.text <> $nothing', *inside])}"
        " MATCH (g)-[:OF]->(s:Stream) RETURN k.text AS text, s.name AS stream, min(k.at) AS first, max(k.at) AS last,"
        " min(k.pts) AS first_s, max(k.pts) AS last_s, count(k) AS pictures ORDER BY pictures DESC, first, text LIMIT $limit",
        **where.values,
        **{name: at for name, at in borders.values() if at is not None},
        nothing="",
        limit=max(0, query.limit),
    )
    return [TextRow(**{**row, "first": to_instant(row["first"]), "last": to_instant(row["last"])}) for row in found]
