"""How much of the time asked was watched, as arithmetic."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.ask.covering import covered, whole
from agent.ask.footage import Footage
from vidette.answers import Covered
from vidette.models import FastState
from vidette.queries import Filter, Streams

SPANS = st.lists(st.floats(0.1, 30, allow_nan=False).map(lambda s: round(s, 3)), min_size=1, max_size=8)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=SPANS, low=st.floats(0, 100), width=st.floats(0.01, 200), by_clock=st.booleans())
def test_watched_and_gaps_make_up_the_time_asked(make, scene, pieces, low, width, by_clock):
    one = scene("cam1", length_s=round(sum(pieces), 3))
    one.coverage, at = [], 0.0
    for n, piece in enumerate(pieces):
        state = FastState.WATCHED if n % 2 == 0 else FastState.DROPPED
        one.coverage.append(one.covered(round(at, 3), round(at + piece, 3), state))
        at += piece
    store = make(one)
    footage = Footage(tuple(store.read(Streams())), one.stream.start + timedelta(days=1), one.stream.start.tzinfo)
    start = one.stream.start
    where = Filter(from_s=low, to_s=low + width)
    if by_clock:
        where = Filter(since=start + timedelta(seconds=low), until=start + timedelta(seconds=low + width))
    coverage = covered(store, where, footage)
    dark = sum((gap.end - gap.start).total_seconds() for gap in coverage.gaps)
    assert coverage.watched_s + dark == pytest.approx(coverage.total_s, abs=0.01)
    assert 0 <= coverage.examined_s <= coverage.total_s + 0.001
    assert coverage.total_s <= width + 0.001
    if by_clock:
        assert coverage.total_s == pytest.approx(width, abs=0.01)


def test_two_streams_are_summed_and_unfilmed_time_counts_once(make, lobby, second_camera):
    store = make(lobby, second_camera)
    start = lobby.stream.start
    footage = Footage(tuple(store.read(Streams())), start + timedelta(days=1), start.tzinfo)
    coverage = covered(store, Filter(since=start, until=start + timedelta(seconds=100)), footage)
    assert coverage.total_s == 60 + 40 + 40  # cam1, cam2, and 40 s in which neither filmed
    assert coverage.watched_s == 57 + 40


def test_the_future_is_not_asked_about(make, quiet):
    store = make(quiet)
    start = quiet.stream.start
    footage = Footage(tuple(store.read(Streams())), start + timedelta(seconds=30), start.tzinfo)
    assert covered(store, Filter(since=start, until=start + timedelta(days=9)), footage).total_s == 30.0


def test_the_odd_frame_does_not_make_a_gap():
    assert whole(Covered(watched_s=99.8, total_s=100.0))
    assert not whole(Covered(watched_s=99.0, total_s=100.0))
