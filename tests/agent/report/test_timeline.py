from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.report.moments import moments, ranked
from agent.report.timeline import LANES, covered, lanes
from agent.report.window import Window
from agent.report.words import lasting, listed, media_time, number, plain, share
from ingest.media import MemoryMedia
from vidette.aggregates import Visit
from vidette.models import DeepState, EventType, FastState, Label
from vidette.queries import Events
from vidette.rows import CoverageRow

AT = datetime(2026, 5, 1, 12, tzinfo=UTC)
WINDOW = Window(clock=False, since=AT, until=AT + timedelta(seconds=200), low_s=0, high_s=200, tz=UTC)


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 50)), max_size=40))
def test_lanes_do_not_overlap_until_they_run_out(spans):
    visits = [
        Visit(stream="s", zone="", track=str(i), label=Label.OBJECT, start=AT, start_s=a, end=AT, end_s=a + b)
        for i, (a, b) in enumerate(spans)
    ]
    placed = lanes(WINDOW, visits)
    assert len(placed) == len(visits)
    for lane in range(LANES - 1):
        mine = sorted((one.low, one.high) for one in placed if one.lane == lane)
        assert all(a[1] <= b[0] for a, b in pairwise(mine))
    assert all(0 <= one.lane < LANES for one in placed)


def test_coverage_of_more_stretches_than_a_picture_shows_is_joined():
    def row(index, state):
        return CoverageRow(
            stream="s", start=AT, end=AT, start_s=index / 10, end_s=(index + 1) / 10, state=state,
            deep=DeepState.GATED if index % 2 else DeepState.EXAMINED,
        )  # fmt: skip

    rows = [row(index, FastState.WATCHED if index != 500 else FastState.OFFLINE) for index in range(1000)]
    assert [one.shade for one in covered(WINDOW, rows)] == ["watched", "missed", "watched"]
    assert len(covered(WINDOW, rows[:20])) == 20


def test_uncommon_events_come_first_and_things_take_turns(yard_of):
    scenes = yard_of()
    event = next(row for row in scenes.store.read(Events()) if row.type == EventType.OBJECT_LEFT)

    def made(kind, track, at):
        return replace(event, id=f"{kind}{at}", type=kind, tracks=(track,), start_s=at)

    entered, left, again, other = (
        made(EventType.OBJECT_ENTERED, "a", 0.0),
        made(EventType.OBJECT_LEFT, "b", 1.0),
        made(EventType.OBJECT_ABANDONED, "b", 2.0),
        made(EventType.OBJECT_REMOVED, "c", 3.0),
    )
    assert ranked([entered, left, again, other]) == [left, other, again, entered]
    assert [one.event for one in moments([entered, left], scenes.media, WINDOW)] == [left.id]
    assert [one.event for one in moments([entered, left], scenes.media, WINDOW, first=frozenset({entered.id}))] == [
        entered.id
    ]


def test_a_missing_or_odd_picture_is_left_out(yard_of, caplog):
    scenes = yard_of()
    events = scenes.store.read(Events())
    assert moments(events, MemoryMedia(), WINDOW) == ()
    assert "picture left out" in caplog.text

    class Shelf:
        def __init__(self, data):
            self.data = data

        def get(self, _sha256):
            return self.data

        def put(self, data, suffix):
            raise NotImplementedError

    for data in (b"<svg onload=x>", b"\xff\xd8" + b"x" * 500_000):
        assert moments(events, Shelf(data), WINDOW) == ()


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "0:00"), (5.04, "0:05"), (5.06, "0:05.1"), (59.97, "1:00"), (3723.5, "1:02:03.5")]
)
def test_media_time(seconds, said):
    assert media_time(seconds) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.04, "0 s"),
        (4.24, "4.2 s"),
        (9.97, "10 s"),
        (119.6, "2 min"),
        (75, "75 s"),
        (7200, "2 h"),
        (11_520, "3 h 12 min"),
        (90_000 * 3, "3 d 3 h"),
    ],
)
def test_lengths_of_time(seconds, said):
    assert lasting(seconds) == said


def test_shares_do_not_round_to_what_they_are_not():
    assert [share(value) for value in (0.0, 0.001, 0.5, 0.994, 0.9962, 0.9999, 1.0)] == [
        "0 %", "less than 1 %", "50 %", "99 %", "99.6 %", "99.9 %", "100 %",
    ]  # fmt: skip


def test_words():
    assert [number(value) for value in (3, 12_345, 0.5, 2.25, 12.34)] == ["3", "12,345", "0.5", "2.25", "12.3"]
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert listed(list("abcdefgh"), 2) == "a, b and 6 more"
    assert plain("a\u202eb\x00\n c") == "a b c"
