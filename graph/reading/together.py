"""Which entities were in view at one time."""

from collections import defaultdict
from collections.abc import Sequence

from graph.reading import where as conditions
from graph.rows import Connection, Named
from vidette.intervals import Span, total
from vidette.queries import CoOccurrence, Together

MOST_TRACKS = 50_000


def read_together(connection: Connection, query: CoOccurrence) -> list[Together]:
    """Pairs of entities whose tracks overlap in one stream, longest first; an open track lasts to the watermark."""
    where = conditions.tracks(query.where)
    found = connection.execute(
        "".join(
            (
                "SELECT tracks.stream_id, n.id AS entity, start_pts,"
                " coalesce(end_pts, max(c.watermark, start_pts), start_pts) AS until"
                " FROM tracks JOIN identities i ON i.track_seq = tracks.seq"
                " JOIN entities n ON n.seq = i.entity_seq"
                " LEFT JOIN commits c ON c.stream_id = tracks.stream_id",
                where.text,
                " ORDER BY tracks.stream_id, start_pts, tracks.id LIMIT ?",
            )
        ),
        (*where.values, MOST_TRACKS),
    )
    return pairs_of(found.fetchall())[: query.limit]


def pairs_of(tracks: Sequence[Named]) -> list[Together]:
    """Pairs of entities of tracks that overlap, longest first; `tracks` (stream_id, entity, start_pts, until) in the order of stream and start."""
    shared = _overlaps(tracks)
    pairs = [Together(a=a, b=b, seconds=round(total(spans), 3)) for (a, b), spans in shared.items()]
    return sorted(pairs, key=lambda pair: (-pair.seconds, pair.a, pair.b))


def _overlaps(tracks: Sequence[Named]) -> dict[tuple[str, str], list[Span]]:
    """The time that each pair shares: one sweep over the tracks in order."""
    shared: dict[tuple[str, str], list[Span]] = defaultdict(list)
    active: list[Named] = []
    for row in tracks:
        start = row["start_pts"]
        active = [other for other in active if other["stream_id"] == row["stream_id"] and other["until"] > start]
        for other in active:
            if other["entity"] != row["entity"] and row["until"] > start:
                a, b = sorted((other["entity"], row["entity"]))
                shared[a, b].append((start, min(other["until"], row["until"])))
        active.append(row)
    return shared
