"""Clips of alerts: ordered once, given to the alert, told to its sinks; media that alerts hold outlives the rest."""

import os
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.embedded import EmbeddedStore
from ingest.media import FolderMedia
from tests.telling import alert, delivery
from vidette.alerting import Alerts, Deliveries
from vidette.alerts import Change, Judgement
from vidette.ids import stream_id
from vidette.models import EventType, Evidence, State
from vidette.rows import EventRow
from vidette.settings import LiveSettings, Settings
from vidette.streams import Stream
from workers.cameras.keeping import ClipDone, ClipOrder, Clips, order_of, retention_of
from workers.shared.process import clock_of

START = datetime(2026, 5, 1, 12, tzinfo=UTC)
YARD = Stream(id=stream_id("yard"), name="yard", kind="live", uri="rtsp://yard", start=START)
CLIP = Evidence(kind="clip", sha256="c" * 64, uri=f"media:{'c' * 64}.mp4", pts_s=1.0)
SETTINGS = Settings.model_validate({"sinks": [{"id": "ops", "kind": "console"}]})


@pytest.fixture
def store():
    made = EmbeddedStore(":memory:")
    made.open_stream(YARD)
    yield made
    made.close()


def raised(store, *alerts, told=()):
    store.amend(lambda read: Judgement(alerts=alerts, deliveries=told))


def clips(store, now_s=20.0):
    return Clips(store, SETTINGS, now=lambda: START + timedelta(seconds=now_s))


def event(start_s, end_s, stream="yard"):
    return EventRow(
        id="e", type=EventType.LOITERING, stream=stream, start=YARD.at(start_s), start_s=start_s, confidence=1.0,
        caption="", state=State.OPEN, end_s=end_s,
    )  # fmt: skip


def test_each_alert_is_ordered_once_and_again_after_its_process_was_lost(store):
    raised(store, alert(1), alert(2, evidence=(CLIP,)), alert(3, streams=("gate",)))
    desk = clips(store)
    orders = desk.orders(YARD)
    assert [one.id for one in orders] == [alert(1).id]
    assert desk.orders(YARD) == []
    desk.again(orders)
    assert desk.orders(YARD) == orders
    assert clips(store).orders(YARD) == orders  # and after a restart
    assert clips(store, now_s=700).orders(YARD) == []  # until it is too late


def test_a_clip_is_given_to_its_alert_once_and_told(store):
    raised(store, alert(1), told=(delivery(1),))
    desk = clips(store)
    (order,) = desk.orders(YARD)
    done = ClipDone(id=order.id, evidence=CLIP, codec="h264")
    other = replace(done, evidence=replace(CLIP, sha256="d" * 64))  # cut once more, after a restart
    assert [desk.done(done), desk.done(done), desk.done(other)] == [True, False, False]
    (known,) = store.read(Alerts())
    assert (known.change, known.sequence, known.evidence[-1]) == (Change.EVIDENCE, 2, CLIP)
    assert [(one.sink, one.message.change) for one in store.read(Deliveries())] == [
        ("ops", Change.RAISED),
        ("ops", Change.EVIDENCE),
    ]
    assert desk.orders(YARD) == []


def test_a_clip_is_told_by_the_time_of_the_broker_where_there_is_one(store, monkeypatch):
    settings = SETTINGS.model_copy(update={"broker": "redis://nobody:1/0"})
    monkeypatch.setattr(clock_of(settings), "_known", (START + timedelta(seconds=20), time.monotonic()))
    raised(store, alert(1), told=(delivery(1),))
    desk = Clips(store, settings)
    (order,) = desk.orders(YARD)
    assert desk.done(ClipDone(id=order.id, evidence=CLIP, codec="h264"))
    _, told = store.read(Deliveries())
    assert START + timedelta(seconds=20) <= told.next_at < START + timedelta(hours=1)


def test_what_could_not_be_cut_is_logged_and_not_ordered_again(store, caplog):
    raised(store, alert(1))
    desk = clips(store)
    (order,) = desk.orders(YARD)
    assert not desk.done(ClipDone(id=order.id, error="no picture of it is held any more"))
    assert "no picture of it is held any more" in caplog.text
    assert desk.orders(YARD) == []


def test_an_order_reaches_from_before_the_event_to_after_it_or_the_alert():
    live = LiveSettings(pre_s=5, post_s=10, clip_max_s=60)
    told = alert(1, at=YARD.at(30.0))
    assert order_of(told, [event(20.0, 26.0)], YARD, live) == ClipOrder(
        id=told.id, start_s=15.0, end_s=40.0, longest_s=60.0
    )
    assert order_of(told, [event(20.0, 50.0)], YARD, live).end_s == 60.0
    assert order_of(told, [event(20.0, None), event(1.0, 2.0, "gate")], YARD, live).start_s == 15.0
    assert order_of(told, [], YARD, live).start_s == 25.0
    assert order_of(told, [event(2.0, None)], YARD, live).start_s == 0.0


@given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 1e4)), max_size=4), st.floats(0, 1e6))
def test_an_order_holds_its_events_and_its_alert(times, at_s):
    live = LiveSettings()
    events = [event(start, start + lasts) for start, lasts in times]
    order = order_of(alert(1, at=YARD.at(at_s)), events, YARD, live)
    assert 0 <= order.start_s < order.end_s
    assert all(order.start_s <= one.start_s and order.end_s >= one.end_s for one in events)
    assert order.end_s >= at_s + live.post_s - 0.001


def test_media_of_alerts_outlives_the_rest(store, tmp_path):
    media, now = FolderMedia(tmp_path), datetime.now(UTC)
    shas = [media.put(data, ".jpg")[0] for data in (b"held", b"other")]
    old = (now - timedelta(days=40)).timestamp()
    for sha256 in shas:
        os.utime(media.path(sha256), (old, old))
    picture = Evidence(kind="snapshot", sha256=shas[0], uri="media:x", pts_s=1.0)
    raised(store, alert(1, evidence=(picture,), raised_at=now - timedelta(days=40)))
    told = []
    swept = retention_of(tmp_path, Settings.model_validate({"keep": {"free_gb": 0}}), store, told.append).sweep(now)
    assert (swept.files, told) == (1, [])
    assert media.get(shas[0]) == b"held"
