"""How fast a sink is asked: pure, on a clock of the test."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from vidette.alerts import Sent
from workers.delivery.pace import LONGEST_ASKED_S, LONGEST_REST_S, PATIENT, Pace

NOW = datetime(2026, 5, 1, tzinfo=UTC)
GOOD, BAD = Sent(ok=True), Sent(ok=False)


def test_a_sink_that_takes_messages_has_as_many_as_it_may():
    pace = Pace(4)
    assert [pace.room(flying) for flying in range(6)] == [4, 3, 2, 1, 0, 0]
    pace.ended(GOOD, NOW)
    assert pace.rest_s(NOW) == 0


def test_one_that_only_fails_is_asked_one_at_a_time_with_longer_and_longer_rests():
    pace = Pace(4)
    rests = []
    for _ in range(PATIENT + 8):
        pace.ended(BAD, NOW)
        rests.append(pace.rest_s(NOW))
    assert rests[: PATIENT - 1] == [0] * (PATIENT - 1)
    assert rests[PATIENT - 1 :] == [1, 2, 4, 8, 16, *[LONGEST_REST_S] * 4]
    assert [pace.room(0), pace.room(1)] == [1, 0]
    assert pace.rest_s(NOW + timedelta(seconds=LONGEST_REST_S)) == 0


def test_one_success_ends_it():
    pace = Pace(4)
    for _ in range(20):
        pace.ended(BAD, NOW)
    pace.ended(GOOD, NOW)
    assert (pace.room(0), pace.rest_s(NOW)) == (4, 0)


def test_a_sink_that_asks_to_be_left_alone_is_but_not_for_ever():
    pace = Pace(4)
    pace.ended(Sent(ok=False, code=429, after_s=60), NOW)
    assert pace.rest_s(NOW) == 60
    pace.ended(Sent(ok=False, code=429, after_s=1e9), NOW)
    assert pace.rest_s(NOW) == LONGEST_ASKED_S


@given(
    st.integers(1, 32),
    st.lists(st.tuples(st.booleans(), st.none() | st.floats(0, 1e7), st.floats(0, 100)), max_size=60),
)
def test_it_never_stops_for_good_and_never_runs_wild(at_once, ends):
    pace, now = Pace(at_once), NOW
    for ok, after_s, wait_s in ends:
        now += timedelta(seconds=wait_s)
        pace.ended(Sent(ok=ok, after_s=after_s), now)
        assert 0 <= pace.rest_s(now) <= LONGEST_ASKED_S
        assert 1 <= pace.room(0) <= at_once
        assert not ok or pace.rest_s(now) == 0
