"""The sums of coverage by the database are those of its rows."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph import covering
from graph.embedded import EmbeddedStore
from vidette.aggregates import Watched
from vidette.ids import stream_id
from vidette.intervals import complement, total, union
from vidette.models import Coverage, DeepState, FastState
from vidette.queries import CoverageIn, Filter, Streams
from vidette.streams import Stream

START = datetime(2026, 3, 9, 8, 0, tzinfo=UTC)
CAM = Stream(id=stream_id("cam"), name="cam", kind="live", uri="rtsp://cam", start=START)
KEPT = "SELECT * FROM lanes WHERE known != 0"
SUMMED = (
    "SELECT stream_id, look, CAST(sum(1000 * (end_pts - start_pts)) AS INTEGER),"
    " CAST(sum((state = 'watched') * 1000 * (end_pts - start_pts)) AS INTEGER),"
    " CAST(sum((deep = 'examined') * 1000 * (end_pts - start_pts)) AS INTEGER) FROM coverage GROUP BY stream_id, look"
)


def _deep_alone(store):
    """Seconds that only the deep look says were watched: a stream's row tells of the fast look alone."""
    with store._database.read() as connection:
        fast = [
            (row["start_pts"], row["end_pts"])
            for row in connection.execute("SELECT * FROM coverage WHERE look = 'fast'")
        ]
    rows = store.read(CoverageIn())
    alone = [(row.start_s, row.end_s) for row in rows if row.state == FastState.WATCHED]
    return total(part for span in alone for part in complement(fast, span))


@st.composite
def lane(draw: st.DrawFn) -> list[Coverage]:
    """Rows that do not overlap, with holes between some of them."""
    borders = sorted(draw(st.lists(st.integers(0, 60), max_size=12, unique=True)))
    spans = [span for span in pairwise(borders) if draw(st.integers(0, 3))]
    state, deep = st.sampled_from(FastState), st.sampled_from(DeepState)
    return [
        Coverage(stream_id=CAM.id, start_s=a, end_s=b, state=draw(state), deep=draw(deep), reason=draw(st.sampled_from(["", "why"])))
        for a, b in spans
    ]  # fmt: skip


def window() -> st.SearchStrategy[Filter]:
    """Windows of every sort, also empty ones and such that reach beyond all coverage."""
    seconds = st.none() | st.integers(-5, 70).map(float)
    at = st.none() | st.integers(-5, 70).map(lambda s: START + timedelta(seconds=s))
    return st.builds(Filter, from_s=seconds, to_s=seconds, since=at, until=at)


@settings(max_examples=150, deadline=None)
@given(first=lane(), fast=lane(), deep=lane(), again=st.booleans(), where=window())
def test_it_sums_what_the_rows_say(first, fast, deep, again, where):
    store = EmbeddedStore(":memory:")
    store.open_stream(CAM)
    with store._database.write() as connection:
        covering.write(connection, CAM.id, 0, "fast", first)
        if again:
            covering.retract(connection, CAM.id)
        covering.write(connection, CAM.id, 0, "fast", fast)
        covering.write(connection, CAM.id, 0, "deep", deep)
        assert sorted(map(tuple, connection.execute(KEPT))) == sorted(map(tuple, connection.execute(SUMMED)))
    rows = store.read(CoverageIn(where=where))
    (told,), (stream,) = store.read(Watched(where=where)), store.read(Streams())
    assert stream.watched_s == pytest.approx(store.read(Watched())[0].watched_s - _deep_alone(store))
    store.close()
    spans = [(row.start_s, row.end_s) for row in rows]
    watched = [(row.start_s, row.end_s) for row in rows if row.state == FastState.WATCHED]
    assert told.watched_s == pytest.approx(total(watched))
    assert told.examined_s == pytest.approx(
        total((row.start_s, row.end_s) for row in rows if row.deep == DeepState.EXAMINED)
    )
    assert union(told.known) == union(spans)
    dark = [(row.start_s, row.end_s) for row in told.unwatched]
    assert union(dark) == union(span for row, span in zip(rows, spans, strict=True) if row.state != FastState.WATCHED)
    assert all(a.end_s <= b.start_s for a, b in pairwise(told.unwatched))


def test_streams_by_name_or_id_and_none_that_is_not_there():
    store = EmbeddedStore(":memory:")
    store.open_stream(CAM)
    assert [row.stream for row in store.read(Watched())] == ["cam"]
    assert [row.stream for row in store.read(Watched(where=Filter(streams=(CAM.id,))))] == ["cam"]
    assert store.read(Watched(where=Filter(streams=("other",)))) == []
    store.close()
