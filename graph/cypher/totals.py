"""What is told of each stream, kept on its node: how many tracks it has, and for how long it was watched, in ms.

Whoever changes them has the stream locked.
"""

from collections.abc import Iterable

from graph.cypher.driver import Transaction, do
from vidette.models import Coverage, FastState

SUM_ALL = (
    "MATCH (s:Stream)"
    " CALL (s) { MATCH (t:Track {stream_id: s.id}) WHERE t.start_pts > -1.0e300 AND t.present RETURN count(t) AS tracks }"
    " CALL (s) { MATCH (c:Coverage {stream_id: s.id, look: 'fast'}) WHERE c.start_pts > -1.0e300 AND c.state = 'watched'"
    " RETURN sum(c.end - c.start) AS watched }"
    " SET s.tracks = tracks, s.watched = watched"
)
"""Sums them anew, of all streams."""


def add_tracks(transaction: Transaction, stream_id: str, tracks: int) -> None:
    """So many more."""
    do(
        transaction,
        "MATCH (s:Stream {id: $id}) SET s.tracks = coalesce(s.tracks, 0) + $by",
        id=stream_id,
        by=tracks,
    )


def add_watched(transaction: Transaction, stream_id: str, more: Iterable[Coverage], less: Iterable[Coverage]) -> None:
    """What the rows of a fast lane say more, and no longer."""
    do(
        transaction,
        "MATCH (s:Stream {id: $id}) SET s.watched = coalesce(s.watched, 0) + $by",
        id=stream_id,
        by=sum(map(_watched_ms, more)) - sum(map(_watched_ms, less)),
    )


def retract(transaction: Transaction, stream_id: str) -> None:
    """Nothing was watched, and no track seen."""
    do(transaction, "MATCH (s:Stream {id: $id}) SET s.tracks = 0, s.watched = 0", id=stream_id)


def _watched_ms(row: Coverage) -> int:
    return round(row.end_s * 1000) - round(row.start_s * 1000) if row.state is FastState.WATCHED else 0
