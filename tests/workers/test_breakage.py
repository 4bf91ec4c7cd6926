"""A source that breaks: its frames end, and the rest of its time is said to have failed."""

from datetime import UTC, datetime

import pytest

from vidette.errors import SourceError
from vidette.models import DeepState, FastState, Observation, Run
from vidette.streams import Stream
from workers.breakage import Breakable, rest

RUN = Run(id="fast", model="fast", revision="1")
STREAM = Stream(id="cam", name="gate", kind="file", uri="x", start=datetime(2026, 1, 1, tzinfo=UTC), duration_s=60.0)


class Moment:
    def __init__(self, pts_s):
        self.pts_s = pts_s


class Stretch:
    def __init__(self, start_s, end_s, reason="bad bytes"):
        self.start_s, self.end_s, self.reason = start_s, end_s, reason


class Broken:
    """Three frames of ten promised seconds."""

    duration_s: float | None = 10.0
    damage = ()
    closed = False

    def frames(self, start_s=0.0, end_s=None):
        for pts_s in (1.0, 2.0, 3.0):
            if end_s is not None and pts_s >= end_s:
                return
            yield Moment(pts_s)
        raise SourceError("disk gone", retryable=True)

    def close(self):
        self.closed = True


def broken() -> Breakable:
    source = Breakable(Broken())
    assert [frame.pts_s for frame in source.frames()] == [1.0, 2.0, 3.0]
    return source


def last(**changes) -> Observation:
    said = {"id": "o", "stream_id": "cam", "look": "fast", "run": RUN, "start_s": 0.0, "end_s": 3.2} | changes
    return Observation(**said)


def test_frames_end_where_reading_fails_and_the_error_is_kept():
    source = broken()
    assert str(source.error) == "disk gone"
    assert not source.error.retryable


def test_a_broken_source_is_as_long_as_what_was_read():
    source = Breakable(Broken())
    assert source.duration_s == 10.0
    list(source.frames())
    assert (source.duration_s, source.promised_s) == (3.0, 10.0)


def test_a_look_ahead_that_breaks_is_no_break_of_what_is_read():
    source = Breakable(Broken())
    reading = source.frames(0.0, 2.5)
    next(reading)
    list(source.frames())
    assert [frame.pts_s for frame in reading] == [2.0]
    assert source.error is None


def test_other_errors_pass():
    class Faulty(Broken):
        def frames(self, start_s=0.0, end_s=None):
            yield Moment(1.0)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(Breakable(Faulty()).frames())


def test_closing_closes_the_source():
    inner = Broken()
    Breakable(inner).close()
    assert inner.closed


def test_the_last_observation_covers_the_rest_as_failed():
    seen = rest(last(sequence=4, watermark_s=3.2, final=True), broken(), STREAM)
    (row,) = seen.coverage
    assert (row.start_s, row.end_s, row.state, row.deep) == (3.2, 60.0, FastState.FAILED, DeepState.FAILED)
    assert row.reason == "disk gone"
    assert seen.end_s == 60.0


def test_other_observations_stay_as_they_are():
    seen = last(sequence=4, watermark_s=3.2)
    assert rest(seen, broken(), STREAM) is seen
    whole = last(sequence=4, watermark_s=3.2, final=True)
    assert rest(whole, Breakable(Broken()), STREAM) == whole


def test_what_the_reader_missed_after_the_end_is_failed_too():
    source = Breakable(Broken())
    source._source.damage = (Stretch(1.0, 2.0), Stretch(3.0, 9.0, "ends early"))
    seen = rest(last(sequence=4, watermark_s=3.0, final=True), source, STREAM)
    assert [(row.start_s, row.end_s, row.reason) for row in seen.coverage] == [(3.2, 9.0, "ends early")]


def test_nothing_is_said_of_time_that_nothing_promised():
    source = broken()
    source._source.duration_s = None
    endless = Stream(id="cam", name="gate", kind="file", uri="x", start=STREAM.start)
    assert rest(last(sequence=4, watermark_s=3.2, final=True), source, endless).coverage == ()
