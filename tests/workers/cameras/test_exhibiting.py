"""Clips of alerts between memory and a camera's process."""

from datetime import UTC, datetime
from types import SimpleNamespace

from vidette.errors import StoreError
from vidette.streams import Stream
from workers.cameras.exhibiting import Exhibiting
from workers.cameras.keeping import ClipDone, ClipOrder
from workers.cameras.messages import Order

STREAM = Stream(id="i", name="door", kind="live", uri="rtsp://camera/1", start=datetime(2026, 5, 1, tzinfo=UTC))


def order(id_):
    return ClipOrder(id=id_, start_s=1.0, end_s=2.0, longest_s=9.0)


class Clips:
    """What memory says; busy for as long as it is told to be."""

    def __init__(self, *wanted):
        self.wanted, self.given, self.lost, self.busy = list(wanted), [], [], 0

    def orders(self, _stream):
        self._busy()
        wanted, self.wanted = self.wanted, []
        return [order(id_) for id_ in wanted]

    def done(self, clip):
        self._busy()
        self.given.append(clip.id)
        return not clip.error

    def again(self, orders):
        self.lost += [one.id for one in orders]
        self.wanted += self.lost

    def _busy(self):
        if self.busy:
            self.busy -= 1
            raise StoreError("memory is locked")


class Supervisor(SimpleNamespace):
    """A running process that remembers what it was told."""

    def __init__(self):
        from collections import deque

        super().__init__(restarts=0, state="running", clips=deque(), told=[])

    def order(self, command):
        self.told.append(command)


def made(*wanted):
    clips, supervisor, now, nudges = Clips(*wanted), Supervisor(), [0.0], []
    exhibiting = Exhibiting(clips, STREAM, supervisor, clock=lambda: now[0])
    return exhibiting, clips, supervisor, now, nudges


def test_a_clip_is_ordered_once_and_given_when_it_is_there():
    exhibiting, clips, supervisor, _, nudges = made("a")
    for _ in range(3):
        exhibiting.step(lambda: nudges.append(1))
    assert supervisor.told == [Order(clip=order("a"))]
    supervisor.clips.append(ClipDone(id="a"))
    supervisor.clips.append(ClipDone(id="b", error="no picture of it is held any more"))
    exhibiting.step(lambda: nudges.append(1))
    assert (clips.given, nudges, list(supervisor.clips)) == (["a", "b"], [1], [])


def test_memory_is_asked_only_after_something_was_settled():
    exhibiting, clips, supervisor, _, _ = made()
    exhibiting.step(lambda: None)
    clips.wanted = ["late"]
    exhibiting.step(lambda: None)
    assert supervisor.told == []
    exhibiting.settled()
    exhibiting.step(lambda: None)
    assert [one.clip.id for one in supervisor.told] == ["late"]


def test_what_was_ordered_of_a_process_that_died_is_ordered_again():
    exhibiting, clips, supervisor, _, _ = made("a", "b")
    exhibiting.step(lambda: None)
    supervisor.clips.append(ClipDone(id="a"))
    exhibiting.step(lambda: None)
    supervisor.restarts, supervisor.state = 1, "starting"
    exhibiting.step(lambda: None)
    assert clips.lost == ["b"]
    assert len(supervisor.told) == 2
    supervisor.state = "running"
    exhibiting.step(lambda: None)
    assert [one.clip.id for one in supervisor.told] == ["a", "b", "b"]


def test_busy_memory_is_asked_later_and_no_clip_is_lost(caplog):
    exhibiting, clips, supervisor, now, _ = made()
    supervisor.clips.append(ClipDone(id="a"))
    clips.busy = 2
    for _ in range(5):
        exhibiting.step(lambda: None)
    assert (clips.given, len(caplog.records)) == ([], 1)
    for _ in range(3):
        now[0] += 5.0
        exhibiting.step(lambda: None)
    assert clips.given == ["a"]
