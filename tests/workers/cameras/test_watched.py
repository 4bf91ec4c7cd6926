"""A feed as its process holds it."""

from datetime import UTC, datetime
from itertools import groupby

from hypothesis import given
from hypothesis import strategies as st

from vidette.feeds import Cause, FeedState
from vidette.models import FastState
from vidette.signals import Loss, Signal
from workers.cameras.keeping import ClipDone, ClipOrder
from workers.cameras.messages import Alive, Kept
from workers.cameras.watched import Watched

AT = datetime(2026, 5, 1, tzinfo=UTC)
GAP = Loss(since_s=3.0, state=FastState.FAILED, cause=Cause.CRASHED)
REFUSED = Loss(since_s=8.0, state=FastState.OFFLINE, cause=Cause.REFUSED)
UNREADABLE = Loss(since_s=8.0, state=FastState.FAILED, cause=Cause.UNREADABLE)


class Feed:
    """Gives what it was given."""

    def __init__(self, *items):
        self.items, self.calms, self.closed = items, [], False

    def frames(self):
        yield from self.items

    def calm(self, calm):
        self.calms.append(calm)

    def state(self):
        return FeedState(at=AT, since=AT, state="watching")

    def close(self):
        self.closed = True


class Keeper:
    """Cuts at once."""

    def __init__(self):
        self.orders = []

    def order(self, order):
        self.orders.append(order)

    def tick(self, _now_s):
        done, self.orders = [ClipDone(id=one.id, error="nothing") for one in self.orders], []
        return done


def watched(*items, **how):
    told, keeper = [], Keeper()
    return Watched(Feed(*items), keeper, told.append, lambda: 10.0, **how), told


def tick(at_s, loss=None, **more):
    return Signal(pts_s=at_s, loss=loss, **more)


def test_a_gap_is_told_first_as_time_that_was_left_out():
    feed, _ = watched(tick(11.0), gap=GAP)
    first, second = feed.frames()
    assert first == Signal(pts_s=10.0, loss=GAP, over=True)
    assert second == tick(11.0)


def test_a_gap_that_begins_after_now_ends_where_it_begins():
    late = Loss(since_s=12.0, state=FastState.FAILED, cause=Cause.CRASHED)
    assert next(watched(gap=late)[0].frames()).pts_s == 12.0


def test_the_supervisor_hears_at_once_of_a_loss_and_of_its_end():
    feed, told = watched(tick(8), tick(9, REFUSED), tick(9.5, REFUSED), tick(10), tick(10.5))
    list(feed.frames())
    assert [loss for loss, _ in groupby(one.loss for one in told)] == [None, REFUSED, None]


def test_what_is_left_out_on_purpose_is_no_loss():
    dropped = Loss(since_s=8.0, state=FastState.DROPPED, cause=Cause.OVERLOAD)
    feed, told = watched(tick(8), tick(9, dropped, over=True), tick(9.2, UNREADABLE), tick(10))
    list(feed.frames())
    assert {one.loss for one in told} == {None}


def test_while_the_network_is_lost_a_loss_is_its_doing_and_not_the_cameras():
    feed, _ = watched(tick(9, REFUSED), tick(10, UNREADABLE), tick(11), network=True)
    lost, unreadable, well = feed.frames()
    assert lost.loss == Loss(since_s=8.0, state=FastState.OFFLINE, cause=Cause.NETWORK)
    assert unreadable.loss == UNREADABLE
    assert well.loss is None
    feed.network = False
    assert next(feed.frames()).loss == REFUSED


def test_clips_are_ordered_and_told_on_the_way():
    feed, told = watched(tick(8), tick(9, REFUSED))
    feed.orders.put(ClipOrder(id="a", start_s=1, end_s=2, longest_s=9))
    list(feed.frames())
    assert [one for one in told if isinstance(one, Kept)] == [Kept(clip=ClipDone(id="a", error="nothing"))]
    assert isinstance(told[0], Alive)


def test_the_rest_is_passed_on():
    feed, _ = watched()
    feed.calm(True)
    feed.close()
    assert (feed._feed.calms, feed._feed.closed, feed.state().state) == ([True], True, "watching")


LOSSES = st.sampled_from([None, REFUSED, UNREADABLE])


@given(st.lists(LOSSES, max_size=30), st.booleans())
def test_nothing_is_added_but_the_gap_and_nothing_is_left_out(losses, network):
    items = [tick(float(number), loss) for number, loss in enumerate(losses)]
    feed, told = watched(*items, network=network)
    seen = list(feed.frames())
    assert [one.pts_s for one in seen] == [one.pts_s for one in items]
    assert [one.loss is None for one in seen] == [one.loss is None for one in items]
    gone = [loss is REFUSED for loss in losses]
    assert [lost for lost, _ in groupby(one.loss is not None for one in told)] == [lost for lost, _ in groupby(gone)]
