"""Bounds on deep looks at a stream: what memory holds and what is under way count, whoever asks."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from agent.perception.deep import deep_look
from agent.perception.scripted import SCRIPTED, ScriptedVision
from graph.embedded import EmbeddedStore
from vidette.ids import segment_id, stream_id
from vidette.models import Keyframe, LookReply, LookRequest, Observation, Segment, Stream
from workers.spending import Spending

CAM = stream_id("cam")


def at(start_s):
    id_ = segment_id(CAM, start_s)
    frame = Keyframe(id=f"k{start_s}", segment_id=id_, pts_s=start_s, sha256="0" * 64, uri="u")
    return Segment(id=id_, stream_id=CAM, start_s=start_s, end_s=start_s + 10, keyframes=(frame,))


@pytest.fixture
def store(tmp_path):
    """A memory with five segments in the first hour of a stream and one in the second."""
    store = EmbeddedStore(tmp_path / "v.db")
    store.open_stream(Stream(id=CAM, name="cam", kind="file", uri="x", start=datetime(2026, 1, 1, tzinfo=UTC)))
    segments = tuple(map(at, SEGMENTS))
    fast = Observation(
        id="fast", stream_id=CAM, look="fast", run=SCRIPTED, start_s=0, end_s=4000, sequence=0, segments=segments
    )
    store.settle(fast)
    yield store
    store.close()


SEGMENTS = (0.0, 10.0, 20.0, 30.0, 3580.0, 3700.0)


def look(store, start_s, model):
    request = LookRequest(stream_id=CAM, stream_name="cam", segment=at(start_s))
    store.settle(deep_look(model, request))


def test_what_was_examined_or_failed_counts_by_the_hour(store):
    look(store, 0.0, ScriptedVision(otherwise=LookReply(caption="a yard")))
    look(store, 10.0, ScriptedVision())
    spending = Spending(2)
    assert "stream_calls_per_hour" in spending.refusal(store, SCRIPTED, at(20.0))
    assert spending.refusal(store, SCRIPTED, at(3700.0)) == ""  # another hour
    assert spending.refusal(store, SCRIPTED, at(10.0)) == ""  # tried before: once more costs nothing new
    assert Spending(3).refusal(store, SCRIPTED, at(20.0)) == ""
    assert Spending(0).refusal(store, SCRIPTED, at(20.0)) == ""


def test_what_is_under_way_counts_too(store):
    spending = Spending(2)
    with ThreadPoolExecutor(5) as pool:
        said = list(pool.map(lambda at_s: spending.refusal(store, SCRIPTED, at(at_s)), SEGMENTS[:5]))
    assert said.count("") == 2


def test_promises_of_many_hours_are_bounded(store):
    spending = Spending(1)
    for hour in range(1200):
        assert spending.refusal(store, SCRIPTED, at(hour * 3600.0)) == ""
    assert len(spending._promised) <= 1000
