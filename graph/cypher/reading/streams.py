"""Streams, their commits and coverage."""

from collections.abc import Iterable
from typing import Literal

from graph.cypher.covering import Lanes, lanes
from graph.cypher.driver import Row, Transaction, rows
from graph.cypher.opening import last_commit
from graph.cypher.opening import read_stream as stream_named
from graph.reading.streams import coverage_row, window
from graph.rows import to_instant
from vidette.codec import decode
from vidette.feeds import FeedRow, FeedState
from vidette.intervals import deepened, merge
from vidette.models import LOOKS, Commit, Coverage
from vidette.queries import CoverageIn, Feeds, Filter, LastCommit, Reach, Reached, Settled, StreamOf, Streams
from vidette.rows import CoverageRow, StreamRow
from vidette.streams import Stream

_NAMED = "MATCH (s:Stream) WHERE size($names) = 0 OR s.id IN $names OR s.name IN $names"
_TOLD = "s{.id, .name, .kind, .uri, .start, .start_from, .duration, .commit_final, .tracks, .watched}"
"""What is told of a stream: its carry, which is long, stays there."""
_COUNTED = (
    " CALL (s) { MATCH (h:Shape {stream_id: s.id}) WHERE h.live RETURN sum(h.count) AS events }"
    " CALL (s) { UNWIND $looks AS look CALL (s, look) { MATCH (c:Coverage {stream_id: s.id, look: look})"
    " WHERE c.start_pts IS NOT NULL RETURN c ORDER BY c.stream_id DESC, c.look DESC, c.start_pts DESC LIMIT 1 }"
    " RETURN max(c.end_pts) AS reach }"
)


def read_streams(transaction: Transaction, query: Streams) -> list[StreamRow]:
    """Streams by name; `names` may be ids."""
    asked = f"{_NAMED}{_COUNTED} RETURN {_TOLD} AS s, events, reach ORDER BY s.name"
    return [_row(row) for row in rows(transaction, asked, names=list(query.names), looks=list(LOOKS))]


def _row(row: Row) -> StreamRow:
    stream = row["s"]
    return StreamRow(
        id=stream["id"],
        name=stream["name"],
        kind=stream["kind"],
        uri=stream["uri"],
        start=to_instant(stream["start"]),
        start_from=stream["start_from"],
        duration_s=stream.get("duration"),
        watched_s=round((stream["watched"] or 0) / 1000, 3),
        events=row["events"],
        tracks=stream["tracks"] or 0,
        state=_state(stream),
        reach_s=row["reach"] or 0.0,
    )


def _state(stream: Row) -> Literal["watching", "ended", "imported"]:
    if stream.get("commit_final"):
        return "ended"
    return "imported" if stream["kind"] == "import" else "watching"


def read_stream(transaction: Transaction, query: StreamOf) -> Stream | None:
    """A stream as configured, by name or id."""
    return stream_named(transaction, query.name)


def read_commit(transaction: Transaction, query: LastCommit) -> Commit | None:
    """The newest settled fast observation of a stream."""
    return last_commit(transaction, query.stream_id)


def read_reached(transaction: Transaction, query: Reached) -> dict[str, Reach]:
    """How far each of these streams is settled, and its fence."""
    asked = (
        "MATCH (s:Stream) WHERE s.id IN $ids RETURN s.id AS id, coalesce(s.commit_sequence, -1) AS sequence,"
        " coalesce(s.fence, 0) AS fence"
    )
    return {
        row["id"]: Reach(row["sequence"], row["fence"]) for row in rows(transaction, asked, ids=list(query.streams))
    }


def read_settled(transaction: Transaction, query: Settled) -> frozenset[str]:
    """Which of these observations are in memory."""
    asked = "MATCH (o:Observation) WHERE o.id IN $ids RETURN o.id AS id"
    return frozenset(row["id"] for row in rows(transaction, asked, ids=list(query.ids)))


def read_feeds(transaction: Transaction, query: Feeds) -> list[FeedRow]:
    """The newest state of each live stream, by name; `streams` may be names or ids."""
    asked = f"{_NAMED} WITH s WHERE s.feed_json IS NOT NULL RETURN s.name AS name, s.feed_json AS feed ORDER BY name"
    found = rows(transaction, asked, names=list(query.streams))
    return [FeedRow(stream=row["name"], feed=decode(FeedState, row["feed"])) for row in found]


def chosen(transaction: Transaction, names: tuple[str, ...]) -> list[Row]:
    """The streams of these names or ids, or all, by name."""
    asked = f"{_NAMED} RETURN s.id AS id, s.name AS name, s.start AS start ORDER BY s.name"
    return rows(transaction, asked, names=list(names))


def read_coverage(transaction: Transaction, query: CoverageIn) -> list[CoverageRow]:
    """Coverage rows by stream and time, clipped to the window."""
    streams = chosen(transaction, query.where.streams)
    said = lanes(transaction, spans_of(streams, query.where))
    found = [coverage_row(stream, row) for stream in streams for row in _covered(said, stream["id"])]
    return found[: query.limit]


def spans_of(streams: Iterable[Row], asked: Filter) -> dict[str, tuple[float, float]]:
    """The window in media seconds of each stream that it meets, by id."""
    found = {stream["id"]: window(stream["start"], asked) for stream in streams}
    return {id_: (low, high) for id_, (low, high) in found.items() if high > low}


def _covered(said: Lanes, stream_id: str) -> list[Coverage]:
    return list(merge(said.get((stream_id, "fast"), []), said.get((stream_id, "deep"), []), deepened))
