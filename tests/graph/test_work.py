"""Settling and asking read what is near, however much there is: SQLite's instructions are counted, not time."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from graph.embedded import EmbeddedStore
from vidette.alerts import Case, Judgement
from vidette.looks import Verdicts
from vidette.models import (
    Assertion,
    Coverage,
    DeepState,
    EventType,
    FastState,
    Keyframe,
    Label,
    Observation,
    Role,
    Run,
    Segment,
    Track,
    Verdict,
)
from vidette.ports import Reader
from vidette.queries import Filter, Query
from vidette.rows import VerdictRow
from vidette.streams import Stream

FAST, DEEP = Run(id="fast", model="fast", revision="1"), Run(id="deep", model="vlm", revision="1")
YARD = Stream(id="yard", name="yard", kind="live", uri="x", start=datetime(2026, 3, 1, tzinfo=UTC))


def settle_both(store: EmbeddedStore, number: int) -> None:
    """A fast observation of half a minute, and a deep look at it that supports its event and founds another."""
    start = number * 30.0
    track = Track(
        id=f"t{number}", stream_id="yard", label=Label.PERSON, start_s=start, end_s=start + 9, confidence=1, path=()
    )
    entered = Assertion(
        id=f"e{number}",
        stream_id="yard",
        look="fast",
        run_id="fast",
        type=EventType.OBJECT_ENTERED,
        start_s=start,
        end_s=start,
        confidence=0.5,
        caption="a person entered",
        of=f"e{number}",
        roles=(Role(role="subject", track_id=track.id),),
    )
    looked = replace(entered, id=f"d{number}", look="deep", run_id="deep", of=None)
    other = replace(looked, id=f"o{number}", type=EventType.OTHER, end_s=start + 5)
    given = {"stream_id": "yard", "start_s": start, "end_s": start + 30}
    fast = Observation(
        id=f"f{number}", look="fast", run=FAST, sequence=number, tracks=(track,), assertions=(entered,), **given
    )
    store.settle(fast)
    store.settle(Observation(id=f"l{number}", look="deep", run=DEEP, assertions=(looked, other), **given))


class Hearing:
    """A judge that keeps what it is told of answers."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def judge(self, case: Case, read: Reader) -> Judgement:
        """No alert is said."""
        self.heard = [verdict.question for verdict in case.verdicts]
        return Judgement()


def settle_answer(store: EmbeddedStore, number: int) -> None:
    """A fast observation of half a minute, and a deep look at it that answers a closed question."""
    start, end = number * 30.0, number * 30.0 + 30
    frame = Keyframe(id=f"k{number}", segment_id=f"s{number}", pts_s=start, sha256="ab" * 32, uri="media:ab.jpg")
    segment = Segment(id=f"s{number}", stream_id="yard", start_s=start, end_s=end, keyframes=(frame,))
    given = {"stream_id": "yard", "start_s": start, "end_s": end}
    store.settle(Observation(id=f"f{number}", look="fast", run=FAST, sequence=number, segments=(segment,), **given))
    row = Coverage(**given, state=FastState.WATCHED, deep=DeepState.EXAMINED)
    said = Verdict(question=f"Is anybody there in {number}?", answer="no", confidence=1)
    given |= {"segment_id": segment.id, "coverage": (row,), "verdicts": (said,)}
    judge = Hearing()
    store.settle(Observation(id=f"l{number}", look="deep", run=DEEP, **given), judge)
    assert judge.heard == [said.question]


def work(store: EmbeddedStore, act: Callable[[], object]) -> int:
    """How many instructions something takes."""
    ticks = count()
    with store._database.write() as connection:  # in memory there is one
        connection.set_progress_handler(lambda: next(ticks) < 0, 1)
    act()
    connection.set_progress_handler(None, 0)
    return next(ticks)


@pytest.mark.parametrize("settle", [settle_both, settle_answer])
def test_settling_takes_no_more_work_the_more_there_is(settle: Callable[[EmbeddedStore, int], None]) -> None:
    store = EmbeddedStore(":memory:")
    store.open_stream(YARD)
    for number in range(20):
        settle(store, number)
    few = work(store, lambda: settle(store, 20))
    for number in range(21, 400):
        settle(store, number)
    many = work(store, lambda: settle(store, 400))
    store.close()
    assert few > 1000
    assert many < 1.5 * few


@pytest.mark.parametrize(
    "where",
    [
        Filter(from_s=300, to_s=600),
        Filter(since=YARD.start + timedelta(seconds=300), until=YARD.start + timedelta(seconds=600)),
    ],
)
def test_answers_of_a_window_take_no_more_work_the_more_there_is(where: Filter) -> None:
    store = EmbeddedStore(":memory:")
    store.open_stream(YARD)
    asked: Query[list[VerdictRow]] = Verdicts(where=where)
    for number in range(20):
        settle_answer(store, number)
    few = work(store, lambda: store.read(asked))
    for number in range(20, 400):
        settle_answer(store, number)
    many = work(store, lambda: store.read(asked))
    assert len(store.read(asked)) == 10
    store.close()
    assert few > 1000
    assert many < 1.5 * few
