"""What every GraphStore tells those who watch over Vidette: the newest state of each live stream, and counts."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.graph_stores import STORES
from vidette import ids
from vidette.alerting import AlertCounts, DeliveryCounts
from vidette.alerts import Alert, AlertState, Case, Change, Delivery, DeliveryStatus, Judgement, Severity
from vidette.feeds import Cause, FeedRow, FeedState
from vidette.models import Observation, Run
from vidette.ports import GraphStore, Reader
from vidette.queries import Feeds, LastCommit
from vidette.streams import Stream

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
RUN = Run(id="run-fast", model="fast", revision="1")
YARD, GATE = (Stream(id=ids.stream_id(n), name=n, kind="live", uri=n, start=NOON) for n in ("yard", "gate"))


def heard(stream: Stream, sequence: int | None, feed: FeedState | None, **more: Any) -> Observation:
    given_: dict[str, Any] = {"look": "fast", "run": RUN, "start_s": 0.0, "end_s": 9.0, "sequence": sequence}
    return Observation(id=f"{stream.name}-{sequence}", stream_id=stream.id, feed=feed, **{**given_, **more})


def state(second: int, **more: Any) -> FeedState:
    return FeedState(**{"at": NOON + timedelta(seconds=second), "since": NOON, "state": "watching", **more})


@pytest.fixture(params=list(STORES))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[GraphStore]:
    opened = STORES[request.param](tmp_path)
    opened.open_stream(YARD)
    opened.open_stream(GATE)
    yield opened
    opened.close()


def test_the_newest_of_each_is_kept(store: GraphStore) -> None:
    assert store.read(Feeds()) == []
    store.settle(heard(YARD, 0, state(5)))
    store.settle(heard(GATE, 0, state(6, state="lost", cause=Cause.REFUSED)))
    store.settle(heard(YARD, 1, state(10, fps=24.9, reconnects={"stalled": 2})))
    yard = FeedRow(stream="yard", feed=state(10, fps=24.9, reconnects={"stalled": 2}))
    gate = FeedRow(stream="gate", feed=state(6, state="lost", cause=Cause.REFUSED))
    assert store.read(Feeds()) == [gate, yard]
    assert store.read(Feeds(streams=("yard",))) == store.read(Feeds(streams=(YARD.id,))) == [yard]
    assert store.read(Feeds(streams=("nowhere",))) == []


def test_an_observation_that_tells_none_leaves_it(store: GraphStore) -> None:
    store.settle(heard(YARD, 0, state(5)))
    store.settle(heard(YARD, 1, None))
    store.settle(heard(YARD, None, state(90), look="deep"))
    assert [row.feed for row in store.read(Feeds())] == [state(5)]


def test_what_was_settled_before_changes_nothing(store: GraphStore) -> None:
    store.settle(heard(YARD, 0, state(5)))
    store.settle(heard(YARD, 1, state(10)))
    assert not store.settle(heard(YARD, 0, state(99)))
    assert [row.feed for row in store.read(Feeds())] == [state(10)]


def test_it_is_written_with_its_observation_or_not_at_all(store: GraphStore) -> None:
    class Faulty:
        def judge(self, case: Case, read: Reader) -> Judgement:
            assert read(Feeds()) == [FeedRow(stream="yard", feed=state(5))]
            raise RuntimeError("no verdict")

    with pytest.raises(RuntimeError):
        store.settle(heard(YARD, 0, state(5)), Faulty())
    assert store.read(Feeds()) == []
    assert store.read(LastCommit(stream_id=YARD.id)) is None


def test_a_watch_that_begins_again_forgets_it(store: GraphStore) -> None:
    for stream in (YARD, GATE):
        store.settle(heard(stream, 0, state(5)))
    store.open_stream(YARD, again=True)
    assert [row.stream for row in store.read(Feeds())] == ["gate"]


FINITE = st.floats(0, 1e9)
COUNTS = st.dictionaries(st.text(max_size=8), st.integers(0, 2**53), max_size=3)
INSTANTS = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
STATES = st.builds(
    FeedState,
    at=INSTANTS,
    since=INSTANTS,
    state=st.sampled_from(["learning", "watching", "idle", "lost", "waiting"]),
    cause=st.none() | st.sampled_from(Cause),
    codec=st.text(max_size=20),
    fps=FINITE,
    looked_fps=FINITE,
    frames=st.integers(0, 2**53),
    last_frame_at=st.none() | INSTANTS,
    delay_s=st.none() | FINITE,
    clock_s=st.none() | st.floats(-1e9, 1e9),
    reconnects=COUNTS,
    dropped=COUNTS,
    rss_bytes=st.integers(0, 2**53),
)


@pytest.mark.parametrize("kind", STORES)
@settings(max_examples=20)
@given(feeds=st.lists(STATES, min_size=1, max_size=4))
def test_any_state_comes_back_as_it_was(kind: str, feeds: list[FeedState]) -> None:
    with TemporaryDirectory() as folder:
        store = STORES[kind](Path(folder))
        store.open_stream(YARD)
        for number, feed in enumerate(feeds):
            store.settle(heard(YARD, number, feed))
        assert store.read(Feeds()) == [FeedRow(stream="yard", feed=feeds[-1])]
        store.close()


SEVERITIES, STATES_OF_ALERTS = st.sampled_from(Severity), st.sampled_from(AlertState)
TOLD = st.tuples(
    SEVERITIES, STATES_OF_ALERTS, st.dictionaries(st.sampled_from(["ops", "mail"]), st.sampled_from(DeliveryStatus))
)


@pytest.mark.parametrize("kind", STORES)
@settings(max_examples=20)
@given(told=st.lists(TOLD, max_size=12))
def test_alerts_and_deliveries_are_counted(kind: str, told: list[Any]) -> None:
    alerts = [_alert(f"a{number}", severity, state_) for number, (severity, state_, _) in enumerate(told)]
    deliveries = [
        Delivery(id=f"{one.id}/{sink}", sink=sink, message=one, status=status, next_at=NOON)
        for one, (_, _, sent) in zip(alerts, told, strict=True)
        for sink, status in sent.items()
    ]
    with TemporaryDirectory() as folder:
        store = STORES[kind](Path(folder))
        store.amend(lambda _: Judgement(alerts=tuple(alerts), deliveries=tuple(deliveries)))
        assert store.read(AlertCounts()) == Counter((one.severity, one.state) for one in alerts)
        assert store.read(DeliveryCounts()) == Counter((one.sink, one.status) for one in deliveries)
        store.close()


def _alert(id_: str, severity: Severity, state_: AlertState) -> Alert:
    said: dict[str, Any] = {
        "rule": "r",
        "rule_version": "1",
        "change": Change.RAISED,
        "sequence": 0,
        "streams": ("yard",),
    }
    when: dict[str, Any] = {"at": NOON, "raised_at": NOON, "incident": id_, "events": (), "text": "A bag.", "why": ()}
    return Alert(id=id_, severity=severity, state=state_, **said, **when)
