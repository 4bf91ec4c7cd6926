"""Who watches a stream now, on every GraphStore: what its earlier watchers still say is refused, without an error."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier, Thread

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.graph_stores import STORES
from vidette import ids
from vidette.errors import StoreError
from vidette.models import Observation, Run
from vidette.ports import GraphStore
from vidette.queries import LastCommit, Reach, Reached, Settled
from vidette.streams import Stream

FAST, DEEP = Run(id="fast", model="fast", revision="1"), Run(id="deep", model="vlm", revision="1")


def stream_of(name: str) -> Stream:
    return Stream(id=ids.stream_id(name), name=name, kind="file", uri="x.mp4", start=datetime(2026, 3, 1, tzinfo=UTC))


YARD, GATE = stream_of("yard"), stream_of("gate")


def fast(sequence: int, fence: int = 0) -> Observation:
    return Observation(
        id=f"{sequence} of {fence}",
        stream_id=YARD.id,
        look="fast",
        run=FAST,
        start_s=sequence * 5.0,
        end_s=sequence * 5.0 + 5,
        watermark_s=sequence * 5.0 + 5,
        sequence=sequence,
        carry=b"carry",
        fence=fence,
    )


@pytest.fixture
def store(opened: GraphStore) -> GraphStore:
    opened.open_stream(YARD)
    return opened


def reach(store: GraphStore) -> Reach:
    return store.read(Reached(streams=(YARD.id,)))[YARD.id]


def test_a_stream_that_nobody_took_has_no_fence(store: GraphStore) -> None:
    assert reach(store) == Reach(-1, 0)
    assert store.settle(fast(0))
    assert reach(store) == Reach(0, 0)


def test_each_who_takes_it_has_the_next_fence(store: GraphStore) -> None:
    store.open_stream(GATE)
    assert [store.take(YARD.id), store.take(YARD.id), store.take(GATE.id)] == [1, 2, 1]
    assert store.read(Reached(streams=(GATE.id, YARD.id, "nobody's"))) == {YARD.id: Reach(-1, 2), GATE.id: Reach(-1, 1)}
    assert store.read(Reached(streams=())) == {}


def test_what_earlier_watchers_say_is_not_settled(store: GraphStore) -> None:
    store.take(YARD.id)
    assert store.settle(fast(0, fence=1))
    store.take(YARD.id)
    assert not store.settle(fast(1, fence=1))
    assert not store.settle(fast(7, fence=1))  # nor is it said that it came too early: it is for nobody any more
    assert not store.read(Settled(ids=("1 of 1", "7 of 1")))
    assert store.settle(fast(1, fence=2))
    assert store.read(LastCommit(stream_id=YARD.id)).sequence == 1  # type: ignore[union-attr]  # there is one
    assert reach(store) == Reach(1, 2)


def test_who_has_no_fence_may_always_settle_and_deep_looks_have_none(store: GraphStore) -> None:
    store.take(YARD.id)
    store.take(YARD.id)
    assert store.settle(fast(0))
    look = Observation(id="look", stream_id=YARD.id, look="deep", run=DEEP, start_s=0.0, end_s=5.0, fence=1)
    assert store.settle(look)


def test_in_order_it_has_to_be_all_the_same(store: GraphStore) -> None:
    fence = store.take(YARD.id)
    with pytest.raises(StoreError, match="came before 0") as early:
        store.settle(fast(1, fence=fence))
    assert early.value.retryable


def test_a_stream_is_taken_once_it_is_registered(store: GraphStore) -> None:
    with pytest.raises(StoreError, match="call open_stream before take"):
        store.take(GATE.id)


def test_its_fence_outlives_a_new_row_and_a_new_watch(store: GraphStore) -> None:
    store.take(YARD.id)
    store.settle(fast(0, fence=1))
    store.open_stream(replace(YARD, uri="moved.mp4"), again=True)
    assert reach(store) == Reach(-1, 1)
    assert store.take(YARD.id) == 2


def test_of_many_who_take_it_at_once_each_has_another_fence(store: GraphStore) -> None:
    together, fences = Barrier(6), list[int]()

    def take() -> None:
        together.wait()
        fences.append(store.take(YARD.id))

    takers = [Thread(target=take) for _ in range(6)]
    for one in takers:
        one.start()
    for one in takers:
        one.join()
    assert sorted(fences) == [1, 2, 3, 4, 5, 6]


STEPS = st.lists(st.one_of(st.just("take"), st.tuples(st.integers(0, 4), st.integers(0, 4))), max_size=20)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_only_who_took_it_last_is_heard(steps: list[str | tuple[int, int]]) -> None:
    """Any order of takings and of what their holders say: what is settled had the highest fence when it came."""
    store = STORES["embedded in memory"](Path())
    store.open_stream(YARD)
    now, last = 0, -1
    for step in steps:
        if isinstance(step, str):
            now += 1
            assert store.take(YARD.id) == now
            continue
        sequence, fence = step
        try:
            settled = store.settle(fast(sequence, fence))
        except StoreError as error:
            assert error.retryable
            assert sequence > last + 1
            assert not 0 < fence < now
            continue
        assert settled == (sequence == last + 1 and not 0 < fence < now)
        last += settled
        assert reach(store) == Reach(last, now)
    store.close()
