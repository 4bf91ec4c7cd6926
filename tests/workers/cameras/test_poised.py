"""A camera's process that connects while another still looks, and what it sees once it may."""

import io
import threading
import time
from queue import SimpleQueue

from tests.feeds import NOON, lost, tick
from vidette.feeds import FeedState
from vidette.models import Commit
from workers.cameras.messages import Alive, Go, Ready, command_of, line_of
from workers.cameras.poised import HELD_S, Poised

COMMIT = Commit(stream_id="s", sequence=3, watermark_s=4.0, carry=b"\x00\xff", final=False, run_id="r")


class Picture:
    """As much of a frame as is asked for here."""

    def __init__(self, pts_s):
        self.pts_s = pts_s


class Feed:
    """A feed of these items; `given` are those that were asked for."""

    def __init__(self, *items):
        self.items, self.given = items, []

    def frames(self):
        for item in self.items:
            self.given.append(item)
            yield item

    def patient(self, late_s):
        self.held_s = late_s

    def hurry(self):
        self.held_s = 0.0

    def state(self):
        return FeedState(at=NOON, since=NOON, state="watching")


def poised(*items):
    told, go = [], SimpleQueue()
    feed = Feed(*items)
    return Poised(feed, feed, told.append, go), told, go


def test_the_first_picture_is_told_and_nothing_more_is_taken_until_the_word():
    pictures = [Picture(5.0), Picture(5.2)]
    feed, go = Feed(tick(4.0), lost(3.0, 4.5), *pictures), SimpleQueue()

    def told(message):
        assert message == Ready()
        assert feed.held_s == HELD_S
        go.put(Go(commit=COMMIT))

    one = Poised(feed, feed, told, go)
    assert one.wait() == Go(commit=COMMIT)
    assert feed.given == [*feed.items[:3]]
    assert one.since_s == 5.0
    assert feed.held_s == 0.0
    assert list(one.frames()) == pictures


def test_while_it_waits_it_shows_that_it_is_there():
    one, told, go = poised(Picture(5.0))
    waiter = threading.Thread(target=one.wait)
    waiter.start()
    deadline = time.monotonic() + 30
    while not any(isinstance(message, Alive) for message in told):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    go.put(None)
    waiter.join()


def test_without_a_picture_the_word_is_enough():
    one, told, go = poised(tick(1.0), tick(2.0), Picture(3.0))
    go.put(Go(commit=None))
    assert one.wait() == Go(commit=None)
    assert (told, one.since_s) == ([], None)
    assert [item.pts_s for item in one.frames()] == [2.0, 3.0]


def test_who_is_closed_looks_at_nothing():
    one, _, go = poised(tick(1.0))
    go.put(None)
    assert one.wait() is None


def test_the_word_keeps_its_commit_on_the_way():
    assert command_of(line_of(Go(commit=COMMIT))) == Go(commit=COMMIT)
    assert io.BytesIO(line_of(Go(commit=None))).read().endswith(b"\n")
