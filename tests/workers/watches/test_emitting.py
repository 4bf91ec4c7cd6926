"""Observations on their way to memory: whatever befalls them, memory ends as if it had been told each once, in order."""

import threading
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from graph.embedded import EmbeddedStore
from tests.workers.watches.test_spool import YARD, said
from tests.workers.watches.way import AWAY, STREAM, Way
from vidette.errors import StoreError
from vidette.queries import CoverageIn, Events, LastCommit
from workers.jobs import Settle
from workers.watches.emitting import AGAIN_S, LONGEST_S
from workers.watches.spool import waiting


def test_each_is_sent_once_in_order_and_leaves_the_disk_when_it_is_settled(way):
    emitter = way.watched()
    for sequence in range(3):
        emitter.put(said(sequence))
        way.later()
        assert way.sent[-1] == sequence
    assert not emitter.settled()
    assert len(waiting(way.folder)[YARD]) == 3
    way.drain()
    way.later()
    assert emitter.settled()
    assert emitter.reached == 2
    assert not waiting(way.folder)
    assert way.sent == [0, 1, 2]


def test_it_carries_the_fence_of_who_watches(way):
    way.store.take(YARD)
    emitter = way.watched()
    emitter.put(said(0, fence=0))
    way.later()
    assert way.queue[0].observation.fence == emitter.fence == 2


def test_no_more_are_on_their_way_than_fit_the_window(way):
    emitter = way.watched()
    for sequence in range(11):
        emitter.put(said(sequence))
        way.later()
    assert way.sent == [0, 1, 2, 3]
    way.drain()
    way.later()
    assert way.sent == [0, 1, 2, 3, 4, 5, 6]  # the seventh has no carry, and goes with the next
    way.drain()
    way.later()
    assert way.sent == list(range(11))
    way.drain()
    way.later()
    assert emitter.settled()


def test_what_is_lost_is_sent_again_after_growing_waits(way):
    emitter, at = way.watched(), list[float]()
    emitter.put(said(0))
    way.later(0)
    began = way.now
    for _ in range(12_000):
        if way.queue:
            at.append(way.now - began)
            way.queue.clear()
        way.later(0.1)
    waits = [b - a for a, b in pairwise(at)]
    assert at[0] == 0
    assert [round(wait) for wait in waits] == [10, 20, 40, 80, 160, 320, 320]
    assert (AGAIN_S, LONGEST_S) == (10, 320)


def test_what_gets_on_is_not_sent_again_however_long_it_takes(way):
    emitter = way.watched()
    for sequence in range(4):
        emitter.put(said(sequence))
    way.later()
    for _ in range(4):
        way.later(AGAIN_S - 1)
        way.settle(way.queue.popleft())
        way.later()
    assert emitter.settled()
    assert way.sent == [0, 1, 2, 3]


def test_a_queue_that_is_merely_long_is_not_made_longer(way):
    emitter = way.watched()
    emitter.put(said(0))
    way.later()
    way.oldest_s = 1e9
    for _ in range(50):
        way.later(AGAIN_S)
    assert way.sent == [0]
    for _ in range(50):
        way.later(AGAIN_S)  # no queue is as long as that: it is asked no more
    assert len(way.sent) > 1


def test_while_the_queue_is_away_it_waits_on_disk_and_then_drains_in_order(way, caplog):
    emitter = way.watched()
    emitter.put(said(0))
    way.later()
    way.away = True
    for sequence in range(1, 30):
        emitter.put(said(sequence))
        way.later()
    assert way.emitters.away
    assert emitter.sync
    assert caplog.text.count("wait in") == 1
    assert len(waiting(way.folder)[YARD]) == 30
    way.away = False
    while not emitter.settled():
        way.drain()
        way.later()
    assert way.sent == list(range(30))
    assert not emitter.sync
    assert "can be reached again" in caplog.text


def whole(way) -> list[int]:
    """What waits on disk with its carry."""
    return sorted(int(file.stem[7:]) for file in (way.folder / YARD).glob("*.carry"))


def test_beyond_the_window_few_carries_wait_and_the_newest_does(way):
    emitter = way.watched()
    way.away = True
    for sequence in range(20):
        emitter.put(said(sequence))
        way.later()
    assert whole(way) == [0, 1, 2, 3, 4, 6, 8, 10, 12, 14, 16, 18, 19]
    assert emitter.commit().carry == said(19).carry


def test_what_has_no_carry_goes_with_the_next_that_has(way):
    emitter = way.watched()
    way.away = True
    for sequence in range(20):
        emitter.put(said(sequence))
        way.later()
    way.away = False
    while not emitter.settled():
        way.later(1.0)
        while way.queue:
            assert way.queue[-1].observation.carry
            way.drain()
            assert way.commit().carry
    assert way.sent == list(range(20))
    assert way.commit().sequence == 19


def test_who_leaves_in_the_middle_leaves_memory_at_a_carry(way):
    emitter = way.watched()
    way.away = True
    for sequence in range(20):
        emitter.put(said(sequence))
    way.away = False
    way.later(1.0)
    way.drain()
    way.later(1.0)
    way.settle(way.queue.popleft())
    way.settle(way.queue.popleft())
    assert not emitter.rest()
    while not emitter.rest():
        way.later(1.0)
        way.drain()
    assert way.commit().sequence == 6
    assert way.commit().carry
    way.later(1.0)
    assert not way.queue
    after = way.process().open(YARD)
    after.resume(way.reach())
    while not after.settled():
        way.later(1.0)
        way.drain()
    assert way.commit().sequence == 19


def test_one_that_was_sent_by_half_is_sent_whole_before_it_rests(way):
    emitter, calls = way.watched(), list[int]()
    way.away = True
    for sequence in range(20):
        emitter.put(said(sequence))
    way.away = False
    send = way.emitters._send

    def breaking(job):
        calls.append(job.observation.sequence)
        if job.observation.sequence == 6 and calls.count(6) == 1:
            raise AWAY
        send(job)

    way.emitters._send = breaking
    while way.sent[-1:] != [5]:
        way.later(1.0)
        way.drain()
    assert (way.commit().sequence, way.commit().carry) == (5, b"")
    while not emitter.rest():
        way.later(10.0)
        way.drain()
    assert (way.commit().sequence, way.sent[-1]) == (6, 6)
    assert way.commit().carry


def test_while_memory_is_away_nothing_is_sent_twice_and_no_more_than_the_window(way):
    emitter = way.watched()
    way.deaf = True
    for sequence in range(10):
        emitter.put(said(sequence))
        way.later(AGAIN_S)
    assert way.sent == [0, 1, 2, 3]
    way.deaf = False
    while not emitter.settled():
        way.drain()
        way.later()
    assert way.sent == list(range(10))


def test_a_process_that_ends_leaves_the_rest_to_the_next_one(way):
    emitter = way.watched()
    for sequence in range(9):
        emitter.put(said(sequence))
    way.later()
    way.settle(way.queue.popleft())
    way.queue.clear()  # what was on its way is lost with it
    after = way.process().open(YARD)
    after.resume(way.reach())
    while not after.settled():
        way.later()
        way.drain()
    assert way.store.read(LastCommit(stream_id=YARD)).sequence == 8
    assert not waiting(way.folder)


def test_what_was_left_is_dropped_where_another_has_watched_meanwhile(way):
    emitter = way.watched()
    for sequence in range(3):
        emitter.put(said(sequence))
    way.store.take(YARD)
    after = way.process().open(YARD)
    after.resume(way.reach())
    assert after.settled()
    assert not waiting(way.folder)


def test_what_is_left_of_streams_that_others_watch_is_swept_away(way):
    emitter = way.watched()
    emitter.put(said(0))
    after = way.process()
    after.sweep()
    assert waiting(way.folder) == {YARD: [(1, 0)]}  # it may still be ours
    way.store.take(YARD)
    after.sweep()
    assert not waiting(way.folder)


def test_who_is_overtaken_says_no_more(way):
    emitter = way.watched()
    emitter.put(said(0))
    way.later()
    way.store.take(YARD)
    way.later()
    assert emitter.overtaken
    assert emitter.settled()
    assert not waiting(way.folder)
    with pytest.raises(StoreError, match="watched anew"):
        emitter.put(said(1))
    way.drain()
    assert way.store.read(LastCommit(stream_id=YARD)) is None


def test_numbers_have_to_follow_each_other(way):
    emitter = way.watched()
    emitter.put(said(7))
    with pytest.raises(StoreError, match=r"observation 9 of .* does not follow 7"):
        emitter.put(said(9))
    with pytest.raises(StoreError, match="does not follow"):
        emitter.put(replace(said(8), sequence=None))


def test_the_newest_is_where_a_look_goes_on(way):
    emitter = way.watched()
    assert emitter.commit() is None
    emitter.put(said(0))
    emitter.put(said(1, carry=b"newest"))
    commit = emitter.commit()
    assert (commit.sequence, commit.carry, commit.watermark_s, commit.run_id) == (1, b"newest", 2.0, "fast")
    emitter.begin(way.store.take(YARD))
    assert emitter.commit() is None


def test_the_first_that_is_out_is_told_once_and_a_fault_of_that_is_none_of_ours(way):
    told = list[int]()

    def first() -> None:
        told.append(1)
        raise AWAY

    emitter = way.watched(first)
    emitter.put(said(0))
    assert not told
    way.later()
    emitter.put(said(1))
    way.later()
    assert told == [1]
    assert way.sent == [0, 1]


def test_what_can_never_be_sent_ends_its_watch_and_no_other(way, caplog):
    emitter, refused = way.watched(), StoreError("its text is not Unicode")
    send = way.emitters._send

    def picky(job):
        if job.observation.sequence == 1:
            raise refused
        send(job)

    way.emitters._send = picky
    for sequence in range(3):
        emitter.put(said(sequence))
    way.later()
    assert emitter.broken
    assert not way.emitters.away
    way.drain()
    way.later()
    assert emitter.settled()
    assert (way.sent, waiting(way.folder)) == ([0], {})
    assert "cannot be sent" in caplog.text


def test_a_thread_keeps_it_going(tmp_path):
    way = Way(tmp_path / "spool")
    emitter, settled = way.watched(), threading.Event()
    send, way.emitters = way.send, way.emitters

    def direct(job: Settle) -> None:
        send(job)
        way.drain()

    way.emitters._send = direct
    way.emitters._clock = emitter._clock = __import__("time").monotonic
    way.emitters.start()
    way.emitters.start()
    for sequence in range(40):
        emitter.put(said(sequence))
    for _ in range(600):
        if emitter.settled() or settled.wait(0.05):
            break
    way.emitters.stop()
    assert emitter.settled()
    assert way.sent == list(range(40))
    way.store.close()


FATES = st.lists(
    st.sampled_from(
        ["drain", "lose", "repeat", "turn", "one", "away", "back", "deaf", "hears", "crash", "wait", "put"]
    ),
    max_size=60,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(fates=FATES, window=st.integers(1, 6))
def test_memory_ends_as_if_it_had_been_told_at_once(fates, window, tmp_path_factory):
    """Whatever is lost, repeated, delayed or turned round on the way, and though the process ends now and then."""
    way = Way(tmp_path_factory.mktemp("way") / "spool", window=window)
    plain = EmbeddedStore(":memory:")
    plain.open_stream(STREAM)
    emitter, following, total = way.watched(), 0, 24
    for fate in [*fates, *["put"] * total]:
        if fate == "put" and following < total:
            emitter.put(said(following))
            following += 1
        elif fate == "crash":
            emitter = way.process().open(YARD)
            emitter.resume(way.reach())
            event("a process ended")
        else:
            way.befall(fate)
        way.later()
    way.away = way.deaf = False
    for _ in range(500):
        if emitter.settled():
            break
        way.drain()
        way.later(AGAIN_S)
    assert emitter.settled()
    assert not waiting(way.folder)
    for sequence in range(total):
        plain.settle(said(sequence))
    for query in (Events(limit=100), CoverageIn(), LastCommit(stream_id=YARD)):
        assert way.store.read(query) == plain.read(query)
    plain.close()
    way.store.close()
