from hypothesis import given
from hypothesis import strategies as st

from ingest.live.backoff import FIRST_S, LATER_S, PATIENCE_S, SOON_S, Backoff


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def waits(share, took_s, until_s):
    """(when, wait) until `until_s`; each try takes `took_s`."""
    clock = Clock()
    backoff = Backoff(lambda: share, clock)
    found = []
    while clock.now < until_s:
        found.append((clock.now, backoff.next()))
        clock.now += found[-1][1] + took_s
    return found


def test_doubles_to_five_seconds_then_after_five_minutes_to_a_minute():
    found = waits(0.5, 0.0, 1000)
    assert [wait for _, wait in found[:7]] == [0.25, 0.5, 1.0, 2.0, 4.0, 5.0, 5.0]
    later = [wait for at, wait in found if at >= PATIENCE_S]
    assert later[:5] == [5.0, 10.0, 20.0, 40.0, 60.0]
    assert set(later[4:]) == {60.0}


@given(st.floats(0, 1, exclude_max=True), st.floats(0, 20))
def test_bounds(share, took_s):
    for at, wait in waits(share, took_s, 900):
        assert 0.75 * FIRST_S <= wait <= 1.25 * (SOON_S if at < PATIENCE_S else LATER_S)


@given(st.integers(0, 40))
def test_begins_anew_after_a_reset(before):
    clock = Clock()
    backoff = Backoff(lambda: 0.5, clock)
    for _ in range(before):
        clock.now += backoff.next()
    backoff.reset()
    assert backoff.next() == FIRST_S
    clock.now += PATIENCE_S - 1
    assert [backoff.next() for _ in range(8)][-1] == SOON_S


def test_two_cameras_do_not_wait_alike():
    assert Backoff().next() != Backoff().next()
