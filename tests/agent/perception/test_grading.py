"""A camera's grade: reasons in words, worse with every fault, nothing held against it that was meant."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.perception.grading import grade
from vidette.feeds import FeedState, Grade
from vidette.models import Coverage, DeepState, EventType, FastState, State
from vidette.rows import EventRow

NOON = datetime(2026, 3, 11, 12, tzinfo=UTC)
ORDER = list(Grade)


def row(start_s, end_s, state=FastState.WATCHED):
    return Coverage(stream_id="s", start_s=start_s, end_s=end_s, state=state, deep=DeepState.GATED)


def event(type_, start_s, end_s=None):
    return EventRow(
        id=f"{type_}{start_s}",
        type=type_,
        stream="yard",
        start=NOON + timedelta(seconds=start_s),
        start_s=start_s,
        end_s=end_s,
        confidence=0.9,
        caption="",
        state=State.CLOSED,
    )


def feed(**what):
    return FeedState(**{"at": NOON, "since": NOON, "state": "watching", "fps": 25.0, "frames": 9000} | what)


HOUR = [row(0, 3600)]
FULL_HD = feed(width=1920, height=1080)


def test_a_camera_without_fault_is_good_and_that_needs_no_reason():
    assert grade(HOUR, [], FULL_HD) == (Grade.GOOD, ())


@pytest.mark.parametrize(
    ("rows", "events", "state", "found", "reason"),
    [
        ([row(0, 3000), row(3000, 3600, FastState.OFFLINE)], [], FULL_HD, Grade.POOR, "not connected for 10 min"),
        ([row(0, 3570), row(3570, 3600, FastState.STALLED)], [], FULL_HD, Grade.FAIR, "connected but silent for 30 s"),
        ([row(0, 900), row(900, 3600, FastState.FAILED)], [], FULL_HD, Grade.UNUSABLE, "not readable for 45 min"),
        (HOUR, [event(EventType.BLURRED, 600, 1320)], FULL_HD, Grade.POOR, "blurred for 12 min"),
        (HOUR, [event(EventType.VIEW_BLOCKED, 1000)], FULL_HD, Grade.UNUSABLE, "the view blocked for 43 min"),
        (
            HOUR,
            [event(EventType.SIGNAL_LOST, t, t + 5) for t in range(0, 3500, 500)],
            FULL_HD,
            Grade.POOR,
            "lost 7 times",
        ),
        (HOUR, [event(EventType.CLOCK_WRONG, 100)], FULL_HD, Grade.FAIR, "its clock is wrong"),
        (HOUR, [], feed(width=1920, height=1080, fps=2.1), Grade.FAIR, "2.1 fps arrive"),
        (HOUR, [], feed(width=640, height=360), Grade.FAIR, "640x360: too small for people beyond about 13 m"),
        (HOUR, [], feed(width=1920, height=1080, damaged=400), Grade.FAIR, "4% of the pictures are damaged"),
        (HOUR, [], feed(width=1920, height=1080, delay_s=9.0), Grade.FAIR, "pictures are 9 s late"),
    ],
)
def test_each_fault_has_its_grade_and_its_words(rows, events, state, found, reason):
    assert grade(rows, events, state) == (found, (reason,))


def test_the_weightiest_reason_comes_first():
    worst, reasons = grade(HOUR, [event(EventType.TOO_DARK, 0, 2000)], feed(width=640, height=360))
    assert worst is Grade.UNUSABLE
    assert [reason.split(":")[0] for reason in reasons] == ["too dark for 33 min", "640x360"]


def test_only_the_last_hour_counts():
    old = [row(0, 3600, FastState.OFFLINE), row(3600, 7200)]
    assert grade(old, [event(EventType.BLURRED, 10, 3000)], FULL_HD) == (Grade.GOOD, ())
    assert grade(old, [], FULL_HD, over_s=7200)[0] is Grade.UNUSABLE


def test_hours_that_were_not_to_be_watched_are_no_fault():
    assert grade([row(0, 3000, FastState.NOT_RUNNING), row(3000, 3600)], [], FULL_HD) == (Grade.GOOD, ())
    assert grade([row(0, 3600, FastState.NOT_RUNNING)], [], None) == (Grade.UNUSABLE, ("not watched",))
    assert grade([], [], None) == (Grade.UNUSABLE, ("not watched",))


spans = st.lists(st.integers(0, 3600), min_size=2, max_size=9, unique=True).map(sorted)


@given(spans, st.sampled_from([FastState.OFFLINE, FastState.STALLED, FastState.FAILED, FastState.DROPPED]))
def test_more_missed_is_never_better(borders, state):
    pieces = [row(a, b) for a, b in zip([0, *borders], [*borders, 3600], strict=True) if b > a]
    grades = []
    for bad in range(len(pieces) + 1):
        mixed = [row(one.start_s, one.end_s, state) if index < bad else one for index, one in enumerate(pieces)]
        grades.append(ORDER.index(grade(mixed, [], FULL_HD)[0]))
    assert grades == sorted(grades)
    assert grades[-1] == ORDER.index(Grade.UNUSABLE)
