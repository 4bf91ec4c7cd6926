"""Bounds on deep looks at a stream: what memory holds and what is under way count, whoever asks."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from agent.perception.deep import deep_look
from agent.perception.scripted import SCRIPTED, ScriptedVision
from graph.embedded import EmbeddedStore
from vidette.errors import ModelError
from vidette.ids import segment_id, stream_id
from vidette.models import Keyframe, Observation, Run, Segment, Usage
from vidette.streams import Stream
from vidette.vision import LookReply, LookRequest
from workers.deep.allowance import Allowance
from workers.deep.spending import Spending

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
    observation = deep_look(model, request)
    store.settle(observation)
    return observation.usage


def saying(**usage):
    return ScriptedVision(otherwise=LookReply(caption="a yard", usage=Usage(calls=1, **usage)))


def of_stream(**most):
    return Spending(Allowance(whose="stream_", **most))


def test_what_was_examined_or_failed_counts_by_the_hour(store):
    look(store, 0.0, ScriptedVision(otherwise=LookReply(caption="a yard")))
    look(store, 10.0, ScriptedVision())
    spending = of_stream(calls=2)
    refused = spending.leave(store, SCRIPTED, at(20.0))
    assert refused.none
    assert refused.reason == "all of `vlm.stream_calls_per_hour` is spent"
    assert spending.leave(store, SCRIPTED, at(3700.0)).level == 0  # another hour
    assert spending.leave(store, SCRIPTED, at(10.0)).level == 0  # tried before: once more is no further look
    assert of_stream(calls=3).leave(store, SCRIPTED, at(20.0)).level == 0
    assert of_stream(calls=2).leave(store, Run(id="another", model="m", revision="1"), at(20.0)).level == 0
    assert Spending().leave(store, SCRIPTED, at(20.0)).level == 0


def test_what_is_under_way_counts_too(store):
    spending = of_stream(calls=2)
    with ThreadPoolExecutor(5) as pool:
        leaves = list(pool.map(lambda at_s: spending.leave(store, SCRIPTED, at(at_s)), SEGMENTS[:5]))
    assert [one.none for one in leaves].count(False) == 2


def test_tokens_are_counted_from_memory_after_a_restart(store):
    model = saying(prompt_tokens=900, completion_tokens=100)
    levels = []
    for start_s in SEGMENTS[:4]:
        leave = of_stream(tokens=4000).leave(store, SCRIPTED, at(start_s))  # a new process each time
        levels.append(leave.level)
        look(store, start_s, model)
    assert levels == [0, 0, 1, 2]
    last = of_stream(tokens=4000).leave(store, SCRIPTED, at(3580.0))
    assert (last.none, last.reason) == (True, "all of `vlm.stream_tokens_per_hour` is spent")


def test_what_keeps_pace_with_the_hour_is_no_strain(store):
    look(store, 0.0, saying(prompt_tokens=3000, gpu_s=3.0))
    for most in ({"tokens": 4000}, {"gpu_s": 4.0}):
        assert of_stream(**most).leave(store, SCRIPTED, at(10.0)).level == 2
        assert of_stream(**most).leave(store, SCRIPTED, at(3580.0)).level == 0


def test_looks_under_way_are_taken_to_cost_what_the_others_did(store):
    look(store, 0.0, saying(prompt_tokens=1000))
    spending = of_stream(tokens=4000)
    levels = [spending.leave(store, SCRIPTED, at(start_s)).level for start_s in (10.0, 20.0, 30.0)]
    assert levels == [0, 1, 2]
    look(store, 10.0, saying(prompt_tokens=0))
    assert spending.leave(store, SCRIPTED, at(20.0)).level == 0


def test_what_is_not_settled_yet_counts_at_what_it_cost(store):
    spending = of_stream(tokens=4000)
    for start_s, tokens in ((0.0, 1000), (10.0, 2000)):
        assert spending.leave(store, SCRIPTED, at(start_s)).level == 0
        spending.spent(at(start_s), Usage(calls=1, prompt_tokens=tokens))
    assert spending.leave(store, SCRIPTED, at(20.0)).level == 2
    look(store, 0.0, saying(prompt_tokens=1000))  # settled: not counted twice
    look(store, 10.0, saying(prompt_tokens=2000))
    spending.spent(at(20.0), None)
    assert spending.leave(store, SCRIPTED, at(30.0)).level == 2


def test_the_hour_of_all_streams_goes_by_the_clock(store):
    now = [0.0]
    spending = Spending(all_=Allowance(calls=2, tokens=1000), clock=lambda: now[0])
    assert spending.leave(store, SCRIPTED, at(0.0)).level == 0
    spending.spent(at(0.0), look(store, 0.0, saying(prompt_tokens=600)))
    assert spending.leave(store, SCRIPTED, at(3700.0)).reason == "60% of `vlm.tokens_per_hour` is spent"
    refused = spending.leave(store, SCRIPTED, at(10.0))
    assert (refused.none, refused.reason) == (True, "all of `vlm.calls_per_hour` is spent")
    now[0] = 3600.0
    assert spending.leave(store, SCRIPTED, at(10.0)).level == 0


def test_what_a_failed_look_cost_counts(store):
    class Failing(ScriptedVision):
        def look(self, request):
            raise ModelError("nothing but noise", usage=Usage(calls=2, prompt_tokens=4000))

    spending = Spending(Allowance(whose="stream_", tokens=4000), Allowance(tokens=4000))
    spending.spent(at(0.0), look(store, 0.0, Failing()))
    assert spending.leave(store, SCRIPTED, at(10.0)).none
    assert of_stream(tokens=4000).leave(store, SCRIPTED, at(10.0)).none


def test_the_more_wait_the_less_is_asked(store):
    spending = Spending(at_once=2)
    levels = [spending.leave(store, SCRIPTED, at(0.0), waiting).level for waiting in (0, 15, 16, 48, 112, 240, 9999)]
    assert levels == [0, 0, 1, 2, 3, 4, 4]
    assert spending.leave(store, SCRIPTED, at(0.0), 48).reason == "48 wait"


def test_promises_of_many_hours_are_bounded(store):
    spending = of_stream(calls=1)
    for hour in range(1200):
        assert spending.leave(store, SCRIPTED, at(hour * 3600.0)).level == 0
    assert len(spending._promised) <= 1000
