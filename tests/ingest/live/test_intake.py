"""Packets of one connection, made by hand."""

from collections import Counter
from fractions import Fraction

import av

from ingest.live.arrival import Arrival
from ingest.live.intake import NO_KEY_WITHIN, Intake
from ingest.live.timeline import Stamp, Timeline
from vidette.feeds import Cause
from vidette.models import FastState
from vidette.signals import Signal

TICK = Fraction(1, 90_000)


class Connected:
    """An intake and what came out of it."""

    def __init__(self, late_s=5.0):
        self.timeline, self.skipped = Timeline(), Counter()
        self.timeline.begin(TICK)
        self.intake = Intake(self.timeline, connection=3, stream=None, late_s=late_s, skipped=self.skipped)

    def take(self, number, arrived_s, *, key=False):
        packet = av.Packet(b"picture")
        packet.pts, packet.time_base, packet.is_keyframe = number * 3600, TICK, key
        return list(self.intake.take(packet, Stamp(packet.pts, None, arrived_s), None))


def test_begins_at_a_keyframe():
    ours = Connected()
    assert [ours.take(n, 100 + n / 25) for n in range(5)] == [[]] * 5
    (first,) = ours.take(5, 100.2, key=True)
    assert (first.key, first.connection, first.arrived_s) == (True, 3, 100.2)
    assert ours.skipped == {}


def test_without_keyframes_it_begins_all_the_same():
    ours = Connected()
    came = [len(ours.take(n, 100 + n / 25)) for n in range(NO_KEY_WITHIN + 5)]
    assert came == [0] * NO_KEY_WITHIN + [1] * 5


def test_a_backlog_is_left_out_up_to_a_keyframe_at_now():
    ours = Connected(late_s=2.0)
    for n in range(25):
        ours.take(n, 100 + n / 25, key=n == 0)
    found = []
    for n in range(25, 200):  # ten a group; five seconds' worth come at once
        found += ours.take(n, max(106.0, 100 + n / 25), key=n % 10 == 0)
    signal, first = found[:2]
    assert (signal.loss.state, signal.loss.cause, signal.over) == (FastState.DROPPED, Cause.BACKLOG, True)
    assert signal.loss.since_s == 101.0
    assert isinstance(first, Arrival)
    assert first.key
    assert signal.pts_s == first.media_s
    assert 0 <= 106.0 - first.media_s <= 1.0
    assert all(isinstance(item, Arrival) for item in found[1:])
    assert ours.skipped == {Cause.BACKLOG: 200 - 25 - len(found) + 1}


def test_a_backlog_without_end_is_told_by_how_long_it_lasts():
    ours = Connected(late_s=2.0)
    ours.take(0, 100.0, key=True)
    for n in range(1, 100):
        assert ours.take(n, 110 + n / 25, key=n % 10 == 0) == []
    assert 3.9 < ours.intake.skipping_s < 4.0


def test_a_jump_is_told_before_the_picture():
    ours = Connected()
    ours.take(0, 100.0, key=True)
    signal, arrival = ours.take(100_000, 100.04)
    assert isinstance(signal, Signal)
    assert 3999 < signal.jump_s < 4001
    assert arrival.media_s == signal.pts_s
    assert 100 < arrival.media_s <= 100.04
