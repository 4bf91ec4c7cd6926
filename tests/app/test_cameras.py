"""How cameras are told to be, from what is stored of them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cameras import ago, audit_of, camera_row, cameras, doing_of, is_camera, today
from graph.embedded import EmbeddedStore
from vidette import ids
from vidette.feeds import CAUSES, Cause, FeedState, Grade
from vidette.models import Coverage, DeepState, FastState, Observation, Run
from vidette.queries import Streams
from vidette.rows import CoverageRow, StreamRow
from vidette.streams import Stream

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
RUN = Run(id="fast", model="fast", revision="1")
FAST = FastState


def feed(**more):
    given_ = {"at": NOON, "since": NOON, "state": "watching", "fps": 25.0, "frames": 900, "width": 1920, "height": 1080}
    return FeedState(**{**given_, **more})


def covered(start_s, end_s, state=FAST.WATCHED, reason=None):
    at = [NOON + timedelta(seconds=one) for one in (start_s, end_s)]
    times = {"start": at[0], "end": at[1], "start_s": start_s, "end_s": end_s}
    return CoverageRow(stream="gate", state=state, deep=DeepState.OFF, reason=reason, **times)


def stream_row(**more):
    given_ = {"id": "gate", "name": "gate", "kind": "live", "uri": "rtsp://gate/1", "start_from": "clock"}
    counted = {"watched_s": 50.0, "events": 3, "tracks": 2, "state": "watching", "start": NOON, "reach_s": 60.0}
    return StreamRow(**{**given_, **counted, **more})


@pytest.mark.parametrize(
    ("state", "age_s", "doing"),
    [
        ("watching", 14, "watching"),
        ("idle", 0, "idle"),
        ("learning", 3, "learning"),
        ("lost", 5, "lost"),
        ("lost", 16, "not_running"),
        ("watching", 16, "not_running"),
        ("waiting", 61, "waiting"),  # at hours when nobody looks that is said once a minute
        ("waiting", 76, "not_running"),
        ("watching", -30, "watching"),  # a clock that was set back
    ],
)
def test_what_is_done_is_what_was_said_lately(state, age_s, doing):
    assert doing_of(feed(state=state), NOON + timedelta(seconds=age_s)) == doing
    assert doing_of(None, NOON) == "not_running"


def test_a_camera_that_is_watched():
    said = feed(at=NOON + timedelta(seconds=60), last_frame_at=NOON + timedelta(seconds=59), delay_s=0.25, codec="h264")
    rows = [covered(0, 30), covered(30, 60)]
    row = camera_row(stream_row(), said, rows, [], now=NOON + timedelta(seconds=62), today_s=-43_200)
    assert (row.state, row.reason, row.grade, row.reasons) == ("watching", None, Grade.GOOD, ())
    assert (row.fps, row.delay_s, row.last_frame_s, row.codec) == (25.0, 0.25, 3.0, "h264")
    assert (row.today.share, row.today.meant_s) == (1.0, 60.0)  # what is not settled yet is not held against it


def test_one_that_is_lost_says_why():
    rows = [covered(0, 30), covered(30, 60, FAST.OFFLINE, CAUSES[Cause.REFUSED])]
    said = feed(at=NOON + timedelta(seconds=60), state="lost", cause=Cause.REFUSED, fps=0.0, reconnects={"refused": 3})
    row = camera_row(stream_row(), said, rows, [], now=NOON + timedelta(seconds=61), today_s=0)
    assert (row.state, row.cause, row.reason) == ("lost", Cause.REFUSED, CAUSES[Cause.REFUSED])
    assert (row.grade, row.reasons) == (Grade.UNUSABLE, ("not connected for 30 s",))
    assert row.today.share == 0.5


def test_one_that_is_not_watched_any_more_shows_nothing_of_now_and_its_day_goes_on():
    row = camera_row(
        stream_row(), feed(cause=Cause.REFUSED), [covered(0, 60)], [], now=NOON + timedelta(minutes=2), today_s=0
    )
    assert (row.state, row.reason, row.cause) == ("not_running", "last heard of 2 min ago", None)
    assert (row.fps, row.looked_fps, row.delay_s, row.rss_bytes, row.queue) == (None, None, None, None, 0)
    assert row.today.share == 0.5
    assert row.grade == Grade.GOOD  # as it was when it was watched last


def test_one_that_never_said_how_it_is():
    row = camera_row(stream_row(reach_s=0.0), None, [], [], now=NOON, today_s=0)
    assert (row.state, row.grade, row.reasons) == ("not_running", Grade.UNUSABLE, ("not watched",))
    assert (row.today.share, row.heard_at, row.since, row.codec, row.gate.rate) == (None, None, None, None, None)


def test_hours_at_which_it_is_not_watched_count_for_nothing():
    off = covered(20, 50, FAST.NOT_RUNNING, CAUSES[Cause.SCHEDULE])
    down = covered(50, 60, FAST.NOT_RUNNING, "Vidette was not running")
    one = today([covered(0, 20), off, down], 10, 60)
    assert (one.watched_s, one.meant_s, one.share) == (10, 20, 0.5)
    assert today([off], 20, 50).share is None


@given(
    st.lists(
        st.tuples(st.floats(0, 500), st.sampled_from(FAST), st.sampled_from([None, CAUSES[Cause.SCHEDULE]])), max_size=8
    ),
    st.floats(-100, 3000),
    st.floats(0, 5000),
)
def test_today_is_the_sum_second_by_second(lengths, since_s, now_s):
    rows, at = [], 0.0
    for length, state, reason in lengths:
        rows.append(covered(at, at + length, state, reason if state is FAST.NOT_RUNNING else None))
        at += length

    def inside(row):
        return max(0.0, min(row.end_s, now_s) - max(row.start_s, since_s))

    one = today(rows, since_s, now_s)
    assert one.watched_s == pytest.approx(sum(inside(row) for row in rows if row.state is FAST.WATCHED), abs=1e-6)
    off_s = sum(inside(row) for row in rows if row.reason)
    assert one.meant_s == pytest.approx(max(0.0, now_s - since_s - off_s), abs=1e-6)
    assert one.share is None or 0 <= one.share <= 1


def test_what_audits_say():
    assert audit_of(feed()).rate is None
    one = audit_of(feed(gops_audited=50, gops_missed=1))
    assert (one.rate, one.audited, one.missed) == (0.02, 50, 1)
    assert 0 < one.low < 0.02 < one.high < 0.12


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1, "0 s"), (89, "89 s"), (90, "2 min"), (7200, "2 h"), (86_400 * 3, "3 d"), (1e9, "11574 d")],
)
def test_ages_in_one_unit(seconds, text):
    assert ago(seconds) == text


def test_the_stream_of_this_machine_and_files_are_no_cameras():
    assert is_camera(stream_row())
    assert not is_camera(stream_row(uri=""))
    assert not is_camera(stream_row(kind="file"))


def settled(store, name, rows, state):
    stream = Stream(id=ids.stream_id(name), name=name, kind="live", uri=f"rtsp://{name}", start=NOON)
    store.open_stream(stream)
    coverage = tuple(
        Coverage(stream_id=stream.id, start_s=a, end_s=b, state=what, deep=DeepState.OFF) for a, b, what in rows
    )
    told = {"look": "fast", "run": RUN, "sequence": 0, "start_s": 0.0, "end_s": rows[-1][1], "feed": state}
    store.settle(Observation(id=name, stream_id=stream.id, coverage=coverage, watermark_s=rows[-1][1], **told))


def test_they_are_read_from_memory_and_today_begins_at_midnight_of_the_zone():
    store = EmbeddedStore(":memory:")
    day = 24 * 3600.0
    store.open_stream(Stream(id=ids.stream_id("a"), name="a", kind="file", uri="a.mp4", start=NOON))
    rows = [(0.0, day, FAST.OFFLINE), (day, 1.25 * day, FAST.WATCHED)]  # from noon on the 1st to 18:00 on the 2nd
    settled(store, "gate", rows, feed(at=NOON + timedelta(days=1.25)))
    settled(store, "yard", rows, replace(feed(), state="lost", cause=Cause.STALLED))
    now = NOON + timedelta(days=1.25, seconds=1)
    gate, yard = cameras(store.read, store.read(Streams()), now, UTC)
    assert (gate.name, gate.state, gate.grade) == ("gate", "watching", Grade.GOOD)
    assert gate.today.share == pytest.approx(6 / 18)
    assert (yard.name, yard.state) == ("yard", "not_running")
    (there, _) = cameras(store.read, store.read(Streams()), now, ZoneInfo("Pacific/Auckland"))  # 06:00 on the 3rd
    assert there.today.share == pytest.approx(1.0)
    assert cameras(store.read, [], now, UTC) == []
    store.close()
