"""A reader that puts packets, one who looks that is too slow, and what must be said of those left out."""

import threading
from fractions import Fraction
from io import BytesIO
from itertools import pairwise

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.live.arrival import Arrival
from ingest.live.waiting import THIN_MAX, Waiting
from vidette.feeds import Cause
from vidette.models import FastState
from vidette.signals import Loss, Signal

CONTAINER = av.open(BytesIO(), "w", format="mpegts")
STREAM = CONTAINER.add_stream("mpeg2video", rate=25)


def packet(number, size, *, key):
    made = av.Packet(bytes([number % 256]) * size)
    made.stream = STREAM
    made.pts, made.dts, made.duration, made.time_base = number * 3600, number * 3600, 3600, Fraction(1, 90_000)
    made.is_keyframe = key
    return made


def arrival(number, *, key=False, size=100, fps=25.0):
    at_s = number / fps
    return Arrival(
        packet=packet(number, size, key=key), stream=STREAM, key=key, media_s=at_s, arrived_s=at_s + 0.1, connection=1
    )


class Waits(Waiting):
    """By the clock of what arrives."""

    def __init__(self, *arguments, **options):
        self.now_s = 0.0
        super().__init__(*arguments, clock=lambda: self.now_s, **options)

    def put(self, item):
        self.now_s = item.arrived_s if isinstance(item, Arrival) else item.pts_s
        super().put(item)


def drained(waiting):
    found = []
    while (item := waiting.get(0)) is not None:
        found.append(item)
    return found


def outage(since_s, until_s):
    loss = Loss(since_s=since_s, state=FastState.OFFLINE, cause=Cause.REFUSED)
    return Signal(pts_s=until_s, loss=loss, over=True)


def numbers(items):
    return [item.packet.pts // 3600 for item in items if isinstance(item, Arrival)]


def gaps(items):
    return [(i.loss.since_s, i.pts_s) for i in items if isinstance(i, Signal) and i.loss.cause is Cause.OVERLOAD]


def test_what_is_looked_at_in_time_is_kept_whole():
    waiting = Waits("newest", late_s=5)
    for number in range(100):
        waiting.put(arrival(number, key=number % 25 == 0))
    assert numbers(drained(waiting)) == list(range(100))
    assert waiting.get(0) is None


def test_newest_goes_on_at_the_newest_keyframe():
    waiting = Waits("newest", late_s=2)
    for number in range(100):
        waiting.put(arrival(number, key=number % 25 == 0))
    found = drained(waiting)
    assert numbers(found) == list(range(50, 100))
    assert gaps(found) == [(0.0, 2.0)]
    assert isinstance(found[0], Signal)
    assert waiting.dropped == {Cause.OVERLOAD: 50}


def test_a_group_longer_than_the_queue_is_left_out_to_the_next_keyframe():
    waiting = Waits("newest", late_s=1)
    for number in range(100):
        waiting.put(arrival(number, key=number in (0, 90)))
    found = drained(waiting)
    assert numbers(found) == list(range(90, 100))
    assert gaps(found) == [(0.0, 3.6)]


def test_a_loss_among_what_is_left_out_is_still_told():
    waiting = Waits("newest", late_s=2)
    for number in [*range(10), *range(40, 100)]:
        if number == 40:
            waiting.put(outage(0.4, 1.6))
        waiting.put(arrival(number, key=number in (0, 40, 80)))
    told = [(i.loss.cause, i.loss.since_s, i.pts_s) for i in drained(waiting) if isinstance(i, Signal)]
    assert told == [
        (Cause.OVERLOAD, 0.0, 0.4),
        (Cause.REFUSED, 0.4, 1.6),
        (Cause.OVERLOAD, 1.6, 3.2),
    ]


def test_thin_asks_for_less_and_then_for_more_again():
    waiting = Waits("thin", late_s=4)
    levels = set()
    for number in range(90):
        waiting.put(arrival(number, key=number % 25 == 0))
        levels.add(waiting.thin)
    assert levels == {1, 2, 4, 8}
    drained(waiting)
    for number in range(90, 900):
        waiting.put(arrival(number, key=number % 25 == 0))
        drained(waiting)
        assert waiting.thin <= THIN_MAX
    assert waiting.thin == 1
    assert not waiting.dropped


def test_hold_keeps_more_than_memory_takes(tmp_path):
    waiting = Waits("hold", late_s=1, hold_bytes=10**6, folder=tmp_path, max_bytes=1000)
    sent = [arrival(number, key=number % 25 == 0) for number in range(500)]
    for one in sent:
        waiting.put(one)
    found = drained(waiting)
    assert [bytes(one.packet) for one in found] == [bytes(one.packet) for one in sent]
    assert [_facts(one) for one in found] == [_facts(one) for one in sent]
    assert not waiting.dropped
    waiting.close()


def _facts(one):
    p = one.packet
    return (p.pts, p.dts, p.duration, p.time_base, p.is_keyframe, one.key, one.media_s, one.arrived_s, one.connection)


def test_beyond_the_disk_the_oldest_group_gives_way():
    waiting = Waits("hold", late_s=1, hold_bytes=20_000, max_bytes=1000)
    for number in range(500):
        waiting.put(arrival(number, key=number % 25 == 0))
    found = drained(waiting)
    first = numbers(found)[0]
    assert first % 25 == 0
    assert first > 200
    assert numbers(found) == list(range(first, 500))
    assert gaps(found) == [(0.0, first / 25)]
    assert waiting.dropped == {Cause.OVERLOAD: first}
    waiting.close()


def test_a_folder_that_cannot_be_written_loses_pictures_and_says_so(tmp_path, caplog):
    waiting = Waits("hold", late_s=1, hold_bytes=20_000, max_bytes=1000, folder=tmp_path / "absent")
    for number in range(100):
        waiting.put(arrival(number, key=number % 25 == 0))
        if number == 60:
            assert numbers(drained(waiting)) == list(range(10))
    found = drained(waiting)
    assert gaps(found) == [(0.4, 3.0)]
    assert numbers(found) == list(range(75, 85))
    assert "cannot hold pictures" in caplog.text
    waiting.close()


steps = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(1, 400), st.booleans()),
        st.tuples(st.just("get"), st.integers(1, 12), st.booleans()),
    ),
    max_size=120,
)


@pytest.mark.parametrize("overload", ["newest", "thin", "hold"])
@given(steps=steps)
def test_every_packet_comes_or_lies_in_a_stretch_that_is_said(overload, steps):
    waiting = Waits(overload, late_s=1.0, hold_bytes=3000, max_bytes=2000)
    sent, found = [], []
    for what, amount, flag in steps:
        if what == "put":
            sent.append(arrival(len(sent), key=flag or not sent, size=amount, fps=5.0))
            waiting.put(sent[-1])
        else:
            for _ in range(amount):
                item = waiting.get(0)
                found += [item] if item is not None else []
    found += drained(waiting)
    waiting.put(last := arrival(len(sent), key=True, size=1, fps=5.0))
    found += drained(waiting)
    waiting.close()
    _check(found, [*sent, last])


def _check(found, sent):
    came = numbers(found)
    assert came == sorted(set(came)), "in order, once"
    for a, b in pairwise(found):
        if isinstance(a, Signal) and isinstance(b, Arrival):
            assert b.key, "pictures go on at a keyframe"
            assert b.media_s == a.pts_s
    said = gaps(found)
    for a, b in pairwise(said):
        assert a[1] <= b[0], "no stretch is told twice"
    for one in sent:
        inside = any(since <= one.media_s < until for since, until in said)
        assert (one.packet.pts // 3600 in came) != inside


def test_bytes_are_bounded():
    waiting = Waits("newest", late_s=1e9, max_bytes=5000)
    for number in range(2000):
        waiting.put(arrival(number, key=number % 10 == 0))
        assert sum(i.packet.size for i in waiting._items if isinstance(i, Arrival)) <= 5000


@pytest.mark.parametrize("overload", ["newest", "hold"])
def test_signals_do_not_pile_up_when_nobody_looks(overload):
    waiting = Waits(overload, late_s=1, hold_bytes=3000, max_bytes=1000)
    for number in range(3000):
        waiting.put(arrival(number, key=number % 10 == 0))
    assert len(waiting) < 60
    waiting.close()


def test_closing_wakes_who_waits():
    waiting, got = Waits("newest", late_s=1), []
    thread = threading.Thread(target=lambda: got.append(waiting.get(60)))
    thread.start()
    waiting.close()
    thread.join(5)
    assert got == [None]
    waiting.put(arrival(0, key=True))
    assert len(waiting) == 0


def test_while_nobody_looks_yet_more_may_wait_until_whoever_does_is_at_now():
    waiting = Waits("newest", late_s=1.0)
    waiting.patient(10.0)
    for number in range(200):  # 8 s of them
        waiting.put(arrival(number, key=number % 25 == 0))
    assert len(waiting) == 200
    waiting.hurry()
    waiting.put(arrival(200, key=True))
    assert [one.media_s for one in drained(waiting)] == [number / 25 for number in range(201)]
    for number in range(201, 280):  # at now again: it is late after a second, as ever
        waiting.put(arrival(number, key=number % 25 == 0))
    assert len(waiting) < 60
    assert waiting.dropped


def test_patience_ends_too():
    waiting = Waits("newest", late_s=1.0)
    waiting.patient(4.0)
    for number in range(200):
        waiting.put(arrival(number, key=number % 25 == 0))
    assert 90 < len(waiting) < 130
