from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.live.absence import Absence
from vidette.feeds import Cause
from vidette.models import FastState

PATIENCE_S = 3.0


def watching(at_s=10.0):
    """A camera whose last picture was at that time."""
    absence = Absence(at_s - 1)
    assert absence.picture(at_s, at_s, PATIENCE_S).cause is Cause.CONNECTING
    return absence


def test_until_the_first_picture_it_is_being_connected_to():
    absence = Absence(5.0)
    assert (absence.loss.cause, absence.loss.since_s) == (Cause.CONNECTING, 5.0)
    absence.lost(Cause.REFUSED)
    assert (absence.loss.cause, absence.loss.since_s) == (Cause.REFUSED, 5.0)
    ended = absence.picture(9.0, 9.0, PATIENCE_S)
    assert (ended.cause, ended.since_s, absence.loss) == (Cause.REFUSED, 5.0, None)


@pytest.mark.parametrize("cause", [Cause.STALLED, Cause.ENDED, Cause.UNREADABLE])
def test_a_loss_begins_with_the_last_picture_and_keeps_its_beginning(cause):
    absence = watching()
    absence.lost(cause)
    absence.lost(Cause.REFUSED)
    assert (absence.loss.since_s, absence.loss.cause) == (10.0, Cause.REFUSED)
    assert absence.picture(20.0, 20.0, PATIENCE_S).since_s == 10.0


def test_a_picture_that_was_held_back_while_nothing_came_is_no_sign_of_life():
    absence = watching()
    assert absence.picture(10.1, 13.0, PATIENCE_S) is None
    assert (absence.loss.state, absence.loss.since_s) == (FastState.STALLED, 10.1)
    absence.lost(Cause.STALLED)
    assert absence.loss.since_s == 10.1
    ended = absence.picture(18.0, 18.0, PATIENCE_S)
    assert (ended.cause, ended.since_s) == (Cause.STALLED, 10.1)


@given(st.floats(2.8, 60.0), st.lists(st.floats(0.02, 0.5), min_size=1, max_size=50))
def test_what_comes_late_but_whole_was_never_missing(late_s, steps):
    """A busy machine: nothing for a while, then all of it; there is a picture of every moment."""
    absence = watching()
    media_s = 10.0
    for index, step_s in enumerate(steps):
        media_s += step_s
        assert absence.picture(media_s, max(media_s, 10.0 + late_s + index * 1e-4), PATIENCE_S) is None
    if len(steps) > 1:
        assert absence.loss is None
    assert absence.last_s == media_s


def test_a_hole_in_the_pictures_is_a_stall():
    absence = watching()
    ended = absence.picture(14.0, 14.0, PATIENCE_S)
    assert (ended.state, ended.since_s, absence.loss) == (FastState.STALLED, 10.0, None)


times = st.floats(0, 100, allow_subnormal=False)


@given(st.lists(st.tuples(times, times) | st.sampled_from(list(Cause)), max_size=40))
def test_whatever_comes_losses_do_not_overlap_and_lie_before_what_ends_them(items):
    absence, told = Absence(0.0), []
    for item in items:
        if isinstance(item, Cause):
            absence.lost(item)
            assert absence.loss is not None
            continue
        ended = absence.picture(*item, PATIENCE_S)
        if ended is not None:
            told.append((ended.since_s, item[0]))
    assert all(since_s < until_s for since_s, until_s in told)
    assert all(a[1] <= b[0] + 1e-9 for a, b in pairwise(told))
    assert absence.loss is None or absence.loss.since_s <= absence.last_s
