"""Which entities were in view at one time."""

from graph.cypher import where as conditions
from graph.cypher.driver import Transaction, rows
from graph.reading.together import MOST_TRACKS, pairs_of
from vidette.queries import CoOccurrence, Together


def read_together(transaction: Transaction, query: CoOccurrence) -> list[Together]:
    """Pairs of entities whose tracks overlap in one stream, longest first; an open track lasts to the watermark."""
    where = conditions.tracks(transaction, query.where)
    found = rows(
        transaction,
        f"{where.text} MATCH (s:Stream {{id: t.stream_id}}) WITH t, n, s ORDER BY t.stream_id, t.start_pts, t.id LIMIT $most"
        " RETURN t.stream_id AS stream_id, n.id AS entity, t.start_pts AS start_pts, coalesce(t.end_pts,"
        " CASE WHEN s.commit_watermark > t.start_pts THEN s.commit_watermark ELSE t.start_pts END) AS until"
        " ORDER BY t.stream_id, t.start_pts, t.id",
        **where.values,
        most=MOST_TRACKS,
    )
    return pairs_of(found)[: query.limit]
